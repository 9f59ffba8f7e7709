/** Reminders as the form shows them. Pure. */

export type ReminderUnit = 'minutes' | 'hours' | 'days' | 'weeks';

/** So long before the start. */
export interface Reminder {
  /** As typed. */
  readonly amount: string;
  readonly unit: ReminderUnit;
}

/** The same as the server's. */
export const REMINDERS_MAX = 5;
const MINUTES_MAX = 40_320;
const UNIT_MINUTES: Readonly<Record<ReminderUnit, number>> = {
  minutes: 1,
  hours: 60,
  days: 1_440,
  weeks: 10_080,
};
export const REMINDER_UNITS = Object.keys(UNIT_MINUTES) as readonly ReminderUnit[];
const LARGEST_FIRST = [...REMINDER_UNITS].reverse();
/** What is mostly wanted, in minutes. */
export const REMINDER_PRESETS: readonly number[] = [10, 30, 60, 1_440];

/** In the largest unit that needs no fraction. */
export function reminderOf(minutes: number): Reminder {
  const unit = LARGEST_FIRST.find((each) => minutes > 0 && minutes % UNIT_MINUTES[each] === 0) ?? 'minutes';
  return { amount: String(minutes / UNIT_MINUTES[unit]), unit };
}

/** Null: not a whole number that the server takes. */
export function minutesOf({ amount, unit }: Reminder): number | null {
  if (!/^\d{1,5}$/.test(amount.trim())) return null;
  const minutes = Number(amount) * UNIT_MINUTES[unit];
  return minutes <= MINUTES_MAX ? minutes : null;
}

/** @returns what is wrong. */
export function checkReminders(reminders: readonly Reminder[]): string | undefined {
  const minutes = reminders.map(minutesOf);
  if (minutes.includes(null)) return 'A reminder comes a whole number of minutes to four weeks before.';
  return new Set(minutes).size < minutes.length ? 'Two reminders come at the same time.' : undefined;
}

/** @param reminders Without errors. @returns the earliest reminder first. */
export function reminderMinutes(reminders: readonly Reminder[]): number[] {
  return reminders.map((each) => minutesOf(each) ?? 0).sort((a, b) => b - a);
}

/** "10 minutes before", "at the start" */
export function reminderWords(minutes: number): string {
  if (minutes === 0) return 'at the start';
  const { amount, unit } = reminderOf(minutes);
  return `${amount} ${amount === '1' ? unit.slice(0, -1) : unit} before`;
}
