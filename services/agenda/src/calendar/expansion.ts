/**
 * From a rule to instants. The library works on the times that the clocks show, as if the zone were UTC; each is then
 * put into the zone. So a series keeps its time on the clock, whatever the clocks do (docs/adr/0017).
 */
import { RRuleTemporal } from 'rrule-temporal';
import { DAY_MS, instantOf, startOfDay, wallOf } from './local-time.ts';
import { type Read, type RecurrenceRule, readRule, type Until, WEEKDAYS } from './recurrence-rule.ts';

/** Periods that the library may walk for one expansion, and dates and times that it may look at: what a rule may cost. */
const PERIODS_MAX = 25_000;
const CANDIDATES_MAX = 10_000;
/** Starts that a rule may give for one expansion, also before what is asked for. */
const STARTS_MAX = 10_000;
/** A rule that gives one start a day at most is bounded by its days: so many may be asked for at once. */
const AT_ONCE_MAX_MS = 5_000 * DAY_MS;
/** No clock is changed by more: what lies further apart on the wall is in the same order in time. */
const CLOCK_CHANGE_MAX_MS = DAY_MS;

export interface Span {
  readonly startMs: number;
  readonly endMs: number;
}

/** What recurs: the first one (DTSTART and DTEND) and how. */
export interface Series extends Span {
  readonly timeZone: string;
  /** Then start and end are the first instants of days in `timeZone`. */
  readonly allDay: boolean;
  /** RFC 5545 value; empty: only what is added. */
  readonly rule: string;
  /** Starts, as instants. */
  readonly addedMs: readonly number[];
  readonly excludedMs: readonly number[];
}

export interface Window {
  /** Starts before it are left out. */
  readonly fromMs: number;
  /** Exclusive. */
  readonly untilMs: number;
  /** More occurrences in the window are a problem, unless they may be cut. */
  readonly max: number;
  /** Then the first `max` are given. */
  readonly cut?: boolean;
}

export interface Expansion {
  /** Ordered by start, no start twice. Each is as long as the first one: in days if all-day, else in time. */
  readonly spans: readonly Span[];
  /** All that start before are there. */
  readonly untilMs: number;
  /** Nothing starts from `untilMs` on. */
  readonly ended: boolean;
  /** The first start that the rule itself gives, whatever is excluded; undefined: none before the end of the window. */
  readonly firstMs: number | undefined;
}

/** @returns a problem, which follows "the rule" in a sentence, for a rule that is wrong, costs too much or gives too much. */
export function expand(series: Series, window: Window): Read<Expansion> {
  const starts = ruleStarts(series, window);
  if ('problem' in starts) return starts;
  const { instants, ended } = starts.value;
  const excluded = new Set(series.excludedMs);
  const all = new Set([...instants, ...series.addedMs]);
  const wanted = [...all]
    .filter((startMs) => startMs >= window.fromMs && startMs < window.untilMs && !excluded.has(startMs))
    .sort((a, b) => a - b);
  const over = wanted[window.max];
  if (over !== undefined && !window.cut) return { problem: tooMany(window) };
  const untilMs = over ?? window.untilMs;
  const laterAdded = series.addedMs.some((startMs) => startMs >= untilMs);
  return {
    value: {
      spans: wanted.slice(0, window.max).map(spanFrom(series)),
      untilMs,
      ended: over === undefined && ended && !laterAdded,
      firstMs: instants[0],
    },
  };
}

function tooMany({ max, untilMs }: Window): string {
  const until = new Date(untilMs).toISOString().slice(0, 10);
  return `gives more than ${max} occurrences until ${until}; let it recur less often, or end it with COUNT or UNTIL`;
}

/** From a start to its span: in days as long as the first one if all-day, else in time. */
export function spanFrom({ startMs, endMs, timeZone, allDay }: Series): (startMs: number) => Span {
  const lengthMs = endMs - startMs;
  if (!allDay) return (start) => ({ startMs: start, endMs: start + lengthMs });
  const daysMs = Math.max(1, dayOf(endMs, timeZone) - dayOf(startMs, timeZone)) * DAY_MS;
  return (start) => ({
    startMs: start,
    endMs: startOfDay(dayOf(start, timeZone) * DAY_MS + daysMs, timeZone),
  });
}

function dayOf(instantMs: number, timeZone: string): number {
  return Math.floor(wallOf(instantMs, timeZone) / DAY_MS);
}

interface Starts {
  /** Ordered, no start twice, from the very first on. */
  readonly instants: readonly number[];
  readonly ended: boolean;
}

function ruleStarts(series: Series, window: Window): Read<Starts> {
  if (series.rule === '') return { value: { instants: [series.startMs], ended: true } };
  const rule = readRule(series.rule);
  if ('problem' in rule) return rule;
  const { frequency } = rule.value;
  const subDaily = frequency === 'HOURLY' || frequency === 'MINUTELY' || frequency === 'SECONDLY';
  if (series.allDay && subDaily)
    return { problem: `has FREQ=${frequency}, but an all-day appointment recurs daily at most` };
  const untilMs = rule.value.until ? lastInstant(rule.value.until, series.timeZone) : Infinity;
  try {
    const instants = walk(series, rule.value, Math.min(untilMs + 1, window.untilMs), window);
    const counted = rule.value.count !== undefined && instants.length >= rule.value.count;
    return { value: { instants, ended: counted || untilMs < window.untilMs } };
  } catch (error) {
    // The library says so with an Error of no class of its own; a RangeError is a date beyond what Temporal can hold.
    if (error instanceof TooMuchWork || error instanceof RangeError || isBudgetError(error))
      return {
        problem: 'takes too much work to follow; write it with a FREQ nearer to how often it happens',
      };
    throw error;
  }
}

class TooMuchWork extends Error {}

function isBudgetError(error: unknown): boolean {
  return error instanceof Error && /^Maximum (iterations|candidate evaluations) /.test(error.message);
}

/** What the rule gives before `beforeMs`, counted from the first one on. */
function walk(series: Series, rule: RecurrenceRule, beforeMs: number, window: Window): number[] {
  const { timeZone, allDay } = series;
  const firstWall = wallOf(series.startMs, timeZone);
  const lastWall = wallOf(beforeMs, timeZone) + CLOCK_CHANGE_MAX_MS;
  const found = new Set<number>();
  let inWindow = 0;
  let visited = 0;
  if (lastWall < firstWall) return [];
  const visit = (wallMs: number): boolean => {
    if (++visited > STARTS_MAX) throw new TooMuchWork();
    if (wallMs < firstWall) return true;
    if (rule.count !== undefined && found.size >= rule.count) return false;
    const instantMs = wallMs === firstWall ? series.startMs : toInstant(wallMs, timeZone, allDay);
    if (instantMs >= beforeMs) return wallMs < lastWall;
    found.add(instantMs);
    if (instantMs >= window.fromMs) inWindow += 1;
    // One more than may be excluded again is enough to know that there are too many.
    return inWindow <= window.max + series.excludedMs.length;
  };
  const stretch = { firstWall, lastWall, allDay };
  // Asked for all at once, and without a bound of its own, the library is much faster (docs/adr/0017).
  if (isOnceADay(rule) && lastWall - firstWall <= AT_ONCE_MAX_MS)
    library(rule, stretch, {})
      .all()
      .every((date) => visit(date.epochMilliseconds));
  else
    library(rule, stretch, { maxCandidateEvaluations: CANDIDATES_MAX }).all((date) =>
      visit(date.epochMilliseconds),
    );
  return [...found].sort((a, b) => a - b);
}

function isOnceADay({ frequency, by }: RecurrenceRule): boolean {
  const withinADay = frequency === 'SECONDLY' || frequency === 'MINUTELY' || frequency === 'HOURLY';
  return !withinADay && !by.BYHOUR && !by.BYMINUTE && !by.BYSECOND;
}

function toInstant(wallMs: number, timeZone: string, allDay: boolean): number {
  return allDay ? startOfDay(wallMs, timeZone) : instantOf(wallMs, timeZone);
}

/** The last instant at which something may start. A date counts to its end in the zone. */
function lastInstant({ kind, at }: Until, timeZone: string): number {
  if (kind === 'utc') return Temporal.Instant.from(`${at}Z`).epochMilliseconds;
  const local = Temporal.PlainDateTime.from(at);
  if (kind === 'local') return local.toZonedDateTime(timeZone).epochMilliseconds;
  return local.add({ days: 1 }).toPlainDate().toZonedDateTime(timeZone).epochMilliseconds - 1;
}

interface Stretch {
  readonly firstWall: number;
  readonly lastWall: number;
  readonly allDay: boolean;
}

/** COUNT and UNTIL are kept from the library: it would count in its own time. */
function library(
  rule: RecurrenceRule,
  { firstWall, lastWall, allDay }: Stretch,
  limits: { readonly maxCandidateEvaluations?: number },
): RRuleTemporal {
  const { by } = rule;
  const first = utc(firstWall);
  // What a yearly rule does not say comes from the first one (RFC 5545 §3.3.10): the 29th of its month, not of any.
  const inItsMonth =
    rule.frequency === 'YEARLY' && by.BYMONTHDAY && !by.BYMONTH && !by.BYDAY && !by.BYWEEKNO && !by.BYYEARDAY;
  const months = inItsMonth ? [first.month] : by.BYMONTH;
  const options: Record<string, unknown> = {
    freq: rule.frequency,
    interval: rule.interval,
    wkst: rule.weekStart,
    dtstart: by.BYWEEKNO ? inWeekYear(first, rule) : first,
    until: utc(lastWall),
    byMonth: months,
    byWeekNo: by.BYWEEKNO,
    byYearDay: by.BYYEARDAY,
    byMonthDay: by.BYMONTHDAY,
    byDay: by.BYDAY,
    bySetPos: by.BYSETPOS,
    // "MUST be ignored" where the first one is a date (RFC 5545 §3.3.10).
    ...(!allDay && {
      byHour: by.BYHOUR,
      byMinute: by.BYMINUTE,
      bySecond: by.BYSECOND?.map(withoutLeapSecond),
    }),
    maxIterations: PERIODS_MAX,
    ...limits,
    cache: false,
  };
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return new RRuleTemporal(Object.fromEntries(given) as unknown as Options);
}

type Options = ConstructorParameters<typeof RRuleTemporal<Temporal.ZonedDateTime>>[0];

function utc(wallMs: number): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(wallMs).toZonedDateTimeISO('UTC');
}

/**
 * Weeks have years of their own: 2027-01-03 lies in week 53 of 2026. The library counts calendar years from its start, so
 * it is started in the middle of the year before, on the same weekday and in step with the interval.
 */
function inWeekYear(
  first: Temporal.ZonedDateTime,
  { interval, weekStart }: RecurrenceRule,
): Temporal.ZonedDateTime {
  const sinceWeekStart = (first.dayOfWeek - 1 - WEEKDAYS.indexOf(weekStart) + 7) % 7;
  // The year of a week is the one that has its fourth day (RFC 5545 §3.3.10: "at least four days").
  const { year } = first.add({ days: 3 - sinceWeekStart });
  const middle = first.with({ year: year - interval, month: 7, day: 1 });
  return middle.add({ days: (first.dayOfWeek - middle.dayOfWeek + 7) % 7 });
}

/** Clocks of computers do not show it. */
function withoutLeapSecond(second: number): number {
  return Math.min(second, 59);
}
