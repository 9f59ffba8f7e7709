import { fieldMessage } from '../../api/problem.ts';
import { Field } from '../../components/field.tsx';
import { type Draft, type DraftErrors, withStart } from './draft.ts';

interface WhenFieldsProps {
  readonly draft: Draft;
  readonly errors: DraftErrors;
  readonly failure: unknown;
  readonly onChange: (draft: Draft) => void;
}

/** From when until when; moving the start takes the end along. */
export function WhenFields({ draft, errors, failure, onChange }: WhenFieldsProps) {
  const set = (change: Partial<Draft>) => onChange({ ...draft, ...change });
  return (
    <>
      <label className="check">
        <input
          type="checkbox"
          data-testid="appointment-all-day"
          checked={draft.allDay}
          onChange={(event) => set({ allDay: event.target.checked })}
        />
        All day
      </label>
      <div className="when">
        <Field label="Start date" error={errors.startDate ?? fieldMessage(failure, 'start')}>
          {(control) => (
            <input
              {...control}
              type="date"
              data-testid="appointment-start-date"
              value={draft.startDate}
              onChange={(event) => onChange(withStart(draft, { startDate: event.target.value }))}
            />
          )}
        </Field>
        {!draft.allDay && (
          <Field label="Start time">
            {(control) => (
              <input
                {...control}
                type="time"
                step={300}
                data-testid="appointment-start-time"
                value={draft.startTime}
                onChange={(event) => onChange(withStart(draft, { startTime: event.target.value }))}
              />
            )}
          </Field>
        )}
        <Field
          label={draft.allDay ? 'Last day' : 'End date'}
          error={errors.endDate ?? fieldMessage(failure, 'end')}
        >
          {(control) => (
            <input
              {...control}
              type="date"
              data-testid="appointment-end-date"
              value={draft.endDate}
              onChange={(event) => set({ endDate: event.target.value })}
            />
          )}
        </Field>
        {!draft.allDay && (
          <Field label="End time">
            {(control) => (
              <input
                {...control}
                type="time"
                step={300}
                data-testid="appointment-end-time"
                value={draft.endTime}
                onChange={(event) => set({ endTime: event.target.value })}
              />
            )}
          </Field>
        )}
      </div>
    </>
  );
}
