import assert from 'node:assert/strict';
import { GatewayProcess } from '../testing/gateway-process.ts';
import { type Answer, ask, assertProblem } from '../testing/http-client.ts';

const TRIES_MAX = 500;

describe('rate limits', () => {
  const gateway = new GatewayProcess();

  before(() => gateway.start({ RATE_LIMIT_PER_USER_PER_SECOND: '20' }));
  after(() => gateway.stop());

  async function untilLimited(send: () => Promise<Answer>): Promise<Answer> {
    for (let tries = 0; tries < TRIES_MAX; tries += 10) {
      const answers = await Promise.all(Array.from({ length: 10 }, send));
      const limited = answers.find(({ status }) => status === 429);
      if (limited) return limited;
    }
    throw new Error(`not limited after ${TRIES_MAX} requests`);
  }

  it('stop one user and say when to come back, and leave the others alone', async () => {
    const busy = await gateway.person('busy');
    const quiet = await gateway.person('quiet');
    const limited = await untilLimited(() => ask(gateway.origin, 'GET', '/api/me', { token: busy.token }));
    assertProblem(limited, 429, 'rate_limited');
    assert.match(limited.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
    assert.equal((await ask(gateway.origin, 'GET', '/api/me', { token: quiet.token })).status, 200);
  });

  it('stop an address that guesses passwords', async () => {
    gateway.agenda.addUser('victim');
    const body = { username: 'victim', password: 'a-guess-at-it' };
    const limited = await untilLimited(() => ask(gateway.origin, 'POST', '/api/login', { body }));
    assertProblem(limited, 429, 'rate_limited');
    assert.match(limited.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
  });

  it('do not count for those who watch over the process', async () => {
    for (let probe = 0; probe < 100; probe += 1)
      assert.equal((await ask(gateway.origin, 'GET', '/healthz')).status, 200);
  });
});
