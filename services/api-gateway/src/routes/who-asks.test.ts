/**
 * What a viewer may see is decided in the agenda, for whoever the call names (docs/adr/0018). So REST is as the walk of the
 * agenda's calls found it, if each path asks those calls, in the name of who sent the request, and adds nothing.
 */
import assert from 'node:assert/strict';
import {
  type AgendaServiceService,
  AppointmentResponse,
  OccurrencesResponse,
} from '@agenda/proto/agenda/v1/agenda';
import { Occurrence } from '@agenda/proto/agenda/v1/model';
import { uuidv7 } from '@agenda/service-kit/ids';
import { GatewayProcess, type Person } from '../testing/gateway-process.ts';
import { type Answer, ask, assertProblem } from '../testing/http-client.ts';
import { ENDPOINTS } from './table.ts';

type Method = keyof typeof AgendaServiceService;

interface Path {
  readonly asks: readonly Method[];
  readonly query?: string;
  readonly body?: unknown;
  readonly type?: string;
}

const MAY = 'start=2026-05-01T00:00:00Z&end=2026-05-02T00:00:00Z';
const RANGE = { start: '2026-05-01T00:00:00Z', end: '2026-05-02T00:00:00Z' };
const BOOKING = { title: 'x', ...RANGE };
const CALENDAR = 'BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n';

/** Every path that asks the agenda for who is logged in. A new one fails the test until it stands here. */
const PATHS: Readonly<Record<string, Path>> = {
  'post /api/logout': { asks: ['logout'] },
  'get /api/me': { asks: ['getMe'] },
  'put /api/me/profile': { asks: ['updateMyProfile'], body: { displayName: 'x' } },
  'put /api/me/password': {
    asks: ['changeMyPassword'],
    body: { currentPassword: 'correct horse', newPassword: 'battery staple' },
  },
  'get /api/users': { asks: ['searchUsers'], query: 'query=x' },
  'post /api/groups': { asks: ['createGroup'], body: { name: 'x', kind: 'hierarchical' } },
  'get /api/groups': { asks: ['listGroups'] },
  'get /api/groups/:id': { asks: ['getGroup'] },
  'put /api/groups/:id': { asks: ['updateGroup'], body: { name: 'x' } },
  'patch /api/groups/:id': { asks: ['updateGroup'], body: { name: 'x' } },
  'delete /api/groups/:id': { asks: ['deleteGroup'] },
  'post /api/groups/:id/leave': { asks: ['removeGroupMember'] },
  'post /api/groups/:id/hand-over': { asks: ['handOverGroup'], body: { userId: uuidv7() } },
  'get /api/groups/:id/members': { asks: ['listGroupMembers'] },
  'put /api/groups/:id/members/:userId': { asks: ['putGroupMember'], body: {} },
  'delete /api/groups/:id/members/:userId': { asks: ['removeGroupMember'] },
  'post /api/appointments': { asks: ['createAppointment'], body: BOOKING },
  'get /api/appointments/:id': { asks: ['getAppointment'] },
  'put /api/appointments/:id': { asks: ['updateAppointment'], body: BOOKING },
  'patch /api/appointments/:id': { asks: ['updateAppointment'], body: { title: 'x' } },
  'delete /api/appointments/:id': { asks: ['deleteAppointment'] },
  'post /api/appointments/:id/accept': { asks: ['respondToInvitation'] },
  'post /api/appointments/:id/reject': { asks: ['respondToInvitation'] },
  'post /api/appointments/:id/tentative': { asks: ['respondToInvitation'] },
  'post /api/appointments/:id/restore': { asks: ['restoreAppointment'] },
  'get /api/appointments/:id/my-status': { asks: ['getAppointment'] },
  'get /api/agenda': { asks: ['listAgenda'], query: MAY },
  'get /api/users/:id/agenda': { asks: ['listAgenda'], query: MAY },
  'get /api/groups/:id/agenda': { asks: ['listAgenda'], query: MAY },
  'get /api/conflicts': { asks: ['listConflicts'], query: MAY },
  'get /api/search': { asks: ['searchAppointments'], query: 'q=x' },
  'get /api/trash': { asks: ['searchAppointments'] },
  'get /api/sync': { asks: ['sync'], query: 'since=0' },
  'post /api/free-slots': { asks: ['findFreeSlots'], body: { ...RANGE, durationMinutes: 30 } },
  'get /api/freebusy': { asks: ['getFreeBusy'], query: `users=${uuidv7()}&${MAY}` },
  'get /api/notifications': { asks: ['listNotifications'] },
  'get /api/notifications/unread': { asks: ['listNotifications', 'countUnread'] },
  'post /api/notifications/read': { asks: ['markNotificationRead'] },
  'post /api/notifications/:notificationId/read': { asks: ['markNotificationRead'] },
  'post /api/import': { asks: ['importCalendar'], body: CALENDAR, type: 'text/calendar' },
  'get /api/export.ics': { asks: ['exportCalendar'], query: MAY },
  'put /api/me/feed': { asks: ['setFeed'] },
  'delete /api/me/feed': { asks: ['setFeed'] },
  'put /api/groups/:id/feed': { asks: ['setFeed'] },
  'delete /api/groups/:id/feed': { asks: ['setFeed'] },
  // Of the audit service, and for operators: whether one is, is asked of the agenda first.
  'get /api/admin/audit/logs': { asks: ['getMe'] },
};

describe('what REST asks the agenda', () => {
  const gateway = new GatewayProcess();
  let person: Person;
  let people = 0;

  before(() => gateway.start());
  after(() => gateway.stop());
  beforeEach(async () => {
    person = await gateway.person(`asks-${++people}`);
  });

  async function send(name: string, { query, body, type }: Path): Promise<Answer> {
    const [method, path] = name.split(' ') as [string, string];
    const id = path.includes(':notificationId') ? '7-0' : uuidv7();
    const address = `${path.replace(/:\w+/g, id)}${query ? `?${query}` : ''}`;
    const headers = type === undefined ? {} : { 'content-type': type };
    return ask(gateway.origin, method.toUpperCase(), address, { token: person.token, body, headers });
  }

  it('is known of every path', () => {
    const paths = ENDPOINTS.filter(({ access, agenda }) => agenda !== undefined && access !== 'anybody');
    assert.deepEqual(Object.keys(PATHS).sort(), paths.map(({ method, path }) => `${method} ${path}`).sort());
  });

  for (const [name, path] of Object.entries(PATHS))
    it(`${name}: is asked in the name of who sent it, and of nobody else`, async () => {
      const from = gateway.agenda.calls.length;
      const { status, text } = await send(name, path);
      // The gateway asks for the status for itself, as it begins to follow the events.
      const calls = gateway.agenda.calls.slice(from).filter(({ method }) => method !== 'getStatus');
      assert.deepEqual(
        [...new Set(calls.map(({ method }) => method))].sort(),
        [...path.asks].sort(),
        `${status} ${text}`,
      );
      for (const { request } of calls) {
        assert.equal(request.context.caller.userId, person.userId);
        assert.equal(request.context.caller.sessionId, person.sessionId);
        assert.equal(request.context.caller.tool, '');
      }
    });

  describe('of what is busy is told nothing but when', () => {
    const SECRET = 'xylophone';
    const startMs = Date.parse(RANGE.start);
    const appointment = {
      ...{ id: uuidv7(), ownerId: SECRET, title: SECRET, description: SECRET, location: SECRET, version: 3 },
      ...{ startMs, endMs: startMs + 1, timeZone: SECRET, busyOnly: true, seriesId: SECRET, icalUid: SECRET },
      participants: [{ userId: SECRET, username: SECRET, displayName: SECRET }],
    };
    const entry = { startMs, endMs: startMs + 1, userId: uuidv7() };
    const lists = () =>
      OccurrencesResponse.fromPartial({
        occurrences: [Occurrence.fromPartial({ ...entry, appointment, conflict: true })],
      });

    before(() => {
      const getAppointment = () => AppointmentResponse.fromPartial({ appointment });
      const answers = { getAppointment, listAgenda: lists, listConflicts: lists, searchAppointments: lists };
      Object.assign(gateway.agenda.answers, answers);
    });

    for (const name of Object.keys(PATHS).filter((path) =>
      /^get .*(agenda|conflicts|search|trash|:id)$/.test(path),
    ))
      if (!name.includes('groups/:id') || name.endsWith('agenda'))
        it(`${name}, whatever the agenda had said`, async () => {
          const { status, text, json, headers } = await send(name, PATHS[name] as Path);
          assert.equal(status, 200, text);
          assert.ok(!text.includes(SECRET) && !text.includes(appointment.id), text);
          assert.equal(headers.get('etag'), null);
          const { userId: _, ...item } = json.items?.[0] ?? json;
          assert.deepEqual(Object.keys(item).sort(), ['busyOnly', 'end', 'start']);
        });

    it('and no answer to an invitation', async () => {
      const name = 'get /api/appointments/:id/my-status';
      assertProblem(await send(name, PATHS[name] as Path), 404, 'not_found');
    });
  });
});
