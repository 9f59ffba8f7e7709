/** Who is asked, as the form shows it. Pure. */

import type { Group } from '../../api/groups-api.ts';
import { nameOf, type Person } from '../../api/people-api.ts';
import type { Participant } from '../../api/types.ts';
import type { Draft, DraftInvitee } from './draft.ts';

/** The same as the server's. */
export const INVITEES_MAX = 200;

/** @param groupMembers Ids of those who take part as members of its group; null: not known yet. */
export interface InviteeContext {
  /** What was answered, of what is booked already. */
  readonly participants: readonly Participant[];
  readonly groupMembers: ReadonlySet<string> | null;
  readonly viewerId: string;
}

export interface InviteeRow {
  readonly invitee: DraftInvitee;
  /** Null: asked only when this is saved. */
  readonly participant: Participant | null;
  /** Of the group, and so not to be taken out one by one. */
  readonly isMember: boolean;
  readonly mayRemove: boolean;
}

export function inviteeRows(
  invitees: readonly DraftInvitee[],
  { participants, groupMembers }: InviteeContext,
): readonly InviteeRow[] {
  const asked = new Map(participants.map((each) => [each.userId, each]));
  return invitees.map((invitee) => {
    const participant = asked.get(invitee.userId) ?? null;
    const isMember = groupMembers?.has(invitee.userId) ?? false;
    const mayRemove = participant === null || (groupMembers !== null && !isMember);
    return { invitee, participant, isMember, mayRemove };
  });
}

/** Why somebody who was found cannot be invited (again). */
export function whyNotInvited(
  { id }: Person,
  invitees: readonly DraftInvitee[],
  viewerId: string,
): string | undefined {
  if (id === viewerId) return 'you';
  if (invitees.some(({ userId }) => userId === id)) return 'invited';
  return invitees.length >= INVITEES_MAX ? `no more than ${INVITEES_MAX}` : undefined;
}

export function withInvitee(invitees: readonly DraftInvitee[], person: Person): readonly DraftInvitee[] {
  return [...invitees, { userId: person.id, optional: false, name: nameOf(person) }];
}

/** "Nobody else", "Rua Rosa and 2 more", "Kitchen" */
export function invitedWords({ invitees, groupId }: Draft, groups: readonly Group[]): string {
  const group = groups.find(({ id }) => id === groupId)?.name ?? (groupId === null ? null : 'A group');
  const [first, ...more] = [...(group === null ? [] : [group]), ...invitees.map(({ name }) => name)];
  if (first === undefined) return 'Nobody else';
  if (more.length === 0) return first;
  return more.length === 1 ? `${first} and ${more[0]}` : `${first} and ${more.length} more`;
}
