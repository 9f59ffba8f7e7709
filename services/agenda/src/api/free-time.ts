/** When people are free, for those who may look at their agendas; why they are not stays with them. */
import type {
  AgendaServiceService,
  FindFreeSlotsRequest,
  FreeBusyResponse,
  FreeSlotsResponse,
  GetFreeBusyRequest,
} from '@agenda/proto/agenda/v1/agenda';
import { type FieldError, ServiceError } from '@agenda/service-kit/errors';
import type { Handlers } from '@agenda/service-kit/grpc-server';
import { type Attendee, findFreeSlots, type WorkingHours } from '../queries/free-slots.ts';
import { noSuchGroup } from './agendas.ts';
import type { ApiContext, Handler } from './api-context.ts';
import { assertValid } from './invalid.ts';

/** Members of a group and others, together. */
const PEOPLE_MAX = 200;
const FREE_BUSY_PEOPLE_MAX = 50;
const DAY_MS = 86_400_000;
const DAYS_MAX = 62;
const MINUTE_MS = 60_000;
const DURATION_MINUTES_MAX = 24 * 60;
const BUFFER_MINUTES_MAX = 240;
const SLOTS_DEFAULT = 10;
const SLOTS_MAX = 50;
const DEFAULT_HOURS: WorkingHours = { startMinutes: 9 * 60, endMinutes: 17 * 60, days: [1, 2, 3, 4, 5] };

export function freeTimeHandlers(api: ApiContext): Handlers<AgendaServiceService> {
  return { getFreeBusy: getFreeBusy(api), findFreeSlots: findSlots(api) };
}

function getFreeBusy(api: ApiContext): Handler<GetFreeBusyRequest, FreeBusyResponse> {
  const { queries, reads } = api;
  return async ({ context, userIds, startMs, endMs }, call) => {
    assertValid(
      rangeErrors(startMs, endMs),
      userIds.length > FREE_BUSY_PEOPLE_MAX
        ? [{ path: 'users', message: `must name at most ${FREE_BUSY_PEOPLE_MAX} people` }]
        : [],
    );
    const { userId } = await reads.asUser(context, call);
    const people = userIds.length === 0 ? [userId] : [...new Set(userIds)];
    assertInSight(api, userId, people);
    const busy = people.map((person) => ({
      userId: person,
      busy: queries.busyTime.of(person, startMs, endMs),
    }));
    return { people: busy, index: reads.index };
  };
}

function findSlots(api: ApiContext): Handler<FindFreeSlotsRequest, FreeSlotsResponse> {
  const { queries, reads } = api;
  return async (request, call) => {
    const hours = hoursOf(request);
    assertValid(searchErrors(request, hours));
    const { userId } = await reads.asUser(request.context, call);
    if (request.groupId !== '' && !queries.groups.groupFor(userId, request.groupId))
      throw noSuchGroup(request.groupId);
    const { required, optional } = peopleOf(api, userId, request);
    assertInSight(api, userId, [...required, ...optional]);
    // Nobody meets at a time that has begun already.
    const fromMs = Math.max(request.startMs, Date.now());
    const toMs = Math.max(request.endMs, fromMs);
    const bufferMs = request.bufferMinutes * MINUTE_MS;
    const attendee = (id: string): Attendee => ({
      userId: id,
      timeZone: queries.busyTime.timeZoneOf(id) ?? 'UTC',
      // What ends right before the range still wants its buffer.
      busy: queries.busyTime.of(id, fromMs - bufferMs, toMs + bufferMs),
    });
    const slots = findFreeSlots({
      required: required.map(attendee),
      optional: optional.map(attendee),
      fromMs,
      toMs,
      durationMs: request.durationMinutes * MINUTE_MS,
      bufferMs,
      hours,
      limit: request.limit === 0 ? SLOTS_DEFAULT : request.limit,
    });
    return { slots, index: reads.index };
  };
}

/** Who asks is one of those who meet; who is optional is not required, in a group or not. */
function peopleOf({ queries }: ApiContext, userId: string, request: FindFreeSlotsRequest) {
  const optional = new Set(request.optionalUserIds);
  const members = request.groupId === '' ? [] : queries.groups.memberIds(request.groupId);
  const required = new Set([userId, ...request.userIds, ...members].filter((id) => !optional.has(id)));
  if (required.size === 0)
    throw new ServiceError(
      'invalid_argument',
      'somebody must be required: not all can be optional, you included',
    );
  const total = required.size + optional.size;
  if (total > PEOPLE_MAX)
    throw new ServiceError(
      'invalid_argument',
      `at most ${PEOPLE_MAX} people can be asked for, but these are ${total}`,
    );
  return { required: [...required], optional: [...optional] };
}

/** @throws ServiceError `forbidden`, naming whom the caller may not ask about. */
function assertInSight({ queries }: ApiContext, userId: string, people: readonly string[]): void {
  const viewer = queries.agendas.visibility.of(userId);
  const hidden = people.filter((person) => !viewer.mayLookAtAgendaOf(person));
  if (hidden.length > 0)
    throw new ServiceError(
      'forbidden',
      `you can ask about people in your groups only; you share none with ${hidden.join(', ')}`,
    );
}

function hoursOf(request: FindFreeSlotsRequest): WorkingHours {
  const { workingStartMinutes, workingEndMinutes, workingDays } = request;
  const given = workingStartMinutes !== 0 || workingEndMinutes !== 0;
  return {
    startMinutes: given ? workingStartMinutes : DEFAULT_HOURS.startMinutes,
    endMinutes: given ? workingEndMinutes : DEFAULT_HOURS.endMinutes,
    days: workingDays.length > 0 ? workingDays : DEFAULT_HOURS.days,
  };
}

function searchErrors(request: FindFreeSlotsRequest, hours: WorkingHours): FieldError[] {
  const { durationMinutes, bufferMinutes, limit } = request;
  const errors = rangeErrors(request.startMs, request.endMs);
  if (durationMinutes < 1 || durationMinutes > DURATION_MINUTES_MAX)
    errors.push({ path: 'durationMinutes', message: `must be 1 to ${DURATION_MINUTES_MAX}` });
  if (bufferMinutes > BUFFER_MINUTES_MAX)
    errors.push({ path: 'bufferMinutes', message: `must be 0 to ${BUFFER_MINUTES_MAX}` });
  if (limit > SLOTS_MAX) errors.push({ path: 'limit', message: `must be 1 to ${SLOTS_MAX}` });
  if (hours.startMinutes >= hours.endMinutes || hours.endMinutes > 24 * 60)
    errors.push({ path: 'workingHours', message: 'must begin before they end, within one day' });
  if (hours.days.some((day) => day < 1 || day > 7))
    errors.push({ path: 'workingDays', message: 'must be 1 (Monday) to 7 (Sunday)' });
  return errors;
}

function rangeErrors(startMs: number, endMs: number): FieldError[] {
  if (startMs >= endMs) return [{ path: 'end', message: 'must be after start' }];
  if (endMs - startMs > DAYS_MAX * DAY_MS)
    return [{ path: 'end', message: `must be at most ${DAYS_MAX} days after start` }];
  return [];
}
