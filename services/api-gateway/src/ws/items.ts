/** Events as WebSocket clients get them. */
import type { Event } from '@agenda/proto/agenda/v1/event';
import type { Appointment, Group } from '@agenda/proto/agenda/v1/model';
import { userView } from '../views/accounts.ts';
import { appointmentView } from '../views/appointments.ts';
import { groupView } from '../views/groups.ts';
import { notificationView } from '../views/notifications.ts';
import { instant } from '../views/values.ts';

/** Most events go to many sockets, and to each as the same text. */
const texts = new WeakMap<Event, string>();

/** As JSON; empty: nothing for clients. */
export function itemText(event: Event): string {
  const known = texts.get(event);
  if (known !== undefined) return known;
  const view = itemView(event);
  const text = view ? JSON.stringify(view) : '';
  texts.set(event, text);
  return text;
}

function itemView(event: Event): Record<string, unknown> | undefined {
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
    case 'groupChanged':
      return { kind: 'group_changed', group: groupView(body.value.group as Group) };
    case 'groupRemoved':
      return { kind: 'group_removed', groupId: body.value.groupId };
    default:
      return undefined;
  }
}
