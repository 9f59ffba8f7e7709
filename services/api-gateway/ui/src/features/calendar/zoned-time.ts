/** Between instants and what a clock and a calendar in some time zone show. */

import * as InstantFns from 'temporal-polyfill/fns/Instant';
import * as PlainDateFns from 'temporal-polyfill/fns/PlainDate';
import * as PlainDateTimeFns from 'temporal-polyfill/fns/PlainDateTime';
import * as ZonedDateTimeFns from 'temporal-polyfill/fns/ZonedDateTime';

/** What date and time inputs hold: `2026-11-23` and `09:30`. */
export interface WallTime {
  readonly date: string;
  readonly time: string;
}

const MINUTE_MS = 60_000;
const DATE = /^\d{4}-\d{2}-\d{2}$/;
const TIME = /^\d{2}:\d{2}/;

export function toWallTime(instant: string | number, timeZone: string): WallTime {
  const epochMs = typeof instant === 'number' ? instant : Date.parse(instant);
  const zoned = InstantFns.toZonedDateTimeISO(InstantFns.fromEpochMilliseconds(epochMs), timeZone);
  return {
    date: PlainDateFns.toString(ZonedDateTimeFns.toPlainDate(zoned)),
    time: `${pad(zoned.hour)}:${pad(zoned.minute)}`,
  };
}

/**
 * Null if it is not a date and a time. A wall time that a clock change skips is taken as that much later, one that
 * happens twice as the first.
 */
export function toInstant(wall: WallTime, timeZone: string): string | null {
  if (!DATE.test(wall.date) || !TIME.test(wall.time)) return null;
  const [year, month, day] = wall.date.split('-').map(Number);
  const [hour, minute] = wall.time.split(':').map(Number);
  try {
    const plain = PlainDateTimeFns.create(year!, month!, day!, hour!, minute!);
    const zoned = PlainDateTimeFns.toZonedDateTime(plain, timeZone);
    return new Date(zoned.epochMilliseconds).toISOString();
  } catch (error) {
    if (error instanceof RangeError) return null; // 31 February, 24:61
    throw error;
  }
}

/** The first instant of a day, which is not always 00:00. */
export function startOfDay(date: string, timeZone: string): string | null {
  return toInstant({ date, time: '00:00' }, timeZone);
}

export function addDays(date: string, days: number): string {
  const at = new Date(`${date}T00:00:00Z`);
  at.setUTCDate(at.getUTCDate() + days);
  return at.toISOString().slice(0, 10);
}

export function addMinutes(instant: string, minutes: number): string {
  return new Date(Date.parse(instant) + minutes * MINUTE_MS).toISOString();
}

/** The next full half hour. */
export function nextHalfHour(nowMs: number): string {
  const halfHourMs = 30 * MINUTE_MS;
  return new Date(Math.ceil((nowMs + 1) / halfHourMs) * halfHourMs).toISOString();
}

function pad(value: number): string {
  return String(value).padStart(2, '0');
}

export interface Span {
  readonly start: string;
  readonly end: string;
  readonly allDay: boolean;
  readonly timeZone: string;
}

/**
 * "Mon, 23 Nov, 09:30 – 10:30" in the viewer's zone; an all-day span by its own days.
 *
 * @param nowMs If given, another year than this moment's is said.
 */
export function formatSpan(span: Span, viewerZone: string, locale?: string, nowMs?: number): string {
  const timeZone = span.allDay ? span.timeZone : viewerZone;
  const otherYear = nowMs !== undefined && yearOf(span.start, timeZone) !== yearOf(nowMs, timeZone);
  const format = new Intl.DateTimeFormat(locale, {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    ...(otherYear ? { year: 'numeric' } : {}),
    ...(span.allDay ? {} : { hour: 'numeric', minute: '2-digit' }),
    timeZone,
  });
  const endMs = Date.parse(span.end);
  return format.formatRange(Date.parse(span.start), span.allDay ? endMs - 1 : endMs);
}

function yearOf(instant: string | number, timeZone: string): string {
  return toWallTime(instant, timeZone).date.slice(0, 4);
}
