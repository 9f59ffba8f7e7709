import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Checkpoint } from '@agenda/proto/agenda/v1/command';
import type { Config } from '../config.ts';
import { AuditRecorder } from '../testing/audit.ts';
import { removeDirectory, temporaryDirectory } from '../testing/directories.ts';
import { eventually } from '../testing/eventually.ts';
import { SECRET, TestNode } from '../testing/node.ts';

const DEADLINE_MS = 3_000;
const SMALL: Partial<Config> = {
  SNAPSHOT_LOG_ENTRIES: 200,
  SNAPSHOT_TAIL_ENTRIES: 50,
  CHECKPOINT_EVERY: 200,
};

/** A snapshot that failed while the state was wrong is tried again after ten seconds. */
const ALARM_OVER_MS = 15_000;

describe('three sidecars with short logs', () => {
  const nodes: TestNode[] = [];
  let directories: string[] = [];
  const audit = new AuditRecorder(SECRET);

  after(() => audit.stop());

  beforeEach(async () => {
    directories = [];
    for (let at = 0; at < 3; at++) await startNode(at);
    await leader();
  });

  afterEach(async () => {
    for (const node of nodes.splice(0)) await node.stop();
    for (const directory of directories) removeDirectory(directory);
  });

  async function startNode(at: number): Promise<TestNode> {
    directories[at] ??= temporaryDirectory();
    const node = await TestNode.start({
      nodeId: `agenda-${at + 1}`,
      directory: directories[at],
      expected: 3,
      seeds: nodes.flatMap((other, index) => (index === at ? [] : other.peerAddress)),
      audit,
      config: SMALL,
    });
    nodes[at] = node;
    return node;
  }

  async function leader(): Promise<TestNode> {
    const found = () => nodes.find((node) => node.isLeader && node.context.driver.formation.complete);
    return eventually(found, 'a leader of a whole cluster');
  }

  async function follower(): Promise<TestNode> {
    const leading = await leader();
    return nodes.find((node) => node !== leading) as TestNode;
  }

  async function write(count: number, word = 'w'): Promise<void> {
    const node = await leader();
    const calls = Array.from({ length: count }, (_, at) =>
      node.sidecar.propose({ command: Buffer.from(`${word}-${at}`) }, { deadlineMs: DEADLINE_MS }),
    );
    const last = Math.max(...(await Promise.all(calls)).map(({ index }) => index));
    await eventually(() => node.machine.index >= last, 'it is applied');
  }

  const status = (node: TestNode) => node.sidecar.getStatus({}, { deadlineMs: DEADLINE_MS });

  /** How fast this machine's disk is, is not tested here; such an alarm stands for half a minute. */
  const alarmsOf = async (node: TestNode) =>
    (await status(node)).alarms.map(({ code }) => code).filter((code) => code !== 'disk_stalled');

  async function allEqual(): Promise<void> {
    await eventually(() => {
      const [first, ...others] = nodes.map((node) => JSON.stringify(node.commands()));
      return others.every((other) => other === first);
    }, 'all have applied the same');
  }

  async function compacted(node: TestNode): Promise<number> {
    const { firstIndex } = await eventually(async () => {
      const now = await status(node);
      return now.firstIndex > 1 && now;
    }, 'the log is cut');
    return firstIndex;
  }

  /** What the newest checkpoint says on what a majority agreed; undefined: none does yet. */
  async function agreedCheckpoint({ sidecar }: TestNode): Promise<Checkpoint | undefined> {
    const request = { fromIndex: 0, limit: 1_000, withPayload: true };
    const { entries } = await sidecar.inspectLog(request, { deadlineMs: DEADLINE_MS });
    return entries
      .flatMap(({ payload }) => (payload?.$case === 'checkpoint' ? [Checkpoint.decode(payload.value)] : []))
      .findLast(({ index }) => index > 0);
  }

  function snapshotFiles(node: TestNode): string[] {
    return readdirSync(join(directories[nodes.indexOf(node)] as string, 'raft', 'snapshots'));
  }

  it('cut their logs behind a snapshot of their own, and keep a tail', async () => {
    for (let round = 0; round < 5; round++) await write(100, `round-${round}`);
    for (const node of nodes) {
      await compacted(node);
      const now = await status(node);
      assert.ok(now.snapshotIndex >= 200);
      assert.ok(now.firstIndex <= now.snapshotIndex - 40, 'a tail is kept');
    }
    await allEqual();
  });

  it('bring a follower far behind up to date by a snapshot, while writes go on', async () => {
    const away = await follower();
    const at = nodes.indexOf(away);
    await away.stop();
    nodes.splice(at, 1);
    for (let round = 0; round < 6; round++) await write(100, `away-${round}`);
    await compacted(await leader());
    let writing = true;
    const writes = (async () => {
      for (let round = 0; writing; round++) await write(20, `meanwhile-${round}`);
    })();
    const back = await TestNode.start({
      nodeId: `agenda-${at + 1}`,
      directory: directories[at] as string,
      expected: 3,
      seeds: nodes.map((other) => other.peerAddress),
      audit,
      config: SMALL,
    });
    nodes.splice(at, 0, back);
    await eventually(() => back.machine.installed > 0, 'a snapshot is installed', 15_000);
    writing = false;
    await writes;
    await allEqual();
    assert.ok(
      snapshotFiles(back).every((name) => name.endsWith('.db.zst')),
      snapshotFiles(back).join(),
    );
  });

  it('know after a restart where their logs begin', async () => {
    for (let round = 0; round < 5; round++) await write(100, `round-${round}`);
    const node = await follower();
    const firstIndex = await compacted(node);
    const at = nodes.indexOf(node);
    const applied = node.applied.slice();
    await node.stop();
    const back = await startNode(at);
    assert.equal((await status(back)).firstIndex, firstIndex);
    await eventually(() => back.machine.installed === 1, 'its machine, blank now, gets the own snapshot');
    await eventually(() => back.applied.length >= applied.length, 'and goes on from the log');
    await write(10);
    await allEqual();
  });

  it('give a state machine that lost its state the pod’s own snapshot', async () => {
    for (let round = 0; round < 5; round++) await write(100, `round-${round}`);
    const node = await leader();
    await compacted(node);
    node.machine.lose();
    await eventually(() => node.machine.installed === 1, 'it is installed');
    await write(10);
    await allEqual();
  });

  it('fetch one from another member when their own file is damaged', async () => {
    for (let round = 0; round < 5; round++) await write(100, `round-${round}`);
    const node = await follower();
    await compacted(node);
    const directory = join(directories[nodes.indexOf(node)] as string, 'raft', 'snapshots');
    for (const name of readdirSync(directory)) {
      const bytes = readFileSync(join(directory, name));
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 0xff;
      writeFileSync(join(directory, name), bytes);
    }
    node.machine.lose();
    await eventually(() => node.machine.installed === 1, 'another one is installed', 10_000);
    await write(10);
    await allEqual();
  });

  it('write checkpoints that all of them agree on', async () => {
    const { index } = await eventually(async () => {
      await write(20);
      return agreedCheckpoint(await leader());
    }, 'a checkpoint that says on what a majority agreed');
    assert.ok(index > 0);
    await write(1, 'behind it');
    await allEqual();
    for (const node of nodes) assert.deepEqual(await alarmsOf(node), []);
  });

  for (const who of ['follower', 'leader'] as const)
    it(`rebuild a ${who} whose state differs from that of the majority`, async () => {
      for (let round = 0; round < 5; round++) await write(100, `round-${round}`);
      const node = who === 'leader' ? await leader() : await follower();
      await compacted(node);
      node.machine.corrupt();
      await eventually(
        async () => {
          await write(10, 'after').catch(() => {});
          return node.machine.installed > 0;
        },
        'it is rebuilt',
        15_000,
      );
      assert.match(node.machine.discarded[0] ?? '', /its digest is [0-9a-f]{64}, and that of a majority/);
      await write(10, 'healed');
      await allEqual();
      await eventually(async () => (await alarmsOf(node)).length === 0, 'the alarm is over', ALARM_OVER_MS);
      await eventually(
        () => audit.events.some(({ target }) => target === 'alarm:diverged'),
        'it is in the trail',
      );
      for (const other of nodes) if (other !== node) assert.equal(other.machine.discarded.length, 0);
    });

  it('decide nothing, and say so, when no two of them have the same state', async () => {
    await write(50);
    const [one, two] = nodes as [TestNode, TestNode];
    one.machine.corrupt('one thing');
    two.machine.corrupt('another');
    const found = await eventually(
      async () => {
        await write(5).catch(() => {});
        const { alarms } = await status(await leader());
        return alarms.find(({ code }) => code === 'digest_undecided');
      },
      'an alarm',
      10_000,
    );
    assert.match(found.message, /nobody can tell who is right/);
    await write(10);
    for (const node of nodes) assert.deepEqual(node.machine.discarded, []);
  });

  it('take a snapshot when an operator asks', async () => {
    await write(20);
    const node = await follower();
    await eventually(() => node.machine.index > 20, 'it is applied there');
    const { index } = await node.sidecar.triggerSnapshot({}, { deadlineMs: DEADLINE_MS });
    assert.equal((await status(node)).snapshotIndex, index);
  });
});
