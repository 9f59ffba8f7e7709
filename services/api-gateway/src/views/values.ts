/** Instants, absent values, lists, and the names that numbers of our messages have in JSON. */
import {
  AppointmentStatus,
  GroupKind,
  NotificationKind,
  ParticipantStatus,
  Privacy,
  UserRole,
} from '@agenda/proto/agenda/v1/model';
import { Level } from '@agenda/proto/audit/v1/audit';

export const PRIVACY_VALUES = {
  full: Privacy.PRIVACY_FULL,
  freebusy: Privacy.PRIVACY_FREEBUSY,
} as const;

export const STATUS_VALUES = {
  pending: AppointmentStatus.APPOINTMENT_STATUS_PENDING,
  accepted: AppointmentStatus.APPOINTMENT_STATUS_ACCEPTED,
  declined: AppointmentStatus.APPOINTMENT_STATUS_DECLINED,
  cancelled: AppointmentStatus.APPOINTMENT_STATUS_CANCELLED,
} as const;

export const PARTICIPANT_VALUES = {
  pending: ParticipantStatus.PARTICIPANT_STATUS_PENDING,
  accepted: ParticipantStatus.PARTICIPANT_STATUS_ACCEPTED,
  declined: ParticipantStatus.PARTICIPANT_STATUS_DECLINED,
  auto: ParticipantStatus.PARTICIPANT_STATUS_AUTO,
  tentative: ParticipantStatus.PARTICIPANT_STATUS_TENTATIVE,
} as const;

export const GROUP_KIND_VALUES = {
  hierarchical: GroupKind.GROUP_KIND_HIERARCHICAL,
  non_hierarchical: GroupKind.GROUP_KIND_NON_HIERARCHICAL,
} as const;

export const LEVEL_VALUES = {
  info: Level.LEVEL_INFO,
  warning: Level.LEVEL_WARNING,
  alarm: Level.LEVEL_ALARM,
} as const;

export const NOTIFICATION_VALUES = {
  invited: NotificationKind.NOTIFICATION_KIND_INVITED,
  changed: NotificationKind.NOTIFICATION_KIND_CHANGED,
  cancelled: NotificationKind.NOTIFICATION_KIND_CANCELLED,
  accepted: NotificationKind.NOTIFICATION_KIND_ACCEPTED,
  declined: NotificationKind.NOTIFICATION_KIND_DECLINED,
  tentative: NotificationKind.NOTIFICATION_KIND_TENTATIVE,
  conflict: NotificationKind.NOTIFICATION_KIND_CONFLICT,
  reminder: NotificationKind.NOTIFICATION_KIND_REMINDER,
  group_joined: NotificationKind.NOTIFICATION_KIND_GROUP_JOINED,
  group_left: NotificationKind.NOTIFICATION_KIND_GROUP_LEFT,
  rank_changed: NotificationKind.NOTIFICATION_KIND_RANK_CHANGED,
  password_changed: NotificationKind.NOTIFICATION_KIND_PASSWORD_CHANGED,
} as const;

/** Keys of one of the tables above, for a schema. */
export function namesOf<T extends string>(values: Readonly<Record<T, number>>): [T, ...T[]] {
  return Object.keys(values) as [T, ...T[]];
}

/** The other way round: from the number to its name; undefined for 0 and for what a newer pod may say. */
function nameOf<T extends string>(values: Readonly<Record<T, number>>): (value: number) => T | undefined {
  const names = new Map(Object.entries(values).map(([name, value]) => [value as number, name as T]));
  return (value) => names.get(value);
}

export const privacyName = nameOf(PRIVACY_VALUES);
export const statusName = nameOf(STATUS_VALUES);
export const participantName = nameOf(PARTICIPANT_VALUES);
export const groupKindName = nameOf(GROUP_KIND_VALUES);
export const levelName = nameOf(LEVEL_VALUES);
export const notificationName = nameOf(NOTIFICATION_VALUES);

export function roleName(role: UserRole): 'member' | 'operator' {
  return role === UserRole.USER_ROLE_OPERATOR ? 'operator' : 'member';
}

export function instant(ms: number): string {
  return new Date(ms).toISOString();
}

/** 0 stands for "not yet" and "not at all". */
export function instantOrNull(ms: number): string | null {
  return ms === 0 ? null : instant(ms);
}

export function orNull(text: string): string | null {
  return text === '' ? null : text;
}

/** The form of every list. */
export function listView<T>(items: T[], nextCursor: string): { items: T[]; nextCursor: string | null } {
  return { items, nextCursor: orNull(nextCursor) };
}
