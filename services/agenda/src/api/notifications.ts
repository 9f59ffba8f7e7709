import type { AgendaServiceService } from '@agenda/proto/agenda/v1/agenda';
import type { Handlers } from '@agenda/service-kit/grpc-server';
import type { ApiContext } from './api-context.ts';
import { assertValid } from './invalid.ts';
import { outcomeOf } from './outcomes.ts';
import { limitErrors, limitOf } from './paging.ts';
import { writeAsUser } from './writes.ts';

export function notificationHandlers({ queries, reads, writes }: ApiContext): Handlers<AgendaServiceService> {
  return {
    listNotifications: async ({ context, unreadOnly, limit, cursor }, call) => {
      assertValid(limitErrors(limit));
      const { userId } = await reads.asUser(context, call);
      const { items, nextCursor } = queries.notifications(userId, unreadOnly, limitOf(limit), cursor);
      return { notifications: [...items], nextCursor, index: reads.index };
    },
    countUnread: async ({ context }, call) => {
      const { userId } = await reads.asUser(context, call);
      return { count: queries.unreadCount(userId), index: reads.index };
    },
    markNotificationRead: async ({ context, notificationId }, call) => {
      const write = writeAsUser(context, call);
      const result = await writes.submit(write, { $case: 'markNotificationRead', value: { notificationId } });
      outcomeOf(result, 'done');
      return { index: result.index };
    },
  };
}
