/** The agenda as a deterministic function of the log: the same entries give the same rows, results and digest. */
import { AuditEntry } from '@agenda/proto/agenda/v1/agenda';
import { Command, CommandResult, type RecordNodeEvents } from '@agenda/proto/agenda/v1/command';
import { type Event, EventBatch } from '@agenda/proto/agenda/v1/event';
import { type AuditEvent, Level } from '@agenda/proto/audit/v1/audit';
import type { Database } from 'better-sqlite3';
import { agendaParts } from './agenda-parts.ts';
import { AppliedCommands } from './applied-commands.ts';
import type { Appointments } from './appointments.ts';
import { CalendarFeeds } from './calendar-feeds.ts';
import { nextDigest } from './digest.ts';
import { Encoder } from './encoder.ts';
import { FEATURE_LEVEL } from './feature-level.ts';
import type { Groups } from './groups.ts';
import { Imports } from './imports.ts';
import type { Invitations } from './invitations.ts';
import { Notifications } from './notifications.ts';
import { DONE, type Outcome, refuse } from './outcome.ts';
import type { Reminders } from './reminders.ts';
import { ensureSchema } from './schema.ts';
import type { SeriesChanges } from './series.ts';
import { Sessions } from './sessions.ts';
import { Step } from './step.ts';
import type { Trash } from './trash.ts';
import { Users } from './users.ts';

export interface LogEntry {
  readonly index: number;
  readonly term: number;
  /** The leader's clock; never less than that of the entry before. */
  readonly timestampMs: number;
  /** Encoded agenda.v1.Command; undefined: an entry of Raft's own. */
  readonly command: Uint8Array | undefined;
}

export interface AppliedEntry {
  readonly index: number;
  /** Lower-case hex; empty: the entry held no command. */
  readonly commandId: string;
  /** Of a repeated command: the first one. */
  readonly result: CommandResult | undefined;
  readonly duplicate: boolean;
  readonly events: readonly Event[];
  readonly audit: readonly AuditEvent[];
}

/** How far the log is applied. */
export interface Applied {
  readonly index: number;
  readonly term: number;
  readonly timestampMs: number;
  /** 32 bytes. */
  readonly digest: Uint8Array;
}

/** This version does not know how to apply that entry: it must stop, never skip (design §5). */
export class UnknownCommandError extends Error {
  readonly index: number;
  readonly featureLevel: number;

  constructor(index: number, featureLevel: number, kind: string) {
    super(
      `log entry ${index} holds a command (${kind}, feature level ${featureLevel}) that this version cannot apply`,
    );
    this.name = 'UnknownCommandError';
    this.index = index;
    this.featureLevel = featureLevel;
  }
}

const NO_BYTES = new Uint8Array(0);

export class StateMachine {
  /** The highest feature level whose commands this version can apply. */
  static readonly featureLevel: number = FEATURE_LEVEL;

  readonly #db: Database;
  readonly #sessions: Sessions;
  readonly #notifications: Notifications;
  readonly #users: Users;
  readonly #appointments: Appointments;
  readonly #invitations: Invitations;
  readonly #trash: Trash;
  readonly #series: SeriesChanges;
  readonly #reminders: Reminders;
  readonly #groups: Groups;
  readonly #imports: Imports;
  readonly #feeds: CalendarFeeds;
  readonly #commands: AppliedCommands;
  #applied: Applied;
  /** Of the batch being applied. */
  #encoder = new Encoder();

  /** @param db open for writing; an empty file gets the schema. */
  constructor(db: Database) {
    ensureSchema(db);
    this.#db = db;
    this.#sessions = new Sessions(db);
    this.#notifications = new Notifications(db);
    this.#users = new Users(db, this.#sessions, this.#notifications);
    const parts = agendaParts(db, this.#users, this.#notifications);
    this.#appointments = parts.appointments;
    this.#invitations = parts.invitations;
    this.#trash = parts.trash;
    this.#series = parts.series;
    this.#reminders = parts.reminders;
    this.#groups = parts.groups;
    this.#imports = new Imports(db, parts.appointments);
    this.#feeds = new CalendarFeeds(db, parts.groupRows);
    this.#commands = new AppliedCommands(db);
    this.#applied = this.#commands.position();
  }

  lastApplied(): Applied {
    return this.#applied;
  }

  /**
   * One transaction: domain rows, deduplication, events, audit and the position, or nothing at all.
   *
   * @param entries contiguous, the first one follows what is applied.
   * @throws UnknownCommandError, or Error if an invariant is broken; nothing of the batch is then applied.
   */
  applyBatch(entries: readonly LogEntry[]): readonly AppliedEntry[] {
    const before = this.#applied;
    this.#encoder = new Encoder();
    try {
      return this.#db.transaction(() => {
        const applied = entries.map((entry) => this.#applyEntry(entry));
        this.#commands.savePosition(this.#applied);
        return applied;
      })();
    } catch (error) {
      this.#applied = before;
      throw error;
    }
  }

  /**
   * Deletes at most `limit` rows that deduplication no longer asks for and audit holds durably. Changes no answer: the
   * window is decided by log time when a row is looked up.
   *
   * @param auditedIndex this pod's audit service holds everything up to here.
   * @returns how many were deleted.
   */
  prune(auditedIndex: number, limit: number): number {
    return this.#commands.prune(auditedIndex, this.#applied.timestampMs, limit);
  }

  #applyEntry(entry: LogEntry): AppliedEntry {
    const { index, term, digest } = this.#applied;
    assert(entry.index === index + 1, `entry ${entry.index} does not follow ${index}`);
    assert(entry.term >= term, `the term falls from ${term} to ${entry.term} at entry ${entry.index}`);
    const timestampMs = Math.max(entry.timestampMs, this.#applied.timestampMs);
    const at = { index: entry.index, term: entry.term, timestampMs };
    if (entry.command === undefined) {
      this.#applied = { ...at, digest };
      return {
        index: entry.index,
        commandId: '',
        result: undefined,
        duplicate: false,
        events: [],
        audit: [],
      };
    }
    const command = Command.decode(entry.command);
    if (command.featureLevel > StateMachine.featureLevel || command.body === undefined)
      throw new UnknownCommandError(entry.index, command.featureLevel, command.body?.$case ?? 'unknown');
    const applied = this.#applyCommand(command, entry.index, timestampMs);
    this.#applied = { ...at, digest: nextDigest(digest, command.id, applied.resultBytes) };
    return applied.entry;
  }

  #applyCommand(
    command: Command,
    index: number,
    atMs: number,
  ): { readonly entry: AppliedEntry; readonly resultBytes: Uint8Array } {
    const commandId = Buffer.from(command.id).toString('hex');
    const known = this.#commands.find(command.id, atMs);
    if (known) {
      const same = Buffer.compare(known.fingerprint, command.fingerprint) === 0;
      const result = same ? CommandResult.decode(known.result) : { index, outcome: REUSED_KEY };
      const resultBytes = same ? known.result : this.#encoder.encode(CommandResult, result);
      return { entry: { index, commandId, result, duplicate: true, events: [], audit: [] }, resultBytes };
    }
    const step = new Step(command, index, atMs);
    const outcome = this.#decide(step);
    const result: CommandResult = { index, outcome };
    const resultBytes = this.#encoder.encode(CommandResult, result);
    const audit = [...step.nodeEvents, auditEvent(step, outcome)];
    this.#commands.record({
      log_index: index,
      command_id: command.id,
      at_ms: atMs,
      fingerprint: command.fingerprint,
      result: resultBytes,
      events: this.#encodeEvents(step.events),
      audit: this.#encoder.encode(AuditEntry, { logIndex: index, events: audit }),
    });
    return { entry: { index, commandId, result, duplicate: false, events: step.events, audit }, resultBytes };
  }

  #encodeEvents(events: Event[]): Uint8Array {
    if (events.length === 0) return NO_BYTES;
    return this.#encoder.encode(EventBatch, {
      events,
      upToIndex: 0,
      reset: false,
      requestsSeen: 0,
      mac: NO_BYTES,
    });
  }

  /** Who may act at all; then the rules of the topic. */
  #decide(step: Step): Outcome {
    const { command, atMs } = step;
    if (command.sessionId !== '' && !this.#sessions.lives(command.sessionId, command.actorId, atMs)) {
      const detail = { command: command.body?.$case ?? '' };
      step.subject = { action: 'session.refused', target: `session:${command.sessionId}`, detail };
      return refuse('unauthenticated', 'this session has ended; log in again');
    }
    return this.#dispatch(step);
  }

  #dispatch(step: Step): Outcome {
    const body = step.command.body as NonNullable<Command['body']>;
    switch (body.$case) {
      case 'registerUser':
        return this.#users.register(step, body.value);
      case 'startSession':
        return this.#sessions.start(step, body.value);
      case 'refreshSession':
        return this.#sessions.refresh(step, body.value);
      case 'endSession':
        return this.#sessions.end(step, body.value);
      case 'updateProfile':
        return this.#users.updateProfile(step, body.value);
      case 'changePassword':
        return this.#users.changePassword(step, body.value);
      case 'setUserRole':
        return this.#users.setRole(step, body.value);
      case 'createAppointment':
        return this.#appointments.create(step, body.value);
      case 'updateAppointment':
        return this.#series.update(step, body.value);
      case 'deleteAppointment':
        return this.#series.delete(step, body.value);
      case 'restoreAppointment':
        return this.#trash.restore(step, body.value);
      case 'extendSeries':
        return this.#series.extend(step, body.value);
      case 'fireReminders':
        return this.#reminders.fire(step, body.value);
      case 'purgeDeleted':
        return this.#trash.purge(step, body.value);
      case 'respondToInvitation':
        return this.#invitations.respond(step, body.value);
      case 'importAppointments':
        return this.#imports.take(step, body.value);
      case 'createGroup':
        return this.#groups.create(step, body.value);
      case 'updateGroup':
        return this.#groups.update(step, body.value);
      case 'deleteGroup':
        return this.#groups.delete(step, body.value);
      case 'putGroupMember':
        return this.#groups.putMember(step, body.value);
      case 'removeGroupMember':
        return this.#groups.removeMember(step, body.value);
      case 'handOverGroup':
        return this.#groups.handOver(step, body.value);
      case 'setFeed':
        return this.#feeds.set(step, body.value);
      case 'markNotificationRead':
        return this.#notifications.markRead(step, body.value);
      case 'recordNodeEvents':
        return recordNodeEvents(step, body.value);
    }
  }
}

const REUSED_KEY: Outcome = refuse(
  'unprocessable',
  'this Idempotency-Key was used for a different request; use a new key for a new request',
);

/** What nodes saw (elections, refused signatures, failed logins) enters the trail in log order. */
function recordNodeEvents(step: Step, { events }: RecordNodeEvents): Outcome {
  step.subject = { action: 'audit.recorded', target: '', detail: { events: events.length } };
  if (step.command.actorId !== '')
    return refuse('forbidden', 'node events come from nodes, never from users');
  step.nodeEvents.push(...events);
  return DONE;
}

/** One record for every command, whatever it came to. */
function auditEvent(step: Step, outcome: Outcome): AuditEvent {
  const { command, index, atMs, subject } = step;
  const code = outcome.$case === 'refusal' ? outcome.value.code : 'ok';
  const suspicious = code === 'unauthenticated' || code === 'forbidden';
  return {
    id: auditId(index, step.nodeEvents.length),
    atMs,
    level: suspicious ? Level.LEVEL_WARNING : Level.LEVEL_INFO,
    component: 'agenda',
    nodeId: command.originNode,
    actorId: command.actorId,
    actorName: command.actorName,
    action: subject.action,
    target: subject.target,
    requestId: command.requestId,
    address: command.address,
    detailJson: subject.detail ? JSON.stringify(subject.detail) : '',
    outcome: code,
  };
}

/** 16 bytes, the same on every replica; the version nibble 0 keeps them apart from the UUIDs of node events. */
function auditId(index: number, ordinal: number): Uint8Array {
  const id = Buffer.alloc(16);
  id.writeUIntBE(index, 0, 6);
  id.writeUInt32BE(ordinal, 12);
  return id;
}

function assert(holds: boolean, what: string): void {
  if (!holds) throw new Error(`apply invariant broken: ${what}`);
}
