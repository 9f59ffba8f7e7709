import type { AppointmentResponse } from '@agenda/proto/agenda/v1/agenda';
import { AppointmentField, OccurrenceScope } from '@agenda/proto/agenda/v1/command';
import { readBody } from '../middleware/body.ts';
import { expectedVersion, isKnown, setETag } from '../middleware/conditions.ts';
import { readContext } from '../middleware/consistency.ts';
import type { RequestContext } from '../middleware/context.ts';
import { appointmentAnswer as appointmentSchemaAnswer } from '../schemas/appointment-answers.ts';
import {
  appointmentPatchSchema,
  appointmentSchema,
  newAppointmentSchema,
  type Scope,
  scopeQuerySchema,
} from '../schemas/appointments.ts';
import { readQuerySchema } from '../schemas/fields.ts';
import { parse } from '../schemas/parse.ts';
import { appointmentAnswer } from '../views/appointments.ts';
import { answer, answerEmpty, answerUnchanged } from './answers.ts';
import { fieldsOf, patchAppointment } from './appointment-patch.ts';
import type { Endpoint, Route } from './endpoint.ts';
import type { Gateway } from './gateway.ts';
import { pathId } from './parameters.ts';

const ALL_FIELDS: AppointmentField[] = [
  AppointmentField.APPOINTMENT_FIELD_TITLE,
  AppointmentField.APPOINTMENT_FIELD_DESCRIPTION,
  AppointmentField.APPOINTMENT_FIELD_LOCATION,
  AppointmentField.APPOINTMENT_FIELD_TIME,
  AppointmentField.APPOINTMENT_FIELD_PRIVACY,
  AppointmentField.APPOINTMENT_FIELD_REMINDERS,
  AppointmentField.APPOINTMENT_FIELD_PARTICIPANTS,
];

const SCOPE_VALUES = {
  this: OccurrenceScope.OCCURRENCE_SCOPE_THIS,
  following: OccurrenceScope.OCCURRENCE_SCOPE_THIS_AND_FOLLOWING,
  // Said by leaving it out, which an appointment that does not recur takes as well.
  all: OccurrenceScope.OCCURRENCE_SCOPE_UNSPECIFIED,
} as const;

function createAppointment({ agenda, idempotency }: Gateway): Route {
  return async (context) => {
    const body = await readBody(context, newAppointmentSchema);
    const request = {
      context: idempotency.writeContext(context),
      fields: fieldsOf(body),
      groupId: body.groupId ?? '',
      participants: body.participants,
      allowConflict: body.allowConflict,
    };
    const response = await agenda.write(context, (calls, options) =>
      calls.createAppointment(request, options),
    );
    context.set('Location', `/api/appointments/${response.appointment?.id}`);
    answerAppointment(context, 201, response);
  };
}

function getAppointment({ agenda }: Gateway): Route {
  return async (context) => {
    const request = { context: readContext(context), appointmentId: pathId(context, 'appointment') };
    const response = await agenda.read(context, (calls, options) => calls.getAppointment(request, options));
    const { version = 0, busyOnly = false } = response.appointment ?? {};
    if (!busyOnly && isKnown(context, version)) answerUnchanged(context, version, response.index);
    else answerAppointment(context, 200, response);
  };
}

/** The whole appointment is replaced: what is left out gets its default. */
function putAppointment({ agenda, idempotency }: Gateway): Route {
  return async (context) => {
    const scope = parse(scopeQuerySchema, context.query);
    const body = await readBody(context, appointmentSchema);
    const request = {
      context: idempotency.writeContext(context),
      appointmentId: pathId(context, 'appointment'),
      fields: fieldsOf(body),
      changed: ALL_FIELDS,
      participants: body.participants,
      allowConflict: body.allowConflict,
      expectedVersion: expectedVersion(context),
      ...scopeOf(scope),
    };
    const response = await agenda.write(context, (calls, options) =>
      calls.updateAppointment(request, options),
    );
    answerAppointment(context, 200, response);
  };
}

function patch(gateway: Gateway): Route {
  return async (context) => {
    const scope = scopeOf(parse(scopeQuerySchema, context.query));
    const body = await readBody(context, appointmentPatchSchema);
    answerAppointment(context, 200, await patchAppointment(gateway, context, body, scope));
  };
}

function deleteAppointment({ agenda, idempotency }: Gateway): Route {
  return async (context) => {
    const request = {
      context: idempotency.writeContext(context),
      appointmentId: pathId(context, 'appointment'),
      expectedVersion: expectedVersion(context),
      ...scopeOf(parse(scopeQuerySchema, context.query)),
    };
    const { index } = await agenda.write(context, (calls, options) =>
      calls.deleteAppointment(request, options),
    );
    answerEmpty(context, index);
  };
}

function scopeOf({ scope, recurrenceStart }: Scope) {
  return { scope: SCOPE_VALUES[scope], recurrenceStartMs: recurrenceStart ?? 0 };
}

/** One who sees no more than "busy" gets no version either. */
export function answerAppointment(
  context: RequestContext,
  status: number,
  response: AppointmentResponse,
): void {
  const body = appointmentAnswer(response);
  if (!body.busyOnly) setETag(context, body.version);
  answer(context, status, body, response.index);
}

export const APPOINTMENT = {
  what: 'The appointment.',
  schema: appointmentSchemaAnswer,
  headers: ['ETag'],
} as const;
const topic = 'Appointments';

export const appointmentEndpoints: readonly Endpoint[] = [
  {
    method: 'post',
    path: '/api/appointments',
    topic,
    summary: 'Book an appointment, for yourself, with people, or for a group',
    agenda: 'write',
    body: { schema: newAppointmentSchema },
    answers: { 201: { ...APPOINTMENT, headers: ['ETag', 'Location'] } },
    errors: ['forbidden', 'not_found', 'conflict'],
    handler: createAppointment,
  },
  {
    method: 'get',
    path: '/api/appointments/:id',
    topic,
    summary: 'One appointment, as far as you may see it',
    agenda: 'read',
    query: readQuerySchema,
    conditional: true,
    answers: { 200: APPOINTMENT },
    handler: getAppointment,
  },
  {
    method: 'put',
    path: '/api/appointments/:id',
    topic,
    summary: 'Replace an appointment (owner only): what is left out gets its default',
    agenda: 'write',
    conditional: true,
    query: scopeQuerySchema,
    body: { schema: appointmentSchema },
    answers: { 200: APPOINTMENT },
    errors: ['forbidden', 'conflict'],
    handler: putAppointment,
  },
  {
    method: 'patch',
    path: '/api/appointments/:id',
    topic,
    summary: 'Change an appointment (owner only): what is left out stays, null gives the default',
    agenda: 'write',
    conditional: true,
    query: scopeQuerySchema,
    body: { schema: appointmentPatchSchema, types: ['application/json', 'application/merge-patch+json'] },
    answers: { 200: APPOINTMENT },
    errors: ['forbidden', 'conflict'],
    handler: patch,
  },
  {
    method: 'delete',
    path: '/api/appointments/:id',
    topic,
    summary: 'Cancel an appointment (owner only); it stays in the trash for 30 days',
    agenda: 'write',
    conditional: true,
    query: scopeQuerySchema,
    answers: { 204: { what: 'Cancelled.' } },
    errors: ['forbidden'],
    handler: deleteAppointment,
  },
];
