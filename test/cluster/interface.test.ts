import assert from 'node:assert/strict';
import { AgendaServiceService, Caller, CreateAppointmentRequest } from '@agenda/proto/agenda/v1/agenda';
import { AppointmentFields } from '@agenda/proto/agenda/v1/command';
import { podChannels } from '@agenda/service-kit/grpc-client';
import { uuidv7Bytes } from '@agenda/service-kit/ids';
import { createLogger } from '@agenda/service-kit/logger';
import { Signer } from '@agenda/service-kit/signature';
import { ENDPOINTS } from '../../services/api-gateway/src/routes/table.ts';
import { endpointOf } from '../../services/api-gateway/src/testing/documented.ts';
import { type Answer, type Ask, ask } from '../../services/api-gateway/src/testing/http-client.ts';
import { runAgendactl } from '../support/agendactl.ts';
import { PASSWORD } from '../support/api-client.ts';
import { TestCluster } from '../support/cluster.ts';
import { at, enterAll, type Person } from '../support/people.ts';

const MONTH = 'start=2031-05-01T00:00:00Z&end=2031-06-01T00:00:00Z';
const DEADLINE = { deadlineMs: 10_000 };
const CALENDAR = [
  'BEGIN:VCALENDAR',
  'VERSION:2.0',
  'PRODID:-//test//test//EN',
  'BEGIN:VEVENT',
  'UID:interface-1',
  'DTSTAMP:20310101T000000Z',
  'DTSTART:20310520T080000Z',
  'DTEND:20310520T090000Z',
  'SUMMARY:Imported',
  'END:VEVENT',
  'END:VCALENDAR',
  '',
].join('\r\n');

/** The gateway's own tests see a scripted agenda; here everything behind it is real. */
describe('the interface of a real pod', () => {
  let test: TestCluster;
  let [ada, ben]: Person[] = [];
  /** As "get /api/me". */
  const answered = new Set<string>();

  before(async () => {
    test = await TestCluster.start(3);
    [ada, ben] = await enterAll(test, ['ada', 'ben']);
  });
  after(() => test?.destroy());

  /** Every answer is held against the document (`ask`). */
  async function call(person: Person, method: string, path: string, given: Ask = {}): Promise<Answer> {
    const { token, url } = person.api;
    const answer = await ask(url, method, path, { ...(token === undefined ? {} : { token }), ...given });
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text}`);
    const endpoint = endpointOf(method, path.split('?')[0] ?? '');
    if (endpoint) answered.add(`${endpoint.method} ${endpoint.path}`);
    return answer;
  }

  it('answers of accounts and people as it is documented', async () => {
    const one = ada as Person;
    const newPassword = `${PASSWORD} 2`;
    const logIn = async (password: string) =>
      (await call(one, 'POST', '/api/login', { body: { username: 'ada', password } })).json;
    const newcomer = { username: 'cleo', email: 'cleo@example.org', timeZone: 'Asia/Tokyo' };
    await call(one, 'POST', '/api/register', { body: { ...newcomer, password: PASSWORD } });
    const { refreshToken } = await logIn(PASSWORD);
    await call(one, 'POST', '/api/refresh', { body: { refreshToken } });
    await call(one, 'GET', '/api/me');
    await call(one, 'PUT', '/api/me/profile', { body: { displayName: 'Ada', email: 'ada@example.org' } });
    await call(one, 'PUT', '/api/me/password', { body: { currentPassword: PASSWORD, newPassword } });
    await call(one, 'GET', '/api/users?query=ben');
    await call(one, 'POST', '/api/ws-ticket');
    const { token } = await logIn(newPassword);
    await call(one, 'POST', '/api/logout', { token });
  });

  it('answers of groups, appointments, invitations and agendas as it is documented', async () => {
    const [one, other] = [ada as Person, ben as Person];
    const group = (await call(one, 'POST', '/api/groups', { body: { name: 'Two', kind: 'hierarchical' } }))
      .json;
    const path = `/api/groups/${group.id}`;
    await call(one, 'PUT', `${path}/members/${other.id}`, { body: { rank: 5 } });
    for (const [method, body] of [
      ['GET', undefined],
      ['PUT', { name: 'Both' }],
      ['PATCH', { description: 'Ada and Ben' }],
    ] as const)
      await call(one, method, path, body ? { body } : {});
    for (const list of ['/api/groups', `${path}/members`, `${path}/agenda?${MONTH}`])
      await call(one, 'GET', list);

    const meeting = { title: 'Meeting', start: at(5, 9), end: at(5, 10) };
    const { id } = (
      await call(other, 'POST', '/api/appointments', {
        body: { ...meeting, groupId: group.id, recurrence: { rule: 'FREQ=DAILY;COUNT=3' } },
      })
    ).json;
    const appointment = `/api/appointments/${id}`;
    await call(one, 'GET', appointment);
    for (const answer of ['tentative', 'reject', 'accept'])
      await call(one, 'POST', `${appointment}/${answer}`);
    await call(one, 'GET', `${appointment}/my-status`);
    await call(other, 'PUT', appointment, { body: { ...meeting, location: 'Here' } });
    await call(other, 'PATCH', appointment, { body: { privacy: 'freebusy' } });
    await call(one, 'POST', '/api/appointments', { body: { ...meeting, allowConflict: true } });
    const [agenda, conflicts] = await Promise.all([
      call(one, 'GET', `/api/agenda?${MONTH}`),
      call(one, 'GET', `/api/conflicts?${MONTH}`),
    ]);
    assert.ok(agenda.json.items.length >= 2 && conflicts.json.items.length > 0, conflicts.text);
    await call(one, 'GET', `/api/users/${other.id}/agenda?${MONTH}`);
    await call(other, 'DELETE', appointment);
    await call(other, 'GET', '/api/trash');
    await call(other, 'POST', `${appointment}/restore`);
    for (const list of ['/api/search?q=meeting', '/api/sync?since=0']) await call(one, 'GET', list);
    const body = { groupId: group.id, durationMinutes: 30, start: at(5, 0), end: at(9, 0) };
    assert.ok((await call(one, 'POST', '/api/free-slots', { body })).json.items.length > 0);
    await call(one, 'GET', `/api/freebusy?users=${one.id},${other.id}&${MONTH}`);
  });

  it('answers of notifications, calendar files and feeds as it is documented', async () => {
    const [one, other] = [ada as Person, ben as Person];
    const { items } = (await call(other, 'GET', '/api/notifications')).json;
    await call(other, 'GET', '/api/notifications/unread');
    await call(other, 'POST', `/api/notifications/${items[0].id}/read`);
    await call(other, 'POST', '/api/notifications/read');
    const headers = { 'content-type': 'text/calendar' };
    assert.equal((await call(one, 'POST', '/api/import', { headers, body: CALENDAR })).json.taken, 1);
    const [{ id }] = (await call(one, 'GET', '/api/groups')).json.items;
    for (const group of ['', `&group=${id}`]) await call(one, 'GET', `/api/export.ics?${MONTH}${group}`);
    for (const feed of ['/api/me/feed', `/api/groups/${id}/feed`]) {
      const { path } = (await call(one, 'PUT', feed)).json;
      await call(one, 'GET', path);
      await call(one, 'DELETE', feed);
    }
    await call(one, 'POST', `/api/groups/${id}/hand-over`, { body: { userId: other.id } });
    await call(one, 'POST', `/api/groups/${id}/leave`);
    const group = (await call(one, 'POST', '/api/groups', { body: { name: 'G', kind: 'non_hierarchical' } }))
      .json;
    await call(one, 'PUT', `/api/groups/${group.id}/members/${other.id}`);
    await call(one, 'DELETE', `/api/groups/${group.id}/members/${other.id}`);
    await call(one, 'DELETE', `/api/groups/${group.id}`);
  });

  it('answers operators as it is documented', async () => {
    const [pod] = test.pods;
    assert.ok(pod);
    assert.equal((await runAgendactl(test, pod, 'role', 'ada', 'operator')).code, 0);
    const headers = { 'x-audit-token': test.cluster.secrets.auditToken };
    const { json } = await call(ada as Person, 'GET', '/api/admin/audit/logs', { headers });
    assert.ok(json.items.length > 0);
    for (const path of ['/healthz', '/readyz', '/raft/health', '/cluster/nodes', '/metrics'])
      await call(ada as Person, 'GET', path);
    for (const path of ['/api/openapi.json', '/api/docs']) await call(ada as Person, 'GET', path);
  });

  it('offers the same to internal tools over gRPC', async () => {
    const [, another] = test.pods;
    assert.ok(another);
    const signer = new Signer('reports', [test.cluster.secrets.hmac]);
    const logger = createLogger({ component: 'reports', nodeId: 'reports', level: 'silent' });
    const address = { host: '127.0.0.1', port: another.ports.agenda };
    const channel = podChannels(another.nodeId, { signer, logger })('agenda', address);
    try {
      const agenda = channel.client(AgendaServiceService);
      const write = (caller?: Caller) => ({
        caller,
        commandId: uuidv7Bytes(),
        fingerprint: new Uint8Array(),
      });
      const login = { context: write(), username: 'ben', password: PASSWORD };
      const { user, session } = await agenda.login(login, DEADLINE);
      assert.ok(user && session);
      const caller = Caller.fromPartial({ userId: user.id, sessionId: session.id, username: 'ben' });
      const [startMs, endMs] = [Date.parse(at(24, 9)), Date.parse(at(24, 10))];
      const fields = AppointmentFields.fromPartial({ title: 'By a tool', startMs, endMs });
      const create = CreateAppointmentRequest.fromPartial({ context: write(caller), fields });
      const { appointment } = await agenda.createAppointment(create, DEADLINE);
      const { json } = await call(ben as Person, 'GET', `/api/appointments/${appointment?.id}`);
      assert.deepEqual([json.title, json.start, json.originNode], ['By a tool', at(24, 9), another.nodeId]);
      const twice = CreateAppointmentRequest.fromPartial({ context: write(caller), fields });
      await assert.rejects(agenda.createAppointment(twice, DEADLINE), { code: 'conflict' });
    } finally {
      channel.close();
    }
  });

  it('was asked on every path of the document', () => {
    const missing = ENDPOINTS.map(({ method, path }) => `${method} ${path}`).filter(
      (each) => !answered.has(each),
    );
    assert.deepEqual(missing, []);
  });
});
