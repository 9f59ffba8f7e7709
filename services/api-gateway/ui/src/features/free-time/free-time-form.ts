/** What a time is looked for, and the question that the server is asked. Pure. */

import type { FreeTimeQuestion } from '../../api/free-time-api.ts';
import type { Person } from '../../api/people-api.ts';
import { addDays, startOfDay, toWallTime } from '../calendar/zoned-time.ts';

const DEFAULT_MINUTES = 60;
export const DEFAULT_DAYS = 14;
const DEFAULT_HOURS = { from: '09:00', to: '17:00', weekdays: [1, 2, 3, 4, 5] };
const EVERY_WEEKDAY = [1, 2, 3, 4, 5, 6, 7];
const DAY_MS = 86_400_000;

/** Of each kind; the server takes 200 in all, but more than these are better a group. */
export const PEOPLE_MAX = 50;
/** The same as the server's. */
export const DURATION_MINUTES_MAX = 1_440;
const DAYS_MAX = 62;

export const DURATIONS = [15, 30, 45, 60, 90, 120, 180, 240, 480, 1_440];
export const BUFFERS = [0, 5, 10, 15, 30, 60, 120];

export interface FreeTimeForm {
  /** All members of it must come. */
  readonly groupId: string | null;
  readonly people: readonly Person[];
  readonly optional: readonly Person[];
  /** One of `DURATIONS`; null: `typedMinutes`, as it was typed. */
  readonly minutes: number | null;
  readonly typedMinutes: string;
  /** Dates as inputs hold them; both are included. */
  readonly firstDay: string;
  readonly lastDay: string;
  /** Of every day; else what follows. */
  readonly anyHour: boolean;
  /** On each person's own clock; `to` 00:00 is the end of the day. */
  readonly from: string;
  readonly to: string;
  /** 1 (Monday) to 7. */
  readonly weekdays: readonly number[];
  readonly bufferMinutes: number;
}

export type FreeTimeErrors = Partial<Record<'minutes' | 'lastDay' | 'to' | 'weekdays', string>>;

/** An hour in the next two weeks, at usual working hours. */
export function newFreeTimeForm(nowMs: number, timeZone: string): FreeTimeForm {
  const today = toWallTime(nowMs, timeZone).date;
  return {
    groupId: null,
    people: [],
    optional: [],
    minutes: DEFAULT_MINUTES,
    typedMinutes: '',
    firstDay: today,
    lastDay: addDays(today, DEFAULT_DAYS),
    anyHour: false,
    ...DEFAULT_HOURS,
    bufferMinutes: 0,
  };
}

/** The same question another day: it looks for no time that is over. */
export function fromToday(form: FreeTimeForm, nowMs: number, timeZone: string): FreeTimeForm {
  const today = toWallTime(nowMs, timeZone).date;
  if (form.firstDay >= today) return form;
  return {
    ...form,
    firstDay: today,
    lastDay: form.lastDay > today ? form.lastDay : addDays(today, DEFAULT_DAYS),
  };
}

/** Null: that is no number of minutes. */
export function durationOf({ minutes, typedMinutes }: FreeTimeForm): number | null {
  if (minutes !== null) return minutes;
  return /^\d{1,6}$/.test(typedMinutes.trim()) ? Number(typedMinutes) : null;
}

export function checkFreeTime(form: FreeTimeForm, nowMs: number, timeZone: string): FreeTimeErrors {
  const minutes = checkMinutes(form);
  const lastDay = checkDays(form, toWallTime(nowMs, timeZone).date);
  const hours = form.anyHour ? {} : checkHours(form);
  return {
    ...(minutes === undefined ? {} : { minutes }),
    ...(lastDay === undefined ? {} : { lastDay }),
    ...hours,
  };
}

function checkMinutes(form: FreeTimeForm): string | undefined {
  const minutes = durationOf(form);
  if (minutes !== null && minutes >= 1 && minutes <= DURATION_MINUTES_MAX) return undefined;
  return `A number of minutes from 1 to ${DURATION_MINUTES_MAX} (one day).`;
}

function checkDays({ firstDay, lastDay }: FreeTimeForm, today: string): string | undefined {
  const days = (Date.parse(lastDay) - Date.parse(firstDay)) / DAY_MS + 1;
  if (Number.isNaN(days)) return 'Choose a first and a last day.';
  if (days < 1) return 'It cannot be before the first day.';
  if (days > DAYS_MAX) return `These are ${days} days; at most ${DAYS_MAX} are looked through at once.`;
  return lastDay < today ? 'These days are over.' : undefined;
}

function checkHours(form: FreeTimeForm): FreeTimeErrors {
  const { weekdays } = form;
  const errors: FreeTimeErrors = weekdays.length === 0 ? { weekdays: 'Choose one day at least.' } : {};
  const from = minuteOf(form.from);
  const to = minuteOf(endOf(form));
  if (from === null || to === null) return { ...errors, to: 'Choose two times of day.' };
  if (to <= from) return { ...errors, to: 'They must end after they begin.' };
  if ((durationOf(form) ?? 0) <= to - from) return errors;
  return { ...errors, to: 'They are shorter than what is looked for. Choose longer ones, or any hour.' };
}

function endOf({ to }: FreeTimeForm): string {
  return to === '00:00' ? '24:00' : to;
}

function minuteOf(time: string): number | null {
  const [hour, minute] = time.split(':').map(Number);
  return /^\d{2}:\d{2}$/.test(time) ? hour! * 60 + minute! : null;
}

/** @param form Without errors. @param timeZone In which its days begin and end. */
export function questionOf(form: FreeTimeForm, timeZone: string): FreeTimeQuestion {
  const durationMinutes = durationOf(form);
  const start = startOfDay(form.firstDay, timeZone);
  const end = startOfDay(addDays(form.lastDay, 1), timeZone);
  if (durationMinutes === null || start === null || end === null)
    throw new Error('the form was not checked: it has no duration or days');
  // The server counts days of 24 hours; among the calendar's, one has 25.
  const endMs = Math.min(Date.parse(end), Date.parse(start) + DAYS_MAX * DAY_MS);
  return {
    userIds: form.people.map(({ id }) => id),
    ...(form.groupId === null ? {} : { groupId: form.groupId }),
    optionalUserIds: form.optional.map(({ id }) => id),
    start,
    end: new Date(endMs).toISOString(),
    durationMinutes,
    workingHours: form.anyHour
      ? { start: '00:00', end: '24:00', days: EVERY_WEEKDAY }
      : { start: form.from, end: endOf(form), days: form.weekdays },
    bufferMinutes: form.bufferMinutes,
  };
}
