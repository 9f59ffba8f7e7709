import { readBody } from '../middleware/body.ts';
import { readContext } from '../middleware/consistency.ts';
import { readQuerySchema } from '../schemas/fields.ts';
import {
  freeBusyListAnswer,
  freeBusyQuerySchema,
  freeSlotsAnswer,
  freeSlotsSchema,
} from '../schemas/free-time.ts';
import { parse } from '../schemas/parse.ts';
import { freeBusyView, freeSlotView } from '../views/free-time.ts';
import { answer } from './answers.ts';
import type { Endpoint, Route } from './endpoint.ts';
import type { Gateway } from './gateway.ts';

/** Not said: the agenda has its own. */
const USUAL_HOURS = { start: 0, end: 0, days: [] };

function findFreeSlots({ agenda }: Gateway): Route {
  return async (context) => {
    const body = await readBody(context, freeSlotsSchema);
    const hours = body.workingHours ?? USUAL_HOURS;
    const request = {
      context: readContext(context),
      userIds: body.userIds,
      groupId: body.groupId ?? '',
      optionalUserIds: body.optionalUserIds,
      startMs: body.start,
      endMs: body.end,
      durationMinutes: body.durationMinutes,
      workingStartMinutes: hours.start,
      workingEndMinutes: hours.end,
      workingDays: hours.days,
      bufferMinutes: body.bufferMinutes,
      limit: body.limit,
    };
    const { slots, index } = await agenda.read(context, (calls, options) =>
      calls.findFreeSlots(request, options),
    );
    answer(context, 200, { items: slots.map(freeSlotView) }, index);
  };
}

function getFreeBusy({ agenda }: Gateway): Route {
  return async (context) => {
    const { users, start, end } = parse(freeBusyQuerySchema, context.query);
    const request = { context: readContext(context), userIds: users, startMs: start, endMs: end };
    const { people, index } = await agenda.read(context, (calls, options) =>
      calls.getFreeBusy(request, options),
    );
    answer(context, 200, { items: people.map(freeBusyView) }, index);
  };
}

export const freeTimeEndpoints: readonly Endpoint[] = [
  {
    method: 'post',
    path: '/api/free-slots',
    topic: 'Free time',
    summary: 'When all of these people could meet, best first, each with the reason',
    agenda: 'read',
    query: readQuerySchema,
    body: { schema: freeSlotsSchema },
    budget: 'free-slots',
    answers: { 200: { what: 'The slots.', schema: freeSlotsAnswer } },
    errors: ['forbidden', 'not_found', 'unprocessable'],
    handler: findFreeSlots,
  },
  {
    method: 'get',
    path: '/api/freebusy',
    topic: 'Free time',
    summary:
      'When these people are busy, and nothing of why; for yourself and people with whom you share a group',
    agenda: 'read',
    query: freeBusyQuerySchema,
    budget: 'free-slots',
    answers: { 200: { what: 'One for each, in the order asked for.', schema: freeBusyListAnswer } },
    errors: ['forbidden', 'not_found'],
    handler: getFreeBusy,
  },
];
