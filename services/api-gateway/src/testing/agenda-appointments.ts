import {
  type AgendaServiceService,
  AppointmentResponse,
  DoneResponse,
  OccurrencesResponse,
} from '@agenda/proto/agenda/v1/agenda';
import { AppointmentField, type AppointmentFields } from '@agenda/proto/agenda/v1/command';
import {
  Appointment,
  AppointmentStatus,
  ConflictDetail,
  Occurrence,
  ParticipantStatus,
  Privacy,
} from '@agenda/proto/agenda/v1/model';
import { ServiceError } from '@agenda/service-kit/errors';
import type { Handlers } from '@agenda/service-kit/grpc-server';
import { uuidv7 } from '@agenda/service-kit/ids';
import { assertVersion } from './agenda-accounts.ts';
import type { AgendaState } from './agenda-state.ts';

const LIMIT_DEFAULT = 50;

/** Appointments of the scripted agenda: one owner each, conflicts refused. */
export function appointmentHandlers(state: AgendaState): Handlers<typeof AgendaServiceService> {
  return {
    createAppointment: ({ context, fields, allowConflict }) =>
      state.write(context, (index) => {
        const { userId } = state.userOf(context);
        const now = Date.now();
        const appointment = Appointment.fromPartial({
          ...ownFields(fields),
          id: uuidv7(),
          ownerId: userId,
          status: AppointmentStatus.APPOINTMENT_STATUS_ACCEPTED,
          version: 1,
          originNode: 'agenda-1',
          createdAtMs: now,
          updatedAtMs: now,
        });
        if (!allowConflict) assertFree(state, appointment);
        return store(state, index, appointment);
      }),
    getAppointment: ({ context, appointmentId }) => {
      const { userId } = state.read(context);
      const appointment = state.appointments.get(appointmentId);
      if (appointment?.ownerId !== userId) throw notFound(appointmentId);
      return AppointmentResponse.fromPartial({ appointment, index: state.index });
    },
    updateAppointment: ({ context, appointmentId, fields, changed, expectedVersion, allowConflict }) =>
      state.write(context, (index) => {
        const before = ownAppointment(state, state.userOf(context).userId, appointmentId);
        assertVersion(before.version, expectedVersion);
        const next = { ...before, ...pick(ownFields(fields), changed), version: before.version + 1 };
        if (!allowConflict && changed.includes(AppointmentField.APPOINTMENT_FIELD_TIME))
          assertFree(state, next);
        return store(state, index, next);
      }),
    deleteAppointment: ({ context, appointmentId, expectedVersion }) =>
      state.write(context, (index) => {
        const { userId } = state.userOf(context);
        const { version } = ownAppointment(state, userId, appointmentId);
        assertVersion(version, expectedVersion);
        state.appointments.delete(appointmentId);
        const value = { appointmentId, version: version + 1 };
        state.emit(index, [userId], { $case: 'appointmentRemoved', value });
        return DoneResponse.fromPartial({ index });
      }),
    listAgenda: ({ context, startMs, endMs, limit, cursor }) => {
      const { userId } = state.read(context);
      const inRange = [...state.appointments.values()]
        .filter((item) => item.ownerId === userId && item.startMs < endMs && item.endMs > startMs)
        .sort((left, right) => left.startMs - right.startMs || (left.id < right.id ? -1 : 1));
      const { items, nextCursor } = page(inRange, limit || LIMIT_DEFAULT, cursor);
      return OccurrencesResponse.fromPartial({
        occurrences: items.map((appointment) => occurrenceOf(appointment, userId)),
        nextCursor,
        index: state.index,
      });
    },
  };
}

/** Cursors are opaque to the gateway; here: an offset in base64url. @throws ServiceError `invalid_argument` */
export function page<T>(
  items: readonly T[],
  limit: number,
  cursor: string,
): { items: T[]; nextCursor: string } {
  const from = cursor === '' ? 0 : Number(Buffer.from(cursor, 'base64url').toString());
  if (!Number.isInteger(from)) {
    const fields = [{ path: 'cursor', message: 'is none that this list gave' }];
    throw new ServiceError('invalid_argument', 'cursor is none that this list gave', { fields });
  }
  const to = from + limit;
  const nextCursor = to < items.length ? Buffer.from(String(to)).toString('base64url') : '';
  return { items: items.slice(from, to), nextCursor };
}

type OwnFields = Pick<
  Appointment,
  'title' | 'description' | 'location' | 'startMs' | 'endMs' | 'timeZone' | 'allDay' | 'privacy'
>;

function ownFields(fields: AppointmentFields | undefined): OwnFields {
  if (!fields) throw new ServiceError('invalid_argument', 'fields is missing');
  const { title, description, location, startMs, endMs, allDay } = fields;
  const privacy = fields.privacy || Privacy.PRIVACY_FULL;
  return {
    title,
    description,
    location,
    startMs,
    endMs,
    allDay,
    privacy,
    timeZone: fields.timeZone || 'UTC',
  };
}

function pick(fields: OwnFields, changed: readonly AppointmentField[]): Partial<OwnFields> {
  const { title, description, location, privacy, startMs, endMs, timeZone, allDay } = fields;
  const has = (field: AppointmentField): boolean => changed.includes(field);
  return {
    ...(has(AppointmentField.APPOINTMENT_FIELD_TITLE) ? { title } : {}),
    ...(has(AppointmentField.APPOINTMENT_FIELD_DESCRIPTION) ? { description } : {}),
    ...(has(AppointmentField.APPOINTMENT_FIELD_LOCATION) ? { location } : {}),
    ...(has(AppointmentField.APPOINTMENT_FIELD_PRIVACY) ? { privacy } : {}),
    ...(has(AppointmentField.APPOINTMENT_FIELD_TIME) ? { startMs, endMs, timeZone, allDay } : {}),
  };
}

function store(state: AgendaState, index: number, appointment: Appointment): AppointmentResponse {
  state.appointments.set(appointment.id, appointment);
  state.emit(index, [appointment.ownerId], { $case: 'appointmentChanged', value: { appointment } });
  return AppointmentResponse.fromPartial({ appointment, index });
}

function ownAppointment(state: AgendaState, userId: string, id: string): Appointment {
  const appointment = state.appointments.get(id);
  if (!appointment) throw notFound(id);
  if (appointment.ownerId !== userId)
    throw new ServiceError('forbidden', 'only the owner may change or delete it');
  return appointment;
}

function notFound(id: string): ServiceError {
  return new ServiceError('not_found', `there is no appointment ${id}, or it is not yours to see`);
}

function assertFree(state: AgendaState, wanted: Appointment): void {
  const taken = [...state.appointments.values()].filter(
    (other) =>
      other.ownerId === wanted.ownerId &&
      other.id !== wanted.id &&
      other.startMs < wanted.endMs &&
      other.endMs > wanted.startMs,
  );
  if (taken.length === 0) return;
  const appointments = taken.map(({ id, title, startMs, endMs, ownerId }) => ({
    appointmentId: id,
    title,
    startMs,
    endMs,
    userId: ownerId,
  }));
  const payload = ConflictDetail.encode({ appointments, total: taken.length }).finish();
  throw new ServiceError('conflict', 'something else stands there already', { payload });
}

function occurrenceOf(appointment: Appointment, userId: string): Occurrence {
  return Occurrence.fromPartial({
    appointment,
    startMs: appointment.startMs,
    endMs: appointment.endMs,
    myStatus: ParticipantStatus.PARTICIPANT_STATUS_UNSPECIFIED,
    userId,
  });
}
