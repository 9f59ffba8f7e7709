/** To answer an invitation, to ask how one answered, and to take an appointment back out of the trash. */
import { ParticipantStatus } from '@agenda/proto/agenda/v1/model';
import { ServiceError } from '@agenda/service-kit/errors';
import { readOptionalBody } from '../middleware/body.ts';
import { readContext } from '../middleware/consistency.ts';
import { myStatusAnswer } from '../schemas/appointment-answers.ts';
import { allowConflictSchema } from '../schemas/appointments.ts';
import { readQuerySchema } from '../schemas/fields.ts';
import { appointmentAnswer } from '../views/appointments.ts';
import { answer } from './answers.ts';
import { APPOINTMENT, answerAppointment } from './appointments.ts';
import type { Endpoint, Route } from './endpoint.ts';
import type { Gateway } from './gateway.ts';
import { pathId } from './parameters.ts';

function respond(status: ParticipantStatus): (gateway: Gateway) => Route {
  return ({ agenda, idempotency }) =>
    async (context) => {
      const { allowConflict } = await readOptionalBody(context, allowConflictSchema);
      const request = {
        context: idempotency.writeContext(context),
        appointmentId: pathId(context, 'appointment'),
        status,
        allowConflict,
      };
      const response = await agenda.write(context, (calls, options) =>
        calls.respondToInvitation(request, options),
      );
      answerAppointment(context, 200, response);
    };
}

function restore({ agenda, idempotency }: Gateway): Route {
  return async (context) => {
    const { allowConflict } = await readOptionalBody(context, allowConflictSchema);
    const request = {
      context: idempotency.writeContext(context),
      appointmentId: pathId(context, 'appointment'),
      allowConflict,
    };
    const response = await agenda.write(context, (calls, options) =>
      calls.restoreAppointment(request, options),
    );
    answerAppointment(context, 200, response);
  };
}

function getMyStatus({ agenda }: Gateway): Route {
  return async (context) => {
    const appointmentId = pathId(context, 'appointment');
    const request = { context: readContext(context), appointmentId };
    const response = await agenda.read(context, (calls, options) => calls.getAppointment(request, options));
    const appointment = appointmentAnswer(response);
    if (appointment.busyOnly)
      throw new ServiceError(
        'not_found',
        `there is no appointment ${appointmentId}, or it is not yours to see`,
      );
    const { myStatus, status } = appointment;
    answer(context, 200, { appointmentId, myStatus, status }, response.index);
  };
}

const response = {
  method: 'post',
  topic: 'Appointments',
  agenda: 'write',
  body: { schema: allowConflictSchema, optional: true },
  answers: { 200: APPOINTMENT },
  errors: ['forbidden', 'conflict'],
} as const;

export const invitationEndpoints: readonly Endpoint[] = [
  {
    ...response,
    path: '/api/appointments/:id/accept',
    summary: 'Accept an invitation, unless something else takes that time (409)',
    handler: respond(ParticipantStatus.PARTICIPANT_STATUS_ACCEPTED),
  },
  {
    ...response,
    path: '/api/appointments/:id/reject',
    summary: 'Decline an invitation',
    handler: respond(ParticipantStatus.PARTICIPANT_STATUS_DECLINED),
  },
  {
    ...response,
    path: '/api/appointments/:id/tentative',
    summary: 'Say maybe: it stands in your agenda and takes no time',
    handler: respond(ParticipantStatus.PARTICIPANT_STATUS_TENTATIVE),
  },
  {
    ...response,
    path: '/api/appointments/:id/restore',
    summary: 'Take a deleted appointment out of the trash (owner only); who was invited is asked again',
    handler: restore,
  },
  {
    method: 'get',
    path: '/api/appointments/:id/my-status',
    topic: 'Appointments',
    summary: 'How you answered, and how the appointment stands',
    agenda: 'read',
    query: readQuerySchema,
    answers: { 200: { what: 'Both.', schema: myStatusAnswer } },
    handler: getMyStatus,
  },
];
