/** A state machine on an empty database, and commands for it, for tests and the bench of apply. */
import {
  AppointmentField,
  AppointmentFields,
  Command,
  type CreateAppointment,
  OccurrenceScope,
  type ParticipantChoice,
  type Refusal,
  type ReminderDue,
  type UpdateAppointment,
  type UpdateProfile,
} from '@agenda/proto/agenda/v1/command';
import {
  type Appointment,
  type Group,
  type GroupKind,
  type GroupMember,
  type ParticipantStatus,
  Privacy,
  type Session,
  type User,
  type UserRole,
} from '@agenda/proto/agenda/v1/model';
import Database from 'better-sqlite3';
import { type AppliedEntry, type LogEntry, StateMachine } from './machine.ts';
import type { EventBody } from './step.ts';

export type Body = NonNullable<Command['body']>;

export interface CommandOptions {
  readonly id?: number;
  readonly actor?: string;
  readonly session?: string;
  readonly fingerprint?: number;
  readonly atMs?: number;
  readonly featureLevel?: number;
}

export const HOUR_MS = 3_600_000;
export const DAY_MS: number = 24 * HOUR_MS;

/** A log with one writer: `apply` appends one command and applies it. */
export class TestLog {
  readonly db: Database.Database;
  readonly machine: StateMachine;
  readonly entries: LogEntry[] = [];
  #nextId = 1;
  #nowMs = 1_000_000;

  /** @param db instead of the file at `path`. */
  constructor(path = ':memory:', db: Database.Database = new Database(path)) {
    this.db = db;
    this.machine = new StateMachine(this.db);
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  passTime(ms: number): void {
    this.#nowMs += ms;
  }

  entry(body: Body, options: CommandOptions = {}): LogEntry {
    const command = Command.encode({
      id: commandId(options.id ?? this.#nextId++),
      featureLevel: options.featureLevel ?? 1,
      fingerprint: new Uint8Array(32).fill(options.fingerprint ?? 0),
      actorId: options.actor ?? '',
      sessionId: options.session ?? '',
      actorName: options.actor ?? 'test',
      requestId: 'request-1',
      address: '192.0.2.1',
      originNode: 'agenda-1',
      body,
    }).finish();
    const index = this.machine.lastApplied().index + 1;
    return { index, term: 1, timestampMs: options.atMs ?? this.#nowMs, command };
  }

  apply(body: Body, options: CommandOptions = {}): AppliedEntry {
    const entry = this.entry(body, options);
    const [applied] = this.machine.applyBatch([entry]);
    this.entries.push(entry);
    return applied as AppliedEntry;
  }

  register(name: string): AppliedEntry {
    return this.apply(registerUser(name));
  }
}

export function commandId(number: number): Uint8Array {
  const id = new Uint8Array(16);
  new DataView(id.buffer).setUint32(12, number);
  return id;
}

/** The user's id is `u-` and the name. */
export function registerUser(name: string, email = ''): Body {
  return {
    $case: 'registerUser',
    value: {
      userId: `u-${name}`,
      username: name,
      email,
      displayName: `${name} the Tester`,
      timeZone: 'Europe/Lisbon',
      passwordHash: '$argon2id$x',
    },
  };
}

export function fieldsOf(startMs: number, endMs: number, title = 'Dentist'): AppointmentFields {
  return AppointmentFields.fromPartial({
    title,
    startMs,
    endMs,
    timeZone: 'Europe/Lisbon',
    privacy: Privacy.PRIVACY_FULL,
  });
}

export function createAppointment(
  id: string,
  ownerId: string,
  startMs: number,
  endMs: number,
  allowConflict = false,
): Body {
  return {
    $case: 'createAppointment',
    value: {
      appointmentId: id,
      ownerId,
      groupId: '',
      fields: fieldsOf(startMs, endMs, `title of ${id}`),
      participants: [],
      allowConflict,
      seriesId: '',
      recurrenceStartMs: 0,
    },
  };
}

/** The same, with people or a group. */
export function bookWith(
  id: string,
  ownerId: string,
  startMs: number,
  endMs: number,
  change: Partial<CreateAppointment>,
): Body {
  const plain = createAppointment(id, ownerId, startMs, endMs) as Extract<
    Body,
    { $case: 'createAppointment' }
  >;
  return { ...plain, value: { ...plain.value, ...change } };
}

/** Required, unless it is optional. */
export function asked(...userIds: readonly string[]): ParticipantChoice[] {
  return userIds.map((userId) => ({ userId, optional: false }));
}

/** The title becomes "new title", unless the change says otherwise. */
export function updateAppointment(id: string, change: Partial<UpdateAppointment> = {}): Body {
  return {
    $case: 'updateAppointment',
    value: {
      appointmentId: id,
      fields: fieldsOf(10 * HOUR_MS, 11 * HOUR_MS, 'new title'),
      changed: [AppointmentField.APPOINTMENT_FIELD_TITLE],
      expectedVersion: undefined,
      allowConflict: false,
      participants: [],
      scope: OccurrenceScope.OCCURRENCE_SCOPE_UNSPECIFIED,
      recurrenceStartMs: 0,
      splitAppointmentId: '',
      remaining: undefined,
      ...change,
    },
  };
}

export function moveAppointment(id: string, startMs: number, endMs: number, allowConflict = false): Body {
  const changed = [AppointmentField.APPOINTMENT_FIELD_TIME];
  return updateAppointment(id, { fields: fieldsOf(startMs, endMs), changed, allowConflict });
}

export function deleteAppointment(id: string, expectedVersion?: number): Body {
  return {
    $case: 'deleteAppointment',
    value: {
      appointmentId: id,
      expectedVersion,
      scope: OccurrenceScope.OCCURRENCE_SCOPE_UNSPECIFIED,
      recurrenceStartMs: 0,
      remaining: undefined,
    },
  };
}

export function restoreAppointment(appointmentId: string, allowConflict = false): Body {
  return { $case: 'restoreAppointment', value: { appointmentId, allowConflict } };
}

export function purgeDeleted(deletedBeforeMs: number, limit = 100): Body {
  return { $case: 'purgeDeleted', value: { deletedBeforeMs, limit } };
}

export function respond(
  appointmentId: string,
  userId: string,
  status: ParticipantStatus,
  allowConflict = false,
): Body {
  return { $case: 'respondToInvitation', value: { appointmentId, userId, status, allowConflict } };
}

export function createGroup(groupId: string, kind: GroupKind): Body {
  return { $case: 'createGroup', value: { groupId, name: `group ${groupId}`, description: '', kind } };
}

export function putMember(groupId: string, userId: string, rank = 0): Body {
  return { $case: 'putGroupMember', value: { groupId, userId, rank } };
}

export function removeMember(groupId: string, userId: string): Body {
  return { $case: 'removeGroupMember', value: { groupId, userId } };
}

export function handOver(groupId: string, newCreatorId: string): Body {
  return { $case: 'handOverGroup', value: { groupId, newCreatorId } };
}

export function updateGroup(groupId: string, name: string, expectedVersion?: number): Body {
  return { $case: 'updateGroup', value: { groupId, name, description: undefined, expectedVersion } };
}

export function deleteGroup(groupId: string, expectedVersion?: number): Body {
  return { $case: 'deleteGroup', value: { groupId, expectedVersion } };
}

/** What expansion would give for a day's length between occurrences of an hour. */
export function dailyFields(startMs: number, count: number, title = 'Stand-up'): AppointmentFields {
  const occurrences = [...Array(count).keys()].map((day) => ({
    startMs: startMs + day * DAY_MS,
    endMs: startMs + day * DAY_MS + HOUR_MS,
  }));
  return {
    ...fieldsOf(startMs, startMs + HOUR_MS, title),
    recurrence: { rule: `FREQ=DAILY;COUNT=${count}`, addedMs: [], excludedMs: [] },
    occurrences,
    expandedUntilMs: startMs + count * DAY_MS,
  };
}

export function fireReminders(...due: readonly ReminderDue[]): Body {
  return { $case: 'fireReminders', value: { due: [...due] } };
}

export const SESSION_SECONDS = 3_600;

export function startSession(id: string, userId: string, passwordVersion = 1): Body {
  return {
    $case: 'startSession',
    value: { sessionId: id, userId, passwordVersion, lifetimeSeconds: SESSION_SECONDS },
  };
}

export function refreshSession(id: string, generation: number): Body {
  return {
    $case: 'refreshSession',
    value: { sessionId: id, generation, lifetimeSeconds: SESSION_SECONDS },
  };
}

export function endSession(id: string): Body {
  return { $case: 'endSession', value: { sessionId: id } };
}

export function changePassword(userId: string, keepSessionId = '', passwordVersion = 1): Body {
  return {
    $case: 'changePassword',
    value: { userId, passwordHash: '$new', passwordVersion, keepSessionId },
  };
}

export function updateProfile(userId: string, change: Partial<UpdateProfile>): Body {
  const unchanged = {
    email: undefined,
    displayName: undefined,
    timeZone: undefined,
    expectedVersion: undefined,
  };
  return { $case: 'updateProfile', value: { ...unchanged, ...change, userId } };
}

export function setUserRole(username: string, role: UserRole): Body {
  return { $case: 'setUserRole', value: { username, role } };
}

/** Empty: all. */
export function markNotificationRead(notificationId = ''): Body {
  return { $case: 'markNotificationRead', value: { notificationId } };
}

/** Everything that must be the same on every replica, as text. */
export function dump(db: Database.Database): string {
  return `${dumpOf(db, ['raft_applied'])}\n${dumpKept(db)}`;
}

/** The same without the rows that each replica prunes in its own time. */
export function dumpKept(db: Database.Database): string {
  return dumpOf(db, [
    'machine_state',
    'users',
    'user_names',
    'sessions',
    'appointments',
    'agenda_entries',
    'notifications',
    'series',
    'participants',
    'groups',
    'group_members',
    'reminders',
    'feeds',
  ]);
}

function dumpOf(db: Database.Database, tables: readonly string[]): string {
  return tables
    .map((table) => `${table} ${JSON.stringify(db.prepare(`SELECT * FROM ${table}`).all())}`)
    .join('\n');
}

/** The refusal's code, or how the command came out. */
export function outcomeOf(applied: AppliedEntry): string {
  const outcome = applied.result?.outcome;
  return outcome?.$case === 'refusal' ? outcome.value.code : (outcome?.$case ?? 'none');
}

/** @throws Error if the command was not refused. */
export function refusalOf(applied: AppliedEntry): Refusal {
  const outcome = applied.result?.outcome;
  if (outcome?.$case !== 'refusal') throw new Error(`not refused, but ${outcomeOf(applied)}`);
  return outcome.value;
}

interface Results {
  readonly appointment: Appointment;
  readonly session: Session;
  readonly user: User;
  readonly group: Group;
  readonly member: GroupMember;
}

/** @throws Error if the command came out otherwise. */
export function resultOf<Case extends keyof Results>(applied: AppliedEntry, expected: Case): Results[Case] {
  const outcome = applied.result?.outcome;
  if (outcome?.$case !== expected) throw new Error(`not ${expected}, but ${outcomeOf(applied)}`);
  return outcome.value as Results[Case];
}

type EventValue<Case extends EventBody['$case']> = Extract<EventBody, { $case: Case }>['value'];

/** What its events of one kind say. */
export function eventsOf<Case extends EventBody['$case']>(
  applied: AppliedEntry,
  kind: Case,
): EventValue<Case>[] {
  const bodies = applied.events.flatMap(({ body }) => (body?.$case === kind ? [body.value] : []));
  return bodies as EventValue<Case>[];
}
