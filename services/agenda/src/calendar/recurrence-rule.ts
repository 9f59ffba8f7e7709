/** RFC 5545 §3.3.10 recurrence rules: read with one clear message for what is wrong, written again in one form. */

export const FREQUENCIES = [
  'SECONDLY',
  'MINUTELY',
  'HOURLY',
  'DAILY',
  'WEEKLY',
  'MONTHLY',
  'YEARLY',
] as const;
export type Frequency = (typeof FREQUENCIES)[number];
export const WEEKDAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** `BYMONTH` and so on, sorted and without repeats; those that are not given are not there. */
export interface ByParts {
  readonly BYMONTH?: readonly number[];
  readonly BYWEEKNO?: readonly number[];
  readonly BYYEARDAY?: readonly number[];
  readonly BYMONTHDAY?: readonly number[];
  /** "MO", "-1FR" */
  readonly BYDAY?: readonly string[];
  readonly BYHOUR?: readonly number[];
  readonly BYMINUTE?: readonly number[];
  readonly BYSECOND?: readonly number[];
  readonly BYSETPOS?: readonly number[];
}

export interface RecurrenceRule {
  readonly frequency: Frequency;
  readonly interval: number;
  readonly weekStart: Weekday;
  /** Of what the rule gives, before dates are added and excluded. */
  readonly count?: number;
  readonly until?: Until;
  readonly by: ByParts;
}

/** The last moment at which something may start, inclusive. */
export interface Until {
  /** `date` counts to the end of that day; `utc` is an instant; `local` is in the appointment's zone. */
  readonly kind: 'date' | 'utc' | 'local';
  /** ISO 8601, without zone: "2026-11-02T09:00:00", or "2026-11-02". */
  readonly at: string;
}

export type Read<Value> = { readonly value: Value } | { readonly problem: string };

/** Longer rules are refused before they are read. */
const RULE_LENGTH_MAX = 2_000;
export const INTERVAL_MAX = 100_000;
export const COUNT_MAX = 100_000;
/** Hours × minutes × seconds of one day. */
export const TIMES_OF_DAY_MAX = 96;

type NumberPart = Exclude<keyof ByParts, 'BYDAY'>;

interface NumberRange {
  readonly min: number;
  readonly max: number;
  /** -1 is the last one. */
  readonly fromEnd: boolean;
}

const NUMBER_PARTS: Readonly<Record<NumberPart, NumberRange>> = {
  BYMONTH: { min: 1, max: 12, fromEnd: false },
  BYWEEKNO: { min: 1, max: 53, fromEnd: true },
  BYYEARDAY: { min: 1, max: 366, fromEnd: true },
  BYMONTHDAY: { min: 1, max: 31, fromEnd: true },
  BYHOUR: { min: 0, max: 23, fromEnd: false },
  BYMINUTE: { min: 0, max: 59, fromEnd: false },
  BYSECOND: { min: 0, max: 60, fromEnd: false },
  BYSETPOS: { min: 1, max: 366, fromEnd: true },
};
const BY_ORDER = [
  'BYMONTH',
  'BYWEEKNO',
  'BYYEARDAY',
  'BYMONTHDAY',
  'BYDAY',
  'BYHOUR',
  'BYMINUTE',
  'BYSECOND',
  'BYSETPOS',
] as const satisfies readonly (keyof ByParts)[];

/** @param text "FREQ=WEEKLY;BYDAY=MO", with or without "RRULE:". The problem follows "the rule" in a sentence. */
export function readRule(text: string): Read<RecurrenceRule> {
  try {
    return { value: ruleOf(text) };
  } catch (error) {
    if (error instanceof RuleProblem) return { problem: error.message };
    throw error;
  }
}

/** Thrown and caught in this file only: a reader that goes on after the first problem would be three times as long. */
class RuleProblem extends Error {}

function ruleOf(text: string): RecurrenceRule {
  if (text.length > RULE_LENGTH_MAX) throw new RuleProblem(`must have at most ${RULE_LENGTH_MAX} characters`);
  const parts = partsOf(text.replace(/^RRULE:/i, '').toUpperCase());
  const frequency = FREQUENCIES.find((known) => known === parts.get('FREQ'));
  if (!frequency)
    throw new RuleProblem(`must have FREQ with one of ${FREQUENCIES.join(', ')}, such as FREQ=WEEKLY`);
  const count = parts.get('COUNT');
  const until = parts.get('UNTIL');
  if (count !== undefined && until !== undefined)
    throw new RuleProblem('must not have both COUNT and UNTIL; give one of them');
  const weekStart = WEEKDAYS.find((known) => known === (parts.get('WKST') ?? 'MO'));
  if (!weekStart)
    throw new RuleProblem(`has WKST=${parts.get('WKST')}, which must be one of ${WEEKDAYS.join(', ')}`);
  const rule: RecurrenceRule = {
    frequency,
    interval: wholeNumber('INTERVAL', parts.get('INTERVAL') ?? '1', INTERVAL_MAX),
    weekStart,
    ...(count !== undefined && { count: wholeNumber('COUNT', count, COUNT_MAX) }),
    ...(until !== undefined && { until: untilOf(until) }),
    by: byPartsOf(parts),
  };
  assertFits(rule);
  return rule;
}

const KNOWN_PARTS: ReadonlySet<string> = new Set(['FREQ', 'INTERVAL', 'COUNT', 'UNTIL', 'WKST', ...BY_ORDER]);

function partsOf(text: string): Map<string, string> {
  const parts = new Map<string, string>();
  for (const part of text.split(';')) {
    if (part === '') continue;
    const [, name, value] = /^([A-Z-]+)=(.+)$/.exec(part) ?? [];
    if (name === undefined || value === undefined)
      throw new RuleProblem(`has "${part.slice(0, 50)}", which is no NAME=VALUE`);
    if (!KNOWN_PARTS.has(name))
      throw new RuleProblem(`has ${name.slice(0, 50)}, which is none of ${[...KNOWN_PARTS].join(', ')}`);
    if (parts.has(name)) throw new RuleProblem(`has ${name} twice`);
    parts.set(name, value);
  }
  return parts;
}

function wholeNumber(name: string, text: string, max: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= 1 && value <= max) return value;
  throw new RuleProblem(`has ${name}=${text.slice(0, 20)}, which must be a whole number from 1 to ${max}`);
}

function untilOf(text: string): Until {
  const [, year, month, day, hour, minute, second, zulu] =
    /^(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?$/.exec(text) ?? [];
  const date = `${year}-${month}-${day}`;
  const at = hour === undefined ? date : `${date}T${hour}:${minute}:${second}`;
  if (year === undefined || !isDateTime(at))
    throw new RuleProblem(
      `has UNTIL=${text.slice(0, 20)}, which must be a date such as 20261224 or a time such as 20261224T090000Z`,
    );
  if (hour === undefined) return { kind: 'date', at };
  return { kind: zulu === 'Z' ? 'utc' : 'local', at };
}

function isDateTime(text: string): boolean {
  try {
    Temporal.PlainDateTime.from(text, { overflow: 'reject' });
    return true;
  } catch {
    return false;
  }
}

function byPartsOf(parts: ReadonlyMap<string, string>): ByParts {
  const by: Record<string, readonly (number | string)[]> = {};
  for (const name of BY_ORDER) {
    const text = parts.get(name);
    if (text === undefined) continue;
    by[name] = name === 'BYDAY' ? weekdaysOf(text) : numbersOf(name, text);
  }
  return by as ByParts;
}

function numbersOf(name: NumberPart, text: string): number[] {
  const { min, max, fromEnd } = NUMBER_PARTS[name];
  const numbers = text.split(',').map((item) => {
    const value = /^[+-]?\d{1,3}$/.test(item) ? Number(item) : Number.NaN;
    const size = fromEnd ? Math.abs(value) : value;
    if (size >= min && size <= max) return value;
    const counted = fromEnd ? `, or -${max} to -${min} counted from the end` : '';
    throw new RuleProblem(`has ${name}=${item.slice(0, 20)}, which must be ${min} to ${max}${counted}`);
  });
  return [...new Set(numbers)].sort((a, b) => a - b);
}

function weekdaysOf(text: string): string[] {
  const days = text.split(',').map((item) => {
    const [, position, day] = /^([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)$/.exec(item) ?? [];
    const size = Math.abs(Number(position ?? 1));
    if (day === undefined || size < 1 || size > 53)
      throw new RuleProblem(
        `has BYDAY=${item.slice(0, 20)}, which must be a weekday such as MO, 2TU or -1FR`,
      );
    return position === undefined ? day : `${Number(position)}${day}`;
  });
  return [...new Set(days)];
}

/** Which parts go together (RFC 5545 §3.3.10). */
function assertFits({ frequency, by }: RecurrenceRule): void {
  const never = (part: keyof ByParts, allowed: boolean, where: string): void => {
    if (by[part] && !allowed)
      throw new RuleProblem(`has ${part} with FREQ=${frequency}; it goes with ${where}`);
  };
  const aboveDay = frequency === 'DAILY' || frequency === 'WEEKLY' || frequency === 'MONTHLY';
  never('BYWEEKNO', frequency === 'YEARLY', 'FREQ=YEARLY only');
  never('BYYEARDAY', !aboveDay, 'FREQ=YEARLY, HOURLY, MINUTELY and SECONDLY');
  never('BYMONTHDAY', frequency !== 'WEEKLY', 'any other FREQ');
  const counted = by.BYDAY?.find((day) => day.length > 2);
  const canCount = frequency === 'MONTHLY' || (frequency === 'YEARLY' && !by.BYWEEKNO);
  if (counted !== undefined && !canCount)
    throw new RuleProblem(
      `has BYDAY=${counted}; a number before the day goes with FREQ=MONTHLY, or FREQ=YEARLY without BYWEEKNO`,
    );
  if (by.BYSETPOS && Object.keys(by).length === 1)
    throw new RuleProblem('has BYSETPOS without another BY part to choose from');
  const times = [by.BYHOUR, by.BYMINUTE, by.BYSECOND].reduce(
    (product, list) => product * (list?.length ?? 1),
    1,
  );
  if (times > TIMES_OF_DAY_MAX)
    throw new RuleProblem(`names ${times} times of a day, which must be at most ${TIMES_OF_DAY_MAX}`);
}

/** The rule's text; what the RFC takes for granted is left out. */
export function ruleText({ frequency, interval, weekStart, count, until, by }: RecurrenceRule): string {
  return [
    `FREQ=${frequency}`,
    ...(interval === 1 ? [] : [`INTERVAL=${interval}`]),
    ...(count === undefined ? [] : [`COUNT=${count}`]),
    ...(until === undefined ? [] : [`UNTIL=${untilText(until)}`]),
    ...BY_ORDER.flatMap((name) => (by[name] ? [`${name}=${by[name].join(',')}`] : [])),
    ...(weekStart === 'MO' ? [] : [`WKST=${weekStart}`]),
  ].join(';');
}

function untilText({ kind, at }: Until): string {
  return `${at.replace(/[-:]/g, '')}${kind === 'utc' ? 'Z' : ''}`;
}
