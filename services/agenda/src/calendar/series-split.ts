/** What becomes of a series that is changed from one occurrence on. */
import { expand, type Series, spanFrom } from './expansion.ts';
import { horizonOf } from './horizon.ts';
import { DAY_MS, instantOf, wallOf } from './local-time.ts';
import { type Read, type RecurrenceRule, readRule, ruleText } from './recurrence-rule.ts';

/** Occurrences that a series can have before the split; more are refused when it is booked. */
const BEFORE_MAX = 5_000;

export interface Split {
  /** The series up to the occurrence before; undefined: the split is at its very first one. */
  readonly before: Series | undefined;
  /** The same series from the occurrence on. */
  readonly after: Series;
}

/**
 * @param atMs the start, by the rule, of the first occurrence of the latter part.
 * @returns a problem as a sentence without its subject ("the rule …").
 */
export function splitSeries(series: Series, atMs: number): Read<Split> {
  const rule = series.rule === '' ? undefined : readRule(series.rule);
  if (rule && 'problem' in rule) return rule;
  const window = { fromMs: 0, untilMs: atMs, max: BEFORE_MAX };
  const standing = expand(series, window);
  if ('problem' in standing) return standing;
  const ruled = expand({ ...series, addedMs: [], excludedMs: [] }, window);
  if ('problem' in ruled) return ruled;
  const next = nextOfRule(series, atMs);
  if ('problem' in next) return next;
  const isAfter = (instantMs: number): boolean => instantMs >= atMs;
  const isBefore = (instantMs: number): boolean => instantMs < atMs;
  const goesOn = rule !== undefined && next.value !== undefined;
  const after: Series = {
    ...series,
    ...spanAt(series, next.value ?? atMs),
    rule: goesOn ? ruleText(counted(rule.value, ruled.value.spans.length)) : '',
    addedMs: series.addedMs.filter(isAfter),
    excludedMs: series.excludedMs.filter(isAfter),
  };
  const before: Series = {
    ...series,
    rule: rule ? ruleText(ending(rule.value, series, atMs)) : '',
    addedMs: series.addedMs.filter(isBefore),
    excludedMs: series.excludedMs.filter(isBefore),
  };
  return { value: { before: standing.value.spans.length === 0 ? undefined : before, after } };
}

/** Dates that were added or left out go along, on the clock, when the start moves: who cancelled a day keeps it free. */
export function movedDates(
  dates: readonly number[],
  before: Pick<Series, 'startMs' | 'timeZone'>,
  after: Pick<Series, 'startMs' | 'timeZone'>,
): number[] {
  const byMs = wallOf(after.startMs, after.timeZone) - wallOf(before.startMs, before.timeZone);
  return dates.map((dateMs) => instantOf(wallOf(dateMs, before.timeZone) + byMs, after.timeZone));
}

/** The first start that the rule gives from then on: what the latter part is counted from. A date may have been added. */
function nextOfRule(series: Series, atMs: number): Read<number | undefined> {
  if (series.rule === '') return { value: undefined };
  const alone = { ...series, addedMs: [], excludedMs: [] };
  const next = expand(alone, { fromMs: atMs, untilMs: horizonOf(atMs, atMs), max: 1, cut: true });
  return 'problem' in next ? next : { value: next.value.spans[0]?.startMs };
}

/** As long as all of the series are. */
function spanAt(series: Series, startMs: number): Pick<Series, 'startMs' | 'endMs'> {
  return spanFrom(series)(startMs);
}

function counted(rule: RecurrenceRule, given: number): RecurrenceRule {
  return rule.count === undefined ? rule : { ...rule, count: Math.max(1, rule.count - given) };
}

/** UNTIL is a date where the start is one (RFC 5545 §3.3.10). */
function ending({ count: _, ...rule }: RecurrenceRule, series: Series, atMs: number): RecurrenceRule {
  if (series.allDay) {
    const day = new Date(wallOf(atMs, series.timeZone) - DAY_MS).toISOString().slice(0, 10);
    return { ...rule, until: { kind: 'date', at: day } };
  }
  const at = new Date(atMs - 1_000).toISOString().slice(0, 19);
  return { ...rule, until: { kind: 'utc', at } };
}
