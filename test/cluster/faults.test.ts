import assert from 'node:assert/strict';
import type { PodProcess } from '@agenda/pod/pod-process';
import type { Context } from 'mocha';
import { runAgendactl } from '../support/agendactl.ts';
import { untilAlarm } from '../support/alarms.ts';
import type { ApiClient } from '../support/api-client.ts';
import { READY_MS } from '../support/cluster.ts';
import { clusterObstacle, FaultyCluster } from '../support/faulty-cluster.ts';
import { untilSame } from '../support/replicas.ts';
import { diskObstacle, type SmallDisk } from '../support/small-disk.ts';
import { Trial } from '../support/trial.ts';
import { until } from '../support/until.ts';

const PODS = 7;
/** BOOTSTRAP_EXPECT: so many found the cluster, and so many stay in the end. */
const FOUNDERS = 3;
/** Operations that must be known before a fault counts as survived. */
const SOME = 40;
/** The same where whoever asks a silent pod has to wait for seconds. */
const FEW = 15;
const SMALL_DISK_AT = PODS - 1;
const SMALL_DISK_BYTES = 128 * 1024 * 1024;
/** More than the 30 s by which a signature may be off. */
const CLOCK_JUMP_MS = 5 * 60_000;

describe('seven pods under faults, with clients at work on all of them,', () => {
  let test: FaultyCluster;
  let ana: ApiClient;
  let trial: Trial;
  const noDisk = diskObstacle();

  before(async function () {
    const obstacle = clusterObstacle(PODS);
    if (obstacle) {
      console.log(`      skipped: ${obstacle}`);
      this.skip();
    }
    test = await FaultyCluster.prepare({
      nodes: PODS,
      founders: FOUNDERS,
      env: { REPLACE_AFTER: '1s' },
      diskBytes: new Map(noDisk === undefined ? [[SMALL_DISK_AT, SMALL_DISK_BYTES]] : []),
    });
  });
  afterEach(function () {
    if (this.currentTest?.state === 'failed') console.log(`      what the pods left is in ${test.keep()}`);
  });
  after(() => test?.destroy());

  const names = (pods: readonly PodProcess[]): string[] => pods.map(({ nodeId }) => nodeId);

  /** The leader, and two who follow: as many as seven can do without. */
  async function minority(): Promise<[leader: PodProcess, PodProcess, PodProcess]> {
    const { leader, followers } = await test.roles();
    return [leader, ...(followers.slice(0, 2) as [PodProcess, PodProcess])];
  }

  /** One of the others leads, as it says itself. */
  const anotherThan = (...former: readonly PodProcess[]): Promise<PodProcess> =>
    until('another leader', READY_MS, async () => {
      const others = test.others(...former);
      const healths = await Promise.all(others.map((pod) => pod.raftHealth()));
      return others[healths.findIndex((health) => health?.isLeader)];
    });

  const untilRefusing = (pod: PodProcess): Promise<unknown> =>
    until(`${pod.nodeId} to serve nobody`, READY_MS, async () => {
      const answer = await ana
        .at(pod.url)
        .call('GET', '/readyz', { timeoutMs: 2_000 })
        .catch(() => undefined);
      return answer?.status !== 200 || undefined;
    });

  async function lead(pod: PodProcess): Promise<void> {
    await until(`${pod.nodeId} to lead`, READY_MS, async () => {
      const { leader } = await test.roles();
      if (leader === pod) return true;
      const { code, err } = await runAgendactl(test, leader, 'transfer-leader', pod.nodeId);
      if (code !== 0) throw new Error(err);
      return undefined;
    });
  }

  function struckDisk(context: Context): [PodProcess, SmallDisk] {
    const [found] = test.disks;
    if (found) return found;
    console.log(`      skipped: ${noDisk}`);
    return context.skip();
  }

  it('found one cluster, though the network is split when they start for the first time', async () => {
    const [first, ...others] = test.pods.slice(0, FOUNDERS + 1) as [PodProcess, ...PodProcess[]];
    const last = others.at(-1) as PodProcess;
    test.network.partition('cut', names([first]), names(others.slice(0, -1)), names([last]));
    for (const pod of [first, ...others]) pod.start();
    for (const pod of [first, ...others])
      await until(`${pod.nodeId} to wait for others`, READY_MS, async () => {
        const { waitingFor, clusterId } = (await pod.raftHealth()) ?? {};
        assert.ok(!clusterId, 'it has founded a cluster with less than it expects');
        return /more of 3 nodes before a cluster may start/.test(waitingFor ?? '') || undefined;
      });

    for (const pod of others) test.network.partition('open', names([last]), names([pod]));
    await Promise.all(others.map((pod) => pod.waitReady(READY_MS)));
    assert.ok(!(await first.raftHealth())?.clusterId, 'the one that hears nobody has founded one too');

    test.network.heal();
    await first.waitReady(READY_MS);
    ana = await test.enter('ana');
    trial = new Trial(test, ana, 'ana');
    await test.waitMembers([first, ...others]);
    const healths = await Promise.all([first, ...others].map((pod) => pod.raftHealth()));
    assert.equal(new Set(healths.map((health) => health?.clusterId)).size, 1);
    assert.equal(healths.filter((health) => health?.isLeader).length, 1);
  });

  it('are seven voters without a hand when the others are started', async () => {
    await trial.run(async () => {
      for (const pod of test.pods) if (!pod.running) pod.start();
      await test.cluster.waitReady(READY_MS);
      await test.waitMembers(test.pods);
    });
  });

  it('lose nothing when three are killed, the leader among them', async () => {
    await trial.run(async (progress) => {
      const victims = await minority();
      await Promise.all(victims.map((pod) => pod.kill()));
      await progress(SOME);
      for (const pod of victims) pod.start();
    });
  });

  it('show nothing old when a frozen leader and two more wake up after another was elected', async () => {
    await trial.run(async (progress) => {
      const victims = await minority();
      for (const pod of victims) pod.signal('SIGSTOP');
      await anotherThan(...victims);
      await progress(FEW);
      for (const pod of victims) pod.signal('SIGCONT');
      await progress(SOME);
    });
  });

  it('go on with the majority when the leader and two more are cut off, and are one again after', async () => {
    await trial.run(async (progress) => {
      const victims = await minority();
      test.network.partition('cut', names(victims), names(test.others(...victims)));
      await anotherThan(...victims);
      await progress(SOME);
    });
  });

  it('elect another when nothing that the leader says arrives, though it hears all', async () => {
    await trial.run(async (progress) => {
      const { leader, followers } = await test.roles();
      for (const { nodeId } of followers) test.network.set(leader.nodeId, nodeId, 'black');
      await anotherThan(leader);
      await progress(SOME);
    });
  });

  it('elect another when the leader hears nobody, though all hear it', async () => {
    await trial.run(async (progress) => {
      const { leader, followers } = await test.roles();
      for (const { nodeId } of followers) test.network.set(nodeId, leader.nodeId, 'black');
      await anotherThan(leader);
      await progress(SOME);
    });
  });

  it('elect the only one who still reaches all others', async () => {
    await trial.run(async (progress) => {
      const { followers } = await test.roles();
      const hub = followers[0] as PodProcess;
      test.network.partition('cut', ...test.others(hub).map((pod) => [pod.nodeId]));
      await until('the hub to lead', READY_MS, async () => (await hub.raftHealth())?.isLeader || undefined);
      await progress(SOME);
    });
  });

  it('go on while links are slow', async () => {
    await trial.run(async (progress) => {
      for (const from of test.pods)
        for (const to of test.others(from)) test.network.set(from.nodeId, to.nodeId, { delayMs: 40 });
      await progress(SOME);
    });
  });

  it('take a pod whose disk is gone back as a new member', async () => {
    await trial.run(async (progress) => {
      const { followers } = await test.roles();
      const victim = followers.at(-1) as PodProcess;
      const before = await victim.raftHealth();
      await test.wipe(victim);
      await progress(SOME);
      victim.start();
      await victim.waitReady(READY_MS);
      await test.waitMembers(test.pods);
      assert.notEqual((await victim.raftHealth())?.memberId, before?.memberId);
    });
  });

  it('lose nothing when a disk is full, say so, and have that pod back when there is room', async function () {
    const [pod, disk] = struckDisk(this);
    await trial.run(async (progress) => {
      const ballast = disk.fill();
      assert.match(await untilAlarm(pod, 'disk_full'), /the disk is full: make room on it/);
      await untilRefusing(pod);
      await progress(SOME);
      ballast.free();
      await test.waitAllServe();
    });
  });

  it('elect another when the disk of the leader stands still, which says so afterwards', async function () {
    const [pod, disk] = struckDisk(this);
    await trial.run(async (progress) => {
      await lead(pod);
      const frozen = await disk.freeze();
      try {
        await anotherThan(pod);
        await untilRefusing(pod);
        await progress(SOME);
      } finally {
        await frozen.thaw();
      }
      await untilAlarm(pod, 'disk_stalled', /a write to the log took \d+ ms/);
      assert.notEqual(await test.cluster.waitLeader(READY_MS), pod);
    });
  });

  it('lose nothing when the disk of the leader fails, which says so and goes', async function () {
    const [pod, disk] = struckDisk(this);
    await trial.run(async (progress) => {
      await lead(pod);
      disk.fail();
      await anotherThan(pod);
      await untilAlarm(pod, 'disk_failed');
      await progress(SOME);
      await pod.kill();
      await disk.replug();
      pod.start();
    });
  });

  it('go on when the clock of the leader is set back, and name it', async () => {
    await trial.run(async (progress) => {
      const { leader, followers } = await test.roles();
      test.shiftClock(leader, -CLOCK_JUMP_MS);
      const about = new RegExp(`the clock of ${leader.nodeId} is \\d+ ms behind this one`);
      await Promise.any(followers.map((pod) => untilAlarm(pod, 'clock_skew', about)));
      await progress(SOME);
      test.shiftClock(leader, 0);
    });
  });

  it('serve clients that retry while the leader and then another are stopped and started', async () => {
    await trial.run(async () => {
      const { leader, followers } = await test.roles();
      for (const pod of [leader, followers[0] as PodProcess]) {
        assert.equal(await pod.stop(), 0);
        pod.start();
        await pod.waitReady(READY_MS);
      }
    });
  });

  it('have everything after all were killed at once, the same on every disk', async () => {
    await trial.run(async (progress) => {
      await test.cluster.kill();
      for (const pod of test.pods) pod.start({ DEAD_AFTER: '2s' });
      await test.cluster.waitReady(READY_MS);
      await progress(SOME);
    });
    await untilSame(test.pods.map((pod) => test.dataDirOf(pod)));
  });

  it('let two go that are stopped and two that are gone, and need only two of the three that stay', async () => {
    await trial.run(async (progress) => {
      const staying = test.pods.slice(0, FOUNDERS);
      const [first, second, ...gone] = test.others(...staying) as [PodProcess, PodProcess, ...PodProcess[]];
      for (const pod of [first, second]) assert.equal(await pod.stop(), 0);
      await Promise.all(gone.map((pod) => pod.kill()));
      await test.waitMembers(staying);
      const last = staying.at(-1) as PodProcess;
      await last.kill();
      await progress(SOME);
      last.start();
    });
  });
});
