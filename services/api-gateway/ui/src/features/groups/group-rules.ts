/** What a viewer may do in a group, as the server will decide it (design §5): the page offers nothing else. Pure. */

import type { Group, GroupKind, GroupMember } from '../../api/groups-api.ts';

/** The creator's own is one above. */
const RANK_GIVEN_MAX = 999;
export const NAME_CHARACTERS_MAX = 100;
export const DESCRIPTION_CHARACTERS_MAX = 2_000;

export const KINDS: readonly { readonly kind: GroupKind; readonly name: string; readonly means: string }[] = [
  {
    kind: 'non_hierarchical',
    name: 'Equals',
    means:
      'Everyone is invited and answers for themselves; it is agreed once all have accepted. For families, friends and teams.',
  },
  {
    kind: 'hierarchical',
    name: 'With ranks',
    means:
      'What somebody of a higher rank plans for the group stands in the agendas of lower ranks at once; all others are invited. For departments.',
  },
];

export function kindOf(group: Group): (typeof KINDS)[number] {
  return KINDS.find(({ kind }) => kind === group.kind)!;
}

export function isHierarchical(group: Group): boolean {
  return group.kind === 'hierarchical';
}

/** What becomes of an appointment for that group, before it is booked (design §5). */
export function groupIsAsked(group: Group): string {
  const later = 'Who joins later is asked too; who leaves drops out.';
  if (!isHierarchical(group)) return `All other members are invited and answer for themselves. ${later}`;
  return `It stands at once in the agendas of those of a lower rank than yours; all other members are invited. ${later}`;
}

export function membersText(count: number): string {
  return count === 1 ? '1 member' : `${count} members`;
}

/** Edit, delete and hand over. */
export function isCreator(group: Group, viewerId: string): boolean {
  return group.creatorId === viewerId;
}

/** The highest rank that the viewer can give; 0: none. */
export function rankGivenMax({ myRank }: Group): number {
  return Math.max(0, Math.min(RANK_GIVEN_MAX, (myRank ?? 0) - 1));
}

export function mayAdd(group: Group, viewerId: string): boolean {
  return isHierarchical(group) ? rankGivenMax(group) > 0 : isCreator(group, viewerId);
}

export function mayChangeRank(group: Group, member: GroupMember): boolean {
  return isHierarchical(group) && isAbove(group, member) && rankGivenMax(group) > 1;
}

/** Others; oneself one leaves. */
export function mayRemove(group: Group, member: GroupMember, viewerId: string): boolean {
  if (member.userId === viewerId) return false;
  return isHierarchical(group) ? isAbove(group, member) : isCreator(group, viewerId);
}

export function mayHandOverTo(group: Group, member: GroupMember, viewerId: string): boolean {
  return isCreator(group, viewerId) && member.userId !== viewerId;
}

/** The creator hands over first, or deletes. */
export function mayLeave(group: Group, viewerId: string): boolean {
  return !isCreator(group, viewerId);
}

/** Why that is no rank which the viewer can give; undefined: it is one. */
export function rankError(text: string, group: Group): string | undefined {
  const max = rankGivenMax(group);
  const rank = Number(text);
  if (/^\d+$/.test(text.trim()) && rank >= 1 && rank <= max) return undefined;
  return max === 1 ? 'The only rank below your own is 1.' : `A whole number from 1 to ${max}.`;
}

/** The highest first, then by user name, as the server lists them. */
export function inOrder(members: readonly GroupMember[]): readonly GroupMember[] {
  return members.toSorted(
    (a, b) => b.rank - a.rank || (a.username < b.username ? -1 : a.username > b.username ? 1 : 0),
  );
}

function isAbove({ myRank }: Group, { rank }: GroupMember): boolean {
  return rank < (myRank ?? 0);
}
