/** iCalendar: import, export, and feeds whose address is a secret. */
import { createHash } from 'node:crypto';
import { ServiceError } from '@agenda/service-kit/errors';
import { readCalendar } from '../middleware/body.ts';
import { readContext } from '../middleware/consistency.ts';
import type { RequestContext } from '../middleware/context.ts';
import { calendarText, exportQuerySchema, feedAnswer, importAnswer } from '../schemas/calendars.ts';
import { parse } from '../schemas/parse.ts';
import { importView } from '../views/calendars.ts';
import { answer, answerEmpty } from './answers.ts';
import type { Endpoint, Route } from './endpoint.ts';
import type { Gateway } from './gateway.ts';
import { pathId } from './parameters.ts';

/** An import may be many commands. */
const IMPORT_DEADLINE_MS = 25_000;
const EXPORT_DEADLINE_MS = 10_000;
const CALENDAR = 'text/calendar; charset=utf-8';
/** 32 bytes in base64url. */
const SECRET = /^[A-Za-z0-9_-]{43}$/;

function importCalendar({ agenda, idempotency }: Gateway): Route {
  return async (context) => {
    const ics = await readCalendar(context);
    const request = { context: idempotency.writeContext(context), ics };
    const { result, index } = await agenda.write(context, (calls, options) =>
      calls.importCalendar(request, { ...options, deadlineMs: IMPORT_DEADLINE_MS }),
    );
    answer(context, 200, importView(result?.components ?? []), index);
  };
}

function exportCalendar({ agenda }: Gateway): Route {
  return async (context) => {
    const { start, end, group } = parse(exportQuerySchema, context.query);
    const request = {
      context: readContext(context),
      startMs: start,
      endMs: end,
      groupId: group ?? '',
      feedSecret: '',
    };
    const { ics, index } = await agenda.read(context, (calls, options) =>
      calls.exportCalendar(request, { ...options, deadlineMs: EXPORT_DEADLINE_MS }),
    );
    context.status = 200;
    context.set('X-Agenda-Index', String(index));
    context.set('Content-Disposition', 'attachment; filename="agenda.ics"');
    context.body = Buffer.from(ics);
    context.set('Content-Type', CALENDAR);
  };
}

/** Who has the secret may read. A wrong one takes the same way as a right one: to the agenda, by its hash. */
function readFeed({ agenda }: Gateway): Route {
  return async (context) => {
    const secret: string = context.params.secret ?? '';
    if (!SECRET.test(secret)) throw noFeed();
    const request = {
      context: readContext(context),
      startMs: 0,
      endMs: 0,
      groupId: '',
      feedSecret: secret,
    };
    const { ics } = await agenda.read(context, (calls, options) =>
      calls.exportCalendar(request, { ...options, deadlineMs: EXPORT_DEADLINE_MS }),
    );
    const etag = `"${createHash('sha256').update(ics).digest('base64url').slice(0, 22)}"`;
    context.set({ ETag: etag, 'Cache-Control': 'private, no-cache' });
    if (
      context
        .get('if-none-match')
        .split(',')
        .some((tag) => tag.trim().replace(/^W\//, '') === etag)
    ) {
      context.status = 304;
      return;
    }
    context.status = 200;
    context.body = Buffer.from(ics);
    context.set('Content-Type', CALENDAR);
  };
}

function noFeed(): ServiceError {
  return new ServiceError('not_found', 'there is no such feed, or it was revoked');
}

type GroupOf = (context: RequestContext) => string;

function setFeed(groupOf: GroupOf): (gateway: Gateway) => Route {
  return ({ agenda, idempotency }) =>
    async (context) => {
      const request = {
        context: idempotency.writeContext(context),
        groupId: groupOf(context),
        revoke: false,
      };
      const { feedSecret, index } = await agenda.write(context, (calls, options) =>
        calls.setFeed(request, options),
      );
      answer(context, 200, { path: `/feeds/${feedSecret}.ics` }, index);
    };
}

function revokeFeed(groupOf: GroupOf): (gateway: Gateway) => Route {
  return ({ agenda, idempotency }) =>
    async (context) => {
      const request = { context: idempotency.writeContext(context), groupId: groupOf(context), revoke: true };
      const { index } = await agenda.write(context, (calls, options) => calls.setFeed(request, options));
      answerEmpty(context, index);
    };
}

const own: GroupOf = () => '';
const ofGroup: GroupOf = (context) => pathId(context, 'group');
const ICS = { what: 'iCalendar.', schema: calendarText, type: 'text/calendar' };
const feed = { topic: 'Calendars', agenda: 'write' } as const;
const SET = { 200: { what: 'Its address, shown this once.', schema: feedAnswer } };
const REVOKED = { 204: { what: 'Revoked; also if there was none.' } };

export const calendarEndpoints: readonly Endpoint[] = [
  {
    method: 'post',
    path: '/api/import',
    topic: 'Calendars',
    summary: 'Import an .ics file (at most 1 MiB); tells of each component whether it was taken, or why not',
    agenda: 'write',
    body: { schema: calendarText, types: ['text/calendar'] },
    budget: 'imports',
    answers: { 200: { what: 'The report.', schema: importAnswer } },
    handler: importCalendar,
  },
  {
    method: 'get',
    path: '/api/export.ics',
    topic: 'Calendars',
    summary: 'Your agenda in a range, or the appointments of a group, as an .ics file',
    agenda: 'read',
    query: exportQuerySchema,
    budget: 'exports',
    answers: { 200: ICS },
    errors: ['forbidden', 'not_found'],
    handler: exportCalendar,
  },
  {
    ...feed,
    method: 'put',
    path: '/api/me/feed',
    summary: 'A secret address under which calendar apps read your agenda; the one before ends',
    answers: SET,
    errors: ['conflict'],
    handler: setFeed(own),
  },
  {
    ...feed,
    method: 'delete',
    path: '/api/me/feed',
    summary: 'Revoke it',
    answers: REVOKED,
    handler: revokeFeed(own),
  },
  {
    ...feed,
    method: 'put',
    path: '/api/groups/:id/feed',
    summary: 'A secret address for the appointments of a group (creator only); the one before ends',
    answers: SET,
    errors: ['forbidden', 'conflict'],
    handler: setFeed(ofGroup),
  },
  {
    ...feed,
    method: 'delete',
    path: '/api/groups/:id/feed',
    summary: 'Revoke it (creator only)',
    answers: REVOKED,
    errors: ['forbidden'],
    handler: revokeFeed(ofGroup),
  },
  {
    method: 'get',
    path: '/feeds/:secret.ics',
    topic: 'Calendars',
    summary: 'A feed, for who has its secret address',
    access: 'anybody',
    agenda: 'read',
    conditional: true,
    budget: 'feeds',
    answers: { 200: { ...ICS, headers: ['ETag'] } },
    errors: ['not_found'],
    handler: readFeed,
  },
];
