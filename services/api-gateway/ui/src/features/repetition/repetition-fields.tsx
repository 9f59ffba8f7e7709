import { Field } from '../../components/field.tsx';
import { TextField } from '../../components/text-field.tsx';
import { calendarDay, isDate, WEEKDAYS } from './calendar-days.ts';
import type { MonthlyBy, Pattern, Repetition, RepetitionEnd, RepetitionErrors } from './repetition.ts';
import { monthlyWords, unitWords, weekdayName } from './repetition-words.ts';

interface RepetitionFieldsProps {
  readonly repetition: Repetition;
  /** The first day. */
  readonly date: string;
  readonly errors: RepetitionErrors;
  /** What the server said of the rule. */
  readonly failure: string | undefined;
  readonly onChange: (repetition: Repetition) => void;
}

/** "Every two weeks" is so common that it is offered by itself. */
type Choice = Pattern | 'fortnightly';

const CHOICES: readonly (readonly [Choice, string])[] = [
  ['none', 'Does not repeat'],
  ['daily', 'Every day'],
  ['weekdays', 'Every weekday, Monday to Friday'],
  ['weekly', 'Every week'],
  ['fortnightly', 'Every two weeks'],
  ['monthly', 'Every month'],
  ['yearly', 'Every year'],
];

export function RepetitionFields(props: RepetitionFieldsProps) {
  const { repetition, date, errors, failure, onChange } = props;
  const { pattern } = repetition;
  const set = (change: Partial<Repetition>) => onChange({ ...repetition, ...change });
  const choose = (choice: Choice) =>
    choice === 'fortnightly'
      ? set({ pattern: 'weekly', interval: '2' })
      : set({ pattern: choice, interval: '1' });
  const repeats = pattern !== 'none' && pattern !== 'other';
  return (
    <>
      <Field label="How often" error={failure}>
        {(control) => (
          <select
            {...control}
            data-testid="repeats"
            value={choiceOf(repetition)}
            onChange={(event) => choose(event.target.value as Choice)}
          >
            {CHOICES.map(([value, label]) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
            {(pattern === 'other' || repetition.rule !== '') && (
              <option value="other">
                {repetition.rule === '' ? 'On dates of its own' : 'By a rule of its own'}
              </option>
            )}
          </select>
        )}
      </Field>
      {pattern === 'other' && <OtherRule rule={repetition.rule} />}
      {repeats && pattern !== 'weekdays' && (
        <Interval repetition={repetition} error={errors.interval} set={set} />
      )}
      {pattern === 'weekly' && <Weekdays repetition={repetition} error={errors.weekdays} set={set} />}
      {pattern === 'monthly' && isDate(date) && <DayOfMonth repetition={repetition} date={date} set={set} />}
      {repeats && <End repetition={repetition} errors={errors} set={set} />}
    </>
  );
}

function choiceOf({ pattern, interval }: Repetition): Choice {
  return pattern === 'weekly' && interval === '2' ? 'fortnightly' : pattern;
}

function OtherRule({ rule }: { readonly rule: string }) {
  return (
    <p className="field-hint other-rule" data-testid="other-rule">
      {rule === '' ? (
        'It takes place on dates of its own, which stay as they are.'
      ) : (
        <>
          It came with a rule that this form cannot show, and keeps it: <code>{rule}</code>
        </>
      )}
    </p>
  );
}

interface PartProps {
  readonly repetition: Repetition;
  readonly set: (change: Partial<Repetition>) => void;
}

function Interval({ repetition, error, set }: PartProps & { readonly error: string | undefined }) {
  return (
    <Field label="Every" error={error}>
      {(control) => (
        <div className="amount">
          <input
            {...control}
            type="text"
            inputMode="numeric"
            data-testid="repeat-interval"
            value={repetition.interval}
            onChange={(event) => set({ interval: event.target.value })}
          />
          <span>{unitWords(repetition)}</span>
        </div>
      )}
    </Field>
  );
}

function Weekdays({ repetition, error, set }: PartProps & { readonly error: string | undefined }) {
  const { weekdays } = repetition;
  return (
    <fieldset className="plain field">
      <legend>On</legend>
      <div className="weekdays">
        {WEEKDAYS.map((day) => {
          const on = weekdays.includes(day);
          return (
            <button
              key={day}
              type="button"
              aria-pressed={on}
              aria-label={weekdayName(day)}
              data-testid={`repeat-${day}`}
              onClick={() =>
                set({ weekdays: WEEKDAYS.filter((each) => weekdays.includes(each) !== (each === day)) })
              }
            >
              {weekdayName(day).slice(0, 2)}
            </button>
          );
        })}
      </div>
      {error !== undefined && <p className="field-error">{error}</p>}
    </fieldset>
  );
}

function DayOfMonth({ repetition, date, set }: PartProps & { readonly date: string }) {
  const { nth, isLast } = calendarDay(date);
  const offered: MonthlyBy[] = ['day'];
  if (nth < 5 || repetition.monthlyBy === 'weekday') offered.push('weekday');
  if (isLast) offered.push('last-weekday');
  return (
    <Field label="On which day">
      {(control) => (
        <select
          {...control}
          data-testid="repeat-monthly-by"
          value={repetition.monthlyBy}
          onChange={(event) => set({ monthlyBy: event.target.value as MonthlyBy })}
        >
          {offered.map((value) => (
            <option key={value} value={value}>
              {monthlyWords(value, date)}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

const ENDS: readonly (readonly [RepetitionEnd, string])[] = [
  ['never', 'Never'],
  ['date', 'On a date'],
  ['count', 'After a number of times'],
];

function End({ repetition, errors, set }: PartProps & { readonly errors: RepetitionErrors }) {
  const { end, untilDate, count } = repetition;
  return (
    <div className="pair">
      <Field label="Ends">
        {(control) => (
          <select
            {...control}
            data-testid="repeat-end"
            value={end}
            onChange={(event) => set({ end: event.target.value as RepetitionEnd })}
          >
            {ENDS.map(([value, label]) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </select>
        )}
      </Field>
      {end === 'date' && (
        <TextField
          label="Last day"
          testId="repeat-until"
          type="date"
          error={errors.untilDate}
          value={untilDate}
          onText={(text) => set({ untilDate: text })}
        />
      )}
      {end === 'count' && (
        <TextField
          label="Times"
          testId="repeat-count"
          inputMode="numeric"
          error={errors.count}
          value={count}
          onText={(text) => set({ count: text })}
        />
      )}
    </div>
  );
}
