import { fieldMessage } from '../../api/problem.ts';
import { Icon } from '../../components/icon.tsx';
import { TextField } from '../../components/text-field.tsx';
import { type Draft, type DraftErrors, withStart } from './draft.ts';

const TIME_STEP_SECONDS = 300;

interface WhenFieldsProps {
  readonly draft: Draft;
  readonly errors: DraftErrors;
  readonly failure: unknown;
  readonly onFindTime: (() => void) | undefined;
  readonly onChange: (draft: Draft) => void;
}

/** From when until when; moving the start takes the end along. */
export function WhenFields({ draft, errors, failure, onFindTime, onChange }: WhenFieldsProps) {
  const set = (change: Partial<Draft>) => onChange({ ...draft, ...change });
  return (
    <>
      <div className="when-head">
        <label className="check">
          <input
            type="checkbox"
            data-testid="appointment-all-day"
            checked={draft.allDay}
            onChange={(event) => set({ allDay: event.target.checked })}
          />
          All day
        </label>
        {onFindTime !== undefined && (
          <button
            type="button"
            className="button button-small"
            onClick={onFindTime}
            data-testid="find-another-time"
          >
            <Icon name="clock" />
            Find a time
          </button>
        )}
      </div>
      <div className="when">
        <TextField
          label="Start date"
          testId="appointment-start-date"
          error={errors.startDate ?? fieldMessage(failure, 'start')}
          type="date"
          value={draft.startDate}
          onText={(startDate) => onChange(withStart(draft, { startDate }))}
        />
        {!draft.allDay && (
          <TextField
            label="Start time"
            testId="appointment-start-time"
            type="time"
            step={TIME_STEP_SECONDS}
            value={draft.startTime}
            onText={(startTime) => onChange(withStart(draft, { startTime }))}
          />
        )}
        <TextField
          label={draft.allDay ? 'Last day' : 'End date'}
          testId="appointment-end-date"
          error={errors.endDate ?? fieldMessage(failure, 'end')}
          type="date"
          value={draft.endDate}
          onText={(endDate) => set({ endDate })}
        />
        {!draft.allDay && (
          <TextField
            label="End time"
            testId="appointment-end-time"
            type="time"
            step={TIME_STEP_SECONDS}
            value={draft.endTime}
            onText={(endTime) => set({ endTime })}
          />
        )}
      </div>
    </>
  );
}
