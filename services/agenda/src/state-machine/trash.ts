/** Deleting is soft: for thirty days the owner can have it back. Then it is gone for good. */
import type { DeleteAppointment, PurgeDeleted, RestoreAppointment } from '@agenda/proto/agenda/v1/command';
import { AppointmentStatus, NotificationKind } from '@agenda/proto/agenda/v1/model';
import type { Database } from 'better-sqlite3';
import type { AppointmentRow, AppointmentRows } from './appointment-row.ts';
import { type Appointments, appointmentOutcome, refuseScope } from './appointments.ts';
import { type Attendance, askedAgain } from './attendance.ts';
import { type Booking, type Bookings, refuseTooManyEntries } from './bookings.ts';
import { TRASH_MS } from './bounds.ts';
import { type Invitees, isRefusal } from './invitees.ts';
import type { Notifications } from './notifications.ts';
import { DONE, type Outcome, type RefusalOutcome, refuse } from './outcome.ts';
import { type Participants, statusOf } from './participants.ts';
import type { Reminders } from './reminders.ts';
import type { Step } from './step.ts';

/** However many a command asks for. */
const PURGED_PER_COMMAND_MAX = 1_000;

export interface TrashParts {
  readonly rows: AppointmentRows;
  readonly appointments: Appointments;
  readonly participants: Participants;
  readonly bookings: Bookings;
  readonly invitees: Invitees;
  readonly attendance: Attendance;
  readonly notifications: Notifications;
  readonly reminders: Reminders;
}

export class Trash {
  readonly #rows: AppointmentRows;
  readonly #appointments: Appointments;
  readonly #participants: Participants;
  readonly #bookings: Bookings;
  readonly #invitees: Invitees;
  readonly #attendance: Attendance;
  readonly #notifications: Notifications;
  readonly #reminders: Reminders;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(db: Database, parts: TrashParts) {
    this.#statements = prepare(db);
    this.#rows = parts.rows;
    this.#appointments = parts.appointments;
    this.#participants = parts.participants;
    this.#bookings = parts.bookings;
    this.#invitees = parts.invitees;
    this.#attendance = parts.attendance;
    this.#notifications = parts.notifications;
    this.#reminders = parts.reminders;
  }

  /** The row stays for a while and can be brought back; its place in all agendas is free at once. */
  delete(step: Step, { appointmentId, expectedVersion, scope }: DeleteAppointment): Outcome {
    step.subject = { action: 'appointment.deleted', target: `appointment:${appointmentId}` };
    const found = this.#appointments.owned(step, appointmentId, expectedVersion);
    if (isRefusal(found)) return found;
    const booking = this.#bookings.of(found);
    const single = refuseScope(booking, scope);
    if (single) return single;
    this.discard(step, booking);
    return DONE;
  }

  /** Into the trash with it, whoever decided so. */
  discard(step: Step, { row: found, schedule }: Booking): void {
    const row = this.#bookings.changedRow(step, found, {
      status: AppointmentStatus.APPOINTMENT_STATUS_CANCELLED,
      deleted_at_ms: step.atMs,
    });
    const booking = { row, schedule };
    this.#bookings.save(row);
    this.#reminders.remove(row.id);
    this.#bookings.removeOwner(booking);
    const participants = this.#participants.of(row.id);
    if (participants.length > 0) this.#attendance.cancel(step, booking, participants);
    if (step.command.actorId !== row.owner_id)
      this.#notifications.notify(step, {
        userId: row.owner_id,
        kind: NotificationKind.NOTIFICATION_KIND_CANCELLED,
        appointmentId: row.id,
        groupId: row.group_id,
        text: `"${row.title}" was cancelled with its group.`,
      });
    this.#bookings.tellRemoved(step, row, [row.owner_id, ...participants.map(({ user_id }) => user_id)]);
  }

  /** Everyone is back, but must answer again; of a group, whoever is a member by now. */
  restore(step: Step, { appointmentId, allowConflict }: RestoreAppointment): Outcome {
    step.subject = { action: 'appointment.restored', target: `appointment:${appointmentId}` };
    const found = this.#deleted(step, appointmentId);
    if (isRefusal(found)) return found;
    const { schedule } = this.#bookings.of(found);
    const present = this.#participants.of(found.id);
    const people = this.#invitees.regroup(step, found, present).map(askedAgain);
    const coming = people.filter(({ gone }) => gone === 0);
    const row = this.#bookings.changedRow(step, found, { status: statusOf(people), deleted_at_ms: 0 });
    const booking = { row, schedule };
    const refusal =
      refuseTooManyEntries(coming.length + 1, schedule) ??
      this.#invitees.refuseGroupFull(step, booking, coming.length);
    if (refusal) return refusal;
    const conflicts = this.#bookings.ownerConflicts(booking);
    if (conflicts.includes(true) && !allowConflict) return this.#bookings.refuseOwnerConflict(booking);
    this.#bookings.save(row);
    this.#reminders.schedule(row, schedule.spans, step.atMs);
    this.#bookings.enterOwner(step, booking, conflicts);
    for (const participant of people)
      if (participant.gone !== 0) this.#bookings.takeOut(step, booking, participant);
    this.#attendance.restore(step, booking, coming);
    return appointmentOutcome(this.#bookings.tellChanged(step, booking, this.#participants.of(row.id)));
  }

  /** By log time, whatever the command says: nothing goes before its thirty days are over. */
  purge(step: Step, { deletedBeforeMs, limit }: PurgeDeleted): Outcome {
    step.subject = { action: 'trash.purged', target: '' };
    if (step.command.actorId !== '') return refuse('forbidden', 'the trash is emptied by the cluster itself');
    const beforeMs = Math.min(deletedBeforeMs, step.atMs - TRASH_MS);
    const rows = this.#statements.oldest.all(beforeMs, Math.min(limit, PURGED_PER_COMMAND_MAX));
    for (const { id } of rows) {
      this.#participants.purge(id);
      this.#statements.purgeSeries.run(id);
      this.#statements.purge.run(id);
    }
    const purgedIndex = rows.reduce((latest, row) => Math.max(latest, row.changed_index), 0);
    if (rows.length > 0) this.#statements.notePurged.run(purgedIndex);
    step.subject = { ...step.subject, detail: { appointments: rows.length } };
    return DONE;
  }

  #deleted(step: Step, id: string): AppointmentRow | RefusalOutcome {
    const row = this.#rows.byId(id);
    if (row?.deleted_at_ms === 0) {
      const owned = this.#appointments.owned(step, id, undefined);
      if (!isRefusal(owned)) return refuse('conflict', 'it is not deleted');
      return owned.value.code === 'not_found' ? notInTrash(id) : owned;
    }
    const mine = row?.owner_id === step.command.actorId ? row : undefined;
    return mine && mine.deleted_at_ms + TRASH_MS > step.atMs ? mine : notInTrash(id);
  }
}

/** The same words whether it is there and hidden, somebody else's, or nowhere. */
function notInTrash(id: string): RefusalOutcome {
  return refuse('not_found', `there is no appointment ${id} in your trash`);
}

function prepare(db: Database) {
  return {
    oldest: db.prepare<[number, number], { id: string; changed_index: number }>(
      `SELECT id, changed_index FROM appointments WHERE deleted_at_ms <> 0 AND deleted_at_ms <= ?
       ORDER BY deleted_at_ms, id LIMIT ?`,
    ),
    purge: db.prepare<[string]>('DELETE FROM appointments WHERE id = ?'),
    purgeSeries: db.prepare<[string]>('DELETE FROM series WHERE appointment_id = ?'),
    notePurged: db.prepare<[number]>('UPDATE machine_state SET purged_index = max(purged_index, ?)'),
  };
}
