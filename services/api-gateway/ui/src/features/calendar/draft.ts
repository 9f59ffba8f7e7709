/** What the appointment form holds, and what becomes of it. Pure. */

import type { AgendaItem, AppointmentFields, Invitee, Privacy } from '../../api/types.ts';
import { checkReminders, type Reminder, reminderMinutes, reminderOf } from '../reminders/reminders.ts';
import {
  type Anchor,
  checkRepetition,
  noRepetition,
  type Repetition,
  type RepetitionErrors,
  repetitionOf,
  withFirstDay,
} from '../repetition/repetition.ts';
import { anchorOf } from '../repetition/series-change.ts';
import { addDays, addMinutes, startOfDay, toInstant, toWallTime } from './zoned-time.ts';

const NEW_DURATION_MINUTES = 60;
/** The same as the server's. */
export const TITLE_CHARACTERS_MAX = 200;
export const LOCATION_CHARACTERS_MAX = 500;
export const DESCRIPTION_CHARACTERS_MAX = 10_000;

export interface DraftInvitee extends Invitee {
  readonly name: string;
}

/** Dates and times are on the clock of `timeZone`. With `allDay`, `endDate` is the last day, included. */
export interface Draft {
  readonly title: string;
  readonly description: string;
  readonly location: string;
  readonly allDay: boolean;
  readonly startDate: string;
  readonly startTime: string;
  readonly endDate: string;
  readonly endTime: string;
  readonly timeZone: string;
  readonly privacy: Privacy;
  readonly repetition: Repetition;
  readonly reminders: readonly Reminder[];
  readonly invitees: readonly DraftInvitee[];
  /** A whole group is asked; never changes once it is booked. */
  readonly groupId: string | null;
}

export type DraftErrors = Partial<Record<'title' | 'startDate' | 'endDate' | 'reminders', string>> & {
  readonly repetition?: RepetitionErrors;
};

/** A new appointment: from a selected range, or an hour from `start` on. */
export function newDraft(start: string, end: string | null, timeZone: string): Draft {
  const from = toWallTime(start, timeZone);
  const to = toWallTime(end ?? addMinutes(start, NEW_DURATION_MINUTES), timeZone);
  return {
    title: '',
    description: '',
    location: '',
    allDay: false,
    startDate: from.date,
    startTime: from.time,
    endDate: to.date,
    endTime: to.time,
    timeZone,
    privacy: 'full',
    repetition: noRepetition(from.date),
    reminders: [],
    invitees: [],
    groupId: null,
  };
}

/** New, on whole days. @param endDate Exclusive, as calendars give it. */
export function newAllDayDraft(startDate: string, endDate: string, timeZone: string): Draft {
  return {
    ...newDraft(`${startDate}T09:00:00Z`, null, 'UTC'),
    allDay: true,
    startDate,
    endDate: addDays(endDate, -1),
    timeZone,
  };
}

/** @param zone On whose clock it is shown: its own, or that of somebody who only looks at it. */
export function draftOf(item: AgendaItem, zone: string): Draft {
  const timeZone = item.allDay ? item.timeZone : zone;
  const from = toWallTime(item.start, timeZone);
  const to = toWallTime(item.end, timeZone);
  const { title, description, location, allDay, privacy, groupId, participants } = item;
  return {
    ...{ title, description, location, allDay, privacy, groupId, timeZone },
    startDate: from.date,
    startTime: allDay ? '09:00' : from.time,
    endDate: allDay ? addDays(to.date, -1) : to.date,
    endTime: allDay ? '10:00' : to.time,
    repetition: repetitionOfItem(item),
    reminders: item.reminderMinutes.map(reminderOf),
    invitees: participants.map(({ userId, displayName, username, optional }) => ({
      userId,
      optional,
      name: displayName || username,
    })),
  };
}

function repetitionOfItem(item: AgendaItem): Repetition {
  const anchor = anchorOf(item);
  return item.recurrence === null ? noRepetition(anchor.date) : repetitionOf(item.recurrence.rule, anchor);
}

/** When the first begins, for its repetition. */
export function draftAnchor({ startDate, startTime, timeZone, allDay }: Draft): Anchor {
  return { date: startDate, time: allDay ? '00:00' : startTime, timeZone, allDay };
}

/** Moves the end along when the start changes, so that the length stays; and what is said of its day. */
export function withStart(draft: Draft, change: Partial<Pick<Draft, 'startDate' | 'startTime'>>): Draft {
  const moved = { ...draft, ...change };
  const before = toInstant({ date: draft.startDate, time: draft.startTime }, 'UTC');
  const after = toInstant({ date: moved.startDate, time: moved.startTime }, 'UTC');
  const end = toInstant({ date: draft.endDate, time: draft.endTime }, 'UTC');
  if (before === null || after === null) return moved;
  const repetition = withFirstDay(draft.repetition, draft.startDate, moved.startDate);
  if (end === null) return { ...moved, repetition };
  const shiftMinutes = (Date.parse(after) - Date.parse(before)) / 60_000;
  const wall = toWallTime(addMinutes(end, shiftMinutes), 'UTC');
  return { ...moved, endDate: wall.date, endTime: wall.time, repetition };
}

/** At another time, on the same clock. */
export function withSpan(
  draft: Draft,
  { start, end, allDay }: Pick<AppointmentFields, 'start' | 'end' | 'allDay'>,
): Draft {
  const from = toWallTime(start, draft.timeZone);
  const to = toWallTime(end, draft.timeZone);
  return {
    ...draft,
    allDay,
    startDate: from.date,
    endDate: allDay ? addDays(to.date, -1) : to.date,
    ...(allDay ? {} : { startTime: from.time, endTime: to.time }),
    repetition: withFirstDay(draft.repetition, draft.startDate, from.date),
  };
}

export function checkDraft(draft: Draft): DraftErrors {
  const repetition = checkRepetition(draft.repetition, draft.startDate);
  const reminders = checkReminders(draft.reminders);
  return {
    ...(draft.title.trim() === '' ? { title: 'Give it a title.' } : {}),
    ...checkSpan(draft),
    ...(reminders === undefined ? {} : { reminders }),
    ...(Object.keys(repetition).length === 0 ? {} : { repetition }),
  };
}

function checkSpan(draft: Draft): DraftErrors {
  const { start, end } = draftSpan(draft);
  if (start === null || end === null)
    return {
      ...(start === null ? { startDate: 'Choose a date and a time.' } : {}),
      ...(end === null ? { endDate: 'Choose a date and a time.' } : {}),
    };
  if (end > start) return {};
  return { endDate: draft.allDay ? 'It cannot end before it starts.' : 'It must end after it starts.' };
}

/** The request's fields; null while it has no start or end. */
export function fieldsOf(draft: Draft): AppointmentFields | null {
  const { start, end } = draftSpan(draft);
  if (start === null || end === null) return null;
  return {
    title: draft.title.trim(),
    description: draft.description.trim(),
    location: draft.location.trim(),
    start,
    end,
    timeZone: draft.timeZone,
    allDay: draft.allDay,
    privacy: draft.privacy,
    reminderMinutes: reminderMinutes(draft.reminders),
  };
}

/** @returns null where there is no such date or time. */
export function draftSpan(draft: Draft): { readonly start: string | null; readonly end: string | null } {
  const { timeZone } = draft;
  if (!draft.allDay) {
    return {
      start: toInstant({ date: draft.startDate, time: draft.startTime }, timeZone),
      end: toInstant({ date: draft.endDate, time: draft.endTime }, timeZone),
    };
  }
  const valid = startOfDay(draft.endDate, timeZone) !== null;
  return {
    start: startOfDay(draft.startDate, timeZone),
    end: valid ? startOfDay(addDays(draft.endDate, 1), timeZone) : null,
  };
}

/** Only what differs, so that two people's changes of different fields do not undo each other. */
export function changedFields(
  before: AppointmentFields,
  after: AppointmentFields,
): Partial<AppointmentFields> {
  const names = Object.keys(after) as (keyof AppointmentFields)[];
  return Object.fromEntries(
    names.filter((name) => !sameValue(name, before, after)).map((name) => [name, after[name]]),
  );
}

function sameValue(name: keyof AppointmentFields, a: AppointmentFields, b: AppointmentFields): boolean {
  if (name === 'start' || name === 'end') return Date.parse(a[name]) === Date.parse(b[name]);
  if (name !== 'reminderMinutes') return a[name] === b[name];
  return sameSet(a.reminderMinutes.map(String), b.reminderMinutes.map(String));
}

/** Who is asked, as the server wants it; undefined if that is as it was. */
export function changedInvitees(
  before: readonly Invitee[],
  after: readonly Invitee[],
): readonly Invitee[] | undefined {
  const named = ({ userId, optional }: Invitee) => `${userId} ${optional}`;
  if (sameSet(before.map(named), after.map(named))) return undefined;
  return inviteesOf(after);
}

export function inviteesOf(invitees: readonly Invitee[]): readonly Invitee[] {
  return invitees.map(({ userId, optional }) => ({ userId, optional }));
}

function sameSet(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((each) => other.includes(each));
}
