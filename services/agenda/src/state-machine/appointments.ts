/** Booking, changing and deleting appointments. Only the owner may; nobody is booked twice without wanting it. */
import {
  AppointmentField,
  type AppointmentFields,
  type CreateAppointment,
  type DeleteAppointment,
  type UpdateAppointment,
} from '@agenda/proto/agenda/v1/command';
import { AppointmentStatus, NotificationKind, ParticipantStatus } from '@agenda/proto/agenda/v1/model';
import type { AgendaEntries } from './agenda-entries.ts';
import { type AppointmentRow, type AppointmentRows, appointmentFromRow } from './appointment-row.ts';
import type { Notifications } from './notifications.ts';
import { DONE, type Outcome, type RefusalOutcome, refuse, refuseInvalid } from './outcome.ts';
import { type Schedule, type Schedules, sameSpans, scheduleOf, timeColumns } from './schedule.ts';
import type { Step } from './step.ts';
import { type Users, versionMismatch } from './users.ts';
import { appointmentErrors, appointmentFieldErrors } from './validate.ts';

const TIME = AppointmentField.APPOINTMENT_FIELD_TIME;

export interface AppointmentParts {
  readonly rows: AppointmentRows;
  readonly schedules: Schedules;
  readonly entries: AgendaEntries;
  readonly users: Users;
  readonly notifications: Notifications;
}

export class Appointments {
  readonly #rows: AppointmentRows;
  readonly #schedules: Schedules;
  readonly #entries: AgendaEntries;
  readonly #users: Users;
  readonly #notifications: Notifications;

  constructor(parts: AppointmentParts) {
    this.#rows = parts.rows;
    this.#schedules = parts.schedules;
    this.#entries = parts.entries;
    this.#users = parts.users;
    this.#notifications = parts.notifications;
  }

  create(step: Step, { appointmentId, ownerId, fields, allowConflict }: CreateAppointment): Outcome {
    step.subject = { action: 'appointment.created', target: `appointment:${appointmentId}` };
    if (!fields) return refuse('invalid_argument', 'fields are missing', { path: 'fields' });
    const invalid = refuseInvalid(appointmentErrors(fields, ''));
    if (invalid) return invalid;
    const { actorId, originNode } = step.command;
    if (actorId !== '' && actorId !== ownerId) return refuse('forbidden', 'you can book for yourself only');
    if (!this.#users.exists(ownerId))
      return refuse('not_found', 'there is no such user', { path: 'ownerId' });
    const schedule = scheduleOf(fields);
    const conflicts = this.#entries.taken(ownerId, schedule.spans, '');
    if (conflicts.includes(true) && !allowConflict)
      return this.#entries.refuseConflict(ownerId, schedule.spans, '');
    const row: AppointmentRow = {
      id: appointmentId,
      owner_id: ownerId,
      title: fields.title,
      description: fields.description,
      location: fields.location,
      ...timeColumns(schedule),
      time_zone: fields.timeZone,
      all_day: fields.allDay ? 1 : 0,
      privacy: fields.privacy,
      status: AppointmentStatus.APPOINTMENT_STATUS_ACCEPTED,
      ical_uid: fields.icalUid,
      ical_extra: fields.icalExtra,
      version: 1,
      origin_node: originNode,
      created_at_ms: step.atMs,
      updated_at_ms: step.atMs,
      deleted_at_ms: 0,
      group_id: '',
      series_id: '',
      recurrence_start_ms: 0,
      reminder_minutes: '',
      changed_index: step.index,
    };
    if (!this.#rows.insert(row))
      return refuse('conflict', `there is an appointment ${appointmentId} already`);
    this.#schedules.add(row.id, schedule);
    return this.#enter(step, row, schedule, conflicts);
  }

  /** A change counts even if the values stay the same: version and events tell that it was made. */
  update(step: Step, change: UpdateAppointment): Outcome {
    step.subject = { action: 'appointment.updated', target: `appointment:${change.appointmentId}` };
    const found = this.#owned(step, change.appointmentId, change.expectedVersion);
    if ('$case' in found) return found;
    const { fields, changed } = change;
    if (!fields) return refuse('invalid_argument', 'fields are missing', { path: 'fields' });
    const invalid = refuseInvalid(appointmentFieldErrors(fields, changed, ''));
    if (invalid) return invalid;
    const before = this.#schedules.of(found);
    const after = changed.includes(TIME) ? scheduleOf(fields) : before;
    const next: AppointmentRow = {
      ...found,
      ...changedColumns(fields, changed),
      ...timeColumns(after),
      version: found.version + 1,
      updated_at_ms: step.atMs,
      changed_index: step.index,
    };
    if (sameSpans(before, after)) {
      this.#rows.update(next);
      if (after !== before) this.#schedules.replace(next.id, after);
      return this.#changed(step, next, after);
    }
    const conflicts = this.#entries.taken(next.owner_id, after.spans, next.id);
    if (conflicts.includes(true) && !change.allowConflict)
      return this.#entries.refuseConflict(next.owner_id, after.spans, next.id);
    this.#rows.update(next);
    this.#schedules.replace(next.id, after);
    this.#entries.remove(found.owner_id, found.id, before.spans);
    return this.#enter(step, next, after, conflicts);
  }

  /** Soft: the row stays for a while and can be brought back; its place in the agenda is free at once. */
  delete(step: Step, { appointmentId, expectedVersion }: DeleteAppointment): Outcome {
    step.subject = { action: 'appointment.deleted', target: `appointment:${appointmentId}` };
    const found = this.#owned(step, appointmentId, expectedVersion);
    if ('$case' in found) return found;
    const version = found.version + 1;
    this.#rows.update({
      ...found,
      version,
      updated_at_ms: step.atMs,
      deleted_at_ms: step.atMs,
      changed_index: step.index,
    });
    this.#entries.remove(found.owner_id, found.id, this.#schedules.of(found).spans);
    step.emit([found.owner_id], { $case: 'appointmentRemoved', value: { appointmentId, version } });
    return DONE;
  }

  #owned(step: Step, id: string, expectedVersion: number | undefined): AppointmentRow | RefusalOutcome {
    const row = this.#rows.byId(id);
    if (row?.deleted_at_ms !== 0) return refuse('not_found', `there is no appointment ${id}`);
    if (row.owner_id !== step.command.actorId)
      return refuse('forbidden', 'only the owner may change or delete an appointment');
    if (expectedVersion !== undefined && expectedVersion !== row.version) return versionMismatch(row.version);
    return row;
  }

  #enter(step: Step, row: AppointmentRow, schedule: Schedule, conflicts: readonly boolean[]): Outcome {
    this.#entries.add(row.owner_id, row, schedule, ParticipantStatus.PARTICIPANT_STATUS_ACCEPTED, conflicts);
    if (conflicts.includes(true))
      this.#notifications.notify(step, {
        userId: row.owner_id,
        kind: NotificationKind.NOTIFICATION_KIND_CONFLICT,
        appointmentId: row.id,
        text: `"${row.title}" overlaps something else in your agenda.`,
      });
    return this.#changed(step, row, schedule);
  }

  #changed(step: Step, row: AppointmentRow, { recurrence }: Schedule): Outcome {
    const appointment = appointmentFromRow(row, [], recurrence);
    step.emit([row.owner_id], { $case: 'appointmentChanged', value: { appointment } });
    return { $case: 'appointment', value: appointment };
  }
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
  };
}
