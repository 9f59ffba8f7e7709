import type { AgendaServiceService } from '@agenda/proto/agenda/v1/agenda';
import type { Handlers } from '@agenda/service-kit/grpc-server';
import { noSuchGroup } from './agendas.ts';
import type { ApiContext } from './api-context.ts';
import { assertValid } from './invalid.ts';
import { limitErrors, limitOf } from './paging.ts';

export function groupListHandlers({ queries, reads }: ApiContext): Handlers<AgendaServiceService> {
  return {
    getGroup: async ({ context, groupId }, call) => {
      const { userId } = await reads.asUser(context, call);
      const group = queries.groups.groupFor(userId, groupId);
      if (!group) throw noSuchGroup(groupId);
      return { group, index: reads.index };
    },
    listGroups: async ({ context, limit, cursor }, call) => {
      assertValid(limitErrors(limit));
      const { userId } = await reads.asUser(context, call);
      const { items, nextCursor } = queries.groups.groupsOf(userId, limitOf(limit), cursor);
      return { groups: [...items], nextCursor, index: reads.index };
    },
    listGroupMembers: async ({ context, groupId, limit, cursor }, call) => {
      assertValid(limitErrors(limit));
      const { userId } = await reads.asUser(context, call);
      if (!queries.groups.groupFor(userId, groupId)) throw noSuchGroup(groupId);
      const { items, nextCursor } = queries.groups.members(groupId, limitOf(limit), cursor);
      return { members: [...items], nextCursor, index: reads.index };
    },
  };
}
