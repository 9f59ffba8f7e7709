/** Whose time is taken when. */
import { ConflictDetail, ParticipantStatus, type Span } from '@agenda/proto/agenda/v1/model';
import type { Database } from 'better-sqlite3';
import type { AppointmentRow } from './appointment-row.ts';
import { type RefusalOutcome, refuse } from './outcome.ts';
import { recurrenceStartOf, type Schedule } from './schedule.ts';
import { overlapQuery, spanClass } from './spans.ts';

/** How many of the appointments in the way are named. */
const CONFLICTS_NAMED_MAX = 20;
/** Counting ends there: who has booked a time over and over must not make each refusal dearer. */
const CONFLICTS_COUNTED_MAX = 1_000;

/** These statuses take a person's time; pending, tentative and declined do not. */
export const TAKING_STATUSES = [
  ParticipantStatus.PARTICIPANT_STATUS_ACCEPTED,
  ParticipantStatus.PARTICIPANT_STATUS_AUTO,
] as const;

export function takesTime(status: ParticipantStatus): boolean {
  return TAKING_STATUSES.some((taking) => taking === status);
}

interface ConflictRow {
  readonly appointment_id: string;
  readonly start_ms: number;
  readonly end_ms: number;
}

export class AgendaEntries {
  readonly #statements: ReturnType<typeof prepare>;

  constructor(db: Database) {
    this.#statements = prepare(db);
  }

  /**
   * Of each span, whether something takes the person's time in it, apart from that appointment; touching ends do not
   * overlap.
   */
  taken(personId: string, spans: readonly Span[], exceptId: string): boolean[] {
    return spans.map(({ startMs, endMs }) => {
      const range = { personId, fromMs: startMs, toMs: endMs, exceptId };
      return this.#statements.anyConflict.get(range) !== undefined;
    });
  }

  /** Names what `taken` found. */
  refuseConflict(personId: string, spans: readonly Span[], exceptId: string): RefusalOutcome {
    const found = this.#conflicts(personId, spans, exceptId);
    const named = [...found.values()]
      .sort(
        (one, other) => one.start_ms - other.start_ms || (one.appointment_id < other.appointment_id ? -1 : 1),
      )
      .slice(0, CONFLICTS_NAMED_MAX);
    const detail = ConflictDetail.fromPartial({
      total: found.size,
      appointments: named.map((row) => ({
        appointmentId: row.appointment_id,
        title: this.#statements.title.get(row.appointment_id)?.title ?? '',
        startMs: row.start_ms,
        endMs: row.end_ms,
        userId: personId,
      })),
    });
    const message =
      found.size === 1 ? 'an appointment is in the way' : `${found.size} appointments are in the way`;
    return refuse('conflict', `${message}; send allowConflict to book all the same`, {
      payload: ConflictDetail.encode(detail).finish(),
    });
  }

  /** @param conflicts of each span of the schedule. */
  add(
    personId: string,
    row: Pick<AppointmentRow, 'id' | 'recurrence_start_ms' | 'changed_index'>,
    schedule: Schedule,
    status: ParticipantStatus,
    conflicts: readonly boolean[],
  ): void {
    for (const [at, span] of schedule.spans.entries())
      this.#statements.insert.run(
        personId,
        spanClass(span.startMs, span.endMs),
        span.startMs,
        row.id,
        span.endMs,
        recurrenceStartOf(row, schedule, span),
        status,
        conflicts[at] ? 1 : 0,
        row.changed_index,
      );
  }

  /** What stands there; a person need not have them all. */
  remove(personId: string, appointmentId: string, spans: readonly Span[]): void {
    for (const { startMs, endMs } of spans)
      this.#statements.delete.run(personId, spanClass(startMs, endMs), startMs, appointmentId);
  }

  #conflicts(personId: string, spans: readonly Span[], exceptId: string): Map<string, ConflictRow> {
    const found = new Map<string, ConflictRow>();
    for (const { startMs, endMs } of spans) {
      const range = { personId, fromMs: startMs, toMs: endMs, exceptId };
      for (const row of this.#statements.conflicts.all(range))
        found.set(`${row.start_ms} ${row.appointment_id}`, row);
      if (found.size >= CONFLICTS_COUNTED_MAX) break;
    }
    return found;
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
      `${overlapQuery('e.appointment_id, e.start_ms, e.end_ms', taking)}
       ORDER BY start_ms, appointment_id LIMIT ${CONFLICTS_COUNTED_MAX}`,
    ),
    title: db.prepare<[string], { title: string }>('SELECT title FROM appointments WHERE id = ?'),
    insert: db.prepare<[string, number, number, string, number, number, number, number, number]>(
      'INSERT INTO agenda_entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
    ),
    delete: db.prepare<[string, number, number, string]>(
      'DELETE FROM agenda_entries WHERE person_id = ? AND span_class = ? AND start_ms = ? AND appointment_id = ?',
    ),
  };
}
