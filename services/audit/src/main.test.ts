import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Trails } from './testing/trail.ts';

const MAIN = join(import.meta.dirname, 'main.ts');

describe('the audit process', () => {
  const trails = new Trails();
  const children: ChildProcess[] = [];

  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    trails.remove();
  });

  const environment = (): Record<string, string> => ({
    NODE_ID: 'agenda-1',
    DATA_DIR: trails.directory(),
    AGENDA_GRPC_ADDR: '127.0.0.1:1',
    AUDIT_GRPC_ADDR: '127.0.0.1:0',
    CLUSTER_HMAC_SECRET: 's'.repeat(32),
  });

  function start(env: Record<string, string>) {
    const child = spawn(process.execPath, [MAIN], { env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    children.push(child);
    const output = Promise.all([
      text(child.stdout as NodeJS.ReadableStream),
      text(child.stderr as NodeJS.ReadableStream),
    ]);
    const exited = once(child, 'exit').then(([code]) => code as number);
    const ready = once(child, 'message').then(([message]) => message);
    return { child, output, exited, ready };
  }

  it('exits with 78 and lists everything that is wrong with its environment', async () => {
    const { output, exited } = start({
      NODE_ID: 'No',
      CLUSTER_HMAC_SECRET: 'short',
      AUDIT_GRPC_ADDR: 'here',
    });
    assert.equal(await exited, 78);
    const [, stderr] = await output;
    for (const name of ['NODE_ID', 'DATA_DIR', 'CLUSTER_HMAC_SECRET', 'AUDIT_GRPC_ADDR'])
      assert.match(stderr, new RegExp(`- ${name} `));
  });

  it('says when it is ready, and stops with 0 when it is asked to', async () => {
    const { child, exited, ready } = start(environment());
    assert.deepEqual(await ready, { type: 'ready' });
    child.kill('SIGTERM');
    assert.equal(await exited, 0);
  });

  it('stops with 0 when the supervisor is gone', async () => {
    const { child, exited, ready } = start(environment());
    await ready;
    child.disconnect();
    assert.equal(await exited, 0);
  });

  it('says in one line why it cannot open its trail, and exits with 70', async () => {
    const { output, exited } = start({ ...environment(), DATA_DIR: '/dev/null' });
    assert.equal(await exited, 70);
    const [stdout] = await output;
    assert.match(stdout, /cannot open the audit trail: .*\/dev\/null/);
  });
});
