/** Series as they are stored, for those who expand them. */
import { Recurrence } from '@agenda/proto/agenda/v1/model';
import type { Database } from 'better-sqlite3';

export interface StoredSeries {
  readonly appointmentId: string;
  readonly ownerId: string;
  readonly version: number;
  /** Of the first that its rule gives (RFC 5545 DTSTART, DTEND). */
  readonly startMs: number;
  readonly endMs: number;
  readonly timeZone: string;
  readonly allDay: boolean;
  readonly recurrence: Recurrence;
  /** Occurrences that start before it are in the agendas. */
  readonly expandedUntilMs: number;
}

export interface StoredSeriesRow {
  readonly id: string;
  readonly owner_id: string;
  readonly version: number;
  readonly start_ms: number;
  readonly end_ms: number;
  readonly time_zone: string;
  readonly all_day: number;
  readonly recurrence: Uint8Array;
  readonly expanded_until_ms: number;
}

/** Of `appointments a` and `series s`. */
export const SERIES_COLUMNS = `a.id, a.owner_id, a.version, a.start_ms, a.end_ms, a.time_zone, a.all_day, s.recurrence,
  s.expanded_until_ms`;

export function seriesFromRow(row: StoredSeriesRow): StoredSeries {
  return {
    appointmentId: row.id,
    ownerId: row.owner_id,
    version: row.version,
    startMs: row.start_ms,
    endMs: row.end_ms,
    timeZone: row.time_zone,
    allDay: row.all_day !== 0,
    recurrence: Recurrence.decode(row.recurrence),
    expandedUntilMs: row.expanded_until_ms,
  };
}

export class SeriesQueries {
  readonly #statements: ReturnType<typeof prepare>;

  constructor(db: Database) {
    this.#statements = prepare(db);
  }

  /** Undefined: there is none, it happens once, or it is in the trash. */
  byId(appointmentId: string): StoredSeries | undefined {
    const row = this.#statements.byId.get(appointmentId);
    return row && seriesFromRow(row);
  }

  /** The starts, by the rule, of the single occurrences that were changed, from that moment on. */
  singleStarts(seriesId: string, fromMs: number): number[] {
    return this.#statements.singleStarts.all(seriesId, fromMs);
  }

  /** Those that are expanded to before that moment only, and go on; the shortest first. */
  short(untilMs: number, limit: number): StoredSeries[] {
    return this.#statements.short.all(untilMs, limit).map(seriesFromRow);
  }
}

function prepare(db: Database) {
  return {
    byId: db.prepare<[string], StoredSeriesRow>(
      `SELECT ${SERIES_COLUMNS} FROM appointments a JOIN series s ON s.appointment_id = a.id
       WHERE a.id = ? AND a.deleted_at_ms = 0`,
    ),
    singleStarts: db
      .prepare<[string, number], number>(
        `SELECT recurrence_start_ms FROM appointments
         WHERE series_id = ? AND series_id <> '' AND recurrence_start_ms >= ? AND deleted_at_ms = 0`,
      )
      .pluck(),
    short: db.prepare<[number, number], StoredSeriesRow>(
      `SELECT ${SERIES_COLUMNS} FROM series s INDEXED BY series_by_expansion
       JOIN appointments a ON a.id = s.appointment_id
       WHERE s.expanded_until_ms < ? AND a.deleted_at_ms = 0 ORDER BY s.expanded_until_ms LIMIT ?`,
    ),
  };
}
