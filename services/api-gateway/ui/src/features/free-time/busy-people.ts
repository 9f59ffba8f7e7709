/** Who is most in the way where no time was found. Pure. */

import type { AgendaRange } from '../../api/agenda-api.ts';
import type { FreeBusy } from '../../api/free-time-api.ts';
import type { GroupMember } from '../../api/groups-api.ts';
import type { Person } from '../../api/people-api.ts';
import type { FreeTimeForm } from './free-time-form.ts';

const MINUTE_MS = 60_000;
/** Making more than these optional is another meeting. */
const NAMED_MAX = 5;

export interface BusyPerson {
  readonly person: Person;
  readonly minutes: number;
}

/** All who have to come beside the viewer. @param members Of the group. */
export function whoHasToCome(
  form: FreeTimeForm,
  members: readonly GroupMember[],
  viewerId: string,
): readonly Person[] {
  const asMembers = members.map(({ userId, username, displayName }) => ({
    id: userId,
    username,
    displayName,
    // Of a member it is not told, and not needed.
    timeZone: '',
  }));
  const others = new Set([viewerId, ...form.optional.map(({ id }) => id)]);
  const byId = new Map([...asMembers, ...form.people].map((person) => [person.id, person]));
  return [...byId.values()].filter(({ id }) => !others.has(id));
}

/** The busiest first, without those who are always free. @param range Outside of it nobody is looked at. */
export function busiestOf(
  people: readonly Person[],
  answer: readonly FreeBusy[],
  range: AgendaRange,
): readonly BusyPerson[] {
  return people
    .map((person) => ({
      person,
      minutes: minutesIn(
        range,
        answer.find(({ userId }) => userId === person.id),
      ),
    }))
    .filter(({ minutes }) => minutes > 0)
    .sort((a, b) => b.minutes - a.minutes)
    .slice(0, NAMED_MAX);
}

function minutesIn({ start, end }: AgendaRange, busy: FreeBusy | undefined): number {
  const [fromMs, toMs] = [Date.parse(start), Date.parse(end)];
  const parts = (busy?.busy ?? []).map(
    (span) => Math.min(toMs, Date.parse(span.end)) - Math.max(fromMs, Date.parse(span.start)),
  );
  return Math.round(parts.reduce((sum, part) => sum + Math.max(0, part), 0) / MINUTE_MS);
}

/** The same question, in which that person need not come. */
export function withOptional(form: FreeTimeForm, person: Person): FreeTimeForm {
  const people = form.people.filter(({ id }) => id !== person.id);
  return { ...form, people, optional: [...form.optional, person] };
}
