/** A state machine on an empty database, and commands for it, for tests and the bench of apply. */
import { AppointmentFields, Command } from '@agenda/proto/agenda/v1/command';
import { Privacy } from '@agenda/proto/agenda/v1/model';
import Database from 'better-sqlite3';
import { type AppliedEntry, type LogEntry, StateMachine } from './machine.ts';

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

/** A log with one writer: `apply` appends one command and applies it. */
export class TestLog {
  readonly db: Database.Database;
  readonly machine: StateMachine;
  readonly entries: LogEntry[] = [];
  #nextId = 1;
  #nowMs = 1_000_000;

  constructor(path = ':memory:') {
    this.db = new Database(path);
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
    },
  };
}

/** Everything that must be the same on every replica, as text. */
export function dump(db: Database.Database): string {
  const tables = [
    'machine_state',
    'raft_applied',
    'users',
    'sessions',
    'appointments',
    'agenda_entries',
    'notifications',
  ];
  return tables
    .map((table) => `${table} ${JSON.stringify(db.prepare(`SELECT * FROM ${table}`).all())}`)
    .join('\n');
}

/** The refusal's code, or how the command came out. */
export function outcomeOf(applied: AppliedEntry): string {
  const outcome = applied.result?.outcome;
  return outcome?.$case === 'refusal' ? outcome.value.code : (outcome?.$case ?? 'none');
}
