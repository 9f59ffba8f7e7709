import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Alarm, SidecarService } from '@agenda/proto/raft/v1/sidecar';
import { GrpcChannel, type UnaryClient } from '@agenda/service-kit/grpc-client';
import { createLogger } from '@agenda/service-kit/logger';
import { receiverOf } from '@agenda/service-kit/nonces';
import { Signer } from '@agenda/service-kit/signature';
import Database from 'better-sqlite3';
import { removeDirectory, temporaryDirectory } from './testing/directories.ts';
import { eventually } from './testing/eventually.ts';
import { freePort } from './testing/free-port.ts';

const SECRET = 's'.repeat(32);
const receiver = receiverOf('agenda-1', 'raft-sidecar');
const logger = createLogger({ component: 'raft-sidecar', nodeId: 'test', level: 'silent' });
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

  function environment(): Record<string, string> {
    return {
      NODE_ID: 'agenda-1',
      ADVERTISE_ADDR: '127.0.0.1:0',
      PEER_ADDR: '127.0.0.1:0',
      SIDECAR_GRPC_ADDR: '127.0.0.1:0',
      AUDIT_GRPC_ADDR: '127.0.0.1:9',
      DATA_DIR: directory,
      CLUSTER_HMAC_SECRET: SECRET,
    };
  }

  function start(changes: Record<string, string> = {}): ChildProcess {
    const env = { ...environment(), ...changes };
    const child = spawn(process.execPath, [MAIN], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], env });
    children.push(child);
    return child;
  }

  /** As on a disk that takes no file beyond this size. */
  function startOnSmallDisk(fileKilobytesMax: number, changes: Record<string, string>): ChildProcess {
    // Ignored, the signal becomes an error of the write.
    const script = `trap '' XFSZ; ulimit -f ${2 * fileKilobytesMax}; exec "$0" "$1"`;
    const child = spawn('sh', ['-c', script, process.execPath, MAIN], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...environment(), ...changes },
    });
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

  /** What a process tells that will end. */
  async function lastWord(sidecar: UnaryClient<typeof SidecarService>): Promise<Alarm> {
    return eventually(
      () =>
        sidecar.getStatus({}, { deadlineMs: 1_000 }).then(
          ({ alarms }) => alarms[0],
          () => undefined,
        ),
      'its last word',
      10_000,
    );
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

  it('stops loudly when its disk takes no more, and has all that it had committed once it does', async () => {
    const port = await freePort(['127.0.0.1']);
    const SIDECAR_GRPC_ADDR = `127.0.0.1:${port}`;
    const child = startOnSmallDisk(6_000, { SIDECAR_GRPC_ADDR });
    const options = {
      address: { host: '127.0.0.1', port },
      receiver,
      signer: new Signer('tool', [SECRET]),
      logger,
    };
    await ready(child);
    const end = ended(child);
    const channel = new GrpcChannel(options);
    const sidecar = channel.client(SidecarService);
    const command = Buffer.alloc(500_000);
    let committed = 0;
    const fill = async (): Promise<void> => {
      for (let at = 0; at < 100; at++) {
        const { index } = await sidecar.propose({ command }, { deadlineMs: 5_000 });
        await eventually(
          async () => (await sidecar.getStatus({}, { deadlineMs: 1_000 })).commitIndex >= index,
          'it is committed',
        );
        committed = index;
      }
    };
    await assert.rejects(fill());
    const alarm = await lastWord(sidecar);
    assert.match(alarm.code, /^disk_(full|failed)$/);
    assert.match(alarm.message, /raft\.db: the disk (failed|is full)/);
    child.disconnect();
    const { code, output } = await end;
    assert.equal(code, 70);
    assert.match(output, /"this node stops: [^"]*raft\.db: the disk (failed|is full)/);
    assert.ok(committed > 0);
    await ready(start({ SIDECAR_GRPC_ADDR }));
    const again = await eventually(
      () =>
        sidecar.getStatus({}, { deadlineMs: 1_000 }).then(
          (status) => status.leaderId !== '' && status,
          () => undefined,
        ),
      'it leads again',
    );
    assert.ok(again.lastIndex >= committed);
    channel.close();
  });

  it('tells for a while, in its status, that an entry of its log is damaged, and ends', async () => {
    const port = await freePort(['127.0.0.1']);
    const SIDECAR_GRPC_ADDR = `127.0.0.1:${port}`;
    const first = start({ SIDECAR_GRPC_ADDR });
    await ready(first);
    first.kill('SIGTERM');
    await once(first, 'exit');
    const database = new Database(join(directory, 'raft', 'raft.db'));
    database.exec("UPDATE raft_log SET data = x'00' WHERE idx = 1");
    database.close();
    const child = start({ SIDECAR_GRPC_ADDR });
    const end = ended(child);
    const address = { host: '127.0.0.1', port };
    const channel = new GrpcChannel({ address, receiver, signer: new Signer('tool', [SECRET]), logger });
    const alarm = await lastWord(channel.client(SidecarService));
    channel.close();
    assert.equal(alarm.code, 'log_corrupt');
    assert.match(
      alarm.message,
      /entry 1 does not match its checksum\. Stop this node, empty its data directory/,
    );
    child.disconnect();
    assert.equal((await end).code, 70);
  });

  it('refuses a data directory that another process uses, and takes it once that one was killed', async () => {
    const first = start();
    await ready(first);
    const second = start();
    const end = ended(second);
    await once(second, 'spawn');
    second.disconnect();
    const { code, output } = await end;
    assert.equal(code, 70);
    assert.match(output, /is in use by another process/);
    first.kill('SIGKILL');
    await once(first, 'exit');
    await ready(start());
  });
});
