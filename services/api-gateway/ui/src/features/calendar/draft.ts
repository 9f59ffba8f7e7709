/** What the appointment form holds, and what becomes of it. Pure. */

import type { AppointmentFields, Privacy } from '../../api/types.ts';
import { addDays, addMinutes, startOfDay, toInstant, toWallTime } from './zoned-time.ts';

const NEW_DURATION_MINUTES = 60;
/** The same as the server's. */
export const TITLE_CHARACTERS_MAX = 200;
export const LOCATION_CHARACTERS_MAX = 500;
export const DESCRIPTION_CHARACTERS_MAX = 10_000;

/** Dates and times as the viewer's clock shows them. With `allDay`, `endDate` is the last day, included. */
export interface Draft {
  readonly title: string;
  readonly description: string;
  readonly location: string;
  readonly allDay: boolean;
  readonly startDate: string;
  readonly startTime: string;
  readonly endDate: string;
  readonly endTime: string;
  readonly privacy: Privacy;
}

export type DraftErrors = Partial<Record<keyof Draft, string>>;

/** A new appointment: from a selected range, or an hour from `start` on. */
export function newDraft(start: string, end: string | null, viewerZone: string): Draft {
  const from = toWallTime(start, viewerZone);
  const to = toWallTime(end ?? addMinutes(start, NEW_DURATION_MINUTES), viewerZone);
  return {
    title: '',
    description: '',
    location: '',
    allDay: false,
    startDate: from.date,
    startTime: from.time,
    endDate: to.date,
    endTime: to.time,
    privacy: 'full',
  };
}

/** New, on whole days. @param endDate Exclusive, as calendars give it. */
export function newAllDayDraft(startDate: string, endDate: string): Draft {
  return {
    ...newDraft(`${startDate}T09:00:00Z`, null, 'UTC'),
    allDay: true,
    startDate,
    endDate: addDays(endDate, -1),
  };
}

export function draftOf(fields: AppointmentFields, viewerZone: string): Draft {
  const zone = fields.allDay ? fields.timeZone : viewerZone;
  const from = toWallTime(fields.start, zone);
  const to = toWallTime(fields.end, zone);
  return {
    title: fields.title,
    description: fields.description,
    location: fields.location,
    allDay: fields.allDay,
    startDate: from.date,
    startTime: fields.allDay ? '09:00' : from.time,
    endDate: fields.allDay ? addDays(to.date, -1) : to.date,
    endTime: fields.allDay ? '10:00' : to.time,
    privacy: fields.privacy,
  };
}

/** Moves the end along when the start changes, so that the length stays. */
export function withStart(draft: Draft, change: Partial<Pick<Draft, 'startDate' | 'startTime'>>): Draft {
  const next = { ...draft, ...change };
  const before = toInstant({ date: draft.startDate, time: draft.startTime }, 'UTC');
  const after = toInstant({ date: next.startDate, time: next.startTime }, 'UTC');
  const end = toInstant({ date: draft.endDate, time: draft.endTime }, 'UTC');
  if (before === null || after === null || end === null) return next;
  const shiftMinutes = (Date.parse(after) - Date.parse(before)) / 60_000;
  const wall = toWallTime(addMinutes(end, shiftMinutes), 'UTC');
  return { ...next, endDate: wall.date, endTime: wall.time };
}

export function checkDraft(draft: Draft, viewerZone: string): DraftErrors {
  const errors: DraftErrors = {};
  if (draft.title.trim() === '') errors.title = 'Give it a title.';
  const span = draftSpan(draft, viewerZone);
  if (span.start === null) errors.startDate = 'Choose a date and a time.';
  if (span.end === null) errors.endDate = 'Choose a date and a time.';
  if (span.start !== null && span.end !== null && span.end <= span.start) {
    errors.endDate = draft.allDay ? 'It cannot end before it starts.' : 'It must end after it starts.';
  }
  return errors;
}

/**
 * The request's fields. All-day appointments begin and end at midnights of `ownZone` (the appointment's own zone);
 * other times are read on the viewer's clock.
 */
export function fieldsOf(draft: Draft, viewerZone: string, ownZone: string): AppointmentFields | null {
  const span = draftSpan(draft, draft.allDay ? ownZone : viewerZone);
  if (span.start === null || span.end === null) return null;
  return {
    title: draft.title.trim(),
    description: draft.description.trim(),
    location: draft.location.trim(),
    start: span.start,
    end: span.end,
    timeZone: ownZone,
    allDay: draft.allDay,
    privacy: draft.privacy,
  };
}

function draftSpan(draft: Draft, zone: string): { start: string | null; end: string | null } {
  if (!draft.allDay) {
    return {
      start: toInstant({ date: draft.startDate, time: draft.startTime }, zone),
      end: toInstant({ date: draft.endDate, time: draft.endTime }, zone),
    };
  }
  const valid = startOfDay(draft.endDate, zone) !== null;
  return {
    start: startOfDay(draft.startDate, zone),
    end: valid ? startOfDay(addDays(draft.endDate, 1), zone) : null,
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
  return a[name] === b[name];
}
