import { useId } from 'react';
import { TextField } from '../../components/text-field.tsx';
import { LOCALE } from '../../locale.ts';
import type { FreeTimeErrors, FreeTimeForm } from './free-time-form.ts';

interface HoursFieldsProps {
  readonly form: FreeTimeForm;
  readonly errors: FreeTimeErrors;
  readonly onChange: (form: FreeTimeForm) => void;
}

const CHOICES = [
  { anyHour: false, label: 'Working hours', testId: 'free-time-working-hours' },
  { anyHour: true, label: 'Any hour', testId: 'free-time-any-hour' },
] as const;
const TIME_STEP_SECONDS = 900;
/** 2024 began on a Monday. */
const WEEKDAYS = [1, 2, 3, 4, 5, 6, 7].map((weekday) => ({
  weekday,
  at: Date.UTC(2024, 0, weekday),
}));

/** At which hours of which days; everybody's are their own. */
export function HoursFields({ form, errors, onChange }: HoursFieldsProps) {
  const set = (change: Partial<FreeTimeForm>) => onChange({ ...form, ...change });
  return (
    <>
      <fieldset className="segmented plain" aria-label="At which hours">
        {CHOICES.map(({ anyHour, label, testId }) => (
          <button
            key={label}
            type="button"
            aria-pressed={form.anyHour === anyHour}
            onClick={() => set({ anyHour })}
            data-testid={testId}
          >
            {label}
          </button>
        ))}
      </fieldset>
      {!form.anyHour && (
        <>
          <div className="pair">
            <TextField
              label="From"
              type="time"
              step={TIME_STEP_SECONDS}
              testId="free-time-from"
              value={form.from}
              onText={(from) => set({ from })}
            />
            <TextField
              label="To"
              type="time"
              step={TIME_STEP_SECONDS}
              testId="free-time-to"
              error={errors.to}
              value={form.to}
              onText={(to) => set({ to })}
            />
          </div>
          <Weekdays
            value={form.weekdays}
            error={errors.weekdays}
            onChange={(weekdays) => set({ weekdays })}
          />
        </>
      )}
    </>
  );
}

interface WeekdaysProps {
  readonly value: readonly number[];
  readonly error: string | undefined;
  readonly onChange: (weekdays: readonly number[]) => void;
}

function Weekdays({ value, error, onChange }: WeekdaysProps) {
  const noteId = useId();
  const short = new Intl.DateTimeFormat(LOCALE, { weekday: 'short', timeZone: 'UTC' });
  const toggle = (weekday: number, on: boolean) =>
    onChange(on ? [...value, weekday].toSorted((a, b) => a - b) : value.filter((day) => day !== weekday));
  return (
    <fieldset className="plain field" aria-describedby={noteId}>
      <legend className="visually-hidden">Days of the week</legend>
      <div className="weekdays">
        {WEEKDAYS.map(({ weekday, at }) => (
          <label key={weekday}>
            <input
              type="checkbox"
              checked={value.includes(weekday)}
              onChange={({ target }) => toggle(weekday, target.checked)}
              data-testid={`free-time-weekday-${weekday}`}
            />
            <span>{short.format(at)}</span>
          </label>
        ))}
      </div>
      <p id={noteId} className={error === undefined ? 'field-hint' : 'field-error'}>
        {error ?? 'On everybody’s own clock, wherever they are.'}
      </p>
    </fieldset>
  );
}
