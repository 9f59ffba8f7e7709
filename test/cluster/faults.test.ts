import assert from 'node:assert/strict';
import { freemem } from 'node:os';
import type { PodProcess } from '@agenda/pod/pod-process';
import type { ApiClient } from '../support/api-client.ts';
import { READY_MS } from '../support/cluster.ts';
import { diskObstacle, FaultyCluster, memoryShortage } from '../support/faulty-cluster.ts';
import { KNOWS_SOCKET_OWNERS } from '../support/socket-owner.ts';
import { Trial } from '../support/trial.ts';
import { until } from '../support/until.ts';

const PODS = 5;
/** Operations that must be known before a fault counts as survived. */
const SOME = 40;
const SMALL_DISK_AT = PODS - 1;
const SMALL_DISK_BYTES = 128 * 1024 * 1024;

describe('five pods under faults, with clients at work on all of them,', () => {
  let test: FaultyCluster;
  let ana: ApiClient;
  let trial: Trial;
  const noDisk = diskObstacle();

  before(async function () {
    const shortage = KNOWS_SOCKET_OWNERS
      ? memoryShortage(PODS, freemem())
      : 'this system does not tell whose a socket is';
    if (shortage) {
      console.log(`      skipped: ${shortage}`);
      this.skip();
    }
    test = await FaultyCluster.start({
      nodes: PODS,
      env: { REPLACE_AFTER: '1s' },
      diskBytes: new Map(noDisk === undefined ? [[SMALL_DISK_AT, SMALL_DISK_BYTES]] : []),
    });
    ana = await test.enter('ana');
    trial = new Trial(test, ana, 'ana');
  });
  afterEach(function () {
    if (this.currentTest?.state === 'failed') console.log(`      what the pods left is in ${test.keep()}`);
  });
  after(() => test?.destroy());

  /** A majority of the others has given it up. */
  const anotherThan = (former: PodProcess): Promise<unknown> =>
    until('another leader', READY_MS, async () => {
      const healths = await Promise.all(test.others(former).map((pod) => pod.raftHealth()));
      return healths.find((health) => health?.isLeader);
    });
  const names = (pods: readonly PodProcess[]): string[] => pods.map(({ nodeId }) => nodeId);

  it('lose nothing when the leader is killed', async () => {
    await trial.run(async (progress) => {
      const { leader } = await test.roles();
      await leader.kill();
      await progress(SOME);
      leader.start();
    });
  });

  it('show nothing old when a frozen leader wakes up after another was elected', async () => {
    await trial.run(async (progress) => {
      const { leader } = await test.roles();
      leader.signal('SIGSTOP');
      await anotherThan(leader);
      await progress(SOME);
      leader.signal('SIGCONT');
      await progress(SOME);
    });
  });

  it('go on with the majority when the leader and another are cut off, and are one again after', async () => {
    await trial.run(async (progress) => {
      const { leader, followers } = await test.roles();
      const [other, ...rest] = followers as [PodProcess, ...PodProcess[]];
      test.network.partition('cut', names([leader, other]), names(rest));
      await anotherThan(leader);
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
      await test.waitVoters(ana, test.pods);
      assert.notEqual((await victim.raftHealth())?.memberId, before?.memberId);
    });
  });

  it('lose nothing when a disk is full, and have that pod back when there is room', async function () {
    if (noDisk !== undefined) {
      console.log(`      skipped: ${noDisk}`);
      this.skip();
    }
    await trial.run(async (progress) => {
      const full = test.pods[SMALL_DISK_AT] as PodProcess;
      const ballast = test.fillDisk(full);
      await until('the full pod to serve nobody', READY_MS, async () => {
        const answer = await ana
          .at(full.url)
          .call('GET', '/readyz')
          .catch(() => undefined);
        return answer?.status === 200 ? undefined : true;
      });
      await progress(SOME);
      ballast.free();
      // Its processes were started again and again meanwhile; a supervisor that gave them up ends with its pod.
      await until('the pod to serve again', READY_MS, async () => {
        if (!full.running) full.start();
        const answer = await ana
          .at(full.url)
          .call('GET', '/readyz')
          .catch(() => undefined);
        return answer?.status === 200 ? true : undefined;
      });
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

  it('have everything after all were killed at once', async () => {
    await trial.run(async (progress) => {
      await test.cluster.kill();
      test.cluster.start();
      await test.cluster.waitReady(READY_MS);
      await progress(SOME);
    });
  });
});
