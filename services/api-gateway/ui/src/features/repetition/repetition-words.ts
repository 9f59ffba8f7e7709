/** A repetition in words. Pure. */

import { calendarDay, type Weekday } from './calendar-days.ts';
import type { Anchor, MonthlyBy, Repetition } from './repetition.ts';

const ORDINALS = ['first', 'second', 'third', 'fourth', 'fifth'];
const UNITS = { daily: 'day', weekly: 'week', monthly: 'month', yearly: 'year' } as const;
const WEEKDAY_NAMES: Readonly<Record<Weekday, string>> = {
  MO: 'Monday',
  TU: 'Tuesday',
  WE: 'Wednesday',
  TH: 'Thursday',
  FR: 'Friday',
  SA: 'Saturday',
  SU: 'Sunday',
};

export function weekdayName(weekday: Weekday): string {
  return WEEKDAY_NAMES[weekday];
}

/** "on day 24", "on the fourth Tuesday" */
export function monthlyWords(monthlyBy: MonthlyBy, date: string): string {
  const { day, weekday, nth } = calendarDay(date);
  if (monthlyBy === 'day') return `on day ${day}`;
  return `on the ${monthlyBy === 'weekday' ? ORDINALS[nth - 1] : 'last'} ${weekdayName(weekday)}`;
}

/** "days", "weeks": what an interval counts; empty where there is none. */
export function unitWords({ pattern, interval }: Repetition): string {
  const unit = UNITS[pattern as keyof typeof UNITS];
  if (unit === undefined) return '';
  return Number(interval) === 1 ? unit : `${unit}s`;
}

/** "Every 2 weeks on Monday and Thursday, 10 times". Of a rule that the form cannot show: its text. */
export function repetitionWords(repetition: Repetition, anchor: Anchor, locale?: string): string {
  const { pattern, rule } = repetition;
  if (pattern === 'none') return 'Does not repeat';
  if (pattern === 'other') return rule === '' ? 'On dates of its own' : rule;
  return `${everyWords(repetition)}${onWords(repetition, anchor)}${endWords(repetition, locale)}`;
}

function everyWords(repetition: Repetition): string {
  if (repetition.pattern === 'weekdays') return 'Every weekday';
  const unit = unitWords(repetition);
  return Number(repetition.interval) === 1 ? `Every ${unit}` : `Every ${repetition.interval} ${unit}`;
}

function onWords({ pattern, weekdays, monthlyBy }: Repetition, { date }: Anchor): string {
  if (pattern === 'monthly') return ` ${monthlyWords(monthlyBy, date)}`;
  if (pattern !== 'weekly' || weekdays.length === 0) return '';
  const names = new Intl.ListFormat('en', { type: 'conjunction' }).format(weekdays.map(weekdayName));
  return ` on ${names}`;
}

function endWords({ end, untilDate, count }: Repetition, locale?: string): string {
  if (end === 'count') return Number(count) === 1 ? ', once' : `, ${count} times`;
  if (end === 'never' || untilDate === '') return '';
  const format = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: 'UTC' });
  return `, until ${format.format(Date.parse(`${untilDate}T00:00:00Z`))}`;
}
