/** How the form shows that an appointment repeats, and what the form may hold. Pure. */

import { addDays, startOfDay, toWallTime } from '../calendar/zoned-time.ts';
import { calendarDay, isDate, WEEKDAYS, type Weekday } from './calendar-days.ts';

/** `other`: a rule that the form cannot show, and keeps as it is. */
export type Pattern = 'none' | 'daily' | 'weekdays' | 'weekly' | 'monthly' | 'yearly' | 'other';
/** The 24th, the fourth Tuesday, the last Tuesday: which, the first day tells. */
export type MonthlyBy = 'day' | 'weekday' | 'last-weekday';
export type RepetitionEnd = 'never' | 'date' | 'count';

/** As typed: numbers may be empty or wrong until `checkRepetition` finds nothing. */
export interface Repetition {
  readonly pattern: Pattern;
  /** Every so many days, weeks, months, years. */
  readonly interval: string;
  /** Of `weekly`, Monday first. */
  readonly weekdays: readonly Weekday[];
  readonly monthlyBy: MonthlyBy;
  readonly end: RepetitionEnd;
  /** The last day on which it may begin. */
  readonly untilDate: string;
  readonly count: string;
  /** The rule that `other` keeps. */
  readonly rule: string;
}

/** When the first, or the one that is looked at, begins: what a rule leaves open comes from it (RFC 5545 §3.3.10). */
export interface Anchor {
  readonly date: string;
  readonly time: string;
  readonly timeZone: string;
  readonly allDay: boolean;
}

export type RepetitionErrors = Partial<Record<'interval' | 'weekdays' | 'untilDate' | 'count', string>>;

const INTERVAL_MAX = 999;
/** Four digits; the server says how many it keeps of what repeats often. */
const COUNT_MAX = 9_999;
const COUNT_OFFERED = '10';
/** Offered as the last day of what ends on a date. */
const UNTIL_OFFERED_DAYS = 90;
const WORKING_WEEK: readonly Weekday[] = ['MO', 'TU', 'WE', 'TH', 'FR'];

export function noRepetition(date: string): Repetition {
  return {
    pattern: 'none',
    interval: '1',
    weekdays: [calendarDay(date).weekday],
    monthlyBy: 'day',
    end: 'never',
    untilDate: addDays(date, UNTIL_OFFERED_DAYS),
    count: COUNT_OFFERED,
    rule: '',
  };
}

/** @param rule RRULE without its name; empty: further dates without a rule. */
export function repetitionOf(rule: string, anchor: Anchor): Repetition {
  const parts = partsOf(rule);
  const shown = parts === null ? null : { ...patternOf(parts, anchor), ...endOf(parts, anchor) };
  const empty = noRepetition(anchor.date);
  const repetition = { ...empty, ...shown, interval: parts?.get('INTERVAL') ?? '1' };
  const fits = shown?.pattern !== undefined && Object.keys(checkNumbers(repetition)).length === 0;
  return fits ? repetition : { ...empty, pattern: 'other', rule };
}

type Parts = ReadonlyMap<string, string>;

/** Null: not a rule that could be shown. */
function partsOf(rule: string): Parts | null {
  const parts = new Map<string, string>();
  for (const part of rule.toUpperCase().split(';')) {
    const [name = '', value = ''] = part.split('=');
    if (value === '' || parts.has(name)) return null;
    parts.set(name, value);
  }
  return parts;
}

const SHOWN_PARTS: readonly string[] = ['FREQ', 'INTERVAL', 'COUNT', 'UNTIL', 'WKST'];

function patternOf(parts: Parts, anchor: Anchor): Partial<Repetition> {
  const by = [...parts.keys()].filter((name) => !SHOWN_PARTS.includes(name)).sort();
  const rare = by.join();
  switch (parts.get('FREQ')) {
    case 'DAILY':
      if (rare === '') return { pattern: 'daily' };
      return rare === 'BYDAY' && isWorkingWeek(parts) ? { pattern: 'weekdays' } : {};
    case 'WEEKLY':
      return rare === '' || rare === 'BYDAY' ? weeklyOf(parts, anchor) : {};
    case 'MONTHLY':
      return monthlyOf(parts, rare, anchor);
    case 'YEARLY':
      return rare === '' || (rare === 'BYMONTH,BYMONTHDAY' && isDayOfYear(parts, anchor))
        ? { pattern: 'yearly' }
        : {};
    default:
      return {};
  }
}

function isWorkingWeek(parts: Parts): boolean {
  const named = new Set(parts.get('BYDAY')?.split(','));
  const once = (parts.get('INTERVAL') ?? '1') === '1';
  return once && named.size === WORKING_WEEK.length && WORKING_WEEK.every((day) => named.has(day));
}

function weeklyOf(parts: Parts, { date }: Anchor): Partial<Repetition> {
  const { weekday } = calendarDay(date);
  const named = parts.get('BYDAY')?.split(',') ?? [weekday];
  const weekdays = WEEKDAYS.filter((day) => named.includes(day));
  if (weekdays.length < new Set(named).size) return {};
  // Where the week begins tells weeks apart only if some of them are left out.
  const skips = (parts.get('INTERVAL') ?? '1') !== '1' && weekdays.length > 1;
  if (skips && (parts.get('WKST') ?? 'MO') !== 'MO') return {};
  return isWorkingWeek(parts) ? { pattern: 'weekdays', weekdays } : { pattern: 'weekly', weekdays };
}

function monthlyOf(parts: Parts, rare: string, { date }: Anchor): Partial<Repetition> {
  const { day, weekday, nth, isLast } = calendarDay(date);
  if (rare === '') return { pattern: 'monthly', monthlyBy: 'day' };
  if (rare === 'BYMONTHDAY')
    return Number(parts.get('BYMONTHDAY')) === day ? { pattern: 'monthly', monthlyBy: 'day' } : {};
  if (rare !== 'BYDAY' && rare !== 'BYDAY,BYSETPOS') return {};
  const position = parts.get('BYSETPOS') ?? '';
  const which = `${position}${parts.get('BYDAY')}`;
  if (which === `${nth}${weekday}`) return { pattern: 'monthly', monthlyBy: 'weekday' };
  return which === `-1${weekday}` && isLast ? { pattern: 'monthly', monthlyBy: 'last-weekday' } : {};
}

function isDayOfYear(parts: Parts, { date }: Anchor): boolean {
  const { month, day } = calendarDay(date);
  return Number(parts.get('BYMONTH')) === month && Number(parts.get('BYMONTHDAY')) === day;
}

function endOf(parts: Parts, anchor: Anchor): Partial<Repetition> {
  const count = parts.get('COUNT');
  const until = parts.get('UNTIL');
  if (count !== undefined) return { end: 'count', count };
  return until === undefined ? { end: 'never' } : { end: 'date', untilDate: untilDateOf(until, anchor) };
}

/** The last day on which something that begins at the anchor's time may begin. */
function untilDateOf(until: string, { time, timeZone, allDay }: Anchor): string {
  const [, year, month, day, hour, minute, second, zulu] =
    /^(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?$/.exec(until) ?? [];
  const date = `${year}-${month}-${day}`;
  if (hour === undefined) return date;
  const last =
    zulu === 'Z'
      ? toWallTime(`${date}T${hour}:${minute}:${second}Z`, timeZone)
      : { date, time: `${hour}:${minute}` };
  return allDay || last.time >= time ? last.date : addDays(last.date, -1);
}

/** @returns null if it does not repeat. @param repetition Without errors. */
export function ruleOf(repetition: Repetition, anchor: Anchor): string | null {
  const { pattern, interval, rule } = repetition;
  if (pattern === 'none') return null;
  if (pattern === 'other') return rule;
  const every = Number(interval) === 1 || pattern === 'weekdays' ? [] : [`INTERVAL=${Number(interval)}`];
  return [
    ...freqOf(repetition),
    ...every,
    ...endText(repetition, anchor),
    ...byText(repetition, anchor),
  ].join(';');
}

function freqOf({ pattern }: Repetition): string[] {
  return [`FREQ=${pattern === 'weekdays' ? 'WEEKLY' : pattern.toUpperCase()}`];
}

function byText({ pattern, weekdays, monthlyBy }: Repetition, { date }: Anchor): string[] {
  if (pattern === 'weekdays') return [`BYDAY=${WORKING_WEEK.join()}`];
  if (pattern === 'weekly') return [`BYDAY=${WEEKDAYS.filter((day) => weekdays.includes(day)).join()}`];
  if (pattern !== 'monthly') return [];
  const { day, weekday, nth } = calendarDay(date);
  if (monthlyBy === 'day') return [`BYMONTHDAY=${day}`];
  return [`BYDAY=${monthlyBy === 'weekday' ? nth : -1}${weekday}`];
}

function endText({ end, count, untilDate }: Repetition, anchor: Anchor): string[] {
  if (end === 'count') return [`COUNT=${Number(count)}`];
  return end === 'never' ? [] : [`UNTIL=${untilText(untilDate, anchor)}`];
}

/** A date where the start is one, and else an instant (RFC 5545 §3.3.10): the last second of that day. */
function untilText(untilDate: string, { timeZone, allDay }: Anchor): string {
  if (allDay) return untilDate.replaceAll('-', '');
  const dayAfter = startOfDay(addDays(untilDate, 1), timeZone)!;
  const last = new Date(Date.parse(dayAfter) - 1_000).toISOString();
  return `${last.slice(0, 19).replace(/[-:]/g, '')}Z`;
}

/**
 * Of a rule that the form keeps: its last day stays the last one though it begins at another time, or on another clock.
 *
 * @param from When it began. @param to When it begins.
 */
export function withLastDayKept(repetition: Repetition, from: Anchor, to: Anchor): Repetition {
  if (repetition.pattern !== 'other') return repetition;
  const rule = repetition.rule.replace(
    /(^|;)UNTIL=([^;]*)/i,
    (_, before, until) => `${before}UNTIL=${untilText(untilDateOf(until.toUpperCase(), from), to)}`,
  );
  return { ...repetition, rule };
}

/** @param firstDate The first day of the appointment. */
export function checkRepetition(repetition: Repetition, firstDate: string): RepetitionErrors {
  const { pattern, weekdays, end, untilDate } = repetition;
  if (pattern === 'none' || pattern === 'other') return {};
  const errors = checkNumbers(repetition);
  if (pattern === 'weekly' && weekdays.length === 0) errors.weekdays = 'Choose at least one day.';
  if (end === 'date' && !isDate(untilDate)) errors.untilDate = 'Choose a date.';
  else if (end === 'date' && untilDate < firstDate) errors.untilDate = 'It cannot end before it begins.';
  return errors;
}

function checkNumbers({ interval, end, count }: Repetition): RepetitionErrors {
  const errors: RepetitionErrors = {};
  if (!isWhole(interval, INTERVAL_MAX)) errors.interval = `Give a whole number from 1 to ${INTERVAL_MAX}.`;
  if (end === 'count' && !isWhole(count, COUNT_MAX))
    errors.count = `Give a whole number from 1 to ${COUNT_MAX}.`;
  return errors;
}

function isWhole(text: string, max: number): boolean {
  return /^\d{1,4}$/.test(text.trim()) && Number(text) >= 1 && Number(text) <= max;
}

/** It begins on another day now: what was said of the old day is said of the new one. */
export function withFirstDay(repetition: Repetition, before: string, after: string): Repetition {
  if (before === after || !isDate(before) || !isDate(after)) return repetition;
  const [from, to] = [calendarDay(before), calendarDay(after)];
  const others = repetition.weekdays.filter((day) => day !== from.weekday);
  const named = repetition.weekdays.length > others.length;
  const weekdays = named ? WEEKDAYS.filter((day) => day === to.weekday || others.includes(day)) : null;
  const shiftedUntil = addDays(repetition.untilDate, to.number - from.number);
  return {
    ...repetition,
    ...(weekdays === null ? {} : { weekdays }),
    monthlyBy: monthlyByOn(repetition.monthlyBy, after),
    // Not chosen yet, only offered.
    untilDate: repetition.end === 'date' ? repetition.untilDate : shiftedUntil,
  };
}

/** "The fifth Tuesday" is offered as the last one; what is not the last any more, as the one that it is. */
function monthlyByOn(chosen: MonthlyBy, date: string): MonthlyBy {
  const { nth, isLast } = calendarDay(date);
  if (chosen === 'weekday' && nth === 5) return 'last-weekday';
  return chosen === 'last-weekday' && !isLast ? 'weekday' : chosen;
}

/** Does the form hold the same? What is not looked at, such as the count of what never ends, does not matter. */
export function sameRepetition(one: Repetition, other: Repetition, anchor: Anchor): boolean {
  return ruleOf(one, anchor) === ruleOf(other, anchor);
}
