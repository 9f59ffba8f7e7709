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
  /** Of all, before the limit. */
  readonly total: number;
}

/** The appointments in the way, the first ones by start. */
export type Conflicts = readonly ConflictRow[];

interface TimeOfEntry {
  readonly id: string;
  readonly start_ms: number;
  readonly end_ms: number;
}

export function isTaken(conflicts: Conflicts): boolean {
  return conflicts.length > 0;
}

export class AgendaEntries {
  readonly #statements: ReturnType<typeof prepare>;

  constructor(db: Database) {
    this.#statements = prepare(db);
  }

  /** What takes the person's time in [fromMs, toMs); touching ends do not overlap. */
  conflicts(personId: string, fromMs: number, toMs: number, exceptId: string): Conflicts {
    const range = { personId, fromMs, toMs, exceptId };
    // Nearly always there is none, and this is the cheaper question.
    return this.#statements.anyConflict.get(range) ? this.#statements.conflicts.all(range) : [];
  }

  refuseConflict(conflicts: Conflicts): RefusalOutcome {
    const total = conflicts[0]?.total ?? 0;
    const detail = ConflictDetail.fromPartial({
      total,
      appointments: conflicts.map((row) => ({
        appointmentId: row.appointment_id,
        title: row.title,
        startMs: row.start_ms,
        endMs: row.end_ms,
        userId: row.person_id,
      })),
    });
    const message = total === 1 ? 'an appointment is in the way' : `${total} appointments are in the way`;
    return refuse('conflict', `${message}; allowConflict books all the same`, {
      path: 'start',
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
    conflicts: db.prepare<[Range], ConflictRow>(
      `SELECT x.*, a.title, count(*) OVER () AS total FROM (
         ${overlapQuery('e.appointment_id, e.start_ms, e.end_ms, e.person_id', taking)}
       ) x JOIN appointments a ON a.id = x.appointment_id
       ORDER BY x.start_ms, x.appointment_id LIMIT ${CONFLICTS_NAMED_MAX}`,
    ),
    insert: db.prepare<[string, number, number, string, number, number, number, number]>(
      'INSERT INTO agenda_entries VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    ),
    delete: db.prepare<[string, number, number, string]>(
      'DELETE FROM agenda_entries WHERE person_id = ? AND span_class = ? AND start_ms = ? AND appointment_id = ?',
    ),
  };
}
