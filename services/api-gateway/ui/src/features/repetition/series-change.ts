/** What is asked of the server when something that repeats is changed. Pure. */

import type { AgendaItem, AppointmentFields, Recurrence, Scope } from '../../api/types.ts';
import { addDays, startOfDay, toInstant, toWallTime } from '../calendar/zoned-time.ts';
import { calendarDay, isDate } from './calendar-days.ts';
import {
  type Anchor,
  type Repetition,
  ruleOf,
  sameRepetition,
  withFirstDay,
  withLastDayKept,
} from './repetition.ts';
import { timesBefore } from './repetition-count.ts';

const DAY_MS = 86_400_000;

export interface SeriesChange {
  /** The one that the form was filled from; it is of a series. */
  readonly occurrence: AgendaItem & { readonly recurrence: Recurrence; readonly recurrenceStart: string };
  /** What of the fields differs from the occurrence. */
  readonly changed: Partial<AppointmentFields>;
  /** What the form holds. */
  readonly fields: AppointmentFields;
  readonly before: Repetition;
  readonly after: Repetition;
}

/** What a change sends: what is left out stays. */
export type SeriesFields = Partial<AppointmentFields> & { readonly recurrence?: Recurrence | null };

export function isOccurrence(item: AgendaItem): item is SeriesChange['occurrence'] {
  return item.recurrence !== null && item.recurrenceStart !== null;
}

export function anchorOf({
  start,
  timeZone,
  allDay,
}: Pick<AppointmentFields, 'start' | 'timeZone' | 'allDay'>): Anchor {
  return { ...toWallTime(start, timeZone), timeZone, allDay };
}

/** Which of the three can be asked for at all. */
export function scopesFor(change: SeriesChange): readonly Scope[] {
  const { before } = change;
  const from = anchorOf(change.occurrence);
  const to = anchorOf(change.fields);
  if (isRuleChanged(change)) return ['following', 'all'];
  if (from.date !== to.date && !canFollow(before, from.date, to.date)) return ['this'];
  if (before.pattern !== 'other' || !isTimeChanged(change)) return ['this', 'following', 'all'];
  // Dates without a rule are instants, each by itself: no time of day moves them.
  if (before.rule === '') return ['this'];
  // How many times a rule took place that the form cannot read, it cannot tell either.
  return /COUNT=/i.test(before.rule) ? ['this', 'all'] : ['this', 'following', 'all'];
}

/** Some patterns have no place for a day that is not theirs, or would lose one of theirs to it. */
function canFollow({ pattern, weekdays }: Repetition, before: string, after: string): boolean {
  const [from, to] = [calendarDay(before).weekday, calendarDay(after).weekday];
  if (pattern === 'other' || pattern === 'weekdays') return false;
  return pattern !== 'weekly' || from === to || !weekdays.includes(to);
}

/** Beyond what follows from another first day. */
function isRuleChanged({ occurrence, fields, before, after }: SeriesChange): boolean {
  const to = anchorOf(fields);
  return !sameRepetition(withFirstDay(before, anchorOf(occurrence).date, to.date), after, to);
}

function isTimeChanged({ changed }: SeriesChange): boolean {
  const { start, end, timeZone, allDay } = changed;
  return [start, end, timeZone, allDay].some((value) => value !== undefined);
}

/** @param seriesStart The start of the series' first. */
export function seriesFields(scope: Scope, change: SeriesChange, seriesStart: string): SeriesFields {
  const { changed, fields, after } = change;
  const moved = isTimeChanged(change);
  if (!moved && !isRuleChanged(change)) return changed;
  const { start, end, timeZone, allDay } = fields;
  const whole = { ...changed, start, end, timeZone, allDay };
  if (scope === 'this') return whole;
  if (after.pattern === 'none') return { ...whole, recurrence: null };
  if (scope === 'following') return { ...whole, recurrence: followingRecurrence(change, seriesStart) };
  return { ...whole, ...seriesTimes(change, seriesStart), recurrence: wholeRecurrence(change) };
}

function wholeRecurrence(change: SeriesChange): Recurrence {
  return { ...change.occurrence.recurrence, rule: ruleFor(change, change.after) };
}

function ruleFor({ occurrence, fields }: SeriesChange, repetition: Repetition): string {
  const to = anchorOf(fields);
  return ruleOf(withLastDayKept(repetition, anchorOf(occurrence), to), to) ?? '';
}

/** A count that was not touched is of the whole series: the rest has what is left of it. */
function followingRecurrence(change: SeriesChange, seriesStart: string): Recurrence {
  const { occurrence, before, after } = change;
  const { timeZone, recurrence, recurrenceStart } = occurrence;
  const dateOf = (instant: string) => toWallTime(instant, timeZone).date;
  const counts = before.end === 'count' && after.end === 'count' && before.count === after.count;
  const past = counts ? timesBefore(before, dateOf(seriesStart), dateOf(recurrenceStart)) : 0;
  const rest = counts ? { ...after, count: String(Math.max(1, Number(after.count) - past)) } : after;
  const isAfter = (instant: string) => Date.parse(instant) >= Date.parse(recurrenceStart);
  return {
    rule: ruleFor(change, rest),
    added: recurrence.added.filter(isAfter),
    excluded: recurrence.excluded.filter(isAfter),
  };
}

/** The first of the series goes as far as the one that was moved. */
function seriesTimes(change: SeriesChange, seriesStart: string): { start: string; end: string } {
  const { occurrence, fields } = change;
  const date = seriesDate(change, toWallTime(seriesStart, occurrence.timeZone).date);
  const { timeZone, allDay } = fields;
  if (allDay) {
    const days = Math.round((Date.parse(fields.end) - Date.parse(fields.start)) / DAY_MS);
    return { start: startOfDay(date, timeZone)!, end: startOfDay(addDays(date, days), timeZone)! };
  }
  const start = toInstant({ date, time: anchorOf(fields).time }, timeZone)!;
  const lengthMs = Date.parse(fields.end) - Date.parse(fields.start);
  return { start, end: new Date(Date.parse(start) + lengthMs).toISOString() };
}

/** From this day on the server takes the first that the rule gives. */
function seriesDate({ occurrence, fields, after }: SeriesChange, first: string): string {
  const from = calendarDay(anchorOf(occurrence).date);
  const { date } = anchorOf(fields);
  const days = calendarDay(date).number - from.number;
  const moved = addDays(first, days);
  switch (after.pattern) {
    case 'weekly': // The other days of the week stay; whole weeks move all of them.
      return calendarDay(first).weekday === from.weekday ? moved : addDays(first, Math.trunc(days / 7) * 7);
    case 'monthly':
      return days === 0 ? first : `${moved.slice(0, 8)}01`;
    case 'yearly': {
      const sameDay = `${moved.slice(0, 5)}${date.slice(5)}`;
      return days !== 0 && isDate(sameDay) ? sameDay : moved;
    }
    default:
      return moved;
  }
}
