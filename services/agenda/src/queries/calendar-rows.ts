/** Appointments as calendar files tell them: each series once, with its rule. */
import { Recurrence, Spans } from '@agenda/proto/agenda/v1/model';
import type { Database } from 'better-sqlite3';
import type { AppointmentRow } from '../state-machine/appointment-row.ts';
import { type Detail, detailFor, type Relation } from '../state-machine/detail.ts';
import { overlapQuery } from '../state-machine/spans.ts';
import { Visibility } from '../state-machine/visibility.ts';

export interface CalendarAppointment {
  readonly row: AppointmentRow;
  /** Undefined: it happens once. */
  readonly recurrence: Recurrence | undefined;
  /** As far as it is expanded. */
  readonly spans: readonly { readonly startMs: number; readonly endMs: number }[];
  /** Of an override: the series' own UID; empty: none, or not there any more. */
  readonly seriesUid: string;
}

export interface FeedOwner {
  /** One of the two. */
  readonly userId: string;
  readonly groupId: string;
}

interface CalendarRow extends AppointmentRow {
  readonly recurrence: Uint8Array | null;
  readonly occurrences: Uint8Array | null;
  readonly series_uid: string | null;
}

export class CalendarRows {
  readonly #statements: ReturnType<typeof prepare>;
  readonly #visibility: Visibility;

  constructor(db: Database) {
    this.#statements = prepare(db);
    this.#visibility = new Visibility(db);
  }

  /** What stands in a person's own agenda in [fromMs, toMs), by start and id. */
  ofPerson(personId: string, fromMs: number, toMs: number, limit: number): CalendarAppointment[] {
    return this.#statements.ofPerson.all({ personId, fromMs, toMs, limit }).map(fromRow);
  }

  /** The group's own appointments that may have an occurrence in [fromMs, toMs), by start and id. */
  ofGroup(groupId: string, fromMs: number, toMs: number, limit: number): CalendarAppointment[] {
    return this.#statements.ofGroup.all({ groupId, fromMs, toMs, limit }).map(fromRow);
  }

  /** Undefined: there is no such feed, or it was revoked. @param secretHash SHA-256 */
  feed(secretHash: Uint8Array): FeedOwner | undefined {
    return this.#statements.feed.get(secretHash);
  }

  groupName(groupId: string): string {
    return this.#statements.groupName.get(groupId)?.name ?? '';
  }

  /** Of a group's appointments. @param viewerId empty: somebody who knows the group's feed. */
  detailsFor(viewerId: string): (row: AppointmentRow) => Detail {
    if (viewerId === '') return ({ privacy }) => detailFor(ANY_MEMBER, privacy);
    const viewer = this.#visibility.of(viewerId);
    return (row) => viewer.detailOf(row, false);
  }

  isMember(groupId: string, userId: string): boolean {
    return this.#visibility.of(userId).isMember(groupId);
  }
}

/** A feed shows what every member may see. */
const ANY_MEMBER: Relation = {
  owns: false,
  participates: false,
  sharesGroup: true,
  outranks: false,
  inSight: false,
};

function fromRow(row: CalendarRow): CalendarAppointment {
  return {
    row,
    recurrence: row.recurrence ? Recurrence.decode(row.recurrence) : undefined,
    spans: row.occurrences
      ? Spans.decode(row.occurrences).spans
      : [{ startMs: row.start_ms, endMs: row.end_ms }],
    seriesUid: row.series_uid ?? '',
  };
}

interface Range {
  readonly fromMs: number;
  readonly toMs: number;
  readonly limit: number;
}

const WITH_SERIES = `LEFT JOIN series s ON s.appointment_id = a.id
  LEFT JOIN appointments m ON m.id = a.series_id AND a.series_id <> '' AND m.deleted_at_ms = 0`;
const COLUMNS = `a.*, s.recurrence, s.occurrences,
  CASE WHEN m.id IS NULL THEN NULL WHEN m.ical_uid = '' THEN m.id ELSE m.ical_uid END AS series_uid`;

function prepare(db: Database) {
  return {
    ofPerson: db.prepare<[Range & { personId: string }], CalendarRow>(
      `SELECT ${COLUMNS} FROM (SELECT DISTINCT appointment_id FROM (${overlapQuery('e.appointment_id', '1')})) x
       JOIN appointments a ON a.id = x.appointment_id ${WITH_SERIES}
       ORDER BY a.start_ms, a.id LIMIT @limit`,
    ),
    ofGroup: db.prepare<[Range & { groupId: string }], CalendarRow>(
      `SELECT ${COLUMNS} FROM appointments a ${WITH_SERIES}
       WHERE a.group_id = @groupId AND a.group_id <> '' AND a.until_ms > @fromMs AND a.start_ms < @toMs AND a.deleted_at_ms = 0
       ORDER BY a.start_ms, a.id LIMIT @limit`,
    ),
    feed: db.prepare<[Uint8Array], FeedOwner>(
      'SELECT user_id AS userId, group_id AS groupId FROM feeds WHERE secret_hash = ?',
    ),
    groupName: db.prepare<[string], { name: string }>('SELECT name FROM groups WHERE id = ?'),
  };
}
