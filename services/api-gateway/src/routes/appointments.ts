import type { UpdateAppointmentRequest } from '@agenda/proto/agenda/v1/agenda';
import { AppointmentField, AppointmentFields, OccurrenceScope } from '@agenda/proto/agenda/v1/command';
import type { Appointment } from '@agenda/proto/agenda/v1/model';
import { ServiceError } from '@agenda/service-kit/errors';
import { isUuid } from '@agenda/service-kit/ids';
import { readBody } from '../middleware/body.ts';
import { expectedVersion, isKnown, setETag } from '../middleware/conditions.ts';
import { readContext } from '../middleware/consistency.ts';
import type { RequestContext } from '../middleware/context.ts';
import {
  type AppointmentBody,
  type AppointmentPatch,
  agendaQuerySchema,
  appointmentPatchSchema,
  appointmentSchema,
} from '../schemas/appointments.ts';
import { parse } from '../schemas/parse.ts';
import { appointmentView, listView, occurrenceView, PRIVACY_VALUES } from '../views.ts';
import { answer, answerEmpty } from './answers.ts';
import type { Gateway } from './gateway.ts';

type Route = (context: RequestContext) => Promise<void>;

/** How often a PATCH without If-Match reads anew because somebody else was faster. */
const PATCH_TRIES_MAX = 3;

const ALL_FIELDS: AppointmentField[] = [
  AppointmentField.APPOINTMENT_FIELD_TITLE,
  AppointmentField.APPOINTMENT_FIELD_DESCRIPTION,
  AppointmentField.APPOINTMENT_FIELD_LOCATION,
  AppointmentField.APPOINTMENT_FIELD_TIME,
  AppointmentField.APPOINTMENT_FIELD_PRIVACY,
];

export function createAppointment({ agenda, idempotency }: Gateway): Route {
  return async (context) => {
    const body = await readBody(context, appointmentSchema);
    const request = {
      context: idempotency.writeContext(context),
      fields: fieldsOf(body),
      groupId: '',
      participants: [],
      allowConflict: body.allowConflict,
    };
    const response = await agenda.write(context, (calls, options) =>
      calls.createAppointment(request, options),
    );
    const appointment = response.appointment as Appointment;
    context.set('Location', `/api/appointments/${appointment.id}`);
    answerAppointment(context, 201, appointment, response.index);
  };
}

export function getAppointment({ agenda }: Gateway): Route {
  return async (context) => {
    const request = { context: readContext(context), appointmentId: idOf(context) };
    const response = await agenda.read(context, (calls, options) => calls.getAppointment(request, options));
    const appointment = response.appointment as Appointment;
    if (!isKnown(context, appointment.version)) {
      answerAppointment(context, 200, appointment, response.index);
      return;
    }
    setETag(context, appointment.version);
    context.set('X-Agenda-Index', String(response.index));
    context.status = 304;
  };
}

/** The whole appointment is replaced: what is left out gets its default. */
export function putAppointment(gateway: Gateway): Route {
  return async (context) => {
    const body = await readBody(context, appointmentSchema);
    const update = { fields: fieldsOf(body), changed: ALL_FIELDS, allowConflict: body.allowConflict };
    await answerUpdate(gateway, context, { ...update, expectedVersion: expectedVersion(context) }, 0);
  };
}

export function patchAppointment(gateway: Gateway): Route {
  return async (context) => {
    const patch = await readBody(context, appointmentPatchSchema);
    const changed = changedBy(patch);
    if (changed.length === 0)
      throw new ServiceError(
        'invalid_argument',
        'nothing to change: give at least one of title, start, end, …',
      );
    const update = { changed, allowConflict: patch.allowConflict, expectedVersion: expectedVersion(context) };
    if (timeIsWhole(patch) || !changed.includes(AppointmentField.APPOINTMENT_FIELD_TIME))
      await answerUpdate(gateway, context, { ...update, fields: patchedFields(patch, undefined) }, 0);
    else await patchTime(gateway, context, patch, update);
  };
}

/** Start, end, zone and all-day change together, so a part of them is completed by what is there. */
async function patchTime(
  gateway: Gateway,
  context: RequestContext,
  patch: AppointmentPatch,
  update: Pick<Update, 'changed' | 'allowConflict' | 'expectedVersion'>,
): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const request = { context: readContext(context), appointmentId: idOf(context) };
    const read = await gateway.agenda.read(context, (calls, options) =>
      calls.getAppointment(request, options),
    );
    const before = read.appointment as Appointment;
    const expected = update.expectedVersion ?? before.version;
    const fields = patchedFields(patch, before);
    try {
      await answerUpdate(gateway, context, { ...update, fields, expectedVersion: expected }, attempt);
      return;
    } catch (error) {
      const raced = error instanceof ServiceError && error.code === 'version_mismatch';
      if (!raced || update.expectedVersion !== undefined || attempt + 1 >= PATCH_TRIES_MAX) throw error;
    }
  }
}

export function deleteAppointment({ agenda, idempotency }: Gateway): Route {
  return async (context) => {
    const request = {
      context: idempotency.writeContext(context),
      appointmentId: idOf(context),
      expectedVersion: expectedVersion(context),
      scope: OccurrenceScope.OCCURRENCE_SCOPE_UNSPECIFIED,
      recurrenceStartMs: 0,
    };
    const { index } = await agenda.write(context, (calls, options) =>
      calls.deleteAppointment(request, options),
    );
    answerEmpty(context, index);
  };
}

export function listAgenda({ agenda }: Gateway): Route {
  return async (context) => {
    const { start, end, limit, cursor } = parse(agendaQuerySchema, context.query);
    const request = {
      context: readContext(context),
      startMs: start,
      endMs: end,
      limit,
      cursor,
      userId: '',
      groupId: '',
    };
    const page = await agenda.read(context, (calls, options) => calls.listAgenda(request, options));
    answer(context, 200, listView(page.occurrences.map(occurrenceView), page.nextCursor), page.index);
  };
}

type Update = Pick<UpdateAppointmentRequest, 'fields' | 'changed' | 'allowConflict' | 'expectedVersion'>;

async function answerUpdate(
  { agenda, idempotency }: Gateway,
  context: RequestContext,
  update: Update,
  attempt: number,
): Promise<void> {
  const request = {
    ...update,
    context: idempotency.writeContext(context, '', attempt),
    appointmentId: idOf(context),
    participants: [],
    scope: OccurrenceScope.OCCURRENCE_SCOPE_UNSPECIFIED,
    recurrenceStartMs: 0,
  };
  const response = await agenda.write(context, (calls, options) => calls.updateAppointment(request, options));
  answerAppointment(context, 200, response.appointment as Appointment, response.index);
}

function answerAppointment(
  context: RequestContext,
  status: number,
  appointment: Appointment,
  index: number,
): void {
  setETag(context, appointment.version);
  answer(context, status, appointmentView(appointment), index);
}

/** @throws ServiceError `not_found` for what cannot be one */
function idOf(context: RequestContext): string {
  const id = context.params.id ?? '';
  if (!isUuid(id)) throw new ServiceError('not_found', `there is no appointment ${id}: ids are UUIDs`);
  return id.toLowerCase();
}

function fieldsOf(body: AppointmentBody): AppointmentFields {
  return AppointmentFields.fromPartial({
    title: body.title,
    description: body.description,
    location: body.location,
    startMs: body.start,
    endMs: body.end,
    timeZone: body.timeZone,
    allDay: body.allDay,
    privacy: PRIVACY_VALUES[body.privacy],
  });
}

function timeIsWhole({ start, end, timeZone, allDay }: AppointmentPatch): boolean {
  return start !== undefined && end !== undefined && timeZone !== undefined && allDay !== undefined;
}

function changedBy(patch: AppointmentPatch): AppointmentField[] {
  const { start, end, timeZone, allDay } = patch;
  const time = start !== undefined || end !== undefined || timeZone !== undefined || allDay !== undefined;
  return [
    ...(patch.title === undefined ? [] : [AppointmentField.APPOINTMENT_FIELD_TITLE]),
    ...(patch.description === undefined ? [] : [AppointmentField.APPOINTMENT_FIELD_DESCRIPTION]),
    ...(patch.location === undefined ? [] : [AppointmentField.APPOINTMENT_FIELD_LOCATION]),
    ...(time ? [AppointmentField.APPOINTMENT_FIELD_TIME] : []),
    ...(patch.privacy === undefined ? [] : [AppointmentField.APPOINTMENT_FIELD_PRIVACY]),
  ];
}

function patchedFields(patch: AppointmentPatch, before: Appointment | undefined): AppointmentFields {
  return AppointmentFields.fromPartial({
    title: patch.title ?? '',
    description: patch.description ?? '',
    location: patch.location ?? '',
    startMs: patch.start ?? before?.startMs ?? 0,
    endMs: patch.end ?? before?.endMs ?? 0,
    timeZone: patch.timeZone ?? before?.timeZone ?? '',
    allDay: patch.allDay ?? before?.allDay ?? false,
    ...(patch.privacy && { privacy: PRIVACY_VALUES[patch.privacy] }),
  });
}
