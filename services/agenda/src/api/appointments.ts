import { isDeepStrictEqual } from 'node:util';
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
import type { Series } from '../calendar/expansion.ts';
import { isStartOfDay, timeZoneErrors } from '../calendar/time-zones.ts';
import { answerErrors, appointmentErrors, appointmentFieldErrors } from '../state-machine/validate.ts';
import type { ApiContext, Handler } from './api-context.ts';
import { assertValid } from './invalid.ts';
import { recurrenceOf, withOccurrences } from './occurrences.ts';
import { outcomeOf } from './outcomes.ts';
import { type SplitOfSeries, scopeErrors, submitEdit, withDatesKept } from './series-edits.ts';
import { type WriteCall, writeAsUser } from './writes.ts';

const TIME = AppointmentField.APPOINTMENT_FIELD_TIME;

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
    const given = resolvedFields(request.fields);
    assertValid(appointmentErrors(once(given), ''), timeErrors(given));
    const fields = withOccurrences(given, Date.now());
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
    const { appointmentId, changed, allowConflict, participants, scope, recurrenceStartMs } = request;
    const given = resolvedFields(request.fields);
    const moves = changed.includes(TIME);
    assertValid(
      idErrors(appointmentId),
      scopeErrors(request),
      changed.length === 0 ? [{ path: 'changed', message: 'must name at least one field' }] : [],
      appointmentFieldErrors(once(given), changed, ''),
      moves ? timeErrors(given) : [],
    );
    const result = await submitEdit(api, write, request, async (attempt, split, expectedVersion) => {
      const value = {
        appointmentId,
        ...(await editOf(api, write, request, given, split)),
        expectedVersion,
        allowConflict,
        participants,
        scope,
        recurrenceStartMs,
        splitAppointmentId: scope === OccurrenceScope.OCCURRENCE_SCOPE_UNSPECIFIED ? '' : uuidv7(),
        remaining: split && recurrenceOf(split.before ?? split.after),
      };
      return api.writes.submit(attempt, { $case: 'updateAppointment', value });
    });
    return appointmentResponse(result, write.caller.userId);
  };
}

/** The fields with what apply cannot compute, and which of them change. */
async function editOf(
  api: ApiContext,
  write: WriteCall,
  request: UpdateAppointmentRequest,
  given: AppointmentFields,
  split: SplitOfSeries | undefined,
): Promise<{ fields: AppointmentFields; changed: AppointmentField[] }> {
  const { changed, scope } = request;
  const moves = changed.includes(TIME);
  if (scope === OccurrenceScope.OCCURRENCE_SCOPE_THIS || !(moves || split))
    return { fields: once(given), changed };
  const timed = split ? { ...given, ...(moves ? patternOf(given, split) : timeOf(split.after)) } : given;
  const { recurrence: asked } = timed;
  const recurrence =
    asked && (await withDatesKept(api, write, request, { ...timed, recurrence: asked }, split));
  if (moves) return { fields: withOccurrences({ ...timed, recurrence }, Date.now()), changed };
  const someBack = recurrence !== undefined && recurrence.excludedMs.length < (asked?.excludedMs.length ?? 0);
  // From its first one on it is changed as a whole, and its single ones with it.
  if (!someBack || split?.before === undefined) return { fields: timed, changed };
  return { fields: withOccurrences({ ...timed, recurrence }, Date.now()), changed: [...changed, TIME] };
}

function deleteAppointment(api: ApiContext): Handler<DeleteAppointmentRequest, DoneResponse> {
  return async (request, call) => {
    const write = writeAsUser(request.context, call);
    const { appointmentId, scope, recurrenceStartMs } = request;
    assertValid(idErrors(appointmentId), scopeErrors(request));
    const result = await submitEdit(api, write, request, (attempt, split, expectedVersion) => {
      const remaining = split && recurrenceOf(split.before ?? split.after);
      const value = { appointmentId, expectedVersion, scope, recurrenceStartMs, remaining };
      return api.writes.submit(attempt, { $case: 'deleteAppointment', value });
    });
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

/** Defaults filled in; what is computed here and not given left out. */
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
    recurrence: fields.recurrence,
    occurrences: [],
    reminderMinutes: fields.reminderMinutes,
    icalUid: fields.icalUid,
    icalExtra: fields.icalExtra,
    expandedUntilMs: 0,
  };
}

/** Its start and end are judged by themselves, before its rule is. */
function once(fields: AppointmentFields): AppointmentFields {
  return { ...fields, recurrence: undefined };
}

/** Of the latter part of a series that is split, if it is to stay when it is. */
function timeOf(series: Series) {
  const { startMs, endMs, timeZone, allDay } = series;
  return { startMs, endMs, timeZone, allDay, recurrence: recurrenceOf(series) };
}

/** The rest of a series that keeps its pattern is not counted anew: of five times, from the third on, three are left. */
function patternOf({ recurrence }: AppointmentFields, { whole, after }: SplitOfSeries) {
  return { recurrence: isDeepStrictEqual(recurrence, whole) ? recurrenceOf(after) : recurrence };
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
