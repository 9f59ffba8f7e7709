/** Booking and changing appointments. Only the owner may; nobody who books is booked twice without wanting it. */
import {
  AppointmentField,
  type AppointmentFields,
  type CreateAppointment,
  OccurrenceScope,
  type UpdateAppointment,
} from '@agenda/proto/agenda/v1/command';
import { type Appointment, AppointmentStatus } from '@agenda/proto/agenda/v1/model';
import type { AppointmentRow, AppointmentRows } from './appointment-row.ts';
import { type Attendance, askedAgain, type Change } from './attendance.ts';
import { type Booking, type Bookings, refuseTooManyEntries } from './bookings.ts';
import { type Invitees, isRefusal } from './invitees.ts';
import { type Outcome, type RefusalOutcome, refuse, refuseInvalid } from './outcome.ts';
import { type ParticipantRow, type Participants, statusOf } from './participants.ts';
import type { Reminders } from './reminders.ts';
import { type Schedules, sameSpans, scheduleOf, timeColumns } from './schedule.ts';
import type { Step } from './step.ts';
import { type Users, versionMismatch } from './users.ts';
import { appointmentErrors, appointmentFieldErrors } from './validate.ts';
import type { Visibility } from './visibility.ts';

const TIME = AppointmentField.APPOINTMENT_FIELD_TIME;
const REMINDERS = AppointmentField.APPOINTMENT_FIELD_REMINDERS;
const PARTICIPANTS = AppointmentField.APPOINTMENT_FIELD_PARTICIPANTS;

export interface AppointmentParts {
  readonly rows: AppointmentRows;
  readonly schedules: Schedules;
  readonly participants: Participants;
  readonly bookings: Bookings;
  readonly invitees: Invitees;
  readonly attendance: Attendance;
  readonly users: Users;
  readonly reminders: Reminders;
  readonly visibility: Visibility;
}

export class Appointments {
  readonly #rows: AppointmentRows;
  readonly #schedules: Schedules;
  readonly #participants: Participants;
  readonly #bookings: Bookings;
  readonly #invitees: Invitees;
  readonly #attendance: Attendance;
  readonly #users: Users;
  readonly #reminders: Reminders;
  readonly #visibility: Visibility;

  constructor(parts: AppointmentParts) {
    this.#rows = parts.rows;
    this.#schedules = parts.schedules;
    this.#participants = parts.participants;
    this.#bookings = parts.bookings;
    this.#invitees = parts.invitees;
    this.#attendance = parts.attendance;
    this.#users = parts.users;
    this.#reminders = parts.reminders;
    this.#visibility = parts.visibility;
  }

  create(step: Step, create: CreateAppointment): Outcome {
    step.subject = { action: 'appointment.created', target: `appointment:${create.appointmentId}` };
    const { fields, ownerId, allowConflict } = create;
    if (!fields) return refuse('invalid_argument', 'fields are missing', { path: 'fields' });
    const invalid = refuseInvalid(appointmentErrors(fields, ''));
    if (invalid) return invalid;
    const { actorId } = step.command;
    if (actorId !== '' && actorId !== ownerId) return refuse('forbidden', 'you can book for yourself only');
    if (!this.#users.exists(ownerId))
      return refuse('not_found', 'there is no such user', { path: 'ownerId' });
    const schedule = scheduleOf(fields);
    const draft = newRow(step, create, fields);
    const invitees = this.#invite(step, { row: draft, schedule }, create);
    if (isRefusal(invitees)) return invitees;
    const booking = { row: { ...draft, status: statusOf(invitees) }, schedule };
    const conflicts = this.#bookings.ownerConflicts(booking);
    if (conflicts.includes(true) && !allowConflict) return this.#bookings.refuseOwnerConflict(booking);
    if (!this.#rows.insert(booking.row))
      return refuse('conflict', `there is an appointment ${draft.id} already`);
    this.#schedules.add(draft.id, schedule);
    if (draft.reminder_minutes !== '') this.#reminders.schedule(draft, schedule.spans, step.atMs);
    this.#bookings.enterOwner(step, booking, conflicts);
    if (invitees.length === 0) return appointmentOutcome(this.#bookings.tellChanged(step, booking, []));
    this.#attendance.invite(step, booking, invitees);
    const named = this.#participants.of(draft.id);
    return appointmentOutcome(this.#bookings.tellChanged(step, booking, named));
  }

  /** A change counts even if the values stay the same: version and events tell that it was made. */
  update(step: Step, update: UpdateAppointment): Outcome {
    step.subject = { action: 'appointment.updated', target: `appointment:${update.appointmentId}` };
    const found = this.owned(step, update.appointmentId, update.expectedVersion);
    if (isRefusal(found)) return found;
    const { fields, changed } = update;
    if (!fields) return refuse('invalid_argument', 'fields are missing', { path: 'fields' });
    const invalid = refuseInvalid(appointmentFieldErrors(fields, changed, ''));
    if (invalid) return invalid;
    const change = this.#changeOf(step, found, update, fields);
    if (isRefusal(change)) return change;
    const { after, before, moved } = change;
    const conflicts = moved ? this.#bookings.ownerConflicts(after) : [];
    if (conflicts.includes(true) && !update.allowConflict) return this.#bookings.refuseOwnerConflict(after);
    this.#bookings.save(after.row);
    if (changed.includes(TIME)) this.#schedules.replace(found.id, after.schedule);
    if (changed.includes(TIME) || changed.includes(REMINDERS))
      this.#reminders.schedule(after.row, after.schedule.spans, step.atMs);
    if (moved) {
      this.#bookings.removeOwner(before);
      this.#bookings.enterOwner(step, after, conflicts);
    }
    const nobody = change.present.length + change.wanted.length === 0;
    if (!nobody) this.#attendance.follow(step, change);
    const named = nobody ? [] : this.#participants.of(found.id);
    return appointmentOutcome(this.#bookings.tellChanged(step, after, named));
  }

  /** The row, if it is not deleted, the actor's, and of that version. */
  owned(step: Step, id: string, expectedVersion: number | undefined): AppointmentRow | RefusalOutcome {
    const row = this.#rows.byId(id);
    if (row?.deleted_at_ms !== 0) return refuse('not_found', `there is no appointment ${id}`);
    const { actorId } = step.command;
    if (row.owner_id !== actorId) {
      // Whoever cannot see it must not learn that it is there.
      const visible = actorId === '' || this.#visibility.of(actorId).detailOf(row, false) !== 'none';
      return visible
        ? refuse('forbidden', 'only the owner may change, delete or restore an appointment')
        : refuse('not_found', `there is no appointment ${id}`);
    }
    if (expectedVersion !== undefined && expectedVersion !== row.version) return versionMismatch(row.version);
    return row;
  }

  #invite(
    step: Step,
    { row, schedule }: Booking,
    { participants, groupId }: CreateAppointment,
  ): readonly ParticipantRow[] | RefusalOutcome {
    if (groupId === '' && participants.length === 0) return NOBODY;
    const invitees = this.#invitees.plan(step, row, participants);
    if (isRefusal(invitees)) return invitees;
    return (
      refuseTooManyEntries(invitees.length + 1, schedule) ??
      this.#invitees.refuseGroupFull(step, { row, schedule }, invitees.length) ??
      invitees
    );
  }

  #changeOf(
    step: Step,
    found: AppointmentRow,
    { changed, participants, scope }: UpdateAppointment,
    fields: AppointmentFields,
  ): Change | RefusalOutcome {
    const before = this.#bookings.of(found);
    const single = refuseScope(before, scope);
    if (single) return single;
    const schedule = changed.includes(TIME) ? scheduleOf(fields) : before.schedule;
    const columns = { ...changedColumns(fields, changed), ...timeColumns(schedule) };
    const present = this.#participants.of(found.id);
    const wanted = changed.includes(PARTICIPANTS)
      ? this.#invitees.replan(step, found, present, participants)
      : present;
    if (isRefusal(wanted)) return wanted;
    const moved = !sameSpans(before.schedule, schedule);
    const asksAgain = moved || (columns.location ?? found.location) !== found.location;
    const asked = asksAgain ? wanted.map(askedAgain) : wanted;
    const row = this.#bookings.changedRow(step, found, { ...columns, status: statusOf(asked) });
    const more = wanted.length - present.length;
    const refusal =
      (moved || more > 0 ? refuseTooManyEntries(wanted.length + 1, schedule) : undefined) ??
      (more > 0 ? this.#invitees.refuseGroupLoad(step, before, more) : undefined);
    return refusal ?? { before, after: { row, schedule }, present, wanted: asked, moved, asksAgain };
  }
}

const NOBODY: readonly ParticipantRow[] = [];

export function appointmentOutcome(appointment: Appointment): Outcome {
  return { $case: 'appointment', value: appointment };
}

function newRow(
  step: Step,
  { appointmentId, ownerId, groupId, seriesId, recurrenceStartMs }: CreateAppointment,
  fields: AppointmentFields,
): AppointmentRow {
  return {
    id: appointmentId,
    owner_id: ownerId,
    title: fields.title,
    description: fields.description,
    location: fields.location,
    ...timeColumns(scheduleOf(fields)),
    time_zone: fields.timeZone,
    all_day: fields.allDay ? 1 : 0,
    privacy: fields.privacy,
    status: AppointmentStatus.APPOINTMENT_STATUS_ACCEPTED,
    ical_uid: fields.icalUid,
    ical_extra: fields.icalExtra,
    version: 1,
    origin_node: step.command.originNode,
    created_at_ms: step.atMs,
    updated_at_ms: step.atMs,
    deleted_at_ms: 0,
    group_id: groupId,
    series_id: seriesId,
    recurrence_start_ms: recurrenceStartMs,
    reminder_minutes: fields.reminderMinutes.join(','),
    changed_index: step.index,
  };
}

function changedColumns(
  fields: AppointmentFields,
  changed: readonly AppointmentField[],
): Partial<AppointmentRow> {
  return {
    ...(changed.includes(AppointmentField.APPOINTMENT_FIELD_TITLE) && { title: fields.title }),
    ...(changed.includes(AppointmentField.APPOINTMENT_FIELD_DESCRIPTION) && {
      description: fields.description,
    }),
    ...(changed.includes(AppointmentField.APPOINTMENT_FIELD_LOCATION) && { location: fields.location }),
    ...(changed.includes(TIME) && { time_zone: fields.timeZone, all_day: fields.allDay ? 1 : 0 }),
    ...(changed.includes(AppointmentField.APPOINTMENT_FIELD_PRIVACY) && { privacy: fields.privacy }),
    ...(changed.includes(AppointmentField.APPOINTMENT_FIELD_REMINDERS) && {
      reminder_minutes: fields.reminderMinutes.join(','),
    }),
  };
}

/** Single occurrences can be changed of what has several. */
export function refuseScope({ schedule }: Booking, scope: OccurrenceScope): RefusalOutcome | undefined {
  const whole =
    scope === OccurrenceScope.OCCURRENCE_SCOPE_UNSPECIFIED || scope === OccurrenceScope.OCCURRENCE_SCOPE_ALL;
  if (whole || schedule.recurrence) return undefined;
  return refuse('invalid_argument', 'this appointment does not recur: scope must be left out or all', {
    path: 'scope',
  });
}
