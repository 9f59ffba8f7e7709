import type {
  AgendaServiceService,
  AppointmentResponse,
  CreateAppointmentRequest,
  DeleteAppointmentRequest,
  DoneResponse,
  GetAppointmentRequest,
  RespondToInvitationRequest,
  RestoreAppointmentRequest,
  UpdateAppointmentRequest,
} from '@agenda/proto/agenda/v1/agenda';
import {
  AppointmentField,
  AppointmentFields,
  type CommandResult,
  OccurrenceScope,
} from '@agenda/proto/agenda/v1/command';
import { type Appointment, ParticipantStatus, Privacy } from '@agenda/proto/agenda/v1/model';
import { type FieldError, ServiceError } from '@agenda/service-kit/errors';
import type { Handlers } from '@agenda/service-kit/grpc-server';
import { uuidv7 } from '@agenda/service-kit/ids';
import { isStartOfDay, timeZoneErrors } from '../calendar/time-zones.ts';
import { answerErrors, appointmentErrors, appointmentFieldErrors } from '../state-machine/validate.ts';
import type { ApiContext, Handler } from './api-context.ts';
import { assertValid } from './invalid.ts';
import { outcomeOf } from './outcomes.ts';
import { writeAsUser } from './writes.ts';

export function appointmentHandlers(api: ApiContext): Handlers<AgendaServiceService> {
  return {
    createAppointment: createAppointment(api),
    getAppointment: getAppointment(api),
    updateAppointment: updateAppointment(api),
    deleteAppointment: deleteAppointment(api),
    restoreAppointment: restoreAppointment(api),
    respondToInvitation: respondToInvitation(api),
  };
}

function createAppointment(api: ApiContext): Handler<CreateAppointmentRequest, AppointmentResponse> {
  return async (request, call) => {
    const write = writeAsUser(request.context, call);
    assertOffered(request.fields);
    const fields = resolvedFields(request.fields);
    assertValid(appointmentErrors(fields, ''), timeErrors(fields));
    const value = {
      appointmentId: uuidv7(),
      ownerId: write.caller.userId,
      groupId: request.groupId,
      fields,
      participants: request.participants,
      allowConflict: request.allowConflict,
      seriesId: '',
      recurrenceStartMs: 0,
    };
    const result = await api.writes.submit(write, { $case: 'createAppointment', value });
    return appointmentResponse(result, write.caller.userId);
  };
}

function getAppointment(api: ApiContext): Handler<GetAppointmentRequest, AppointmentResponse> {
  return async ({ context, appointmentId }, call) => {
    const { userId } = await api.reads.asUser(context, call);
    const appointment = api.queries.appointmentFor(userId, appointmentId);
    if (!appointment)
      throw new ServiceError(
        'not_found',
        `there is no appointment ${appointmentId}, or it is not yours to see`,
      );
    return { appointment, index: api.reads.index, myStatus: statusOf(appointment, userId) };
  };
}

function updateAppointment(api: ApiContext): Handler<UpdateAppointmentRequest, AppointmentResponse> {
  return async (request, call) => {
    const write = writeAsUser(request.context, call);
    assertOffered(request.fields, request.scope);
    const { appointmentId, changed, expectedVersion, allowConflict, participants } = request;
    const fields = resolvedFields(request.fields);
    assertValid(
      idErrors(appointmentId),
      changed.length === 0 ? [{ path: 'changed', message: 'must name at least one field' }] : [],
      appointmentFieldErrors(fields, changed, ''),
      changed.includes(AppointmentField.APPOINTMENT_FIELD_TIME) ? timeErrors(fields) : [],
    );
    const value = {
      appointmentId,
      fields,
      changed,
      expectedVersion,
      allowConflict,
      participants,
      scope: OccurrenceScope.OCCURRENCE_SCOPE_UNSPECIFIED,
      recurrenceStartMs: 0,
      splitAppointmentId: '',
      remaining: undefined,
    };
    const result = await api.writes.submit(write, { $case: 'updateAppointment', value });
    return appointmentResponse(result, write.caller.userId);
  };
}

function deleteAppointment(api: ApiContext): Handler<DeleteAppointmentRequest, DoneResponse> {
  return async (request, call) => {
    const write = writeAsUser(request.context, call);
    assertOffered(undefined, request.scope);
    const { appointmentId, expectedVersion } = request;
    assertValid(idErrors(appointmentId));
    const value = {
      appointmentId,
      expectedVersion,
      scope: OccurrenceScope.OCCURRENCE_SCOPE_UNSPECIFIED,
      recurrenceStartMs: 0,
      remaining: undefined,
    };
    const result = await api.writes.submit(write, { $case: 'deleteAppointment', value });
    outcomeOf(result, 'done');
    return { index: result.index };
  };
}

function restoreAppointment(api: ApiContext): Handler<RestoreAppointmentRequest, AppointmentResponse> {
  return async ({ context, appointmentId, allowConflict }, call) => {
    const write = writeAsUser(context, call);
    assertValid(idErrors(appointmentId));
    const value = { appointmentId, allowConflict };
    const result = await api.writes.submit(write, { $case: 'restoreAppointment', value });
    return appointmentResponse(result, write.caller.userId);
  };
}

function respondToInvitation(api: ApiContext): Handler<RespondToInvitationRequest, AppointmentResponse> {
  return async ({ context, appointmentId, status, allowConflict }, call) => {
    const write = writeAsUser(context, call);
    const { userId } = write.caller;
    assertValid(idErrors(appointmentId), answerErrors(status, 'status'));
    const value = { appointmentId, userId, status, allowConflict };
    const result = await api.writes.submit(write, { $case: 'respondToInvitation', value });
    return appointmentResponse(result, userId);
  };
}

/** @throws ServiceError `unimplemented` for recurrence. */
function assertOffered(
  fields: AppointmentFields | undefined,
  scope: OccurrenceScope = OccurrenceScope.OCCURRENCE_SCOPE_UNSPECIFIED,
): void {
  const wanted: string[] = [];
  if (fields?.recurrence) wanted.push('recurrence');
  const single =
    scope === OccurrenceScope.OCCURRENCE_SCOPE_UNSPECIFIED || scope === OccurrenceScope.OCCURRENCE_SCOPE_ALL;
  if (!single) wanted.push('changes of single occurrences');
  if (wanted.length > 0)
    throw new ServiceError('unimplemented', `not offered by this version: ${wanted.join(', ')}`);
}

/** Defaults filled in; what this version does not offer left out. */
function resolvedFields(given: AppointmentFields | undefined): AppointmentFields {
  const fields = given ?? AppointmentFields.fromPartial({});
  return {
    title: fields.title,
    description: fields.description,
    location: fields.location,
    startMs: fields.startMs,
    endMs: fields.endMs,
    timeZone: fields.timeZone || 'UTC',
    allDay: fields.allDay,
    privacy: fields.privacy === Privacy.PRIVACY_UNSPECIFIED ? Privacy.PRIVACY_FULL : fields.privacy,
    recurrence: undefined,
    occurrences: [],
    reminderMinutes: fields.reminderMinutes,
    icalUid: fields.icalUid,
    icalExtra: fields.icalExtra,
    expandedUntilMs: 0,
  };
}

/** What apply cannot check, because it knows no time zones. */
function timeErrors({ startMs, endMs, timeZone, allDay }: AppointmentFields): FieldError[] {
  const errors = timeZoneErrors(timeZone, 'timeZone');
  if (!allDay || errors.length > 0) return errors;
  const message = `of an all-day appointment must be midnight in ${timeZone}`;
  if (!isStartOfDay(startMs, timeZone)) errors.push({ path: 'start', message });
  if (!isStartOfDay(endMs, timeZone)) errors.push({ path: 'end', message });
  return errors;
}

function idErrors(appointmentId: string): FieldError[] {
  return appointmentId === '' ? [{ path: 'appointmentId', message: 'is missing' }] : [];
}

function appointmentResponse(result: CommandResult, userId: string): AppointmentResponse {
  const appointment = outcomeOf(result, 'appointment');
  return { appointment, index: result.index, myStatus: statusOf(appointment, userId) };
}

function statusOf(appointment: Appointment, userId: string): ParticipantStatus {
  const mine = appointment.participants.find((participant) => participant.userId === userId);
  return mine?.status ?? ParticipantStatus.PARTICIPANT_STATUS_UNSPECIFIED;
}
