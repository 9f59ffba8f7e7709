/** Calendar files: import, export, and the secret feeds that calendar programs read. */
import { createHash } from 'node:crypto';
import type {
  AgendaServiceService,
  ExportCalendarRequest,
  ExportCalendarResponse,
  ImportCalendarRequest,
  ImportCalendarResponse,
  SetFeedRequest,
  SetFeedResponse,
} from '@agenda/proto/agenda/v1/agenda';
import type { ImportedComponent } from '@agenda/proto/agenda/v1/command';
import { ServiceError, toServiceError } from '@agenda/service-kit/errors';
import type { Handlers } from '@agenda/service-kit/grpc-server';
import { CALENDAR_BYTES_MAX, readCalendarText } from '../calendar/icalendar-text.ts';
import { writeCalendar } from '../calendar/icalendar-writer.ts';
import type { CalendarAppointment } from '../queries/calendar-rows.ts';
import type { Detail } from '../state-machine/detail.ts';
import type { ApiContext, Handler } from './api-context.ts';
import { busyEvents, type EventView, fullEvents } from './calendar-events.ts';
import { feedHashOf } from './feed-secrets.ts';
import { type PlannedComponent, planImport, reported } from './import-plan.ts';
import { assertValid } from './invalid.ts';
import { outcomeOf } from './outcomes.ts';
import { windowErrors } from './paging.ts';
import { type WriteCall, writeAsUser } from './writes.ts';

/** Series and single appointments in one file. */
const EXPORTED_MAX = 5_000;
const DAY_MS = 86_400_000;
/** What a feed shows, around now. */
const FEED_PAST_MS = 90 * DAY_MS;
const FEED_FUTURE_MS = 366 * DAY_MS;
const NO_BYTES = new Uint8Array(0);

export function calendarHandlers(api: ApiContext): Handlers<AgendaServiceService> {
  return {
    importCalendar: importCalendar(api),
    exportCalendar: exportCalendar(api),
    setFeed: setFeed(api),
  };
}

/** Conflicts do not refuse an import; they are flagged. */
function importCalendar(api: ApiContext): Handler<ImportCalendarRequest, ImportCalendarResponse> {
  return async (request, call) => {
    const write = writeAsUser(request.context, call);
    if (request.ics.length > CALENDAR_BYTES_MAX)
      throw new ServiceError(
        'payload_too_large',
        `a calendar file may have ${CALENDAR_BYTES_MAX} bytes at most`,
      );
    const text = readCalendarText(request.ics);
    if ('problem' in text) {
      assertValid([{ path: 'ics', message: text.problem }]);
      throw new Error('unreachable: a problem is refused');
    }
    const { userId } = write.caller;
    const timeZone = api.queries.user(userId)?.timeZone ?? 'UTC';
    const plan = await planImport(text, { userId, timeZone }, Date.now());
    const applied = new Map<PlannedComponent['create'], ImportedComponent>();
    let index = api.reads.index;
    for (const [number, components] of plan.commands.entries()) {
      const appointments = components.flatMap(({ create }) => create ?? []);
      const value = { appointments };
      const part = api.writes.submit(partOf(write, number), { $case: 'importAppointments', value });
      const result = await part.catch((error) => {
        throw number === 0 ? error : partlyTaken(toServiceError(error), number, plan.commands.length);
      });
      index = result.index;
      const results = outcomeOf(result, 'imported').components;
      for (const [at, create] of appointments.entries()) {
        const outcome = results[at];
        if (outcome) applied.set(create, outcome);
      }
    }
    const components = plan.components.map((planned) => reported(planned, applied.get(planned.create)));
    return { result: { components }, index };
  };
}

/** The same command ids for the same request: what was taken before an answer got lost is not taken twice. */
function partOf(write: WriteCall, number: number): WriteCall {
  const { context } = write;
  if (!context) return write;
  const hash = createHash('sha256').update(context.commandId).update(`import ${number}`).digest();
  return { ...write, context: { ...context, commandId: hash.subarray(0, 16) } };
}

/** That nothing was done may be true of the part that failed, and is not of the whole. */
function partlyTaken(cause: ServiceError, taken: number, parts: number): ServiceError {
  const message = `of the file's ${parts} parts, ${taken} are taken, and then: ${cause.message}`;
  return new ServiceError('timeout', message, { cause });
}

function exportCalendar(api: ApiContext): Handler<ExportCalendarRequest, ExportCalendarResponse> {
  return async (request, call) => {
    if (request.feedSecret !== '') return exportFeed(api, request, call.deadlineAtMs);
    assertValid(windowErrors(request.startMs, request.endMs));
    const { userId, username } = await api.reads.asUser(request.context, call);
    const { startMs, endMs, groupId } = request;
    if (groupId !== '' && !api.queries.calendars.isMember(groupId, userId))
      throw new ServiceError('not_found', `there is no group ${groupId}, or you are not a member`);
    const view = { fromMs: startMs, toMs: endMs };
    return groupId === ''
      ? personCalendar(api, userId, username, view)
      : groupCalendar(api, groupId, userId, view);
  };
}

/** Whoever knows the secret reads it; a secret that is unknown and one that was revoked look the same. */
async function exportFeed(
  api: ApiContext,
  { context, feedSecret }: ExportCalendarRequest,
  deadlineAtMs: number,
): Promise<ExportCalendarResponse> {
  await api.reads.fresh(context, { deadlineAtMs });
  const owner = api.queries.calendars.feed(feedHashOf(feedSecret));
  if (!owner) throw new ServiceError('not_found', 'there is no such feed, or it was revoked');
  const nowMs = Date.now();
  const view = { fromMs: Math.max(0, nowMs - FEED_PAST_MS), toMs: nowMs + FEED_FUTURE_MS };
  if (owner.groupId !== '') return groupCalendar(api, owner.groupId, '', view);
  return personCalendar(api, owner.userId, api.queries.user(owner.userId)?.username ?? '', view);
}

/** Everything in it the person may see. */
function personCalendar(
  api: ApiContext,
  userId: string,
  name: string,
  view: EventView,
): ExportCalendarResponse {
  const { calendars } = api.queries;
  const found = calendars.ofPerson(userId, view.fromMs, view.toMs, EXPORTED_MAX + 1);
  assertNotTooMany(found.length);
  return responseOf(api, writeCalendar(name, fullEvents(found)));
}

/** @param viewerId empty: whoever has the group's feed, who sees what every member may. */
function groupCalendar(
  api: ApiContext,
  groupId: string,
  viewerId: string,
  view: EventView,
): ExportCalendarResponse {
  const { calendars } = api.queries;
  const found = calendars.ofGroup(groupId, view.fromMs, view.toMs, EXPORTED_MAX + 1);
  assertNotTooMany(found.length);
  const detailOf = calendars.detailsFor(viewerId);
  const shown = found.map((one) => ({ one, detail: detailOf(one.row) }));
  const those = (detail: Detail): CalendarAppointment[] =>
    shown.filter((each) => each.detail === detail).map(({ one }) => one);
  const events = [...fullEvents(those('all'), { anonymous: true }), ...busyEvents(those('busy'), view)];
  assertNotTooMany(events.length);
  return responseOf(api, writeCalendar(calendars.groupName(groupId), events));
}

function responseOf(api: ApiContext, text: string): ExportCalendarResponse {
  return { ics: new TextEncoder().encode(text), index: api.reads.index };
}

function assertNotTooMany(count: number): void {
  if (count > EXPORTED_MAX)
    throw new ServiceError(
      'unprocessable',
      `more than ${EXPORTED_MAX} appointments in that range; ask for a shorter one`,
    );
}

/** The same request gives the same address again, as long as that one stands. */
function setFeed(api: ApiContext): Handler<SetFeedRequest, SetFeedResponse> {
  return async (request, call) => {
    const write = writeAsUser(request.context, call);
    const { groupId, revoke } = request;
    const secrets = revoke ? [] : api.feedSecrets.of(write.context?.commandId ?? NO_BYTES);
    const secretHash = secrets[0] === undefined ? NO_BYTES : feedHashOf(secrets[0]);
    const userId = groupId === '' ? write.caller.userId : '';
    const result = await api.writes.submit(write, {
      $case: 'setFeed',
      value: { userId, groupId, secretHash },
    });
    outcomeOf(result, 'done');
    if (revoke) return { feedSecret: '', index: result.index };
    const feedSecret = secrets.find((secret) => api.queries.calendars.feed(feedHashOf(secret)));
    if (feedSecret === undefined)
      throw new ServiceError('conflict', 'this address was made and has ended since; ask for another one');
    return { feedSecret, index: result.index };
  };
}
