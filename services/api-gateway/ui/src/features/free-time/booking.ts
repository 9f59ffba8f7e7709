/** From an appointment to what a time is looked for, and from a time that was found to an appointment. Pure. */

import type { FreeSlot } from '../../api/free-time-api.ts';
import { nameOf, type Person } from '../../api/people-api.ts';
import { type Draft, type DraftInvitee, draftSpan, newDraft } from '../calendar/draft.ts';
import { addDays, toWallTime } from '../calendar/zoned-time.ts';
import {
  DEFAULT_DAYS,
  DURATION_MINUTES_MAX,
  DURATIONS,
  type FreeTimeForm,
  newFreeTimeForm,
} from './free-time-form.ts';

const MINUTE_MS = 60_000;
const WORKING_DAY_MINUTES = 480;

/**
 * Those who are asked to it, for as long as it is, from its first day on or from today.
 *
 * @param viewerId Who is there anyway.
 */
export function freeTimeFormFor(
  draft: Draft,
  viewerId: string,
  nowMs: number,
  timeZone: string,
): FreeTimeForm {
  const form = newFreeTimeForm(nowMs, timeZone);
  const others = draft.invitees.filter(({ userId }) => userId !== viewerId);
  const { start, end } = draftSpan(draft);
  const firstDay = start === null ? form.firstDay : toWallTime(start, timeZone).date;
  const from = firstDay > form.firstDay ? firstDay : form.firstDay;
  return {
    ...form,
    ...durationBetween(start, end),
    groupId: draft.groupId,
    people: others.filter(({ optional }) => !optional).map(personOf),
    optional: others.filter(({ optional }) => optional).map(personOf),
    firstDay: from,
    lastDay: addDays(from, DEFAULT_DAYS),
  };
}

/** Nothing to say: that is no duration for which times can be found. */
function durationBetween(start: string | null, end: string | null): Partial<FreeTimeForm> {
  if (start === null || end === null) return {};
  const minutes = Math.round((Date.parse(end) - Date.parse(start)) / MINUTE_MS);
  if (minutes < 1 || minutes > DURATION_MINUTES_MAX) return {};
  const anyHour = minutes > WORKING_DAY_MINUTES;
  if (DURATIONS.includes(minutes)) return { minutes, anyHour };
  return { minutes: null, typedMinutes: String(minutes), anyHour };
}

/** Of somebody who is asked, more than the name need not be known. */
function personOf({ userId, name }: DraftInvitee): Person {
  return { id: userId, username: name, displayName: name, timeZone: '' };
}

/** A new appointment of those for whom the time was found. */
export function draftAt(slot: FreeSlot, form: FreeTimeForm, timeZone: string): Draft {
  return withPeople(newDraft(slot.start, slot.end, timeZone), form);
}

/** Asks those for whom a time was looked for. */
export function withPeople(draft: Draft, { groupId, people, optional }: FreeTimeForm): Draft {
  return { ...draft, groupId, invitees: [...people.map(asked(false)), ...optional.map(asked(true))] };
}

function asked(optional: boolean): (person: Person) => DraftInvitee {
  return (person) => ({ userId: person.id, optional, name: nameOf(person) });
}
