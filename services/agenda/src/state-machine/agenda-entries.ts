/** Whose time is taken when. */
import { ConflictDetail, ParticipantStatus } from '@agenda/proto/agenda/v1/model';
import type { Database } from 'better-sqlite3';
import { type RefusalOutcome, refuse } from './outcome.ts';
import { overlapQuery, spanClass } from './spans.ts';

/** How many of the appointments in the way are named. */
const CONFLICTS_NAMED_MAX = 20;

/** These statuses take a person's time; pending, tentative and declined do not. */
export const TAKING_STATUSES = [
  ParticipantStatus.PARTICIPANT_STATUS_ACCEPTED,
  ParticipantStatus.PARTICIPANT_STATUS_AUTO,
] as const;

interface ConflictRow {
  readonly appointment_id: string;
  readonly title: string;
  readonly start_ms: number;
  readonly end_ms: number;
  readonly person_id: string;
}

interface TimeOfEntry {
  readonly id: string;
  readonly start_ms: number;
  readonly end_ms: number;
}

export class AgendaEntries {
  readonly #statements: ReturnType<typeof prepare>;

  constructor(db: Database) {
    this.#statements = prepare(db);
  }

  /** True if something takes the person's time in [fromMs, toMs), apart from that one; touching ends do not overlap. */
  isTaken(personId: string, fromMs: number, toMs: number, exceptId: string): boolean {
    return this.#statements.anyConflict.get({ personId, fromMs, toMs, exceptId }) !== undefined;
  }

  /** Names what `isTaken` found. */
  refuseConflict(personId: string, fromMs: number, toMs: number, exceptId: string): RefusalOutcome {
    const range = { personId, fromMs, toMs, exceptId };
    const total = this.#statements.conflictCount.get(range)?.total ?? 0;
    const detail = ConflictDetail.fromPartial({
      total,
      appointments: this.#statements.conflicts.all(range).map((row) => ({
        appointmentId: row.appointment_id,
        title: row.title,
        startMs: row.start_ms,
        endMs: row.end_ms,
        userId: row.person_id,
      })),
    });
    const message = total === 1 ? 'an appointment is in the way' : `${total} appointments are in the way`;
    return refuse('conflict', `${message}; send allowConflict to book all the same`, {
      payload: ConflictDetail.encode(detail).finish(),
    });
  }

  add(personId: string, time: TimeOfEntry, status: ParticipantStatus, conflict: boolean): void {
    this.#statements.insert.run(
      personId,
      spanClass(time.start_ms, time.end_ms),
      time.start_ms,
      time.id,
      time.end_ms,
      0,
      status,
      conflict ? 1 : 0,
    );
  }

  remove(personId: string, time: TimeOfEntry): void {
    this.#statements.delete.run(personId, spanClass(time.start_ms, time.end_ms), time.start_ms, time.id);
  }
}

interface Range {
  readonly personId: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly exceptId: string;
}

function prepare(db: Database) {
  const taking = `e.status IN (${TAKING_STATUSES.join(', ')}) AND e.appointment_id <> @exceptId`;
  return {
    anyConflict: db.prepare<[Range], { one: number }>(`${overlapQuery('1 AS one', taking)} LIMIT 1`),
    conflictCount: db.prepare<[Range], { total: number }>(
      `SELECT count(*) AS total FROM (${overlapQuery('1', taking)})`,
    ),
    // Cut before the join: titles are fetched for what is named only.
    conflicts: db.prepare<[Range], ConflictRow>(
      `SELECT x.*, a.title FROM (
         SELECT * FROM (${overlapQuery('e.appointment_id, e.start_ms, e.end_ms, e.person_id', taking)})
         ORDER BY start_ms, appointment_id LIMIT ${CONFLICTS_NAMED_MAX}
       ) x JOIN appointments a ON a.id = x.appointment_id
       ORDER BY x.start_ms, x.appointment_id`,
    ),
    insert: db.prepare<[string, number, number, string, number, number, number, number]>(
      'INSERT INTO agenda_entries VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    ),
    delete: db.prepare<[string, number, number, string]>(
      'DELETE FROM agenda_entries WHERE person_id = ? AND span_class = ? AND start_ms = ? AND appointment_id = ?',
    ),
  };
}
