import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

async function check(port: number): Promise<{ code: number; said: string }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'health-check.ts')], {
    env: { HTTP_ADDR: `0.0.0.0:${port}` },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const said = text(child.stderr);
  const [code] = (await once(child, 'exit')) as [number];
  return { code, said: await said };
}

describe('the health check of the container', () => {
  let server: Server;
  let port: number;
  /** By path; 200 where none is set. */
  let statuses: Record<string, number>;

  beforeEach(async () => {
    statuses = {};
    server = createServer(({ url = '' }, response) => response.writeHead(statuses[url] ?? 200).end());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  });
  afterEach(async () => {
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  });

  it('passes while the gateway and the sidecar answer, ready or not', async () => {
    statuses = { '/readyz': 503 };
    assert.deepEqual(await check(port), { code: 0, said: '' });
  });

  it('fails, and says what does not answer, when the sidecar is gone', async () => {
    statuses = { '/raft/health': 503 };
    const { code, said } = await check(port);
    assert.equal(code, 1);
    assert.equal(said, `http://127.0.0.1:${port}/raft/health answers 503\n`);
  });

  it('fails when nobody listens', async () => {
    await new Promise((resolve) => server.close(resolve));
    const { code, said } = await check(port);
    assert.equal(code, 1);
    assert.match(said, /ECONNREFUSED/);
  });
});
