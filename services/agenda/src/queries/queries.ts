/** Everything that reads the agenda's database. Callers have made sure that it is fresh enough. */
import { AuditEntry } from '@agenda/proto/agenda/v1/agenda';
import { CommandResult } from '@agenda/proto/agenda/v1/command';
import { type Event, EventBatch } from '@agenda/proto/agenda/v1/event';
import type { Appointment, Notification, Occurrence, User, UserRole } from '@agenda/proto/agenda/v1/model';
import type { Database } from 'better-sqlite3';
import { DEDUPLICATION_WINDOW_MS } from '../state-machine/applied-commands.ts';
import { notificationFromRow } from '../state-machine/notifications.ts';
import { userFromRow } from '../state-machine/users.ts';
import { AgendaQueries } from './agenda.ts';
import { BusyTime } from './busy-time.ts';
import { CalendarRows } from './calendar-rows.ts';
import { decodeCursor, type Page, pageOf } from './cursor.ts';
import { DueWork } from './due-work.ts';
import { GroupQueries } from './groups.ts';
import { SeriesQueries } from './series.ts';
import { type FeedRow, prepareQueries } from './statements.ts';
import { SyncQueries } from './sync.ts';
import { UserSearch } from './user-search.ts';

export interface SessionInfo {
  readonly userId: string;
  readonly username: string;
  readonly role: UserRole;
  readonly generation: number;
  readonly expiresAtMs: number;
}

export interface FeedPage<Item> {
  readonly items: readonly Item[];
  /** The page holds everything up to this log index. */
  readonly upToIndex: number;
}

export class Queries {
  #statements: ReturnType<typeof prepareQueries>;
  #topics: Topics;

  constructor(db: Database) {
    this.#statements = prepareQueries(db);
    this.#topics = topicsOf(db);
  }

  /** A snapshot took the database's place. */
  reopen(db: Database): void {
    this.#statements = prepareQueries(db);
    this.#topics = topicsOf(db);
  }

  get agendas(): AgendaQueries {
    return this.#topics.agendas;
  }

  get calendars(): CalendarRows {
    return this.#topics.calendars;
  }

  get dueWork(): DueWork {
    return this.#topics.dueWork;
  }

  get series(): SeriesQueries {
    return this.#topics.series;
  }

  get groups(): GroupQueries {
    return this.#topics.groups;
  }

  get busyTime(): BusyTime {
    return this.#topics.busyTime;
  }

  get sync(): SyncQueries {
    return this.#topics.sync;
  }

  /** Undefined: ended, or expired by log time. */
  session(sessionId: string): SessionInfo | undefined {
    const row = this.#statements.session.get(sessionId);
    return (
      row && {
        userId: row.user_id,
        username: row.username,
        role: row.role,
        generation: row.generation,
        expiresAtMs: row.expires_at_ms,
      }
    );
  }

  userForLogin(
    username: string,
  ): { readonly user: User; readonly passwordHash: string; readonly passwordVersion: number } | undefined {
    const row = this.#statements.userByName.get(username);
    return (
      row && {
        user: userFromRow(row),
        passwordHash: row.password_hash,
        passwordVersion: row.password_version,
      }
    );
  }

  user(userId: string): User | undefined {
    const row = this.#statements.userById.get(userId);
    return row && userFromRow(row);
  }

  /** See UserSearch. */
  searchUsers(query: string, limit: number, cursor: string): Page<User> {
    return this.#topics.users.find(query, limit, cursor);
  }

  /** See AgendaQueries. */
  appointmentFor(viewerId: string, appointmentId: string): Appointment | undefined {
    return this.agendas.appointmentFor(viewerId, appointmentId);
  }

  /** What stands in a person's own agenda and overlaps [fromMs, toMs), by start, then id. */
  agenda(personId: string, fromMs: number, toMs: number, limit: number, cursor: string): Page<Occurrence> {
    return this.agendas.ofPerson(personId, personId, { fromMs, toMs, limit, cursor });
  }

  /** Newest first. */
  notifications(userId: string, unreadOnly: boolean, limit: number, cursor: string): Page<Notification> {
    const [beforeIndex, beforeOrdinal] = decodeCursor(cursor, [0, 0]) ?? [Number.MAX_SAFE_INTEGER, 0];
    const statement = unreadOnly ? this.#statements.unreadNotifications : this.#statements.notifications;
    const rows = statement.all({ userId, beforeIndex, beforeOrdinal, limit: limit + 1 });
    return pageOf(rows, limit, notificationFromRow, (row) => [row.log_index, row.ordinal]);
  }

  unreadCount(userId: string): number {
    return this.#statements.unreadCount.get(userId)?.count ?? 0;
  }

  /** Undefined: not applied within the deduplication window. */
  commandResult(
    commandId: Uint8Array,
  ): { readonly fingerprint: Uint8Array; readonly result: CommandResult } | undefined {
    const row = this.#statements.commandResult.get(commandId, DEDUPLICATION_WINDOW_MS);
    return row && { fingerprint: row.fingerprint, result: CommandResult.decode(row.result) };
  }

  /** Events of up to `limit` log entries after `index`. */
  eventsAfter(index: number, limit: number): FeedPage<Event> {
    return this.#feedPage(
      this.#statements.eventsAfter.all(index, limit),
      limit,
      (bytes) => EventBatch.decode(bytes).events,
    );
  }

  /** Audit records of up to `limit` log entries after `index`. */
  auditAfter(index: number, limit: number): FeedPage<AuditEntry> {
    return this.#feedPage(this.#statements.auditAfter.all(index, limit), limit, (bytes) => [
      AuditEntry.decode(bytes),
    ]);
  }

  /** The least position after which nothing is missing: 0 until something was pruned. */
  oldestKeptIndex(): number {
    return this.#statements.prunedIndex.get()?.pruned_index ?? 0;
  }

  /** A page that is not full has reached what is applied. */
  #feedPage<Item>(
    rows: readonly FeedRow[],
    limit: number,
    decode: (bytes: Uint8Array) => readonly Item[],
  ): FeedPage<Item> {
    const full = rows.length === limit;
    const upToIndex = full
      ? (rows.at(-1) as FeedRow).log_index
      : (this.#statements.appliedIndex.get()?.applied_index ?? 0);
    return { items: rows.flatMap((row) => decode(row.bytes)), upToIndex };
  }
}

interface Topics {
  readonly users: UserSearch;
  readonly calendars: CalendarRows;
  readonly dueWork: DueWork;
  readonly series: SeriesQueries;
  readonly agendas: AgendaQueries;
  readonly groups: GroupQueries;
  readonly busyTime: BusyTime;
  readonly sync: SyncQueries;
}

function topicsOf(db: Database): Topics {
  return {
    users: new UserSearch(db),
    calendars: new CalendarRows(db),
    dueWork: new DueWork(db),
    series: new SeriesQueries(db),
    agendas: new AgendaQueries(db),
    groups: new GroupQueries(db),
    busyTime: new BusyTime(db),
    sync: new SyncQueries(db),
  };
}
