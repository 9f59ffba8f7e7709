/** Days of the calendar by themselves, without a clock or a zone. Pure. */

/** In the order of ISO 8601, by the names of RFC 5545. */
export const WEEKDAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

const DAY_MS = 86_400_000;
/** 1970-01-01 was a Thursday. */
const FIRST_WEEKDAY = 3;

export interface CalendarDay {
  /** Days since 1970-01-01. */
  readonly number: number;
  readonly year: number;
  /** 1–12 */
  readonly month: number;
  readonly day: number;
  readonly weekday: Weekday;
  /** 2: the second of its weekday in its month. */
  readonly nth: number;
  /** The last of its weekday in its month. */
  readonly isLast: boolean;
}

/** @param date `2026-11-24` */
export function calendarDay(date: string): CalendarDay {
  return dayOfNumber(Math.floor(Date.parse(`${date}T00:00:00Z`) / DAY_MS));
}

export function dayOfNumber(number: number): CalendarDay {
  const at = new Date(number * DAY_MS);
  const day = at.getUTCDate();
  const daysInMonth = new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 0)).getUTCDate();
  return {
    number,
    year: at.getUTCFullYear(),
    month: at.getUTCMonth() + 1,
    day,
    weekday: WEEKDAYS[weekdayNumber(number)]!,
    nth: Math.ceil(day / 7),
    isLast: day + 7 > daysInMonth,
  };
}

/** The Monday of its week. */
export function weekOf(number: number): number {
  return number - weekdayNumber(number);
}

/** @returns `2026-11-24` */
export function dateOfNumber(number: number): string {
  return new Date(number * DAY_MS).toISOString().slice(0, 10);
}

export function isDate(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(`${text}T00:00:00Z`));
}

function weekdayNumber(number: number): number {
  return (((number + FIRST_WEEKDAY) % 7) + 7) % 7;
}
