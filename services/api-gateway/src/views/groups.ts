import type { Group, GroupMember } from '@agenda/proto/agenda/v1/model';
import type { GroupAnswer, GroupMemberAnswer } from '../schemas/groups.ts';
import { groupKindName, instant } from './values.ts';

export function groupView(group: Group): GroupAnswer {
  return {
    id: group.id,
    name: group.name,
    description: group.description,
    kind: groupKindName(group.kind) ?? 'non_hierarchical',
    creatorId: group.creatorId,
    memberCount: group.memberCount,
    myRank: group.myRank === 0 ? null : group.myRank,
    version: group.version,
    originNode: group.originNode,
    createdAt: instant(group.createdAtMs),
    updatedAt: instant(group.updatedAtMs),
  };
}

export function groupMemberView(member: GroupMember): GroupMemberAnswer {
  return {
    groupId: member.groupId,
    userId: member.userId,
    username: member.username,
    displayName: member.displayName,
    rank: member.rank,
    joinedAt: instant(member.joinedAtMs),
    version: member.version,
  };
}
