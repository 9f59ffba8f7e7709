/** What the leader's agenda has to see to: read from its own copy, decided by apply. */
import type { ReminderDue } from '@agenda/proto/agenda/v1/command';
import type { Database } from 'better-sqlite3';

export class DueWork {
  readonly #statements: ReturnType<typeof prepare>;

  constructor(db: Database) {
    this.#statements = prepare(db);
  }

  /** Due by then, the oldest first. */
  reminders(nowMs: number, limit: number): ReminderDue[] {
    return this.#statements.reminders.all(nowMs, limit);
  }

  /** Whether something was deleted before that moment. */
  hasDeletedBefore(atMs: number): boolean {
    return this.#statements.deleted.get(atMs) !== undefined;
  }
}

function prepare(db: Database) {
  return {
    reminders: db.prepare<[number, number], ReminderDue>(
      `SELECT r.appointment_id AS appointmentId, r.occurrence_start_ms AS occurrenceStartMs, r.minutes, a.version
       FROM reminders r JOIN appointments a ON a.id = r.appointment_id
       WHERE r.due_ms <= ? ORDER BY r.due_ms, r.appointment_id, r.minutes LIMIT ?`,
    ),
    deleted: db.prepare<[number], { one: number }>(
      'SELECT 1 AS one FROM appointments WHERE deleted_at_ms <> 0 AND deleted_at_ms < ? LIMIT 1',
    ),
  };
}
