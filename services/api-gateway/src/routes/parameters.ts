import { ServiceError } from '@agenda/service-kit/errors';
import { isUuid } from '@agenda/service-kit/ids';
import type { RequestContext } from '../middleware/context.ts';
import { notificationIdField } from '../schemas/notifications.ts';

/** An id in the path. @throws ServiceError `not_found` for what cannot be one */
export function pathId(context: RequestContext, what: string, name = 'id'): string {
  const id = context.params[name] ?? '';
  if (!isUuid(id)) throw new ServiceError('not_found', `there is no ${what} ${id}: ids are UUIDs`);
  return id.toLowerCase();
}

/** @throws ServiceError `not_found` for what cannot be one */
export function pathNotificationId(context: RequestContext): string {
  const id = context.params.notificationId ?? '';
  if (!notificationIdField.safeParse(id).success)
    throw new ServiceError('not_found', `there is no notification ${id}: their ids are like 1024-0`);
  return id;
}
