/** Agendas in a range of time: one's own, another's, a group's. */
import {
  type Appointment,
  type Occurrence,
  ParticipantStatus,
  Recurrence,
} from '@agenda/proto/agenda/v1/model';
import type { Database } from 'better-sqlite3';
import { type AppointmentRow, appointmentFromRow } from '../state-machine/appointment-row.ts';
import { busyAppointment } from '../state-machine/detail.ts';
import {
  type NamedParticipantRow,
  PARTICIPANTS_SQL,
  participantsFor,
} from '../state-machine/participants.ts';
import { type Viewer, Visibility } from '../state-machine/visibility.ts';
import { decodeCursor, type Page, pageOf } from './cursor.ts';
import {
  type AgendaRange,
  EntryPages,
  type EntryRow,
  FROM_THE_START,
  type ListedEntry,
  type Position,
} from './entry-pages.ts';

interface AppointmentWithSeries extends AppointmentRow {
  readonly recurrence: Uint8Array | null;
}

export interface AgendaPage extends AgendaRange {
  readonly cursor: string;
}

export class AgendaQueries {
  readonly visibility: Visibility;
  readonly #entries: EntryPages;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(db: Database) {
    this.visibility = new Visibility(db);
    this.#entries = new EntryPages(db);
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

  /** As the viewer, who may look at that agenda, sees it; by start. */
  ofPerson(viewerId: string, personId: string, page: AgendaPage): Page<Occurrence> {
    return this.#page(viewerId, page, (after) => this.#entries.ofPerson(personId, page, after));
  }

  /** The agendas of all members of a group that the viewer is in; what several have comes once for each. */
  ofGroup(viewerId: string, groupId: string, page: AgendaPage): Page<Occurrence> {
    return this.#page(viewerId, page, (after) => this.#entries.ofGroup(groupId, page, after));
  }

  /** What overlaps something else that takes the person's time. */
  conflicts(personId: string, page: AgendaPage): Page<Occurrence> {
    return this.#page(personId, page, (after) => this.#entries.overlapping(personId, page, after));
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

  #page(
    viewerId: string,
    { cursor, limit }: AgendaPage,
    find: (after: Position) => ListedEntry[],
  ): Page<Occurrence> {
    const parts = decodeCursor(cursor, [0, '', 0] as const);
    const after = parts ? { afterMs: parts[0], afterPerson: parts[1], afterCount: parts[2] } : FROM_THE_START;
    const viewer = this.visibility.of(viewerId);
    const seen = new Map<string, Appointment | 'busy'>();
    return pageOf(
      find(after),
      limit,
      (entry) => this.#occurrence(viewer, entry, seen),
      (entry) => [entry.start_ms, entry.person_id, entry.nth],
    );
  }

  /** @param seen by the viewer, on this page: what a whole group has is looked up once. */
  #occurrence(viewer: Viewer, entry: EntryRow, seen: Map<string, Appointment | 'busy'>): Occurrence {
    const { start_ms: startMs, end_ms: endMs, person_id: userId, appointment_id: id } = entry;
    const own = userId === viewer.id;
    const appointment = seen.get(id) ?? this.#inSight(viewer, id, own);
    seen.set(id, appointment);
    if (appointment === 'busy')
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
      appointment,
      startMs,
      endMs,
      recurrenceStartMs: entry.recurrence_start_ms,
      myStatus: entry.status,
      // That something hidden overlaps is for the person to know.
      conflict: own && this.#entries.isOverlapped(entry),
      userId,
    };
  }

  /** Of an entry in an agenda that the viewer may look at. @param own it stands in the viewer's own agenda. */
  #inSight(viewer: Viewer, appointmentId: string, own: boolean): Appointment | 'busy' {
    const row = this.#statements.appointment.get(appointmentId);
    if (!row) throw new Error(`an agenda has an entry of ${appointmentId}, which is not there`);
    return !own && viewer.detailOf(row, true) === 'busy' ? 'busy' : this.#whole(row, viewer.id);
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

/** Of the owner's own entry. */
const ACCEPTED_BY_OWNING: ParticipantStatus = ParticipantStatus.PARTICIPANT_STATUS_ACCEPTED;

function prepare(db: Database) {
  return {
    appointment: db.prepare<[string], AppointmentWithSeries>(
      `SELECT a.*, s.recurrence FROM appointments a LEFT JOIN series s ON s.appointment_id = a.id WHERE a.id = ?`,
    ),
    participants: db.prepare<[string], NamedParticipantRow>(PARTICIPANTS_SQL),
  };
}
