import { readContext } from '../middleware/consistency.ts';
import type { RequestContext } from '../middleware/context.ts';
import { pageQuerySchema } from '../schemas/appointments.ts';
import { parse } from '../schemas/parse.ts';
import { listView, notificationView } from '../views.ts';
import { answer, answerEmpty } from './answers.ts';
import type { Gateway } from './gateway.ts';

type Route = (context: RequestContext) => Promise<void>;

export function listNotifications(gateway: Gateway): Route {
  return async (context) => {
    const { list, index } = await page(gateway, context, false);
    answer(context, 200, list, index);
  };
}

/** The count is of all unread ones, not of this page. */
export function listUnread(gateway: Gateway): Route {
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

export function markRead({ agenda, idempotency }: Gateway): Route {
  return async (context) => {
    const request = { context: idempotency.writeContext(context), notificationId: context.params.id ?? '' };
    const { index } = await agenda.write(context, (calls, options) =>
      calls.markNotificationRead(request, options),
    );
    answerEmpty(context, index);
  };
}
