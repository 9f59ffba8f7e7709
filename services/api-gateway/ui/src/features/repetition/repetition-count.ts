/** How many times a series took place before a day: what a COUNT is reduced by when the rest becomes a series. Pure. */

import { type CalendarDay, calendarDay, dayOfNumber, weekOf } from './calendar-days.ts';
import type { Repetition } from './repetition.ts';

/** A century; what began earlier is counted from then on. */
const DAYS_MAX = 36_525;

/** @param firstDate Of the series. @param date Not counted itself. */
export function timesBefore(repetition: Repetition, firstDate: string, date: string): number {
  const first = calendarDay(firstDate);
  const { number: end } = calendarDay(date);
  let times = 0;
  for (let at = Math.max(first.number, end - DAYS_MAX); at < end; at += 1) {
    if (takesPlaceOn(repetition, first, dayOfNumber(at))) times += 1;
  }
  return times;
}

/** @param day Not before the first. */
function takesPlaceOn(repetition: Repetition, first: CalendarDay, day: CalendarDay): boolean {
  const interval = Number(repetition.interval);
  switch (repetition.pattern) {
    case 'daily':
      return (day.number - first.number) % interval === 0;
    case 'weekdays':
      return day.weekday !== 'SA' && day.weekday !== 'SU';
    case 'weekly':
      return (
        ((weekOf(day.number) - weekOf(first.number)) / 7) % interval === 0 &&
        repetition.weekdays.includes(day.weekday)
      );
    case 'monthly':
      return (monthsOf(day) - monthsOf(first)) % interval === 0 && isSameOfMonth(repetition, first, day);
    case 'yearly':
      return (day.year - first.year) % interval === 0 && day.month === first.month && day.day === first.day;
    default:
      return false;
  }
}

function monthsOf({ year, month }: CalendarDay): number {
  return year * 12 + month;
}

function isSameOfMonth({ monthlyBy }: Repetition, first: CalendarDay, day: CalendarDay): boolean {
  if (monthlyBy === 'day') return day.day === first.day;
  if (day.weekday !== first.weekday) return false;
  return monthlyBy === 'last-weekday' ? day.isLast : day.nth === first.nth;
}
