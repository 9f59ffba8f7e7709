import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMetrics } from '@agenda/service-kit/metrics';
import Router from '@koa/router';
import Koa from 'koa';
import type { RequestState } from '../middleware/context.ts';
import { entry } from '../middleware/entry.ts';
import { type Answer, ask, assertProblem } from '../testing/http-client.ts';
import { testLogger } from '../testing/scripted-agenda.ts';
import { serveUi } from './ui.ts';

const INDEX = '<!doctype html><title>Agenda</title>';
const SCRIPT = `${'console.log("agenda");'.repeat(100)}`;

describe('the web page', () => {
  const closers: (() => void)[] = [];
  let origin = '';

  async function serve(directory: string): Promise<string> {
    const metrics = createMetrics('test', 'agenda-1');
    const app = new Koa<RequestState>();
    const options = {
      logger: testLogger(),
      tls: true,
      durations: metrics.histogram('seconds', 'x', ['method', 'route', 'status']),
      failures: metrics.counter('failures', 'x', ['code']),
      onForgedToken: () => {},
    };
    app.use(entry(options) as unknown as Koa.Middleware<RequestState>);
    const router = new Router<RequestState>();
    router.get(/^\/ui\/.*$/, serveUi(directory));
    app.use(router.routes() as Koa.Middleware<RequestState>);
    const server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closers.push(() => server.close());
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  before(async () => {
    const directory = mkdtempSync(join(tmpdir(), 'agenda-ui-'));
    closers.push(() => rmSync(directory, { recursive: true }));
    mkdirSync(join(directory, 'assets'));
    writeFileSync(join(directory, 'index.html'), INDEX);
    writeFileSync(join(directory, 'favicon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
    writeFileSync(join(directory, 'assets', 'index-CfSoC6a7.js'), SCRIPT);
    writeFileSync(join(directory, 'assets', 'index-DRC4fTNZ.css'), 'body{}');
    writeFileSync(join(directory, 'notes.md'), 'not of the page');
    origin = await serve(directory);
  });
  after(() => {
    for (const close of closers.reverse()) close();
  });

  const get = (path: string, headers: Record<string, string> = {}): Promise<Answer> =>
    ask(origin, 'GET', path, { headers });

  it('is asked for anew each time, but not sent again when it is the same', async () => {
    const first = await get('/ui/');
    assert.equal(first.text, INDEX);
    assert.equal(first.headers.get('content-type'), 'text/html; charset=utf-8');
    assert.equal(first.headers.get('cache-control'), 'no-cache');
    const again = await get('/ui/', { 'if-none-match': first.headers.get('etag') ?? '' });
    assert.equal(again.status, 304);
    assert.equal(again.text, '');
  });

  it('may keep for ever what has its hash in its name', async () => {
    for (const [name, type] of [
      ['index-CfSoC6a7.js', 'text/javascript; charset=utf-8'],
      ['index-DRC4fTNZ.css', 'text/css; charset=utf-8'],
    ]) {
      const { status, headers } = await get(`/ui/assets/${name}`);
      assert.equal(status, 200);
      assert.equal(headers.get('content-type'), type);
      assert.match(headers.get('cache-control') ?? '', /immutable/);
    }
  });

  it('comes compressed to who can read that, and as it is to who cannot', async () => {
    const compressed = await get('/ui/assets/index-CfSoC6a7.js', { 'accept-encoding': 'gzip' });
    assert.equal(compressed.headers.get('content-encoding'), 'gzip');
    assert.equal(compressed.text, SCRIPT);
    const plain = await get('/ui/assets/index-CfSoC6a7.js', { 'accept-encoding': 'identity' });
    assert.equal(plain.headers.get('content-encoding'), null);
    assert.equal(plain.text, SCRIPT);
    assert.match(plain.headers.get('vary') ?? '', /Accept-Encoding/i);
  });

  it('is what stands at every place within it', async () => {
    for (const path of ['/ui/week', '/ui/week/2026-05-04', '/ui/?day=2026-05-04'])
      assert.equal((await get(path)).text, INDEX, path);
  });

  it('never stands in for a file that is missing', async () => {
    assertProblem(await get('/ui/assets/index-OLDOLDOL.js'), 404, 'not_found');
    assertProblem(await get('/ui/notes.md'), 404, 'not_found');
  });

  it('may run its own files only, and must be reached over TLS where TLS is', async () => {
    const { headers } = await get('/ui/');
    const policy = headers.get('content-security-policy') ?? '';
    assert.match(policy, /default-src 'none'/);
    assert.match(policy, /script-src 'self'(;|$)/);
    assert.match(policy, /style-src 'self'(;|$)/);
    assert.match(policy, /frame-ancestors 'none'/);
    assert.match(headers.get('strict-transport-security') ?? '', /max-age=\d{7,}/);
  });

  it('says how to build it when it is not built', async () => {
    const empty = await serve(join(tmpdir(), 'agenda-ui-that-is-not-there'));
    const answer = await ask(empty, 'GET', '/ui/');
    assertProblem(answer, 404, 'not_found');
    assert.match(answer.json.detail, /not built/);
  });
});
