import assert from 'node:assert/strict';
import { Consistency } from '@agenda/proto/agenda/v1/agenda';
import { ServiceError } from '@agenda/service-kit/errors';
import { GatewayProcess, type Person } from '../testing/gateway-process.ts';
import { type Answer, type Ask, ask, assertProblem } from '../testing/http-client.ts';

const BODY_BYTES_MAX = 256 * 1024;
const AT_NINE = {
  title: 'x',
  start: '2026-05-04T09:00:00Z',
  end: '2026-05-04T09:30:00Z',
  allowConflict: true,
};

interface Problem {
  readonly path: string;
  readonly message: string;
}

describe('what every request goes through', () => {
  const gateway = new GatewayProcess();
  let person: Person;

  before(async () => {
    await gateway.start();
    person = await gateway.person('ana');
  });
  after(() => gateway.stop());
  afterEach(() => {
    gateway.agenda.before = () => undefined;
  });

  const call = (method: string, path: string, given: Ask = {}): Promise<Answer> =>
    ask(gateway.origin, method, path, { token: person.token, ...given });
  const create = (given: Ask = {}): Promise<Answer> =>
    call('POST', '/api/appointments', { body: AT_NINE, ...given });

  describe('request id', () => {
    it('is the given one, on the answer and on every hop', async () => {
      const answer = await call('GET', '/api/me', { headers: { 'x-request-id': 'from-a-test.1' } });
      assert.equal(answer.headers.get('x-request-id'), 'from-a-test.1');
      assert.equal(gateway.agenda.callsOf('getMe').at(-1)?.requestId, 'from-a-test.1');
    });

    it('is a new one when the given one is not sane', async () => {
      for (const given of ['a b', 'x'.repeat(1_000), '"><script>']) {
        const answer = await call('GET', '/api/me', { headers: { 'x-request-id': given } });
        assert.notEqual(answer.headers.get('x-request-id'), given);
        assert.ok((answer.headers.get('x-request-id') ?? '').length > 8);
      }
    });
  });

  describe('routing', () => {
    it('answers an unknown path with a problem', async () => {
      assertProblem(await call('GET', '/api/nothing-here'), 404, 'not_found');
    });

    it('answers a path that cannot be decoded with a problem', async () => {
      const answer = await call('GET', '/api/appointments/%E0%A4%A');
      assert.ok(answer.status === 400 || answer.status === 404, `answered ${answer.status}: ${answer.text}`);
      assertProblem(answer, answer.status, answer.json.code);
    });

    it('answers a wrong method with those that are allowed', async () => {
      const answer = await call('DELETE', '/api/agenda');
      assertProblem(answer, 405, 'method_not_allowed');
      assert.match(answer.headers.get('allow') ?? '', /\bGET\b/);
    });
  });

  describe('body', () => {
    it('says where JSON goes wrong', async () => {
      const answer = await create({ body: '{"title": "x", ]' });
      assertProblem(answer, 400, 'invalid_argument');
      assert.match(answer.json.detail, /position|line|column/);
    });

    it('says where JSON goes wrong even if the parser only says what, and quotes nothing of it', async () => {
      const answer = await create({
        body: '{"title": "secret-of-mine-which-is-rather-long-already",\n  "end": x}',
      });
      assertProblem(answer, 400, 'invalid_argument');
      assert.match(answer.json.detail, /line 2,? column 10/);
      assert.doesNotMatch(answer.text, /secret-of-mine/);
    });

    it('tells a field of the wrong type from one that is missing', async () => {
      const { json } = await create({ body: { title: 5, start: AT_NINE.start, allDay: 'no' } });
      assert.deepEqual(Object.fromEntries(json.errors.map(({ path, message }: Problem) => [path, message])), {
        title: 'must be a string',
        end: 'is missing',
        allDay: 'must be a boolean',
      });
    });

    it('may hold any text in a field', async () => {
      for (const title of ['__proto__', 'constructor', '"quoted"', 'two 🎂 words'])
        assert.equal((await create({ body: { ...AT_NINE, title } })).json.title, title);
    });

    it('must not be compressed', async () => {
      const answer = await create({ headers: { 'content-encoding': 'gzip' } });
      assertProblem(answer, 415, 'unsupported_media_type');
    });

    it('must be an object', async () => {
      for (const body of ['[]', '"text"', 'null', '7'])
        assertProblem(await create({ body }), 400, 'invalid_argument');
    });

    it('must be there', async () => {
      assertProblem(await create({ body: '' }), 400, 'invalid_argument');
    });

    it('must be UTF-8', async () => {
      const body = Buffer.concat([Buffer.from('{"title":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]);
      assertProblem(await create({ body }), 400, 'invalid_argument');
    });

    it('must be JSON by its content type', async () => {
      const answer = await create({ body: 'title=x', headers: { 'content-type': 'text/plain' } });
      assertProblem(answer, 415, 'unsupported_media_type');
    });

    it('may name its charset', async () => {
      const headers = { 'content-type': 'application/json; charset=utf-8' };
      assert.equal((await create({ headers })).status, 201);
    });

    it('is refused when it is too large, said or not', async () => {
      const body = JSON.stringify({ ...AT_NINE, description: 'x'.repeat(BODY_BYTES_MAX) });
      assertProblem(await create({ body }), 413, 'payload_too_large');
      const stream = new Blob([body]).stream();
      const unsaid = await fetch(`${gateway.origin}/api/appointments`, {
        method: 'POST',
        headers: { authorization: `Bearer ${person.token}`, 'content-type': 'application/json' },
        body: stream,
        duplex: 'half',
      } as RequestInit);
      assert.equal(unsaid.status, 413);
    });

    it('cannot reach the prototype of anything', async () => {
      const body = `{"title":"x","start":"${AT_NINE.start}","end":"${AT_NINE.end}","__proto__":{"role":"operator"}}`;
      assertProblem(await create({ body }), 400, 'invalid_argument');
    });
  });

  describe('idempotency', () => {
    const lastContext = () => gateway.agenda.callsOf('createAppointment').at(-1)?.request.context;
    const keyed = (key: string, given: Ask = {}): Promise<Answer> =>
      create({ ...given, headers: { 'idempotency-key': key } });

    it('gives the first answer to a repeat, and applies it once', async () => {
      const first = await keyed('the-same-key');
      const { commandId, fingerprint } = lastContext();
      const again = await keyed('the-same-key');
      assert.equal(first.status, 201, first.text);
      assert.equal(again.status, 201, again.text);
      assert.deepEqual(again.json, first.json);
      assert.equal(commandId.length, 16);
      assert.equal(fingerprint.length, 32);
      assert.deepEqual(lastContext(), { ...lastContext(), commandId, fingerprint });
    });

    it('refuses the same key with another body', async () => {
      assert.equal((await keyed('one-key')).status, 201);
      const other = await keyed('one-key', { body: { ...AT_NINE, title: 'y' } });
      assertProblem(other, 422, 'unprocessable');
    });

    it('keeps the keys of two people apart', async () => {
      const first = await keyed('shared-key');
      const { commandId } = lastContext();
      const other = await gateway.person('bea');
      const second = await keyed('shared-key', { token: other.token });
      assert.equal(second.status, 201, second.text);
      assert.notEqual(second.json.id, first.json.id);
      assert.notDeepEqual(lastContext().commandId, commandId);
    });

    it('derives another id when the key is that of another user who registers', async () => {
      const register = (username: string): Promise<Answer> =>
        ask(gateway.origin, 'POST', '/api/register', {
          body: { username, password: 'long enough, really' },
          headers: { 'idempotency-key': 'registration' },
        });
      assert.equal((await register('reg-one')).status, 201);
      assert.equal((await register('reg-two')).status, 201);
      const again = await register('reg-one');
      assert.equal(again.status, 201, again.text);
      assert.equal(again.json.username, 'reg-one');
    });

    it('makes a fresh id for each request without a key', async () => {
      await create();
      const { commandId } = lastContext();
      await create();
      assert.notDeepEqual(lastContext().commandId, commandId);
    });

    it('refuses a key that is empty, too long, or not visible ASCII', async () => {
      for (const key of ['', 'x'.repeat(256), 'a b', 'clé'])
        assertProblem(await keyed(key), 400, 'invalid_argument');
      assert.equal((await keyed('k'.repeat(255))).status, 201);
    });
  });

  describe('consistency', () => {
    const lastContext = () => gateway.agenda.callsOf('getMe').at(-1)?.request.context;

    it('is linearizable unless asked otherwise', async () => {
      await call('GET', '/api/me');
      assert.notEqual(lastContext().consistency, Consistency.CONSISTENCY_STALE);
      assert.equal(lastContext().minIndex, 0);
    });

    it('may be stale', async () => {
      assert.equal((await call('GET', '/api/me?consistency=stale')).status, 200);
      assert.equal(lastContext().consistency, Consistency.CONSISTENCY_STALE);
    });

    it('may be at least as fresh as an index', async () => {
      const min = String(gateway.agenda.state.index);
      const answer = await call('GET', '/api/me', { headers: { 'x-agenda-min-index': min } });
      assert.equal(answer.status, 200, answer.text);
      assert.equal(lastContext().minIndex, Number(min));
      assert.equal(lastContext().consistency, Consistency.CONSISTENCY_UNSPECIFIED);
      assert.equal(answer.headers.get('x-agenda-index'), min);
    });

    it('must be one that exists', async () => {
      assertProblem(await call('GET', '/api/me?consistency=eventual'), 400, 'invalid_argument');
      for (const value of ['-1', '1.5', 'x', '99999999999999999999'])
        assertProblem(
          await call('GET', '/api/me', { headers: { 'x-agenda-min-index': value } }),
          400,
          'invalid_argument',
        );
    });
  });

  describe('refusals of the agenda', () => {
    for (const [code, status] of [
      ['no_leader', 503],
      ['overloaded', 503],
      ['timeout', 504],
      ['unimplemented', 501],
    ] as const)
      it(`become ${status} for ${code}`, async () => {
        gateway.agenda.before = () => new ServiceError(code, 'as scripted', { retryAfterMs: 1_200 });
        const answer = await create();
        assertProblem(answer, status, code);
        if (status === 503) assert.equal(answer.headers.get('retry-after'), '2');
      });

    it('say of a timeout that the same Idempotency-Key makes a retry safe', async () => {
      gateway.agenda.before = () => new ServiceError('timeout', 'as scripted');
      assert.match((await create()).text, /Idempotency-Key/);
    });

    it('say of a write that nothing was done where that is known, and when to try again', async () => {
      gateway.agenda.before = () => new ServiceError('unavailable', 'stopping', { nothingDone: true });
      const refused = await create();
      assertProblem(refused, 503, 'unavailable');
      assert.match(refused.json.detail, /^stopping; nothing was done: send the request again$/);
      assert.match(refused.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
      gateway.agenda.before = () => new ServiceError('unavailable', 'gone');
      assertProblem(await create(), 504, 'timeout');
    });

    it('never say of a read that its outcome is unknown, though it is asked by POST', async () => {
      const wanted = { userIds: [], start: AT_NINE.start, end: AT_NINE.end, durationMinutes: 30 };
      for (const [code, status] of [
        ['timeout', 504],
        ['unavailable', 503],
      ] as const) {
        gateway.agenda.before = () => new ServiceError(code, 'as scripted');
        for (const answer of [
          await call('POST', '/api/free-slots', { body: wanted }),
          await call('GET', '/api/me'),
        ]) {
          assertProblem(answer, status, code);
          assert.equal(answer.json.detail, 'as scripted');
          assert.doesNotMatch(answer.text, /unknown|nothing was done/);
        }
      }
    });

    it('say of a change that its outcome is not in doubt when what it reads first was not answered', async () => {
      const { json } = await create({ headers: { 'idempotency-key': 'read-first' } });
      gateway.agenda.before = ({ method }) =>
        method === 'getAppointment' ? new ServiceError('timeout', 'as scripted') : undefined;
      const answer = await call('PATCH', `/api/appointments/${json.id}`, { body: { end: AT_NINE.end } });
      assertProblem(answer, 504, 'timeout');
      assert.equal(answer.json.detail, 'as scripted; nothing was done: send the request again');
    });

    it('always say when to try again without a leader', async () => {
      gateway.agenda.before = () => new ServiceError('no_leader', 'as scripted');
      assert.match((await create()).headers.get('retry-after') ?? '', /^[1-9]\d*$/);
    });
  });
});
