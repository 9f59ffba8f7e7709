import assert from 'node:assert/strict';
import {
  ExportCalendarResponse,
  ImportCalendarResponse,
  SetFeedResponse,
} from '@agenda/proto/agenda/v1/agenda';
import { ServiceError } from '@agenda/service-kit/errors';
import { GatewayProcess, type Person } from '../testing/gateway-process.ts';
import { type Answer, type Ask, ask, assertProblem } from '../testing/http-client.ts';

const SECRET = 's3cr3t-s3cr3t-s3cr3t-s3cr3t-s3cr3t-s3cr3t-A';
const WRONG = SECRET.replace('A', 'B');
const ICS = 'BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n';

describe('calendar files over REST', () => {
  const gateway = new GatewayProcess();
  let person: Person;

  before(async () => {
    await gateway.start({
      LOG_LEVEL: 'debug',
      RATE_LIMIT_FEEDS_PER_MINUTE: '40',
      RATE_LIMIT_IMPORTS_PER_MINUTE: '8',
    });
    person = await gateway.person('importer');
    Object.assign(gateway.agenda.answers, {
      importCalendar: () =>
        ImportCalendarResponse.fromPartial({
          result: {
            components: [
              { icalUid: 'a', appointmentId: person.userId },
              { icalUid: 'b', reason: 'no start' },
            ],
          },
          index: 5,
        }),
      exportCalendar: ({ feedSecret }: { feedSecret: string }) => {
        if (feedSecret !== '' && feedSecret !== SECRET)
          throw new ServiceError('not_found', 'there is no such feed');
        return ExportCalendarResponse.fromPartial({ ics: Buffer.from(ICS), index: 6 });
      },
      setFeed: ({ revoke }: { revoke: boolean }) =>
        SetFeedResponse.fromPartial({ feedSecret: revoke ? '' : SECRET, index: 7 }),
    });
  });
  after(() => gateway.stop());

  const call = (method: string, path: string, given: Ask = {}): Promise<Answer> =>
    ask(gateway.origin, method, path, { token: person.token, ...given });
  const upload = (body: string | Uint8Array, type = 'text/calendar; charset=utf-8'): Promise<Answer> =>
    call('POST', '/api/import', { body, headers: { 'content-type': type } });

  it('reports what an import took and what it skipped, and why', async () => {
    const { status, json, headers } = await upload(ICS);
    assert.equal(status, 200);
    assert.deepEqual([json.taken, json.skipped], [1, 1]);
    assert.deepEqual(json.components[1], { uid: 'b', appointmentId: null, reason: 'no start' });
    assert.equal(headers.get('ratelimit-policy'), '"imports";q=8;w=60');
    assert.match(headers.get('ratelimit') ?? '', /^"imports";r=7;t=\d+$/);
    assert.deepEqual(
      Buffer.from(gateway.agenda.callsOf('importCalendar').at(-1)?.request.ics).toString(),
      ICS,
    );
  });

  it('takes 1 MiB of text/calendar and nothing else', async () => {
    assertProblem(await upload('{}', 'application/json'), 415, 'unsupported_media_type');
    assert.equal((await upload(Buffer.alloc(1024 * 1024, ' '))).status, 200);
    const large = await upload(Buffer.alloc(1024 * 1024 + 1, ' '));
    assertProblem(large, 413, 'payload_too_large');
    assert.match(large.json.detail, /1048576/);
  });

  it('says what the limit is to who goes beyond it', async () => {
    let answer = await upload(ICS);
    while (answer.status === 200) answer = await upload(ICS);
    assertProblem(answer, 429, 'rate_limited');
    assert.match(answer.json.detail, /at most 8 imports a minute/);
    assert.match(answer.headers.get('ratelimit') ?? '', /^"imports";r=0;/);
    assert.ok(Number(answer.headers.get('retry-after')) >= 1);
  });

  it('exports a range as a file', async () => {
    const path = '/api/export.ics?start=2026-01-01T00:00:00Z&end=2026-02-01T00:00:00Z';
    const { status, text, headers } = await call('GET', path);
    assert.deepEqual([status, text], [200, ICS]);
    assert.match(headers.get('content-disposition') ?? '', /agenda\.ics/);
  });

  it('serves a feed to who has its address, without a token, and 304 while it is the same', async () => {
    const { json } = await call('PUT', '/api/me/feed');
    assert.equal(json.path, `/feeds/${SECRET}.ics`);
    const { status, text, headers } = await ask(gateway.origin, 'GET', json.path);
    assert.deepEqual([status, text], [200, ICS]);
    assert.match(headers.get('content-type') ?? '', /^text\/calendar/);
    assert.match(headers.get('cache-control') ?? '', /^private/);
    const known = { headers: { 'if-none-match': headers.get('etag') ?? '' } };
    assert.equal((await ask(gateway.origin, 'GET', json.path, known)).status, 304);
    assert.equal((await call('DELETE', '/api/me/feed')).status, 204);
  });

  it('asks for the same address by a repeat with the same key', async () => {
    const headers = { 'idempotency-key': 'again' };
    await call('PUT', '/api/me/feed', { headers });
    await call('PUT', '/api/me/feed', { headers });
    const [first, second] = gateway.agenda.callsOf('setFeed').slice(-2);
    assert.deepEqual(first?.request.context.commandId, second?.request.context.commandId);
  });

  it('looks a wrong address up as it does a right one, and lets nobody try many', async () => {
    const wrong = await ask(gateway.origin, 'GET', `/feeds/${WRONG}.ics`);
    assertProblem(wrong, 404, 'not_found');
    assert.equal(gateway.agenda.callsOf('exportCalendar').at(-1)?.request.feedSecret, WRONG);
    assert.ok(!wrong.text.includes(WRONG));
    let answer = wrong;
    while (answer.status === 404) answer = await ask(gateway.origin, 'GET', `/feeds/${WRONG}.ics`);
    assertProblem(answer, 429, 'rate_limited');
    assert.match(answer.json.detail, /at most 40 requests for feeds from one address a minute/);
  });

  it('never writes an address to its log or its metrics', async () => {
    const metrics = await (await fetch(`${gateway.origin}/metrics`)).text();
    assert.match(metrics, /route="\/feeds\/:secret\.ics"/);
    assert.match(gateway.output, /feeds\/:secret/);
    for (const secret of [SECRET, WRONG]) {
      assert.ok(!metrics.includes(secret));
      assert.ok(!gateway.output.includes(secret));
    }
  });
});
