/** Events as WebSocket clients get them. */
import type { Event } from '@agenda/proto/agenda/v1/event';
import type { Appointment } from '@agenda/proto/agenda/v1/model';
import { appointmentView, instant, notificationView, userView } from '../views.ts';

/** Undefined: nothing for clients. */
export function itemView(event: Event): Record<string, unknown> | undefined {
  const body = bodyView(event.body);
  return body && { index: event.logIndex, ordinal: event.ordinal, at: instant(event.atMs), ...body };
}

function bodyView(body: Event['body']): Record<string, unknown> | undefined {
  switch (body?.$case) {
    case 'appointmentChanged':
      return {
        kind: 'appointment_changed',
        appointment: appointmentView(body.value.appointment as Appointment),
      };
    case 'appointmentRemoved':
      return {
        kind: 'appointment_removed',
        appointmentId: body.value.appointmentId,
        version: body.value.version,
      };
    case 'notificationAdded':
      return { kind: 'notification_added', notification: notificationView(body.value) };
    case 'notificationsRead':
      return { kind: 'notifications_read', notificationId: body.value.notificationId || null };
    case 'profileChanged':
      return { kind: 'profile_changed', user: userView(body.value) };
    default:
      return undefined;
  }
}
