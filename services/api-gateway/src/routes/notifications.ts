import { principalOf } from '../middleware/authentication.ts';
import { readContext } from '../middleware/consistency.ts';
import type { RequestContext } from '../middleware/context.ts';
import { ticketAnswer } from '../schemas/accounts.ts';
import { pageQuerySchema } from '../schemas/fields.ts';
import { notificationsAnswer, unreadAnswer } from '../schemas/notifications.ts';
import { parse } from '../schemas/parse.ts';
import { notificationView } from '../views/notifications.ts';
import { listView } from '../views/values.ts';
import { answer, answerEmpty } from './answers.ts';
import type { Endpoint, Route } from './endpoint.ts';
import type { Gateway } from './gateway.ts';
import { pathNotificationId } from './parameters.ts';

function listNotifications(gateway: Gateway): Route {
  return async (context) => {
    const { list, index } = await page(gateway, context, false);
    answer(context, 200, list, index);
  };
}

/** The count is of all unread ones, not of this page. */
function listUnread(gateway: Gateway): Route {
  return async (context) => {
    const request = { context: readContext(context) };
    const [{ list, index }, { count }] = await Promise.all([
      page(gateway, context, true),
      gateway.agenda.read(context, (calls, options) => calls.countUnread(request, options)),
    ]);
    answer(context, 200, { ...list, count }, index);
  };
}

async function page({ agenda }: Gateway, context: RequestContext, unreadOnly: boolean) {
  const { limit, cursor } = parse(pageQuerySchema, context.query);
  const request = { context: readContext(context), unreadOnly, limit, cursor };
  const response = await agenda.read(context, (calls, options) => calls.listNotifications(request, options));
  return {
    list: listView(response.notifications.map(notificationView), response.nextCursor),
    index: response.index,
  };
}

function markRead({ agenda, idempotency }: Gateway): Route {
  return async (context) => {
    const request = {
      context: idempotency.writeContext(context),
      notificationId: pathNotificationId(context),
    };
    const { index } = await agenda.write(context, (calls, options) =>
      calls.markNotificationRead(request, options),
    );
    answerEmpty(context, index);
  };
}

function markAllRead({ agenda, idempotency }: Gateway): Route {
  return async (context) => {
    const request = { context: idempotency.writeContext(context), notificationId: '' };
    const { index } = await agenda.write(context, (calls, options) =>
      calls.markNotificationRead(request, options),
    );
    answerEmpty(context, index);
  };
}

function wsTicket({ tickets }: Gateway): Route {
  return async (context) => answer(context, 201, tickets.issue(principalOf(context)));
}

export const notificationEndpoints: readonly Endpoint[] = [
  {
    method: 'get',
    path: '/api/notifications',
    topic: 'Notifications',
    summary: 'All notifications, newest first',
    agenda: 'read',
    query: pageQuerySchema,
    answers: { 200: { what: 'A page of them.', schema: notificationsAnswer } },
    handler: listNotifications,
  },
  {
    method: 'get',
    path: '/api/notifications/unread',
    topic: 'Notifications',
    summary: 'Unread notifications, newest first, and how many there are',
    agenda: 'read',
    query: pageQuerySchema,
    answers: { 200: { what: 'A page of them.', schema: unreadAnswer } },
    handler: listUnread,
  },
  {
    method: 'post',
    path: '/api/notifications/read',
    topic: 'Notifications',
    summary: 'Mark all as read',
    agenda: 'write',
    answers: { 204: { what: 'Read.' } },
    handler: markAllRead,
  },
  {
    method: 'post',
    path: '/api/notifications/:notificationId/read',
    topic: 'Notifications',
    summary: 'Mark one as read',
    agenda: 'write',
    answers: { 204: { what: 'Read.' } },
    handler: markRead,
  },
  {
    method: 'post',
    path: '/api/ws-ticket',
    topic: 'Notifications',
    summary: 'A ticket that opens one WebSocket on this pod within 30 seconds',
    answers: { 201: { what: 'For `/ws?ticket=`.', schema: ticketAnswer } },
    handler: wsTicket,
  },
];
