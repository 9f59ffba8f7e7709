import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { removeDirectory, temporaryDirectory } from './testing/directories.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

describe('the sidecar process', () => {
  let directory: string;
  const children: ChildProcess[] = [];

  beforeEach(() => {
    directory = temporaryDirectory();
  });

  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    removeDirectory(directory);
  });

  function start(changes: Record<string, string> = {}): ChildProcess {
    const env = {
      NODE_ID: 'agenda-1',
      ADVERTISE_ADDR: '127.0.0.1:0',
      PEER_ADDR: '127.0.0.1:0',
      SIDECAR_GRPC_ADDR: '127.0.0.1:0',
      AUDIT_GRPC_ADDR: '127.0.0.1:9',
      DATA_DIR: directory,
      CLUSTER_HMAC_SECRET: 's'.repeat(32),
      ...changes,
    };
    const child = spawn(process.execPath, [MAIN], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], env });
    children.push(child);
    return child;
  }

  async function ready(child: ChildProcess): Promise<void> {
    const [message] = await once(child, 'message');
    assert.deepEqual(message, { type: 'ready' });
  }

  async function ended(child: ChildProcess): Promise<{ code: number; output: string }> {
    let output = '';
    const streams = [child.stdout, child.stderr].map((stream) => {
      stream?.on('data', (data) => {
        output += data;
      });
      return stream && once(stream, 'end');
    });
    // Not 'close': it does not come after a disconnect.
    const [[code]] = await Promise.all([once(child, 'exit'), ...streams]);
    return { code, output };
  }

  it('says that it is ready, and ends with 0 when it is asked to stop', async () => {
    const child = start();
    await ready(child);
    child.kill('SIGTERM');
    assert.equal((await ended(child)).code, 0);
  });

  it('ends when its parent goes away', async () => {
    const child = start();
    await ready(child);
    child.disconnect();
    assert.equal((await ended(child)).code, 0);
  });

  it('names everything that is wrong with its environment and ends with 78', async () => {
    const { code, output } = await ended(
      start({ NODE_ID: 'Agenda 1', BOOTSTRAP_EXPECT: '10', CLUSTER_HMAC_SECRET: 'short' }),
    );
    assert.equal(code, 78);
    for (const name of ['NODE_ID', 'BOOTSTRAP_EXPECT', 'CLUSTER_HMAC_SECRET'])
      assert.match(output, new RegExp(`- ${name} `));
  });

  it('refuses a data directory that another process uses, and takes it once that one was killed', async () => {
    const first = start();
    await ready(first);
    const { code, output } = await ended(start());
    assert.equal(code, 70);
    assert.match(output, /is in use by another process/);
    first.kill('SIGKILL');
    await once(first, 'exit');
    await ready(start());
  });
});
