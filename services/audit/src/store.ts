/** The trail on disk: the chain, and what is not part of it yet. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { AuditEvent, type AuditRecord } from '@agenda/proto/audit/v1/audit';
import { encodeMessage } from '@agenda/proto/encode';
import { ServiceError } from '@agenda/service-kit/errors';
import { withSteadyPlans } from '@agenda/service-kit/steady-plans';
import Database from 'better-sqlite3';
import { FIRST_PREVIOUS_HASH, linkHash } from './chain.ts';
import { columnsOf, type RecordRow, recordFromRow } from './record.ts';

/** Node events that wait for a quorum; at the bound further ones are refused as `overloaded`. */
const PENDING_MAX = 50_000;
/**
 * `records` is the chain. Its columns besides `event` are copies for the filters; the event is what is hashed.
 * `pending_events` keeps node events until they come back through the log. `records_aside` keeps what another replica's
 * trail took the place of (docs/adr/0012).
 *
 * One step each, from the schema that it found to the next; the version of a schema is how many steps made it.
 */
const SCHEMA_STEPS: readonly string[] = [
  `
CREATE TABLE records (
  sequence      INTEGER PRIMARY KEY,
  log_index     INTEGER NOT NULL,
  id            BLOB NOT NULL UNIQUE,
  at_ms         INTEGER NOT NULL,
  level         INTEGER NOT NULL,
  component     TEXT NOT NULL,
  node_id       TEXT NOT NULL,
  actor_id      TEXT NOT NULL,
  actor_name    TEXT NOT NULL,
  action        TEXT NOT NULL,
  searched_text TEXT NOT NULL,
  request_id    TEXT NOT NULL,
  event         BLOB NOT NULL,
  previous_hash BLOB NOT NULL,
  hash          BLOB NOT NULL
) STRICT;
CREATE INDEX records_by_time ON records (at_ms);

CREATE TABLE pending_events (
  position INTEGER PRIMARY KEY,
  id       BLOB NOT NULL UNIQUE,
  event    BLOB NOT NULL
) STRICT;

CREATE TABLE feed_position (
  one       INTEGER PRIMARY KEY CHECK (one = 1),
  log_index INTEGER NOT NULL
) STRICT;
INSERT INTO feed_position VALUES (1, 0);
`,
  `
CREATE TABLE records_aside (
  aside_at_ms   INTEGER NOT NULL,
  sequence      INTEGER NOT NULL,
  log_index     INTEGER NOT NULL,
  event         BLOB NOT NULL,
  previous_hash BLOB NOT NULL,
  hash          BLOB NOT NULL
) STRICT;
`,
];
const SCHEMA_VERSION = SCHEMA_STEPS.length;

export interface FedEntry {
  readonly logIndex: number;
  readonly events: readonly AuditEvent[];
}

export interface PendingEvent {
  /** Grows with each event that is recorded. */
  readonly position: number;
  readonly event: AuditEvent;
}

interface PendingRow {
  readonly position: number;
  readonly event: Uint8Array;
}

/** @param directory made if it is not there. */
export function openDatabase(directory: string): Database.Database {
  mkdirSync(directory, { recursive: true });
  const db = withSteadyPlans(new Database(join(directory, 'audit.db')));
  db.pragma('journal_mode = WAL');
  // What came out of the log comes out of it again after a power cut.
  db.pragma('synchronous = NORMAL');
  const version = db.pragma('user_version', { simple: true }) as number;
  if (version < SCHEMA_VERSION)
    db.transaction(() => {
      for (const step of SCHEMA_STEPS.slice(version)) db.exec(step);
      db.pragma(`user_version = ${SCHEMA_VERSION}`);
    })();
  else if (version > SCHEMA_VERSION)
    throw new Error(`audit.db has schema ${version}; this version reads schema ${SCHEMA_VERSION}`);
  return db;
}

export class AuditStore {
  readonly #db: Database.Database;
  readonly #statements: ReturnType<typeof prepare>;
  readonly #listeners = new Set<(records: readonly AuditRecord[]) => void>();
  #sequence: number;
  #hash: Uint8Array;
  #pending: number;
  #position: number;

  constructor(db: Database.Database) {
    this.#db = db;
    this.#statements = prepare(db);
    const last = this.#statements.last.get();
    this.#sequence = last?.sequence ?? 0;
    this.#hash = last?.hash ?? FIRST_PREVIOUS_HASH;
    this.#pending = this.#statements.pendingCount.get()?.count ?? 0;
    this.#position = this.#statements.lastPosition.get()?.position ?? 0;
  }

  /** Where the feed of the log goes on; not sooner durable than with the next `flush`. */
  get logIndex(): number {
    return this.#statements.feedPosition.get()?.log_index ?? 0;
  }

  /** What is stored survives a power cut from here on. */
  flush(): void {
    this.#db.pragma('wal_checkpoint(PASSIVE)');
  }

  get lastSequence(): number {
    return this.#sequence;
  }

  get lastHash(): Uint8Array {
    return this.#hash;
  }

  get pendingCount(): number {
    return this.#pending;
  }

  /** @returns a function that ends it. */
  onAppended(listener: (records: readonly AuditRecord[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Keeps node events durably. Events known already are no new ones. @throws ServiceError `overloaded` */
  addPending(events: readonly AuditEvent[]): void {
    if (this.#pending + events.length > PENDING_MAX)
      throw new ServiceError('overloaded', `${this.#pending} events wait for a quorum already`, {
        retryAfterMs: 5_000,
      });
    // A node event is nowhere else until it is replicated.
    this.#db.pragma('synchronous = FULL');
    try {
      this.#pending += this.#db.transaction(() => this.#insertPending(events))();
    } finally {
      this.#db.pragma('synchronous = NORMAL');
    }
  }

  #insertPending(events: readonly AuditEvent[]): number {
    let added = 0;
    for (const event of events) {
      if (this.#statements.isRecorded.get(event.id)) continue;
      // Never used twice while this process lives: whoever reads on from a position misses nothing.
      this.#position += 1;
      const encoded = encodeMessage(AuditEvent, event);
      added += this.#statements.insertPending.run(this.#position, event.id, encoded).changes;
    }
    return added;
  }

  /** In the order in which they were recorded, or in the reverse one. @param position exclusive; undefined: from the end. */
  pendingBeside(position: number | undefined, oldestFirst: boolean, limit: number): PendingEvent[] {
    const rows = oldestFirst
      ? this.#statements.pendingAfter.all(position ?? 0, limit)
      : this.#statements.pendingBefore.all(position ?? Number.MAX_SAFE_INTEGER, limit);
    return rows.map((row) => ({ position: row.position, event: AuditEvent.decode(row.event) }));
  }

  /** Appends what came out of the log, in log order, in one transaction. Repeats are told apart by id. */
  append(entries: readonly FedEntry[], upToLogIndex: number): void {
    const appended: AuditRecord[] = [];
    const before = { sequence: this.#sequence, hash: this.#hash };
    try {
      this.#db.transaction(() => {
        for (const { logIndex, events } of entries)
          for (const event of events) {
            if (this.#pending > 0) this.#statements.deletePending.run(event.id);
            const record = this.#link(event, logIndex);
            if (record) appended.push(record);
          }
        this.#statements.savePosition.run(upToLogIndex);
      })();
    } catch (error) {
      this.#sequence = before.sequence;
      this.#hash = before.hash;
      throw error;
    }
    if (this.#pending > 0) this.#pending = this.#statements.pendingCount.get()?.count ?? 0;
    if (appended.length > 0) for (const listener of this.#listeners) listener(appended);
  }

  /** Contiguous, from `after` + 1 on. */
  links(after: number, limit: number): AuditRecord[] {
    return this.#statements.links.all(after, limit).map(recordFromRow);
  }

  /** Undefined: there is no such link. */
  hashOf(sequence: number): Uint8Array | undefined {
    return this.#statements.hashOf.get(sequence)?.hash;
  }

  /** What stands behind that sequence is wrong: it is kept, but is no part of the chain any more. */
  putAside(sequence: number): void {
    this.#db.transaction(() => {
      this.#statements.copyAside.run(Date.now(), sequence);
      this.#statements.deleteBehind.run(sequence);
    })();
    this.#sequence = sequence;
    this.#hash = this.hashOf(sequence) ?? FIRST_PREVIOUS_HASH;
  }

  /**
   * Appends links of another replica's chain.
   *
   * @param upToLogIndex the chain then holds everything up to there; undefined: more follow.
   * @throws Error if one does not fit; none of them is taken then.
   */
  adopt(records: readonly AuditRecord[], upToLogIndex: number | undefined): void {
    const before = { sequence: this.#sequence, hash: this.#hash };
    try {
      this.#db.transaction(() => {
        for (const record of records) this.#adoptOne(record);
        if (upToLogIndex !== undefined) this.#statements.savePosition.run(upToLogIndex);
      })();
    } catch (error) {
      this.#sequence = before.sequence;
      this.#hash = before.hash;
      throw error;
    }
    this.#pending = this.#statements.pendingCount.get()?.count ?? 0;
    if (records.length > 0) for (const listener of this.#listeners) listener(records);
  }

  #adoptOne({ event, sequence, hash, logIndex }: AuditRecord): void {
    if (!event || sequence !== this.#sequence + 1)
      throw new Error(`record ${sequence} does not follow ${this.#sequence}`);
    this.#statements.deletePending.run(event.id);
    const linked = this.#link(event, logIndex);
    if (!linked || Buffer.compare(linked.hash, hash) !== 0)
      throw new Error(`record ${sequence} of the other trail does not fit into the chain`);
  }

  /** Undefined: it is in the chain already. */
  #link(event: AuditEvent, logIndex: number): AuditRecord | undefined {
    const sequence = this.#sequence + 1;
    const previousHash = this.#hash;
    const encoded = encodeMessage(AuditEvent, event);
    const hash = linkHash(previousHash, encoded, sequence);
    const columns = columnsOf(event);
    const { changes } = this.#statements.insert.run(
      sequence,
      logIndex,
      columns.id,
      columns.at_ms,
      columns.level,
      columns.component,
      columns.node_id,
      columns.actor_id,
      columns.actor_name,
      columns.action,
      columns.searched_text,
      columns.request_id,
      encoded,
      previousHash,
      hash,
    );
    if (changes === 0) return undefined;
    this.#sequence = sequence;
    this.#hash = hash;
    return { sequence, event, previousHash, hash, logIndex };
  }
}

function prepare(db: Database.Database) {
  return {
    last: db.prepare<[], RecordRow>('SELECT * FROM records ORDER BY sequence DESC LIMIT 1'),
    isRecorded: db.prepare<[Uint8Array], { one: number }>('SELECT 1 AS one FROM records WHERE id = ?'),
    insert: db.prepare<unknown[]>(
      'INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING',
    ),
    links: db.prepare<[number, number], RecordRow>(
      'SELECT * FROM records WHERE sequence > ? ORDER BY sequence LIMIT ?',
    ),
    hashOf: db.prepare<[number], { hash: Uint8Array }>('SELECT hash FROM records WHERE sequence = ?'),
    copyAside: db.prepare<[number, number]>(
      `INSERT INTO records_aside
       SELECT ?, sequence, log_index, event, previous_hash, hash FROM records WHERE sequence > ?`,
    ),
    deleteBehind: db.prepare<[number]>('DELETE FROM records WHERE sequence > ?'),
    pendingAfter: db.prepare<[number, number], PendingRow>(
      'SELECT position, event FROM pending_events WHERE position > ? ORDER BY position LIMIT ?',
    ),
    pendingBefore: db.prepare<[number, number], PendingRow>(
      'SELECT position, event FROM pending_events WHERE position < ? ORDER BY position DESC LIMIT ?',
    ),
    lastPosition: db.prepare<[], { position: number }>(
      'SELECT coalesce(max(position), 0) AS position FROM pending_events',
    ),
    pendingCount: db.prepare<[], { count: number }>('SELECT count(*) AS count FROM pending_events'),
    insertPending: db.prepare<[number, Uint8Array, Uint8Array]>(
      'INSERT INTO pending_events VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING',
    ),
    deletePending: db.prepare<[Uint8Array]>('DELETE FROM pending_events WHERE id = ?'),
    feedPosition: db.prepare<[], { log_index: number }>('SELECT log_index FROM feed_position'),
    savePosition: db.prepare<[number]>('UPDATE feed_position SET log_index = ?'),
  };
}
