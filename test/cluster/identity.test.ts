import assert from 'node:assert/strict';
import { cpSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { PodProcess } from '@agenda/pod/pod-process';
import Database from 'better-sqlite3';
import { untilAlarm } from '../support/alarms.ts';
import { type ApiClient, expect } from '../support/api-client.ts';
import { READY_MS, TestCluster } from '../support/cluster.ts';
import { until } from '../support/until.ts';
import { Workload } from '../support/workload.ts';

const TIMING = { REPLACE_AFTER: '2s' };

describe('three pods, one of whose volumes is not what it should be,', () => {
  let test: TestCluster;
  let ivo: ApiClient;
  let firstSlot = 0;

  before(async () => {
    test = await TestCluster.start(3, TIMING);
    ivo = await test.client(0).enter('ivo');
  });
  afterEach(function () {
    if (this.currentTest?.state === 'failed') console.log(`      what the pods left is in ${test.keep()}`);
  });
  after(() => test?.destroy());

  /** Something happens while clients work; afterwards all three vote and have all that was acknowledged. */
  async function underLoad(name: string, pods: readonly PodProcess[], action: () => Promise<void>) {
    firstSlot += 10_000;
    const urls = pods.map(({ url }) => url);
    const workload = new Workload(name, ivo.token as string, urls, firstSlot).start(4);
    try {
      await workload.more(30);
      await action();
      await workload.more(30);
      await workload.stop();
    } finally {
      workload.abandon();
    }
    assert.deepEqual(workload.complaints, []);
    await test.cluster.waitReady(READY_MS);
    await untilVoters((members) => members.length === 3);
    const views = await Promise.all(test.pods.map((pod) => ivo.at(pod.url).agenda()));
    const ids = new Set(views[0]?.map(({ id }) => id));
    assert.deepEqual(
      workload.acknowledged.filter(({ id }) => !ids.has(id)),
      [],
      'acknowledged and gone',
    );
    for (const view of views) assert.deepEqual(view, views[0]);
  }

  async function follower(): Promise<PodProcess> {
    const leader = await test.cluster.waitLeader(READY_MS);
    return test.pods.find((pod) => pod !== leader) as PodProcess;
  }

  function others(pod: PodProcess): PodProcess[] {
    return test.pods.filter((other) => other !== pod);
  }

  async function memberIdOf(pod: PodProcess): Promise<string> {
    return until(`${pod.nodeId} says who it is`, READY_MS, async () => (await pod.raftHealth())?.memberId);
  }

  async function untilVoters(isRight: (members: readonly string[]) => boolean): Promise<readonly string[]> {
    return until('the right members vote', READY_MS, async () => {
      const leader = await test.cluster.waitLeader(READY_MS);
      const { voters = [], learners = [] } = (await leader.raftHealth())?.configuration ?? {};
      return learners.length === 0 && isRight(voters) ? voters : undefined;
    });
  }

  it('refuse a second task on a volume in use, each process of it in one clear line, and take it afterwards', async () => {
    const elder = await follower();
    const member = await memberIdOf(elder);
    const twin = await test.twin(elder, test.dataDirOf(elder));
    await underLoad('same-volume', test.pods, async () => {
      twin.start();
      const refusals = await until('every process of it is refused', READY_MS, async () => {
        const lines = readFileSync(twin.logFile, 'utf8').split('\n');
        const refused = lines.filter((line) => /"cannot [^"]*is in use by another process: /.test(line));
        return new Set(refused.map((line) => JSON.parse(line).component)).size === 3 ? refused : undefined;
      });
      for (const line of refusals)
        assert.match(line, /stop that one, or give this one a DATA_DIR of its own/);
      assert.equal(await memberIdOf(elder), member);
    });
    await elder.kill();
    await twin.waitReady(READY_MS);
    assert.equal(await memberIdOf(twin), member);
    expect(await ivo.at(twin.url).create('through the second task', 1), 201);
    await twin.kill();
    elder.start();
    await elder.waitReady(READY_MS);
  });

  it('are whole again when one comes back with a stale volume, as another member and with no hand', async () => {
    const pod = await follower();
    const member = await memberIdOf(pod);
    const stale = test.directory('stale');
    assert.equal(await pod.stop(), 0);
    cpSync(test.dataDirOf(pod), stale, { recursive: true });
    pod.start();
    await pod.waitReady(READY_MS);
    await underLoad('stale-volume', others(pod), async () => {
      await pod.kill();
      rmSync(test.dataDirOf(pod), { recursive: true });
      renameSync(stale, test.dataDirOf(pod));
      pod.start();
      await untilVoters((voters) => voters.length === 3 && !voters.includes(member));
    });
    assert.ok(!(await untilVoters(() => true)).includes(member));
    assert.match(readFileSync(pod.logFile, 'utf8'), /the disk of this process is an old copy/);
  });

  it('lose nothing when the log of one is damaged, which says so and stays out until its disk is emptied', async () => {
    const [pod] = others(await test.cluster.waitLeader(READY_MS)).filter(({ running }) => running);
    const damaged = pod as PodProcess;
    assert.equal(await damaged.stop(), 0);
    const log = new Database(join(test.dataDirOf(damaged), 'raft', 'raft.db'));
    log.exec('UPDATE raft_log SET term = term + 1 WHERE idx = (SELECT max(idx) - 3 FROM raft_log)');
    log.close();
    await underLoad('damaged-log', others(damaged), async () => {
      damaged.start();
      await untilAlarm(damaged, 'log_corrupt');
      await damaged.kill();
      rmSync(test.dataDirOf(damaged), { recursive: true });
      damaged.start();
      await damaged.waitReady(READY_MS);
    });
  });

  it('listen to the elder of two tasks with one volume’s content, never in turns, and to one of them when it dies', async () => {
    const elder = await follower();
    const member = await memberIdOf(elder);
    const copy = test.directory('copy');
    const twin = await test.twin(elder, copy);
    // As a clone of the volume: at one moment.
    elder.signal('SIGSTOP');
    cpSync(test.dataDirOf(elder), copy, { recursive: true });
    elder.signal('SIGCONT');
    await underLoad('duplicate', test.pods, async () => {
      const before = await untilVoters((voters) => voters.includes(member));
      twin.start();
      await until('the younger one says for whom it waits', READY_MS, async () => {
        const { waitingFor, memberId } = (await twin.raftHealth()) ?? {};
        return (memberId === member && waitingFor?.includes(`another process of ${member}`)) || undefined;
      });
      await untilAlarm(await test.cluster.waitLeader(READY_MS), 'duplicate_member');
      assert.deepEqual(await untilVoters(() => true), before);
      assert.equal(await memberIdOf(elder), member);
    });
    await elder.kill();
    await twin.waitReady(READY_MS);
    await untilVoters((voters) => voters.length === 3);
    expect(await ivo.at(twin.url).create('through the copy', 2), 201);
  });
});
