import type { Notification } from '@agenda/proto/agenda/v1/model';
import type { NotificationAnswer } from '../schemas/notifications.ts';
import { instant, instantOrNull, notificationName, orNull } from './values.ts';

export function notificationView(notification: Notification): NotificationAnswer {
  return {
    id: notification.id,
    kind: notificationName(notification.kind) ?? 'unspecified',
    text: notification.text,
    appointmentId: orNull(notification.appointmentId),
    groupId: orNull(notification.groupId),
    actorId: orNull(notification.actorId),
    createdAt: instant(notification.createdAtMs),
    readAt: instantOrNull(notification.readAtMs),
  };
}
