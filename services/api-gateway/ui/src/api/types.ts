/** The JSON shapes of the REST and WebSocket interface. Instants are RFC 3339 in UTC with milliseconds. */

import type { Group } from './groups-api.ts';

export interface User {
  readonly id: string;
  readonly username: string;
  readonly email: string | null;
  readonly displayName: string;
  /** IANA name. */
  readonly timeZone: string;
  readonly role: 'member' | 'operator';
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export type Privacy = 'full' | 'freebusy';
export type AppointmentStatus = 'pending' | 'accepted' | 'declined' | 'cancelled';
export type ParticipantStatus = 'pending' | 'accepted' | 'declined' | 'auto' | 'tentative';

export interface Participant {
  readonly userId: string;
  readonly username: string;
  readonly displayName: string;
  readonly status: ParticipantStatus;
  readonly optional: boolean;
  /** It overlapped something else when it was entered. */
  readonly conflict: boolean;
}

/** Someone who is to be asked. */
export interface Invitee {
  readonly userId: string;
  readonly optional: boolean;
}

export interface Recurrence {
  /** RFC 5545 RRULE without its name; empty: the added dates alone. */
  readonly rule: string;
  /** Starts that are added and left out. */
  readonly added: readonly string[];
  readonly excluded: readonly string[];
}

/** Of what repeats: one occurrence, it and all that follow, or all. */
export type Scope = 'this' | 'following' | 'all';

/** What a person fills in. `start` < `end`; with `allDay` both are midnights in `timeZone`, `end` exclusive. */
export interface AppointmentFields {
  readonly title: string;
  readonly description: string;
  readonly location: string;
  readonly start: string;
  readonly end: string;
  readonly timeZone: string;
  readonly allDay: boolean;
  readonly privacy: Privacy;
  /** Before the start; none twice. */
  readonly reminderMinutes: readonly number[];
}

export interface Appointment extends AppointmentFields {
  readonly id: string;
  readonly ownerId: string;
  readonly groupId: string | null;
  readonly status: AppointmentStatus;
  readonly version: number;
  readonly originNode: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  /** Since when it is in the trash. */
  readonly deletedAt: string | null;
  readonly participants: readonly Participant[];
  /** Of a series; null: it takes place once. */
  readonly recurrence: Recurrence | null;
  /** The series of which this is one occurrence that was changed by itself. */
  readonly seriesId: string | null;
  /** The start that the rule gives this occurrence, of what was changed for one occurrence only. */
  readonly recurrenceStart: string | null;
  /** Only that the time is taken may be seen. */
  readonly busyOnly: boolean;
}

/** One appearance of an appointment in someone's agenda; `start` and `end` are of this appearance. */
export interface AgendaItem extends Appointment {
  readonly myStatus: ParticipantStatus | null;
  readonly conflict: boolean;
  readonly userId: string;
}

/** What the invited may answer. */
export type InvitationAnswer = 'accept' | 'tentative' | 'reject';

export interface Notification {
  readonly id: string;
  readonly kind: string;
  readonly text: string;
  readonly appointmentId: string | null;
  readonly groupId: string | null;
  readonly actorId: string | null;
  readonly createdAt: string;
  readonly readAt: string | null;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextCursor: string | null;
}

/** The answer to login and refresh. */
export interface SessionGrant {
  readonly token: string;
  readonly refreshToken: string;
  readonly expiresInSeconds: number;
  readonly user: User;
}

export interface FieldProblem {
  readonly path: string;
  readonly message: string;
}

export interface ConflictingAppointment {
  readonly appointmentId: string;
  /** Empty where the viewer may not see it. */
  readonly title: string;
  readonly start: string;
  readonly end: string;
  readonly userId: string;
}

/** RFC 9457, with this server's own members. */
export interface Problem {
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly code: string;
  readonly requestId: string | null;
  readonly errors: readonly FieldProblem[];
  readonly conflicts: readonly ConflictingAppointment[];
  readonly retryAfterSeconds: number | null;
}

export type LiveChange =
  | { readonly kind: 'appointment_changed'; readonly appointment: Appointment }
  | { readonly kind: 'appointment_removed'; readonly appointmentId: string; readonly version: number }
  | { readonly kind: 'notification_added'; readonly notification: Notification }
  | { readonly kind: 'notifications_read'; readonly notificationId: string | null }
  | { readonly kind: 'profile_changed'; readonly user: User }
  | { readonly kind: 'group_changed'; readonly group: Group }
  | { readonly kind: 'group_removed'; readonly groupId: string };

export type LiveItem = LiveChange & { readonly index: number; readonly ordinal: number; readonly at: string };

export type ServerMessage =
  | { readonly type: 'ready'; readonly index: number }
  | { readonly type: 'events'; readonly index: number; readonly items: readonly LiveItem[] }
  | { readonly type: 'reset'; readonly index: number };
