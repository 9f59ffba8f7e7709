import assert from 'node:assert/strict';
import { accessToken, GatewayProcess, JWT_SECRET, type Person } from '../testing/gateway-process.ts';
import { type Answer, ask, assertProblem } from '../testing/http-client.ts';

const OLD_SECRET = 'the-former-jwt-secret-of-these-tests';

describe('authentication', () => {
  const gateway = new GatewayProcess();
  let person: Person;

  before(async () => {
    await gateway.start({
      JWT_SECRET: `${JWT_SECRET},${OLD_SECRET}`,
      RATE_LIMIT_PER_USER_PER_SECOND: '100000',
    });
    person = await gateway.person('ana');
  });
  after(() => gateway.stop());

  const me = (token?: string, headers: Record<string, string> = {}): Promise<Answer> =>
    ask(gateway.origin, 'GET', '/api/me', { headers, ...(token === undefined ? {} : { token }) });
  const claims = (): { sub: string; sid: string; name: string } => ({
    sub: person.userId,
    sid: person.sessionId,
    name: person.username,
  });

  it('takes a token signed with either secret of a rotation', async () => {
    assert.equal((await me(person.token)).status, 200);
    assert.equal((await me(await accessToken(claims(), { secret: OLD_SECRET }))).status, 200);
  });

  it('signs with the first secret of a rotation', async () => {
    const body = { username: 'ana', password: 'ana-password' };
    const { json } = await ask(gateway.origin, 'POST', '/api/login', { body });
    const { jwtVerify } = await import('jose');
    await jwtVerify(json.token, Buffer.from(JWT_SECRET), { algorithms: ['HS256'] });
  });

  it('asks for a token, and says how', async () => {
    const answer = await me();
    assertProblem(answer, 401, 'unauthenticated');
    assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer/);
  });

  const none = (): string => {
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const exp = Math.floor(Date.now() / 1_000) + 900;
    return `${part({ alg: 'none', typ: 'at+jwt' })}.${part({ ...claims(), iss: 'agenda-distribuida', exp })}.`;
  };
  const forged: [string, () => Promise<string> | string][] = [
    ['another secret', () => accessToken(claims(), { secret: 'x'.repeat(36) })],
    [
      'the algorithm HS512',
      () => accessToken(claims(), { algorithm: 'HS512', secret: JWT_SECRET.repeat(2) }),
    ],
    ['the right secret but HS384', () => accessToken(claims(), { algorithm: 'HS384' })],
    ['no algorithm at all', none],
    ['the type of a refresh token', () => accessToken(claims(), { type: 'rt+jwt' })],
    ['the general type', () => accessToken(claims(), { type: 'JWT' })],
    ['another issuer', () => accessToken(claims(), { issuer: 'somebody-else' })],
    ['an end in the past', () => accessToken(claims(), { seconds: -60 })],
    ['no session', () => accessToken({ sub: person.userId, name: 'ana' })],
    ['a changed signature', () => `${person.token.slice(0, -4)}AAAA`],
    ['no dots', () => 'nonsense'],
  ];
  for (const [what, token] of forged)
    it(`refuses a token with ${what}`, async () => {
      assertProblem(await me(await token()), 401, 'unauthenticated');
    });

  it('refuses a scheme other than Bearer', async () => {
    assertProblem(await me(undefined, { authorization: 'Basic YW5hOmFuYQ==' }), 401, 'unauthenticated');
  });

  it('remembers a verified token no longer than it lives', async () => {
    const token = await accessToken(claims(), { seconds: 2 });
    assert.equal((await me(token)).status, 200);
    let answer = await me(token);
    while (answer.status === 200) answer = await me(token);
    assertProblem(answer, 401, 'unauthenticated');
  });

  it('passes on who asks, and never a token', async () => {
    await me(person.token);
    const { request } = gateway.agenda.callsOf('getMe').at(-1) ?? {};
    assert.equal(request.context.caller.userId, person.userId);
    assert.equal(request.context.caller.sessionId, person.sessionId);
    assert.equal(request.context.caller.username, person.username);
    assert.match(request.context.caller.address, /127\.0\.0\.1/);
    assert.ok(!gateway.output.includes(person.token.slice(0, 40)));
  });
});
