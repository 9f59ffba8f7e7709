/** What is asked about before it is done, because it cannot simply be taken back. Pure. */

import type { Group, GroupMember } from '../../api/groups-api.ts';
import { nameOf } from '../../api/people-api.ts';
import { isHierarchical } from './group-rules.ts';

export type GroupQuestion =
  | { readonly kind: 'delete'; readonly group: Group }
  | { readonly kind: 'leave'; readonly group: Group }
  | { readonly kind: 'remove'; readonly group: Group; readonly member: GroupMember }
  | { readonly kind: 'hand-over'; readonly group: Group; readonly member: GroupMember };

export function titleOf(question: GroupQuestion): string {
  const { name } = question.group;
  if (question.kind === 'delete') return `Delete ${name}?`;
  if (question.kind === 'leave') return `Leave ${name}?`;
  const who = nameOf(question.member);
  return question.kind === 'remove' ? `Remove ${who}?` : `Hand ${name} over to ${who}?`;
}

/** What will happen. */
export function consequencesOf(question: GroupQuestion): string {
  const { group } = question;
  switch (question.kind) {
    case 'delete':
      return 'Its future appointments are cancelled, and everyone is told. Past ones stay. This cannot be undone.';
    case 'leave':
      return 'You drop out of its future appointments, and no longer see the agendas of its members. Only somebody in the group can add you again.';
    case 'remove':
      return `${nameOf(question.member)} drops out of the future appointments of ${group.name}, and is told.`;
    case 'hand-over': {
      const ranks = isHierarchical(group) ? ' The highest rank goes with it; yours will be the next.' : '';
      return `${nameOf(question.member)} alone will edit, hand over or delete the group.${ranks} You stay a member.`;
    }
  }
}

export const ACTIONS: Readonly<Record<GroupQuestion['kind'], string>> = {
  delete: 'Delete group',
  leave: 'Leave group',
  remove: 'Remove',
  'hand-over': 'Hand over',
};

/** Said when it is done. */
export function doneOf(question: GroupQuestion): string {
  const { name } = question.group;
  switch (question.kind) {
    case 'delete':
      return `The group “${name}” was deleted.`;
    case 'leave':
      return `You left “${name}”.`;
    case 'remove':
      return `${nameOf(question.member)} is no longer in “${name}”.`;
    case 'hand-over':
      return `“${name}” belongs to ${nameOf(question.member)} now.`;
  }
}
