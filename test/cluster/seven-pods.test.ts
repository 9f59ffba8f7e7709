import { freemem } from 'node:os';
import type { PodProcess } from '@agenda/pod/pod-process';
import type { ApiClient } from '../support/api-client.ts';
import { READY_MS } from '../support/cluster.ts';
import { FaultyCluster, memoryShortage } from '../support/faulty-cluster.ts';
import { KNOWS_SOCKET_OWNERS } from '../support/socket-owner.ts';
import { Trial } from '../support/trial.ts';

const PODS = 7;
const FOUNDERS = 3;
/** Operations that must be known before the cluster counts as going on. */
const SOME = 40;

describe('a cluster that is scaled from three pods to seven and back, with clients at work on all of them,', () => {
  let test: FaultyCluster;
  let ana: ApiClient;
  let trial: Trial;

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
      founders: FOUNDERS,
      env: { REPLACE_AFTER: '1s', DEAD_AFTER: '2s' },
    });
    ana = await test.enter('ana');
    trial = new Trial(test, ana, 'ana');
  });
  afterEach(function () {
    if (this.currentTest?.state === 'failed') console.log(`      what the pods left is in ${test.keep()}`);
  });
  after(() => test?.destroy());

  it('takes four more as voters without a hand', async () => {
    await trial.run(async () => {
      for (const pod of test.pods.slice(FOUNDERS)) pod.start();
      await test.cluster.waitReady(READY_MS);
      await test.waitVoters(ana, test.pods);
    });
  });

  it('loses nothing when three of seven are killed, the leader among them', async () => {
    await trial.run(async (progress) => {
      const { leader, followers } = await test.roles();
      const victims = [leader, ...followers.slice(0, 2)];
      await Promise.all(victims.map((pod) => pod.kill()));
      await progress(SOME);
      for (const pod of victims) pod.start();
      await test.cluster.waitReady(READY_MS);
      await test.waitVoters(ana, test.pods);
    });
  });

  it('lets four go again, and needs only two of the three that stay', async () => {
    await trial.run(async (progress) => {
      const [first, ...others] = test.pods as [PodProcess, ...PodProcess[]];
      const staying = [first, ...others.slice(0, FOUNDERS - 1)];
      for (const pod of test.others(...staying)) await pod.stop();
      await test.waitVoters(ana, staying);
      const last = staying.at(-1) as PodProcess;
      await last.kill();
      await progress(SOME);
      last.start();
    });
  });
});
