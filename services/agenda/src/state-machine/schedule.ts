/** When an appointment takes place: once, or at each of a list of instants. Apply never expands a rule. */
import type { AppointmentFields } from '@agenda/proto/agenda/v1/command';
import { Recurrence, type Span, Spans } from '@agenda/proto/agenda/v1/model';
import type { Database } from 'better-sqlite3';
import type { AppointmentRow } from './appointment-row.ts';

export interface Schedule {
  /** Undefined: it happens once. */
  readonly recurrence: Recurrence | undefined;
  /** The occurrence from which a rule counts (RFC 5545 DTSTART, DTEND); it need not be among the spans. */
  readonly first: Span;
  /** By start; at least one. Of a series: as far as it is expanded. */
  readonly spans: readonly Span[];
  /** Of a series: `spans` has every occurrence that starts before. */
  readonly expandedUntilMs: number;
}

/** What a command's fields ask for; they have been checked. */
export function scheduleOf(fields: AppointmentFields): Schedule {
  const { recurrence, occurrences, expandedUntilMs, startMs, endMs } = fields;
  const first = { startMs, endMs };
  if (!recurrence) return { recurrence, first, spans: [first], expandedUntilMs: 0 };
  return { recurrence, first, spans: occurrences, expandedUntilMs };
}

/** The columns of `appointments` that follow from it. */
export function timeColumns({
  first,
  spans,
}: Schedule): Pick<AppointmentRow, 'start_ms' | 'end_ms' | 'until_ms'> {
  return { start_ms: first.startMs, end_ms: first.endMs, until_ms: untilOf(spans) };
}

/** The end of the last one. @param spans at least one. */
export function untilOf(spans: readonly Span[]): number {
  if (spans.length === 0) throw new Error('apply invariant broken: an appointment that never takes place');
  return spans.reduce((latest, { endMs }) => Math.max(latest, endMs), 0);
}

export function sameSpans(one: Schedule, other: Schedule): boolean {
  return (
    one.spans.length === other.spans.length &&
    one.spans.every(({ startMs, endMs }, at) => {
      const span = other.spans[at];
      return span?.startMs === startMs && span.endMs === endMs;
    })
  );
}

/** What `agenda_entries.recurrence_start_ms` says of one appearance: the start that the rule gave; 0: no rule did. */
export function recurrenceStartOf(
  row: Pick<AppointmentRow, 'recurrence_start_ms'>,
  { recurrence }: Schedule,
  { startMs }: Span,
): number {
  return recurrence ? startMs : row.recurrence_start_ms;
}

interface SeriesRow {
  readonly recurrence: Uint8Array;
  readonly occurrences: Uint8Array;
  readonly expanded_until_ms: number;
}

export class Schedules {
  readonly #statements: ReturnType<typeof prepare>;

  constructor(db: Database) {
    this.#statements = prepare(db);
  }

  of(row: AppointmentRow): Schedule {
    const series = this.#statements.byId.get(row.id);
    const first = { startMs: row.start_ms, endMs: row.end_ms };
    if (!series) return { recurrence: undefined, first, spans: [first], expandedUntilMs: 0 };
    return {
      first,
      recurrence: Recurrence.decode(series.recurrence),
      spans: Spans.decode(series.occurrences).spans,
      expandedUntilMs: series.expanded_until_ms,
    };
  }

  /** In place of the one that the appointment has. */
  replace(appointmentId: string, schedule: Schedule): void {
    this.remove(appointmentId);
    this.add(appointmentId, schedule);
  }

  /** Of an appointment that has none. One that happens once needs no row: its own says when. */
  add(appointmentId: string, { recurrence, spans, expandedUntilMs }: Schedule): void {
    if (!recurrence) return;
    this.#statements.insert.run(
      appointmentId,
      Recurrence.encode(recurrence).finish(),
      Spans.encode({ spans: [...spans] }).finish(),
      spans.length,
      expandedUntilMs,
    );
  }

  remove(appointmentId: string): void {
    this.#statements.delete.run(appointmentId);
  }
}

function prepare(db: Database) {
  return {
    byId: db.prepare<[string], SeriesRow>(
      'SELECT recurrence, occurrences, expanded_until_ms FROM series WHERE appointment_id = ?',
    ),
    insert: db.prepare<[string, Uint8Array, Uint8Array, number, number]>(
      `INSERT INTO series (appointment_id, recurrence, occurrences, occurrence_count, expanded_until_ms)
       VALUES (?, ?, ?, ?, ?)`,
    ),
    delete: db.prepare<[string]>('DELETE FROM series WHERE appointment_id = ?'),
  };
}
