/** What has been applied: the position, and one row per command (docs/adr/0004). */
import type { Database } from 'better-sqlite3';
import type { Applied } from './machine.ts';

/** How long, in log time, a repeated command id gets its first result. */
export const DEDUPLICATION_WINDOW_MS: number = 24 * 3_600_000;

interface CommandRow {
  readonly log_index: number;
  readonly command_id: Uint8Array;
  readonly at_ms: number;
  readonly fingerprint: Uint8Array;
  /** Encoded CommandResult. */
  readonly result: Uint8Array;
  /** Encoded EventBatch; empty: none. */
  readonly events: Uint8Array;
  /** Encoded AuditEntry. */
  readonly audit: Uint8Array;
}

type KnownRow = Pick<CommandRow, 'log_index' | 'at_ms' | 'fingerprint' | 'result'>;

interface PositionRow {
  readonly applied_index: number;
  readonly applied_term: number;
  readonly applied_at_ms: number;
  readonly digest: Uint8Array;
}

export class AppliedCommands {
  readonly #statements: ReturnType<typeof prepare>;
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
    this.#statements = prepare(db);
  }

  position(): Applied {
    const row = this.#statements.position.get() as PositionRow;
    return {
      index: row.applied_index,
      term: row.applied_term,
      timestampMs: row.applied_at_ms,
      digest: row.digest,
    };
  }

  savePosition({ index, term, timestampMs, digest }: Applied): void {
    this.#statements.savePosition.run(index, term, timestampMs, digest);
  }

  /** Undefined: not applied within the window, whether or not the row is still there. */
  find(commandId: Uint8Array, atMs: number): KnownRow | undefined {
    const row = this.#statements.find.get(commandId);
    if (!row) return undefined;
    if (row.at_ms > atMs - DEDUPLICATION_WINDOW_MS) return row;
    // The id is free again, but audit may still need the row.
    this.#statements.forgetId.run(row.log_index);
    return undefined;
  }

  record(row: CommandRow): void {
    const { log_index, command_id, at_ms, fingerprint, result, events, audit } = row;
    this.#statements.insert.run(log_index, command_id, at_ms, fingerprint, result, events, audit);
  }

  prune(auditedIndex: number, nowMs: number, limit: number): number {
    return this.#db.transaction(() => {
      const last = this.#statements.prunable.get(auditedIndex, limit, nowMs - DEDUPLICATION_WINDOW_MS)?.last;
      if (last === undefined || last === null) return 0;
      this.#statements.savePruned.run(last);
      return this.#statements.deleteTo.run(last).changes;
    })();
  }
}

function prepare(db: Database) {
  return {
    position: db.prepare<[], PositionRow>('SELECT * FROM machine_state'),
    savePosition: db.prepare<[number, number, number, Uint8Array]>(
      'UPDATE machine_state SET applied_index = ?, applied_term = ?, applied_at_ms = ?, digest = ?',
    ),
    find: db.prepare<[Uint8Array], KnownRow>(
      'SELECT log_index, at_ms, fingerprint, result FROM raft_applied WHERE command_id = ?',
    ),
    forgetId: db.prepare<[number]>('UPDATE raft_applied SET command_id = NULL WHERE log_index = ?'),
    insert: db.prepare<[number, Uint8Array, number, Uint8Array, Uint8Array, Uint8Array, Uint8Array]>(
      'INSERT INTO raft_applied VALUES (?, ?, ?, ?, ?, ?, ?)',
    ),
    // Log time never falls along the log, so what may go is a prefix: no more than `limit` rows need a look.
    prunable: db.prepare<[number, number, number], { last: number | null }>(
      `SELECT max(log_index) AS last FROM (
         SELECT log_index, at_ms FROM raft_applied WHERE log_index <= ? ORDER BY log_index LIMIT ?
       ) WHERE at_ms <= ?`,
    ),
    deleteTo: db.prepare<[number]>('DELETE FROM raft_applied WHERE log_index <= ?'),
    savePruned: db.prepare<[number]>('UPDATE local_state SET pruned_index = ?'),
  };
}
