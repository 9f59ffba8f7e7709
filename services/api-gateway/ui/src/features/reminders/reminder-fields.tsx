import { Icon } from '../../components/icon.tsx';
import {
  minutesOf,
  REMINDER_PRESETS,
  REMINDER_UNITS,
  REMINDERS_MAX,
  type Reminder,
  type ReminderUnit,
  reminderOf,
  reminderWords,
} from './reminders.ts';

interface ReminderFieldsProps {
  readonly reminders: readonly Reminder[];
  readonly error: string | undefined;
  readonly onChange: (reminders: readonly Reminder[]) => void;
}

/** So long before the start everyone who comes is told. */
export function ReminderFields({ reminders, error, onChange }: ReminderFieldsProps) {
  const set = (at: number, change: Partial<Reminder>) =>
    onChange(reminders.map((each, index) => (index === at ? { ...each, ...change } : each)));
  const offered = REMINDER_PRESETS.filter(
    (minutes) => !reminders.some((each) => minutesOf(each) === minutes),
  );
  return (
    <fieldset className="plain field" aria-label="Reminders">
      {reminders.map((reminder, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they have no other name than their place
        <div key={at} className="amount" data-testid="reminder">
          <input
            type="text"
            inputMode="numeric"
            aria-label="How long before"
            aria-invalid={minutesOf(reminder) === null}
            value={reminder.amount}
            onChange={(event) => set(at, { amount: event.target.value })}
          />
          <select
            aria-label="Unit"
            value={reminder.unit}
            onChange={(event) => set(at, { unit: event.target.value as ReminderUnit })}
          >
            {REMINDER_UNITS.map((unit) => (
              <option key={unit} value={unit}>
                {unit} before
              </option>
            ))}
          </select>
          <button
            type="button"
            className="button button-icon"
            aria-label="Remove this reminder"
            onClick={() => onChange(reminders.toSpliced(at, 1))}
          >
            <Icon name="close" />
          </button>
        </div>
      ))}
      {error !== undefined && <p className="field-error">{error}</p>}
      {reminders.length < REMINDERS_MAX && (
        <div className="presets">
          <span className="field-hint">{reminders.length === 0 ? 'Remind everyone who comes' : 'And'}</span>
          {offered.map((minutes) => (
            <button
              key={minutes}
              type="button"
              className="button button-small"
              data-testid={`remind-${minutes}`}
              onClick={() => onChange([...reminders, reminderOf(minutes)])}
            >
              {reminderWords(minutes)}
            </button>
          ))}
        </div>
      )}
    </fieldset>
  );
}
