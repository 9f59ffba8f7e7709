/** What apply cannot compute because it knows no zones: the occurrences of an appointment that recurs. */
import type { AppointmentFields } from '@agenda/proto/agenda/v1/command';
import type { Recurrence } from '@agenda/proto/agenda/v1/model';
import type { FieldError } from '@agenda/service-kit/errors';
import { expand, type Series, spanFrom } from '../calendar/expansion.ts';
import { horizonOf, SERIES_ENDED_MS } from '../calendar/horizon.ts';
import { readRule, ruleText } from '../calendar/recurrence-rule.ts';
import { OCCURRENCES_MAX } from '../state-machine/occurrences.ts';
import { assertValid } from './invalid.ts';

/** Dates added to a series, and dates taken out of it. */
const DATES_MAX = 750;

type Timed = Pick<AppointmentFields, 'startMs' | 'endMs' | 'timeZone' | 'allDay'>;

export function seriesOf(time: Timed, recurrence: Recurrence): Series {
  const { startMs, endMs, timeZone, allDay } = time;
  const { rule, addedMs, excludedMs } = recurrence;
  return { startMs, endMs, timeZone, allDay, rule, addedMs, excludedMs };
}

export function recurrenceOf({ rule, addedMs, excludedMs }: Series): Recurrence {
  return { rule, addedMs: [...addedMs], excludedMs: [...excludedMs] };
}

/**
 * With occurrences, and with start and end of the first that the rule gives (which need not be the one that was asked
 * for). Fields that do not recur come back without occurrences.
 *
 * @param fields start, end and zone are valid.
 * @throws ServiceError `invalid_argument` that says what is wrong with the rule.
 */
export function withOccurrences(fields: AppointmentFields, nowMs: number): AppointmentFields {
  const once = { ...fields, recurrence: undefined, occurrences: [], expandedUntilMs: 0 };
  const { recurrence } = fields;
  if (!recurrence || isEmpty(recurrence)) return once;
  assertValid(dateErrors(recurrence));
  const expanded = expandFields(fields, recurrence, nowMs);
  if ('problem' in expanded) assertValid([{ path: 'recurrence.rule', message: expanded.problem }]);
  return expanded as AppointmentFields;
}

/** @returns a problem as a sentence without its subject ("the rule …"). */
export function expandFields(
  fields: AppointmentFields,
  recurrence: Recurrence,
  nowMs: number,
): AppointmentFields | { readonly problem: string } {
  const series = seriesOf(fields, recurrence);
  const untilMs = horizonOf(series.startMs, nowMs);
  const expansion = expand(series, { fromMs: 0, untilMs, max: OCCURRENCES_MAX });
  if ('problem' in expansion) return expansion;
  const { spans, ended, firstMs } = expansion.value;
  if (spans.length === 0 || firstMs === undefined)
    return {
      problem: 'gives no occurrence within two years of its start; let it begin on a day that it names',
    };
  return {
    ...fields,
    ...spanFrom(series)(firstMs),
    recurrence: { ...recurrenceOf(series), rule: inOneForm(series.rule) },
    occurrences: [...spans],
    expandedUntilMs: ended ? SERIES_ENDED_MS : untilMs,
  };
}

function isEmpty({ rule, addedMs, excludedMs }: Recurrence): boolean {
  return rule === '' && addedMs.length === 0 && excludedMs.length === 0;
}

function inOneForm(text: string): string {
  const rule = text === '' ? undefined : readRule(text);
  return rule && 'value' in rule ? ruleText(rule.value) : text;
}

function dateErrors({ addedMs, excludedMs }: Recurrence): FieldError[] {
  const errors: FieldError[] = [];
  for (const [name, list] of Object.entries({ added: addedMs, excluded: excludedMs })) {
    if (list.length > DATES_MAX)
      errors.push({
        path: `recurrence.${name}`,
        message: `must be at most ${DATES_MAX}, but are ${list.length}`,
      });
    if (list.some((instantMs) => !(instantMs >= 0 && instantMs < SERIES_ENDED_MS)))
      errors.push({ path: `recurrence.${name}`, message: 'must lie in the years 1970 to 9999' });
  }
  return errors;
}
