/** What changed for a person since a log index, and what went. */
import type { Database } from 'better-sqlite3';

export interface Change {
  readonly changedIndex: number;
  readonly appointmentId: string;
  /** Deleted, or the person takes no part any more. */
  readonly gone: boolean;
}

export interface Changes {
  readonly items: readonly Change[];
  /** Pass as `sinceIndex` next time. */
  readonly index: number;
  readonly more: boolean;
}

export class SyncQueries {
  readonly #statements: ReturnType<typeof prepare>;

  constructor(db: Database) {
    this.#statements = prepare(db);
  }

  /** What was purged up to here cannot be told any more. */
  purgedIndex(): number {
    return this.#statements.state.get()?.purged_index ?? 0;
  }

  /**
   * In the order of the log. A page ends between two log entries: a few more come where one entry changed many.
   *
   * @param appliedIndex what this replica has applied; the index of a page that is not full.
   */
  changesOf(userId: string, sinceIndex: number, limit: number, appliedIndex: number): Changes {
    const rows = this.#statements.changes.all({
      userId,
      since: sinceIndex,
      upTo: Number.MAX_SAFE_INTEGER,
      limit: limit + 1,
    });
    const beyond = rows[limit];
    if (!beyond) return { items: rows.map(fromRow), index: appliedIndex, more: false };
    const whole = rows.filter((row) => row.changed_index < beyond.changed_index);
    const last = whole.at(-1);
    if (last) return { items: whole.map(fromRow), index: last.changed_index, more: true };
    const upTo = beyond.changed_index;
    const entry = this.#statements.changes.all({ userId, since: sinceIndex, upTo, limit: -1 });
    return { items: entry.map(fromRow), index: upTo, more: true };
  }
}

interface ChangeRow {
  readonly changed_index: number;
  readonly appointment_id: string;
  readonly gone: number;
}

interface ChangeRange {
  readonly userId: string;
  readonly since: number;
  readonly upTo: number;
  /** -1: no limit. */
  readonly limit: number;
}

function fromRow(row: ChangeRow): Change {
  return { changedIndex: row.changed_index, appointmentId: row.appointment_id, gone: row.gone !== 0 };
}

function prepare(db: Database) {
  return {
    state: db.prepare<[], { purged_index: number }>('SELECT purged_index FROM machine_state'),
    changes: db.prepare<[ChangeRange], ChangeRow>(
      `SELECT * FROM (
         SELECT * FROM (
           SELECT changed_index, id AS appointment_id, deleted_at_ms <> 0 AS gone FROM appointments
           WHERE owner_id = @userId AND changed_index > @since AND changed_index <= @upTo
             AND (version > 1 OR deleted_at_ms <> 0)
           ORDER BY changed_index LIMIT @limit)
         UNION ALL
         SELECT * FROM (
           SELECT x.entered_index, x.appointment_id, 0 FROM (
             SELECT DISTINCT entered_index, appointment_id FROM agenda_entries
             WHERE person_id = @userId AND entered_index > @since AND entered_index <= @upTo
           ) x CROSS JOIN appointments a ON a.id = x.appointment_id
           WHERE a.owner_id = @userId AND a.version = 1
           ORDER BY x.entered_index LIMIT @limit)
         UNION ALL
         SELECT * FROM (
           SELECT p.changed_index, p.appointment_id, p.gone <> 0 OR a.deleted_at_ms <> 0 AS gone
           FROM participants p JOIN appointments a ON a.id = p.appointment_id
           WHERE p.user_id = @userId AND p.changed_index > @since AND p.changed_index <= @upTo
           ORDER BY p.changed_index LIMIT @limit)
       ) ORDER BY changed_index, appointment_id LIMIT @limit`,
    ),
  };
}
