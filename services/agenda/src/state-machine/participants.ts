/** Who is asked to an appointment besides its owner, what they answered, and what follows for its status. */
import { AppointmentStatus, type Participant, ParticipantStatus } from '@agenda/proto/agenda/v1/model';
import type { Database } from 'better-sqlite3';

export interface ParticipantRow {
  readonly appointment_id: string;
  readonly user_id: string;
  readonly status: ParticipantStatus;
  readonly optional: number;
  /** Takes part as a member of the appointment's group, and drops out with leaving it. */
  readonly through_group: number;
  readonly conflict: number;
  readonly responded_at_ms: number;
  /** Occurrences that ended by then do not concern this participant. */
  readonly from_ms: number;
  readonly changed_index: number;
  /** Taken out; the row stays so that sync can tell it. */
  readonly gone: number;
}

export interface NamedParticipantRow extends ParticipantRow {
  readonly username: string;
  readonly display_name: string;
}

/** Of the participants of one appointment (@param 1: its id), by user id, without those who are gone. */
export const PARTICIPANTS_SQL = `SELECT p.*, u.username, u.display_name
  FROM participants p JOIN users u ON u.id = p.user_id
  WHERE p.appointment_id = ? AND p.gone = 0 ORDER BY p.user_id`;

function participantFromRow(row: NamedParticipantRow): Participant {
  return {
    userId: row.user_id,
    username: row.username,
    displayName: row.display_name,
    status: row.status,
    optional: row.optional !== 0,
    respondedAtMs: row.responded_at_ms,
    conflict: row.conflict !== 0,
  };
}

/** That an entry overlaps something else is told to the owner of the appointment and to whose entry it is. */
export function participantsFor(
  viewerId: string,
  ownerId: string,
  rows: readonly NamedParticipantRow[],
): Participant[] {
  return rows.map((row) => {
    const participant = participantFromRow(row);
    return viewerId === ownerId || viewerId === row.user_id
      ? participant
      : { ...participant, conflict: false };
  });
}

/** Design §5: required participants decide; tentative is not yet an answer, and optional ones hold nothing up. */
export function statusOf(participants: readonly ParticipantRow[]): AppointmentStatus {
  const required = participants.filter(({ optional, gone }) => optional === 0 && gone === 0);
  if (required.some(({ status }) => status === ParticipantStatus.PARTICIPANT_STATUS_DECLINED))
    return AppointmentStatus.APPOINTMENT_STATUS_DECLINED;
  return required.every(({ status }) => HAS_AGREED.has(status))
    ? AppointmentStatus.APPOINTMENT_STATUS_ACCEPTED
    : AppointmentStatus.APPOINTMENT_STATUS_PENDING;
}

const HAS_AGREED: ReadonlySet<ParticipantStatus> = new Set([
  ParticipantStatus.PARTICIPANT_STATUS_ACCEPTED,
  ParticipantStatus.PARTICIPANT_STATUS_AUTO,
]);

export class Participants {
  readonly #statements: ReturnType<typeof prepare>;

  constructor(db: Database) {
    this.#statements = prepare(db);
  }

  /** Without those who are gone, by user id. */
  of(appointmentId: string): NamedParticipantRow[] {
    return this.#statements.of.all(appointmentId);
  }

  /** Undefined: not asked, or gone. */
  find(appointmentId: string, userId: string): ParticipantRow | undefined {
    return this.#statements.find.get(appointmentId, userId);
  }

  /** New, or in place of what was said of that person before. */
  put(row: ParticipantRow): void {
    this.#statements.put.run(row);
  }

  /** The appointment changed at that log index, so it changed for each of its people (see schema.ts). */
  touch(appointmentId: string, index: number): void {
    this.#statements.touch.run(index, appointmentId);
  }

  purge(appointmentId: string): void {
    this.#statements.purge.run(appointmentId);
  }
}

function prepare(db: Database) {
  return {
    of: db.prepare<[string], NamedParticipantRow>(PARTICIPANTS_SQL),
    find: db.prepare<[string, string], ParticipantRow>(
      'SELECT * FROM participants WHERE appointment_id = ? AND user_id = ? AND gone = 0',
    ),
    put: db.prepare<[ParticipantRow]>(
      `INSERT INTO participants (appointment_id, user_id, status, optional, through_group, conflict, responded_at_ms,
         from_ms, changed_index, gone)
       VALUES (@appointment_id, @user_id, @status, @optional, @through_group, @conflict, @responded_at_ms, @from_ms,
         @changed_index, @gone)
       ON CONFLICT (appointment_id, user_id) DO UPDATE SET status = @status, optional = @optional,
         through_group = @through_group, conflict = @conflict, responded_at_ms = @responded_at_ms, from_ms = @from_ms,
         changed_index = @changed_index, gone = @gone`,
    ),
    touch: db.prepare<[number, string]>(
      'UPDATE participants SET changed_index = ? WHERE appointment_id = ? AND gone = 0',
    ),
    purge: db.prepare<[string]>('DELETE FROM participants WHERE appointment_id = ?'),
  };
}
