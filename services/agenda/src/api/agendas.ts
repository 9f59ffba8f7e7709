/** Lists of appointments as the caller may see them. */
import type {
  AgendaServiceService,
  ListAgendaRequest,
  ListConflictsRequest,
  OccurrencesResponse,
  SearchAppointmentsRequest,
  SyncRequest,
  SyncResponse,
} from '@agenda/proto/agenda/v1/agenda';
import type { Appointment } from '@agenda/proto/agenda/v1/model';
import { ServiceError } from '@agenda/service-kit/errors';
import type { Handlers } from '@agenda/service-kit/grpc-server';
import type { ApiContext, Handler } from './api-context.ts';
import { assertValid } from './invalid.ts';
import { limitErrors, limitOf, windowErrors } from './paging.ts';
import { READ_DEADLINE_MS_MAX } from './reads.ts';

export function agendaListHandlers(api: ApiContext): Handlers<AgendaServiceService> {
  return {
    listAgenda: listAgenda(api),
    listConflicts: listConflicts(api),
    searchAppointments: searchAppointments(api),
    sync: sync(api),
  };
}

function listAgenda({ queries, reads }: ApiContext): Handler<ListAgendaRequest, OccurrencesResponse> {
  return async (request, call) => {
    const { context, startMs, endMs, cursor, groupId } = request;
    const both = groupId !== '' && request.userId !== '';
    assertValid(
      windowErrors(startMs, endMs),
      limitErrors(request.limit),
      both ? [{ path: 'groupId', message: 'must not be given together with userId' }] : [],
    );
    const { userId } = await reads.asUser(context, call);
    const { agendas } = queries;
    const range = { fromMs: startMs, toMs: endMs, limit: limitOf(request.limit), cursor };
    const viewer = agendas.visibility.of(userId);
    if (groupId !== '') {
      if (!viewer.isMember(groupId)) throw noSuchGroup(groupId);
      return response(agendas.ofGroup(userId, groupId, range), reads.index);
    }
    const personId = request.userId || userId;
    if (!viewer.mayLookAtAgendaOf(personId))
      throw new ServiceError(
        'forbidden',
        `you share no group with ${personId}, so that agenda is not yours to see`,
      );
    return response(agendas.ofPerson(userId, personId, range), reads.index);
  };
}

/** The same for a group that is not there: who is in it is its own affair. */
export function noSuchGroup(groupId: string): ServiceError {
  return new ServiceError('not_found', `there is no group ${groupId}, or you are not in it`);
}

function listConflicts({ queries, reads }: ApiContext): Handler<ListConflictsRequest, OccurrencesResponse> {
  return async ({ context, startMs, endMs, limit, cursor }, call) => {
    assertValid(windowErrors(startMs, endMs), limitErrors(limit));
    const { userId } = await reads.asUser(context, call);
    const range = { fromMs: startMs, toMs: endMs, limit: limitOf(limit), cursor };
    return response(queries.agendas.conflicts(userId, range), reads.index);
  };
}

function searchAppointments(api: ApiContext): Handler<SearchAppointmentsRequest, OccurrencesResponse> {
  const { queries, reads, searchIndex } = api;
  return async ({ context, query, deleted, limit, cursor }, call) => {
    const empty = query.trim() === '' && !deleted;
    assertValid(
      limitErrors(limit),
      empty
        ? [{ path: 'query', message: 'must have a letter or digit; only the trash is listed without' }]
        : [],
    );
    const { userId } = await reads.asUser(context, call);
    const deadlineAtMs = Math.min(call.deadlineAtMs, performance.now() + READ_DEADLINE_MS_MAX);
    const question = { userId, query, deleted, limit: limitOf(limit), cursor };
    const { items, nextCursor } = await searchIndex.search(question, deadlineAtMs);
    const found = items.map((appointment) => queries.agendas.occurrenceOf(userId, appointment));
    return { occurrences: found, nextCursor, index: reads.index };
  };
}

function sync({ queries, reads }: ApiContext): Handler<SyncRequest, SyncResponse> {
  return async ({ context, sinceIndex, limit }, call) => {
    assertValid(limitErrors(limit));
    const { userId } = await reads.asUser(context, call);
    const tooOld = sinceIndex > 0 && sinceIndex < queries.sync.purgedIndex();
    if (tooOld || sinceIndex > reads.index)
      return { changed: [], removedIds: [], index: 0, more: false, reset: true };
    const changes = queries.sync.changesOf(userId, sinceIndex, limitOf(limit), reads.index);
    const changed: Appointment[] = [];
    const removedIds: string[] = [];
    for (const { appointmentId, gone } of changes.items) {
      const appointment = gone ? undefined : queries.agendas.appointmentFor(userId, appointmentId);
      if (appointment) changed.push(appointment);
      else if (sinceIndex > 0) removedIds.push(appointmentId);
    }
    return { changed, removedIds, index: changes.index, more: changes.more, reset: false };
  };
}

function response(
  page: {
    readonly items: readonly OccurrencesResponse['occurrences'][number][];
    readonly nextCursor: string;
  },
  index: number,
): OccurrencesResponse {
  return { occurrences: [...page.items], nextCursor: page.nextCursor, index };
}
