/** How a notification looks, and where it leads. Pure. */

import type { Notification } from '../../api/types.ts';
import type { IconName } from '../../components/icon.tsx';

/** Of every kind that the server has (docs/API.md, "Notifications"). */
const ICONS: Readonly<Record<string, IconName>> = {
  invited: 'mail',
  changed: 'edit',
  cancelled: 'close',
  accepted: 'check',
  declined: 'close',
  tentative: 'question',
  conflict: 'warning',
  reminder: 'clock',
  group_joined: 'people',
  group_left: 'people',
  rank_changed: 'people',
  password_changed: 'lock',
};

/** One that this page does not know yet still reads well: its text is a sentence. */
export function iconOf({ kind }: Pick<Notification, 'kind'>): IconName {
  return ICONS[kind] ?? 'info';
}

export type Destination =
  | { readonly kind: 'appointment'; readonly id: string }
  | { readonly kind: 'group'; readonly id: string };

/** Null: there is nowhere to go, the text says it all. */
export function destinationOf(notification: Notification): Destination | null {
  const { kind, appointmentId, groupId } = notification;
  if (appointmentId !== null) return { kind: 'appointment', id: appointmentId };
  // Who has left a group no longer sees it.
  if (groupId !== null && kind !== 'group_left') return { kind: 'group', id: groupId };
  return null;
}
