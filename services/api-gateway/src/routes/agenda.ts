/** Agendas and what else is a list of appearances: of oneself, another, a group; conflicts, search, trash, sync. */
import type { OccurrencesResponse } from '@agenda/proto/agenda/v1/agenda';
import { readContext } from '../middleware/consistency.ts';
import type { RequestContext } from '../middleware/context.ts';
import { occurrencesAnswer, syncAnswer } from '../schemas/appointment-answers.ts';
import { pageQuerySchema, rangePageQuerySchema } from '../schemas/fields.ts';
import { parse } from '../schemas/parse.ts';
import { searchQuerySchema, syncQuerySchema } from '../schemas/search.ts';
import { appointmentView, occurrenceView } from '../views/appointments.ts';
import { listView } from '../views/values.ts';
import { answer } from './answers.ts';
import type { Endpoint, Route } from './endpoint.ts';
import type { Gateway } from './gateway.ts';
import { pathId } from './parameters.ts';

interface Whose {
  readonly userId: string;
  readonly groupId: string;
}

function listAgenda({ agenda }: Gateway, whose: (context: RequestContext) => Whose): Route {
  return async (context) => {
    const { start, end, limit, cursor } = parse(rangePageQuerySchema, context.query);
    const range = { startMs: start, endMs: end, limit, cursor };
    const request = { context: readContext(context), ...range, ...whose(context) };
    const page = await agenda.read(context, (calls, options) => calls.listAgenda(request, options));
    answerOccurrences(context, page);
  };
}

function ownAgenda(gateway: Gateway): Route {
  return listAgenda(gateway, () => ({ userId: '', groupId: '' }));
}

function userAgenda(gateway: Gateway): Route {
  return listAgenda(gateway, (context) => ({ userId: pathId(context, 'user'), groupId: '' }));
}

function groupAgenda(gateway: Gateway): Route {
  return listAgenda(gateway, (context) => ({ userId: '', groupId: pathId(context, 'group') }));
}

function listConflicts({ agenda }: Gateway): Route {
  return async (context) => {
    const { start, end, limit, cursor } = parse(rangePageQuerySchema, context.query);
    const request = { context: readContext(context), startMs: start, endMs: end, limit, cursor };
    const page = await agenda.read(context, (calls, options) => calls.listConflicts(request, options));
    answerOccurrences(context, page);
  };
}

function search({ agenda }: Gateway): Route {
  return async (context) => {
    const { q, limit, cursor } = parse(searchQuerySchema, context.query);
    const request = { context: readContext(context), query: q, deleted: false, limit, cursor };
    const page = await agenda.read(context, (calls, options) => calls.searchAppointments(request, options));
    answerOccurrences(context, page);
  };
}

function listTrash({ agenda }: Gateway): Route {
  return async (context) => {
    const { limit, cursor } = parse(pageQuerySchema, context.query);
    const request = { context: readContext(context), query: '', deleted: true, limit, cursor };
    const page = await agenda.read(context, (calls, options) => calls.searchAppointments(request, options));
    answerOccurrences(context, page);
  };
}

function answerOccurrences(context: RequestContext, page: OccurrencesResponse): void {
  answer(context, 200, listView(page.occurrences.map(occurrenceView), page.nextCursor), page.index);
}

function sync({ agenda }: Gateway): Route {
  return async (context) => {
    const { since, limit } = parse(syncQuerySchema, context.query);
    const request = { context: readContext(context), sinceIndex: since, limit };
    const { changed, removedIds, index, more, reset } = await agenda.read(context, (calls, options) =>
      calls.sync(request, options),
    );
    const body = { changed: changed.map(appointmentView), removed: removedIds, index, more, reset };
    answer(context, 200, body, index);
  };
}

const list = { method: 'get', topic: 'Agenda', agenda: 'read' } as const;
const PAGE = { 200: { what: 'A page, by start.', schema: occurrencesAnswer } };

export const agendaEndpoints: readonly Endpoint[] = [
  {
    ...list,
    path: '/api/agenda',
    summary: 'Your own agenda: what overlaps the range (at most 400 days)',
    query: rangePageQuerySchema,
    answers: PAGE,
    handler: ownAgenda,
  },
  {
    ...list,
    path: '/api/users/:id/agenda',
    summary: 'The agenda of somebody with whom you share a group, as far as you may see it',
    query: rangePageQuerySchema,
    answers: PAGE,
    errors: ['forbidden'],
    handler: userAgenda,
  },
  {
    ...list,
    path: '/api/groups/:id/agenda',
    summary: 'The agendas of all members of a group, as far as you may see them; `userId` says whose',
    query: rangePageQuerySchema,
    answers: PAGE,
    errors: ['forbidden'],
    handler: groupAgenda,
  },
  {
    ...list,
    path: '/api/conflicts',
    summary: 'What overlaps something else in your agenda',
    query: rangePageQuerySchema,
    answers: PAGE,
    handler: listConflicts,
  },
  {
    ...list,
    path: '/api/search',
    summary: 'Find appointments by words',
    query: searchQuerySchema,
    budget: 'searches',
    answers: { 200: { what: 'A page of what was found.', schema: occurrencesAnswer } },
    handler: search,
  },
  {
    ...list,
    path: '/api/trash',
    summary: 'Your deleted appointments, for 30 days',
    query: pageQuerySchema,
    answers: { 200: { what: 'A page, last deleted first.', schema: occurrencesAnswer } },
    handler: listTrash,
  },
  {
    ...list,
    path: '/api/sync',
    summary: 'What changed in your agenda since an index, and what went',
    query: syncQuerySchema,
    answers: { 200: { what: 'The changes, oldest first.', schema: syncAnswer } },
    handler: sync,
  },
];
