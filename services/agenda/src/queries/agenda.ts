/** Agendas in a range of time: one's own, another's, a group's. */
import {
  type Appointment,
  type Occurrence,
  ParticipantStatus,
  Recurrence,
} from '@agenda/proto/agenda/v1/model';
import type { Database } from 'better-sqlite3';
import { AgendaEntries } from '../state-machine/agenda-entries.ts';
import { type AppointmentRow, appointmentFromRow } from '../state-machine/appointment-row.ts';
import { busyAppointment } from '../state-machine/detail.ts';
import {
  type NamedParticipantRow,
  PARTICIPANTS_SQL,
  participantsFor,
} from '../state-machine/participants.ts';
import { SPAN_CLASS_MS } from '../state-machine/spans.ts';
import { type Viewer, Visibility } from '../state-machine/visibility.ts';
import { decodeCursor, type Page, pageOf } from './cursor.ts';

/** One appearance in one agenda, in the order of every list: by start, appointment, person. */
export interface EntryRow {
  readonly person_id: string;
  readonly appointment_id: string;
  readonly start_ms: number;
  readonly end_ms: number;
  readonly recurrence_start_ms: number;
  readonly status: ParticipantStatus;
}

interface AppointmentWithSeries extends AppointmentRow {
  readonly recurrence: Uint8Array | null;
}

/** [fromMs, toMs), a page of it. */
export interface AgendaRange {
  readonly fromMs: number;
  readonly toMs: number;
  readonly limit: number;
  readonly cursor: string;
}

interface Position {
  readonly afterMs: number;
  readonly afterId: string;
  readonly afterPerson: string;
}

const FROM_THE_START: Position = { afterMs: -1, afterId: '', afterPerson: '' };

export class AgendaQueries {
  readonly visibility: Visibility;
  readonly #entries: AgendaEntries;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(db: Database) {
    this.visibility = new Visibility(db);
    this.#entries = new AgendaEntries(db);
    this.#statements = prepare(db);
  }

  /** Undefined: there is none, it is in the trash, or the viewer may not know of it. */
  appointmentFor(viewerId: string, appointmentId: string): Appointment | undefined {
    const row = this.#statements.appointment.get(appointmentId);
    if (row?.deleted_at_ms !== 0) return undefined;
    const detail = this.visibility.of(viewerId).detailOf(row, false);
    if (detail === 'none') return undefined;
    if (detail === 'busy') return { ...busyAppointment(row.start_ms, row.end_ms), id: row.id };
    return this.#whole(row, viewerId);
  }

  /** What the owner may see of what is in the owner's trash. */
  deletedAppointment(ownerId: string, appointmentId: string): Appointment | undefined {
    const row = this.#statements.appointment.get(appointmentId);
    return row && row.owner_id === ownerId && row.deleted_at_ms !== 0 ? this.#whole(row, ownerId) : undefined;
  }

  /** As the viewer, who may look at that agenda, sees it; by start, then appointment. */
  ofPerson(viewerId: string, personId: string, range: AgendaRange): Page<Occurrence> {
    return this.#page(viewerId, range, (after) => this.#entriesOf(personId, range, after));
  }

  /** The agendas of all members of a group that the viewer is in; what several have comes once for each. */
  ofGroup(viewerId: string, groupId: string, range: AgendaRange): Page<Occurrence> {
    const members = this.#statements.members.all(groupId);
    return this.#page(viewerId, range, (after) =>
      members
        .flatMap(({ user_id }) => this.#entriesOf(user_id, range, after))
        .sort(inOrder)
        .slice(0, range.limit + 1),
    );
  }

  /** What overlaps something else that takes the person's time. */
  conflicts(personId: string, range: AgendaRange): Page<Occurrence> {
    return this.#page(personId, range, (after) => this.#overlapping(personId, range, after));
  }

  /** As it is first shown by its own row: for lists that are not about a range of time. */
  occurrenceOf(viewerId: string, appointment: Appointment): Occurrence {
    const mine = appointment.participants.find(({ userId }) => userId === viewerId);
    return {
      appointment,
      startMs: appointment.startMs,
      endMs: appointment.endMs,
      recurrenceStartMs: appointment.recurrence ? appointment.startMs : appointment.recurrenceStartMs,
      myStatus: mine?.status ?? ACCEPTED_BY_OWNING,
      conflict: false,
      userId: viewerId,
    };
  }

  #page(viewerId: string, range: AgendaRange, find: (after: Position) => EntryRow[]): Page<Occurrence> {
    const parts = decodeCursor(range.cursor, [0, '', ''] as const);
    const after = parts ? { afterMs: parts[0], afterId: parts[1], afterPerson: parts[2] } : FROM_THE_START;
    const viewer = this.visibility.of(viewerId);
    return pageOf(
      find(after),
      range.limit,
      (entry) => this.#occurrence(viewer, entry),
      (entry) => [entry.start_ms, entry.appointment_id, entry.person_id],
    );
  }

  #entriesOf(personId: string, { fromMs, toMs, limit }: AgendaRange, after: Position): EntryRow[] {
    return this.#statements.entries.all({ personId, fromMs, toMs, limit: limit + 1, ...after });
  }

  /** In steps, because how many of an agenda's entries overlap is not known before. */
  #overlapping(personId: string, range: AgendaRange, start: Position): EntryRow[] {
    const found: EntryRow[] = [];
    for (let after = start; ; ) {
      const step = this.#statements.entries.all({ personId, ...range, limit: SCAN_STEP, ...after });
      for (const entry of step) if (this.#isOverlapped(entry)) found.push(entry);
      const last = step.at(-1);
      if (step.length < SCAN_STEP || !last || found.length > range.limit) return found;
      after = { afterMs: last.start_ms, afterId: last.appointment_id, afterPerson: last.person_id };
    }
  }

  #isOverlapped({ person_id, start_ms, end_ms, appointment_id }: EntryRow): boolean {
    const [taken] = this.#entries.taken(person_id, [{ startMs: start_ms, endMs: end_ms }], appointment_id);
    return taken === true;
  }

  #occurrence(viewer: Viewer, entry: EntryRow): Occurrence {
    const row = this.#statements.appointment.get(entry.appointment_id);
    if (!row) throw new Error(`an agenda has an entry of ${entry.appointment_id}, which is not there`);
    const own = entry.person_id === viewer.id;
    const busy = !own && viewer.detailOf(row, true) === 'busy';
    const { start_ms: startMs, end_ms: endMs, person_id: userId } = entry;
    if (busy)
      return {
        appointment: busyAppointment(startMs, endMs),
        startMs,
        endMs,
        recurrenceStartMs: 0,
        myStatus: ParticipantStatus.PARTICIPANT_STATUS_UNSPECIFIED,
        conflict: false,
        userId,
      };
    return {
      appointment: this.#whole(row, viewer.id),
      startMs,
      endMs,
      recurrenceStartMs: entry.recurrence_start_ms,
      myStatus: entry.status,
      // That something hidden overlaps is for the person to know.
      conflict: own && this.#isOverlapped(entry),
      userId,
    };
  }

  #whole(row: AppointmentWithSeries, viewerId: string): Appointment {
    const participants = participantsFor(viewerId, row.owner_id, this.#statements.participants.all(row.id));
    return appointmentFromRow(
      row,
      participants,
      row.recurrence ? Recurrence.decode(row.recurrence) : undefined,
    );
  }
}

/** Entries looked at in one step of a search for overlaps. */
const SCAN_STEP = 500;
/** Of the owner's own entry. */
const ACCEPTED_BY_OWNING: ParticipantStatus = ParticipantStatus.PARTICIPANT_STATUS_ACCEPTED;

function inOrder(one: EntryRow, other: EntryRow): number {
  return (
    one.start_ms - other.start_ms ||
    compare(one.appointment_id, other.appointment_id) ||
    compare(one.person_id, other.person_id)
  );
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

type EntriesOfPage = Position & {
  readonly personId: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly limit: number;
};

/**
 * A page of one person's entries that overlap [@fromMs, @toMs). Each class of spans is an index range in the order of
 * the list, cut where the page ends, so that a page costs what it shows and not what the range holds.
 */
const ENTRIES = SPAN_CLASS_MS.map(
  (longestMs, spanClass) =>
    `SELECT * FROM (
       SELECT person_id, appointment_id, start_ms, end_ms, recurrence_start_ms, status FROM agenda_entries
       WHERE person_id = @personId AND span_class = ${spanClass}
         AND start_ms >= max(@fromMs - ${longestMs} + 1, @afterMs) AND start_ms < @toMs AND end_ms > @fromMs
         AND (start_ms, appointment_id, person_id) > (@afterMs, @afterId, @afterPerson)
       ORDER BY start_ms, appointment_id LIMIT @limit)`,
).join('\nUNION ALL\n');

function prepare(db: Database) {
  return {
    entries: db.prepare<[EntriesOfPage], EntryRow>(
      `SELECT * FROM (${ENTRIES}) ORDER BY start_ms, appointment_id LIMIT @limit`,
    ),
    appointment: db.prepare<[string], AppointmentWithSeries>(
      `SELECT a.*, s.recurrence FROM appointments a LEFT JOIN series s ON s.appointment_id = a.id WHERE a.id = ?`,
    ),
    participants: db.prepare<[string], NamedParticipantRow>(PARTICIPANTS_SQL),
    members: db.prepare<[string], { user_id: string }>(
      'SELECT user_id FROM group_members WHERE group_id = ? ORDER BY user_id',
    ),
  };
}
