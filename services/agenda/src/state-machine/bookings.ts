/** Puts appointments into the agendas of their people, keeps both in step, and tells everyone of it. */
import {
  type Appointment,
  NotificationKind,
  ParticipantStatus,
  type Span,
} from '@agenda/proto/agenda/v1/model';
import { type AgendaEntries, takesTime } from './agenda-entries.ts';
import { type AppointmentRow, type AppointmentRows, appointmentFromRow } from './appointment-row.ts';
import { ENTRIES_PER_COMMAND_MAX } from './bounds.ts';
import type { Notifications } from './notifications.ts';
import { type RefusalOutcome, refuse } from './outcome.ts';
import {
  type NamedParticipantRow,
  type ParticipantRow,
  type Participants,
  participantsFor,
} from './participants.ts';
import type { Schedule, Schedules } from './schedule.ts';
import type { Step } from './step.ts';

/** An appointment and when it takes place. */
export interface Booking {
  readonly row: AppointmentRow;
  readonly schedule: Schedule;
}

export interface BookingParts {
  readonly rows: AppointmentRows;
  readonly schedules: Schedules;
  readonly entries: AgendaEntries;
  readonly participants: Participants;
  readonly notifications: Notifications;
}

export class Bookings {
  readonly #rows: AppointmentRows;
  readonly #schedules: Schedules;
  readonly #entries: AgendaEntries;
  readonly #participants: Participants;
  readonly #notifications: Notifications;

  constructor(parts: BookingParts) {
    this.#rows = parts.rows;
    this.#schedules = parts.schedules;
    this.#entries = parts.entries;
    this.#participants = parts.participants;
    this.#notifications = parts.notifications;
  }

  of(row: AppointmentRow): Booking {
    return { row, schedule: this.#schedules.of(row) };
  }

  /** Of each occurrence, whether the owner's time is taken by something else. */
  ownerConflicts({ row, schedule }: Booking): boolean[] {
    return this.#entries.taken(row.owner_id, schedule.spans, row.id);
  }

  refuseOwnerConflict({ row, schedule }: Booking): RefusalOutcome {
    return this.#entries.refuseConflict(row.owner_id, schedule.spans, row.id);
  }

  /** The owner's place is no row of participants but the entry in the owner's own agenda. */
  enterOwner(step: Step, { row, schedule }: Booking, conflicts: readonly boolean[]): void {
    this.#entries.add(row.owner_id, row, schedule, ParticipantStatus.PARTICIPANT_STATUS_ACCEPTED, conflicts);
    if (conflicts.includes(true))
      this.#notifications.notify(step, {
        userId: row.owner_id,
        kind: NotificationKind.NOTIFICATION_KIND_CONFLICT,
        appointmentId: row.id,
        text: `"${row.title}" overlaps something else in your agenda.`,
      });
  }

  /** What stood there already, under another appointment from now on: nothing new to tell. */
  reenterOwner(booking: Booking): void {
    const { row, schedule } = booking;
    const status = ParticipantStatus.PARTICIPANT_STATUS_ACCEPTED;
    this.#entries.add(row.owner_id, row, schedule, status, this.ownerConflicts(booking));
  }

  removeOwner({ row, schedule }: Booking): void {
    this.#entries.remove(row.owner_id, row.id, schedule.spans);
  }

  /**
   * Writes the participant and what follows in the person's agenda: nothing for who declined or is gone.
   *
   * @returns the row, with its conflict flag.
   */
  enter<Row extends ParticipantRow>(booking: Booking, participant: Row): Row {
    const { row, schedule } = booking;
    const spans = this.spansOf(booking, participant);
    const { user_id: userId, status } = participant;
    const stands = participant.gone === 0 && status !== ParticipantStatus.PARTICIPANT_STATUS_DECLINED;
    const conflicts = stands && takesTime(status) ? this.#entries.taken(userId, spans, row.id) : [];
    const next = { ...participant, conflict: conflicts.includes(true) ? 1 : 0 };
    this.#participants.put(next);
    if (stands) this.#entries.add(userId, row, { ...schedule, spans }, status, conflicts);
    return next;
  }

  /** From the agenda; the participant's row stays. @param booking as it was when the entries were made. */
  removeEntries(booking: Booking, participant: ParticipantRow): void {
    this.#entries.remove(participant.user_id, booking.row.id, this.spansOf(booking, participant));
  }

  /** The occurrences that concern a participant. */
  spansOf({ schedule }: Booking, { from_ms }: ParticipantRow): readonly Span[] {
    return from_ms === 0 ? schedule.spans : schedule.spans.filter(({ endMs }) => endMs > from_ms);
  }

  /** A participant is no longer asked. */
  takeOut(step: Step, booking: Booking, participant: ParticipantRow): void {
    this.removeEntries(booking, participant);
    this.#participants.put({ ...participant, conflict: 0, changed_index: step.index, gone: 1 });
  }

  /** Superiors are not refused a time that is taken; who is entered twice learns it, and so does the owner. */
  tellConflicts(step: Step, { row }: Booking, entered: readonly ParticipantRow[]): void {
    const doubly = entered.filter(
      ({ status, conflict }) => status === ParticipantStatus.PARTICIPANT_STATUS_AUTO && conflict !== 0,
    );
    if (doubly.length === 0) return;
    const draft = { kind: NotificationKind.NOTIFICATION_KIND_CONFLICT, appointmentId: row.id };
    for (const { user_id: userId } of doubly)
      this.#notifications.notify(step, {
        ...draft,
        userId,
        text: `"${row.title}" was entered in your agenda and overlaps something else there.`,
      });
    const people = doubly.length === 1 ? '1 participant has' : `${doubly.length} participants have`;
    this.#notifications.notify(step, {
      ...draft,
      userId: row.owner_id,
      text: `${people} something else at the time of "${row.title}".`,
    });
  }

  /** What all changes of an appointment end with. @returns it as who acts may see it. */
  tellChanged(step: Step, booking: Booking, participants: readonly NamedParticipantRow[]): Appointment {
    const { row } = booking;
    const { actorId } = step.command;
    const forOwner = this.seenBy(row.owner_id, booking, participants);
    if (participants.length === 0) {
      step.emit([row.owner_id], { $case: 'appointmentChanged', value: { appointment: forOwner } });
      return forOwner;
    }
    this.#participants.touch(row.id, step.index);
    const others = participants.map(({ user_id }) => user_id);
    if (participants.every(({ conflict }) => conflict === 0)) {
      const value = { appointment: forOwner };
      step.emit([row.owner_id, ...others], { $case: 'appointmentChanged', value });
      return forOwner;
    }
    step.emit([row.owner_id], { $case: 'appointmentChanged', value: { appointment: forOwner } });
    const value = { appointment: this.seenBy('', booking, participants) };
    step.emit(others, { $case: 'appointmentChanged', value });
    return actorId === row.owner_id ? forOwner : this.seenBy(actorId, booking, participants);
  }

  /** By the owner or a participant: they see all but who else is entered doubly. */
  seenBy(
    viewerId: string,
    { row, schedule }: Booking,
    participants: readonly NamedParticipantRow[],
  ): Appointment {
    return appointmentFromRow(
      row,
      participantsFor(viewerId, row.owner_id, participants),
      schedule.recurrence,
    );
  }

  /** They no longer see it. */
  tellRemoved(step: Step, { id, version }: AppointmentRow, userIds: readonly string[]): void {
    if (userIds.length === 0) return;
    step.emit(userIds, { $case: 'appointmentRemoved', value: { appointmentId: id, version } });
  }

  /** The row as it is after this change: one version later. */
  changedRow(step: Step, row: AppointmentRow, columns: Partial<AppointmentRow>): AppointmentRow {
    return {
      ...row,
      ...columns,
      version: row.version + 1,
      updated_at_ms: step.atMs,
      changed_index: step.index,
    };
  }

  save(row: AppointmentRow): void {
    this.#rows.update(row);
  }
}

/** @param people with the owner. */
export function refuseTooManyEntries(people: number, { spans }: Schedule): RefusalOutcome | undefined {
  const entries = people * spans.length;
  if (entries <= ENTRIES_PER_COMMAND_MAX) return undefined;
  return refuse(
    'unprocessable',
    `${people} people times ${spans.length} occurrences are ${entries} entries; at most ${ENTRIES_PER_COMMAND_MAX} can be made at once: invite fewer people, or let the series end earlier`,
  );
}
