/** What our messages look like in JSON. */
import {
  type Appointment,
  AppointmentStatus,
  type Notification,
  NotificationKind,
  type Occurrence,
  ParticipantStatus,
  Privacy,
  type User,
  UserRole,
} from '@agenda/proto/agenda/v1/model';
import { type AuditRecord, Level } from '@agenda/proto/audit/v1/audit';

const PRIVACY_NAMES = { [Privacy.PRIVACY_FULL]: 'full', [Privacy.PRIVACY_FREEBUSY]: 'freebusy' } as Record<
  Privacy,
  string
>;
export const PRIVACY_VALUES = { full: Privacy.PRIVACY_FULL, freebusy: Privacy.PRIVACY_FREEBUSY } as const;

const STATUS_NAMES = {
  [AppointmentStatus.APPOINTMENT_STATUS_PENDING]: 'pending',
  [AppointmentStatus.APPOINTMENT_STATUS_ACCEPTED]: 'accepted',
  [AppointmentStatus.APPOINTMENT_STATUS_DECLINED]: 'declined',
  [AppointmentStatus.APPOINTMENT_STATUS_CANCELLED]: 'cancelled',
} as Record<AppointmentStatus, string>;

const PARTICIPANT_NAMES = {
  [ParticipantStatus.PARTICIPANT_STATUS_PENDING]: 'pending',
  [ParticipantStatus.PARTICIPANT_STATUS_ACCEPTED]: 'accepted',
  [ParticipantStatus.PARTICIPANT_STATUS_DECLINED]: 'declined',
  [ParticipantStatus.PARTICIPANT_STATUS_AUTO]: 'auto',
  [ParticipantStatus.PARTICIPANT_STATUS_TENTATIVE]: 'tentative',
} as Record<ParticipantStatus, string>;

export const LEVEL_VALUES = {
  info: Level.LEVEL_INFO,
  warning: Level.LEVEL_WARNING,
  alarm: Level.LEVEL_ALARM,
} as const;
const LEVEL_NAMES = {
  [Level.LEVEL_INFO]: 'info',
  [Level.LEVEL_WARNING]: 'warning',
  [Level.LEVEL_ALARM]: 'alarm',
} as Record<Level, string>;

/** NOTIFICATION_KIND_PASSWORD_CHANGED → password_changed */
const NOTIFICATION_NAMES = new Map<number, string>(
  Object.entries(NotificationKind).map(([name, value]) => [
    value,
    name.replace('NOTIFICATION_KIND_', '').toLowerCase(),
  ]),
);

export function instant(ms: number): string {
  return new Date(ms).toISOString();
}

function orNull(text: string): string | null {
  return text === '' ? null : text;
}

export function roleName(role: UserRole): 'member' | 'operator' {
  return role === UserRole.USER_ROLE_OPERATOR ? 'operator' : 'member';
}

export function userView(user: User) {
  return {
    id: user.id,
    username: user.username,
    email: orNull(user.email),
    displayName: user.displayName,
    timeZone: user.timeZone,
    role: roleName(user.role),
    version: user.version,
    createdAt: instant(user.createdAtMs),
    updatedAt: instant(user.updatedAtMs),
  };
}

export function appointmentView(appointment: Appointment) {
  return {
    id: appointment.id,
    ownerId: appointment.ownerId,
    groupId: orNull(appointment.groupId),
    title: appointment.title,
    description: appointment.description,
    location: appointment.location,
    start: instant(appointment.startMs),
    end: instant(appointment.endMs),
    timeZone: appointment.timeZone,
    allDay: appointment.allDay,
    privacy: PRIVACY_NAMES[appointment.privacy] ?? 'full',
    status: STATUS_NAMES[appointment.status] ?? 'accepted',
    version: appointment.version,
    originNode: appointment.originNode,
    createdAt: instant(appointment.createdAtMs),
    updatedAt: instant(appointment.updatedAtMs),
    participants: appointment.participants.map((participant) => ({
      userId: participant.userId,
      username: participant.username,
      displayName: participant.displayName,
      status: PARTICIPANT_NAMES[participant.status] ?? 'pending',
      optional: participant.optional,
    })),
    busyOnly: appointment.busyOnly,
  };
}

/** An appointment with the start and end of this appearance. */
export function occurrenceView(occurrence: Occurrence) {
  return {
    ...appointmentView(occurrence.appointment as Appointment),
    start: instant(occurrence.startMs),
    end: instant(occurrence.endMs),
    recurrenceStart: occurrence.recurrenceStartMs === 0 ? null : instant(occurrence.recurrenceStartMs),
    myStatus: PARTICIPANT_NAMES[occurrence.myStatus] ?? null,
    conflict: occurrence.conflict,
    userId: occurrence.userId,
  };
}

export function notificationView(notification: Notification) {
  return {
    id: notification.id,
    kind: NOTIFICATION_NAMES.get(notification.kind) ?? 'unspecified',
    text: notification.text,
    appointmentId: orNull(notification.appointmentId),
    groupId: orNull(notification.groupId),
    actorId: orNull(notification.actorId),
    createdAt: instant(notification.createdAtMs),
    readAt: notification.readAtMs === 0 ? null : instant(notification.readAtMs),
  };
}

export function auditView({ sequence, event, hash, previousHash, logIndex }: AuditRecord) {
  if (!event) throw new Error(`audit record ${sequence} has no event`);
  return {
    sequence: sequence === 0 ? null : sequence,
    logIndex: logIndex === 0 ? null : logIndex,
    at: instant(event.atMs),
    level: LEVEL_NAMES[event.level] ?? 'info',
    component: event.component,
    node: event.nodeId,
    actorId: orNull(event.actorId),
    actorName: orNull(event.actorName),
    action: event.action,
    target: orNull(event.target),
    requestId: orNull(event.requestId),
    address: orNull(event.address),
    detail: event.detailJson === '' ? null : parsedDetail(event.detailJson),
    outcome: event.outcome,
    previousHash: Buffer.from(previousHash).toString('hex'),
    hash: Buffer.from(hash).toString('hex'),
  };
}

/** What is no JSON is shown as the text that it is. */
function parsedDetail(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return json;
  }
}

/** The form of every list. */
export function listView<T>(items: readonly T[], nextCursor: string) {
  return { items, nextCursor: orNull(nextCursor) };
}
