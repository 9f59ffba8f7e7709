import assert from 'node:assert/strict';
import { request } from 'node:http';
import { Consistency } from '@agenda/proto/agenda/v1/agenda';
import { UserRole } from '@agenda/proto/agenda/v1/model';
import { Level } from '@agenda/proto/audit/v1/audit';
import { ServiceError } from '@agenda/service-kit/errors';
import { AUDIT_TOKEN, accessToken, GatewayProcess, type Person } from '../testing/gateway-process.ts';
import { type Answer, ask, assertProblem, wrongFields } from '../testing/http-client.ts';

describe('operations over HTTP', () => {
  const gateway = new GatewayProcess();
  const get = (path: string, headers: Record<string, string> = {}): Promise<Answer> =>
    ask(gateway.origin, 'GET', path, { headers });

  before(() => gateway.start());
  after(() => gateway.stop());
  afterEach(() => {
    gateway.agenda.status = {
      ...gateway.agenda.status,
      attached: true,
      leaderId: 'a#1',
      acceptsWrites: true,
    };
    gateway.sidecar.refusal = undefined;
  });

  it('is alive whatever its neighbours do', async () => {
    gateway.sidecar.refusal = new ServiceError('unavailable', 'as scripted');
    assert.equal((await get('/healthz')).status, 200);
  });

  it('is ready when the agenda serves, a leader is known and writes are accepted', async () => {
    assert.equal((await get('/readyz')).status, 200);
  });

  for (const [what, change] of [
    ['knows no leader', { leaderId: '', acceptsWrites: false }],
    ['accepts no writes yet', { acceptsWrites: false }],
    ['has lost its sidecar', { attached: false }],
  ] as const)
    it(`is not ready, with a reason, while the agenda ${what}`, async () => {
      gateway.agenda.status = { ...gateway.agenda.status, ...change };
      const answer = await get('/readyz');
      assert.equal(answer.status, 503);
      assert.ok(answer.text.length > 20, answer.text);
    });

  it('is not ready, with a reason and before a probe gives up, while the agenda does not answer', async () => {
    let release = (): void => {};
    gateway.agenda.before = ({ method }) =>
      method === 'getStatus' ? new Promise((resolve) => (release = resolve)) : undefined;
    const answer = await get('/readyz');
    gateway.agenda.before = () => undefined;
    release();
    assert.equal(answer.status, 503, answer.text);
    assert.match(answer.text, /agenda/);
  });

  it('shows where consensus stands', async () => {
    const { status, json } = await get('/raft/health');
    assert.equal(status, 200);
    assert.equal(json.nodeId, 'agenda-1');
    assert.equal(json.memberId, 'agenda-1#1');
    assert.equal(json.role, 'leader');
    assert.equal(json.isLeader, true);
    assert.equal(json.leaderId, 'agenda-1#1');
    assert.equal(json.term, 3);
    assert.equal(json.lastIndex, 42);
    assert.equal(json.commitIndex, 41);
    assert.equal(json.lastApplied, 40);
    assert.deepEqual(json.configuration.voters, ['agenda-1#1', 'agenda-2#1', 'agenda-3#1']);
    assert.deepEqual(json.alarms, []);
  });

  it('says so when the sidecar does not answer', async () => {
    gateway.sidecar.refusal = new ServiceError('unavailable', 'as scripted');
    assertProblem(await get('/raft/health'), 503, 'unavailable');
  });

  it('lists the nodes it knows of', async () => {
    const { status, json, text } = await get('/cluster/nodes');
    assert.equal(status, 200, text);
    const nodes: { nodeId: string; address: string }[] = json.items ?? json.nodes ?? json;
    assert.equal(nodes.find(({ nodeId }) => nodeId === 'agenda-2')?.address, '127.0.0.1:7000');
  });

  it('offers metrics by route, not by path, and what the sidecar says', async () => {
    const { token } = await gateway.person('metered');
    await ask(gateway.origin, 'GET', '/api/appointments/0198c5a0-0000-7000-8000-000000000000', { token });
    const { status, text, headers } = await get('/metrics');
    assert.equal(status, 200);
    assert.match(headers.get('content-type') ?? '', /^text\/plain/);
    assert.match(text, /route="\/api\/appointments\/:id"/);
    assert.doesNotMatch(text, /0198c5a0-0000/);
    assert.match(text, /^agenda_raft_\w*commit_index\{?.* 41$/m);
  });

  it('shows which alarms are raised, by their codes, until they are over', async () => {
    const { status } = gateway.sidecar;
    const alarms = [{ code: 'disk_stalled', message: 'as scripted', sinceMs: 1 }];
    gateway.sidecar.status = { ...status, alarms };
    assert.match((await get('/metrics')).text, /^agenda_raft_alarm\{.*code="disk_stalled".*\} 1$/m);
    assert.deepEqual((await get('/raft/health')).json.alarms[0].code, 'disk_stalled');
    gateway.sidecar.status = status;
    assert.doesNotMatch((await get('/metrics')).text, /disk_stalled/);
  });

  describe('the audit trail', () => {
    const PATH = '/api/admin/audit/logs';
    let operator: Person;
    let member: Person;

    before(async () => {
      const user = await gateway.person('operator', { role: UserRole.USER_ROLE_OPERATOR });
      const claims = { sub: user.userId, sid: user.sessionId, name: user.username, role: 'operator' };
      operator = { ...user, token: await accessToken(claims) };
      member = await gateway.person('member');
    });

    const read = (token: string | undefined, auditToken?: string, query = ''): Promise<Answer> =>
      ask(gateway.origin, 'GET', PATH + query, {
        ...(token === undefined ? {} : { token }),
        headers: auditToken === undefined ? {} : { 'x-audit-token': auditToken },
      });

    it('opens to an operator with the audit token only', async () => {
      assert.equal((await read(operator.token, AUDIT_TOKEN)).status, 200);
      assertProblem(await read(undefined, AUDIT_TOKEN), 401, 'unauthenticated');
      assertProblem(await read(member.token, AUDIT_TOKEN), 403, 'forbidden');
      for (const wrong of [undefined, '', AUDIT_TOKEN.slice(1), `${AUDIT_TOKEN}x`]) {
        const { status } = await read(operator.token, wrong);
        assert.ok(status === 401 || status === 403, `answered ${status} to ${wrong}`);
      }
    });

    it('closes with the session of the operator', async () => {
      const { userId, username } = operator;
      const token = await accessToken({ sub: userId, sid: 'ended', name: username, role: 'operator' });
      assertProblem(await read(token, AUDIT_TOKEN), 401, 'unauthenticated');
    });

    it('passes every filter on', async () => {
      const query = new URLSearchParams({
        from: '2026-05-01T00:00:00Z',
        to: '2026-06-01T00:00:00Z',
        actor: 'ana',
        action: 'appointment.',
        component: 'agenda',
        level: 'warning',
        requestId: 'r-1',
        node: 'agenda-2',
        text: 'x',
        limit: '7',
        cursor: 'abc',
      });
      const answer = await read(operator.token, AUDIT_TOKEN, `?${query}`);
      assert.equal(answer.status, 200, answer.text);
      const asked = gateway.audit.queries.at(-1);
      assert.equal(asked?.limit, 7);
      assert.equal(asked?.cursor, 'abc');
      assert.deepEqual(asked?.filter, {
        fromMs: Date.parse('2026-05-01T00:00:00Z'),
        toMs: Date.parse('2026-06-01T00:00:00Z'),
        actor: 'ana',
        action: 'appointment.',
        component: 'agenda',
        minimumLevel: Level.LEVEL_WARNING,
        requestId: 'r-1',
        nodeId: 'agenda-2',
        text: 'x',
      });
    });

    it('can be read without a leader, from what this replica knows', async () => {
      const answer = await read(operator.token, AUDIT_TOKEN, '?consistency=stale');
      assert.equal(answer.status, 200, answer.text);
      const { request } = gateway.agenda.callsOf('getMe').at(-1) ?? {};
      assert.equal(request.context.consistency, Consistency.CONSISTENCY_STALE);
    });

    it('learns of a token that this cluster never made, but not of one that is merely old', async () => {
      const claims = { sub: member.userId, sid: member.sessionId, name: member.username };
      const old = await accessToken(claims, { seconds: -60 });
      const forged = await accessToken(claims, { secret: 'x'.repeat(36) });
      await ask(gateway.origin, 'GET', '/api/me', { token: old });
      await ask(gateway.origin, 'GET', '/api/me', { token: forged });
      const event = await gateway.audit.recorded('token.refused');
      assert.equal(event.component, 'api-gateway');
      assert.match(event.address, /127\.0\.0\.1/);
      assert.equal(gateway.audit.events.filter(({ action }) => action === 'token.refused').length, 1);
      assert.ok(!JSON.stringify(event).includes(forged.slice(-20)));
    });

    it('names wrong filters', async () => {
      const answer = await read(operator.token, AUDIT_TOKEN, '?from=x&level=loud&limit=501');
      assertProblem(answer, 400, 'invalid_argument');
      assert.deepEqual(wrongFields(answer), ['from', 'level', 'limit']);
    });

    it('records who read it', async () => {
      await read(operator.token, AUDIT_TOKEN);
      const recorded = gateway.audit.events.find(({ component }) => component === 'api-gateway');
      const event = recorded ?? (await gateway.audit.recorded('audit.read'));
      assert.equal(event.nodeId, 'agenda-1');
      assert.ok(!JSON.stringify(event).includes(AUDIT_TOKEN));
    });
  });

  describe('the headers that protect a browser', () => {
    it('stand on every answer', async () => {
      for (const path of ['/healthz', '/api/me', '/ui/', '/nowhere']) {
        const { headers } = await get(path);
        const policy = headers.get('content-security-policy') ?? '';
        assert.match(policy, /default-src 'none'/, path);
        assert.match(policy, /frame-ancestors 'none'/, path);
        assert.doesNotMatch(policy, /unsafe-eval|script-src[^;]*unsafe-inline/, path);
        assert.equal(headers.get('x-content-type-options'), 'nosniff', path);
        assert.equal(headers.get('strict-transport-security'), null, path);
        assert.equal(headers.get('x-powered-by'), null, path);
      }
    });

    it('keep answers of the API out of caches', async () => {
      const { token } = await gateway.person('uncached');
      const { headers } = await ask(gateway.origin, 'GET', '/api/me', { token });
      assert.match(headers.get('cache-control') ?? '', /no-store|private|no-cache/);
    });
  });

  it('sends a browser from the root to the page', async () => {
    const answer = await get('/');
    assert.equal(answer.status, 302);
    assert.equal(answer.headers.get('location'), '/ui/');
  });

  it('serves no file from outside of the page', async () => {
    for (const path of ['/ui/../package.json', '/ui/%2e%2e/package.json', '/ui/..%2fpackage.json', '/ui/%00'])
      assert.doesNotMatch((await rawGet(gateway.origin, path)).text, /"dependencies"/, path);
  });
});

/** fetch tidies the path up; a hostile client does not. */
function rawGet(origin: string, path: string): Promise<{ status: number; text: string }> {
  const { hostname, port } = new URL(origin);
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path }, async (response) => {
      let text = '';
      for await (const chunk of response) text += chunk;
      resolve({ status: response.statusCode ?? 0, text });
    });
    sent.on('error', reject);
    sent.end();
  });
}
