import assert from 'node:assert/strict';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { accessToken, GatewayProcess, ISSUER } from '../testing/gateway-process.ts';
import { type Answer, type Ask, ask, assertProblem, wrongFields } from '../testing/http-client.ts';

const PASSWORD = 'correct horse battery';

describe('accounts over REST', () => {
  const gateway = new GatewayProcess();
  const post = (path: string, body: unknown, given: Ask = {}): Promise<Answer> =>
    ask(gateway.origin, 'POST', path, { ...given, body });

  before(() => gateway.start());
  after(() => gateway.stop());

  async function loggedIn(username: string): Promise<Answer> {
    gateway.agenda.addUser(username);
    const answer = await post('/api/login', { username, password: `${username}-password` });
    assert.equal(answer.status, 200, answer.text);
    return answer;
  }

  it('registers a user and never shows the password', async () => {
    const answer = await post('/api/register', {
      username: 'ana',
      password: PASSWORD,
      email: 'ana@example.org',
      displayName: 'Ana',
      timeZone: 'America/Havana',
    });
    assert.equal(answer.status, 201, answer.text);
    assert.equal(answer.headers.get('location'), '/api/me');
    assert.equal(answer.headers.get('x-agenda-index'), String(gateway.agenda.state.index));
    const { id, createdAt, updatedAt, ...rest } = answer.json;
    assert.match(id, /^[0-9a-f-]{36}$/);
    assert.match(createdAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.equal(updatedAt, createdAt);
    assert.deepEqual(rest, {
      username: 'ana',
      email: 'ana@example.org',
      displayName: 'Ana',
      timeZone: 'America/Havana',
      role: 'member',
      version: 1,
    });
    assert.ok(!answer.text.includes(PASSWORD));
  });

  it('gives null for an e-mail address that was not given', async () => {
    const answer = await post('/api/register', { username: 'no-mail', password: PASSWORD });
    assert.equal(answer.status, 201, answer.text);
    assert.equal(answer.json.email, null);
  });

  it('refuses a user name that is taken', async () => {
    gateway.agenda.addUser('taken');
    assertProblem(await post('/api/register', { username: 'taken', password: PASSWORD }), 409, 'conflict');
  });

  it('names every wrong field of a registration at once, unknown ones too', async () => {
    const answer = await post('/api/register', { username: '', password: 7, color: 'red' });
    assertProblem(answer, 400, 'invalid_argument');
    assert.deepEqual(wrongFields(answer), ['color', 'password', 'username']);
  });

  it('logs in with tokens that name the user and the session', async () => {
    const { json } = await loggedIn('bea');
    assert.equal(json.expiresInSeconds, 900);
    assert.equal(json.user.username, 'bea');
    assert.deepEqual(decodeProtectedHeader(json.token), { alg: 'HS256', typ: 'at+jwt' });
    assert.deepEqual(decodeProtectedHeader(json.refreshToken), { alg: 'HS256', typ: 'rt+jwt' });
    const access = decodeJwt(json.token);
    const refresh = decodeJwt(json.refreshToken);
    const session = gateway.agenda.state.sessions.get(String(access.sid));
    assert.equal(access.iss, ISSUER);
    assert.equal(access.sub, json.user.id);
    assert.equal(access.name, 'bea');
    assert.equal(access.role, 'member');
    assert.equal(Number(access.exp) - Number(access.iat), 900);
    assert.equal(session?.userId, json.user.id);
    assert.equal(refresh.sid, access.sid);
    assert.equal(refresh.gen, 1);
    assert.equal(refresh.exp, Math.floor((session?.expiresAtMs ?? 0) / 1_000));
  });

  it('answers a wrong password and an unknown name alike, and logs neither', async () => {
    gateway.agenda.addUser('cia');
    const wrong = await post('/api/login', { username: 'cia', password: 'not-this-one' });
    const unknown = await post('/api/login', { username: 'nobody', password: 'not-this-one' });
    assertProblem(wrong, 401, 'unauthenticated');
    assertProblem(unknown, 401, 'unauthenticated');
    assert.equal(wrong.json.detail, unknown.json.detail);
    assert.ok(!gateway.output.includes('not-this-one'));
  });

  it('refreshes once with a refresh token, and ends the session when it is used again', async () => {
    const { json } = await loggedIn('dan');
    const first = await post('/api/refresh', { refreshToken: json.refreshToken });
    assert.equal(first.status, 200, first.text);
    assert.equal(decodeJwt(first.json.refreshToken).gen, 2);
    assert.equal((await ask(gateway.origin, 'GET', '/api/me', { token: first.json.token })).status, 200);
    assertProblem(await post('/api/refresh', { refreshToken: json.refreshToken }), 401, 'unauthenticated');
    const after = await ask(gateway.origin, 'GET', '/api/me', { token: first.json.token });
    assertProblem(after, 401, 'unauthenticated');
  });

  it('takes neither token in the place of the other', async () => {
    const { json } = await loggedIn('eve');
    assertProblem(await post('/api/refresh', { refreshToken: json.token }), 401, 'unauthenticated');
    const me = await ask(gateway.origin, 'GET', '/api/me', { token: json.refreshToken });
    assertProblem(me, 401, 'unauthenticated');
  });

  it('ends the session at logout, for its token too', async () => {
    const { json } = await loggedIn('fay');
    const out = await ask(gateway.origin, 'POST', '/api/logout', { token: json.token });
    assert.equal(out.status, 204, out.text);
    assert.equal(out.text, '');
    assertProblem(await ask(gateway.origin, 'GET', '/api/me', { token: json.token }), 401, 'unauthenticated');
  });

  it('shows the own user with its version as ETag', async () => {
    const person = await gateway.person('gil');
    const me = await ask(gateway.origin, 'GET', '/api/me', { token: person.token });
    assert.equal(me.status, 200);
    assert.equal(me.json.id, person.userId);
    assert.equal(me.headers.get('etag'), '"1"');
  });

  it('changes only the given parts of a profile, and refuses a stale If-Match', async () => {
    const { token } = await gateway.person('hal', { email: 'hal@example.org' });
    const put = (body: unknown, ifMatch: string): Promise<Answer> =>
      ask(gateway.origin, 'PUT', '/api/me/profile', { token, body, headers: { 'if-match': ifMatch } });
    const changed = await put({ displayName: 'Hal 9000' }, '"1"');
    assert.equal(changed.status, 200, changed.text);
    assert.equal(changed.json.displayName, 'Hal 9000');
    assert.equal(changed.json.email, 'hal@example.org');
    assert.equal(changed.headers.get('etag'), '"2"');
    assertProblem(await put({ displayName: 'Hal' }, '"1"'), 412, 'version_mismatch');
  });

  it('changes the password, keeps this session and ends the others', async () => {
    const { token, userId, username } = await gateway.person('ida');
    const otherSession = gateway.agenda.addSession(userId);
    const other = await accessToken({ sub: userId, sid: otherSession, name: username });
    const body = { currentPassword: 'ida-password', newPassword: PASSWORD };
    const changed = await ask(gateway.origin, 'PUT', '/api/me/password', { token, body });
    assert.equal(changed.status, 204, changed.text);
    assert.equal((await ask(gateway.origin, 'GET', '/api/me', { token })).status, 200);
    assertProblem(await ask(gateway.origin, 'GET', '/api/me', { token: other }), 401, 'unauthenticated');
  });

  it('says which field is wrong when the current password is', async () => {
    const { token } = await gateway.person('jan');
    const body = { currentPassword: 'wrong-password', newPassword: PASSWORD };
    const answer = await ask(gateway.origin, 'PUT', '/api/me/password', { token, body });
    assertProblem(answer, 422, 'unprocessable');
    assert.deepEqual(wrongFields(answer), ['currentPassword']);
  });
});
