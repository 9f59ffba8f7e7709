import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import type { PodProcess } from '@agenda/pod/pod-process';
import { runAgendactl } from '../support/agendactl.ts';
import { type ApiClient, expect } from '../support/api-client.ts';
import { READY_MS, TestCluster } from '../support/cluster.ts';
import { until } from '../support/until.ts';
import { Workload } from '../support/workload.ts';

const TIMING = { BOOTSTRAP_EXPECT: '3', REPLACE_AFTER: '2s', DEAD_AFTER: '5s' };

describe('pods that come and go', () => {
  let test: TestCluster;
  let eva: ApiClient;

  before(async () => {
    test = await TestCluster.start(5, TIMING, 3);
    eva = await test.client(0).enter('eva');
  });
  after(() => test?.destroy());

  const running = (): PodProcess[] => test.pods.filter((pod) => pod.running);

  /** The leader says that these vote, and who learns. */
  function membersAre(voters: readonly PodProcess[], learners = 0): Promise<readonly string[]> {
    const wanted = voters.map(({ nodeId }) => nodeId).join();
    return until(`the voters are ${wanted}, with ${learners} learners`, READY_MS, async () => {
      const leader = await test.cluster.waitLeader(READY_MS);
      const { configuration } = (await leader.raftHealth()) ?? {};
      const names = configuration?.voters.map((id) => id.slice(0, id.indexOf('#'))).sort();
      return names?.join() === wanted && configuration?.learners.length === learners
        ? configuration?.voters
        : undefined;
    });
  }

  async function assertKept(workload: Workload): Promise<void> {
    assert.deepEqual(workload.complaints, []);
    const views = await Promise.all(running().map((pod) => eva.at(pod.url).agenda()));
    const ids = new Set(views[0]?.map(({ id }) => id));
    assert.deepEqual(
      workload.acknowledged.filter(({ id }) => !ids.has(id)),
      [],
      'acknowledged and gone',
    );
    for (const view of views) assert.deepEqual(view, views[0]);
  }

  it('take back one that lost its disk as a new member, under load', async () => {
    const before = await membersAre(running());
    const leader = await test.cluster.waitLeader(READY_MS);
    const lost = test.pods.slice(0, 3).find((pod) => pod !== leader) as PodProcess;
    const workload = new Workload(
      'wiped',
      eva.token as string,
      running().map(({ url }) => url),
      0,
    ).start(4);
    await workload.more(50);
    await lost.kill();
    rmSync(test.dataDirOf(lost), { recursive: true });
    lost.start();
    await until('another instance votes in its place', READY_MS, async () => {
      const after = await membersAre(running());
      return after.join() === before.join() ? undefined : after;
    });
    await workload.more(50);
    await workload.stop();
    await test.cluster.waitReady(READY_MS);
    await assertKept(workload);
  });

  it('grow to five and shrink to three again with no hand, under load', async () => {
    const [first, second, third, fourth, fifth] = test.pods as [
      PodProcess,
      PodProcess,
      PodProcess,
      PodProcess,
      PodProcess,
    ];
    const stay = [first, second, third];
    const workload = new Workload(
      'scale',
      eva.token as string,
      stay.map(({ url }) => url),
      10_000,
    ).start(4);
    fourth.start();
    fifth.start();
    await membersAre([...stay, fourth, fifth]);
    await workload.more(50);
    // Both at once, as when a service is scaled down.
    await Promise.all([fourth.stop(), fifth.stop()]);
    await membersAre(stay, 2);
    await workload.more(50);
    await membersAre(stay);
    await workload.stop();
    await assertKept(workload);
  });

  it('go out and come in by an operator’s hand', async () => {
    const leader = await test.cluster.waitLeader(READY_MS);
    const out = running().find((pod) => pod !== leader) as PodProcess;
    const rest = running().filter((pod) => pod !== out);
    const removed = await runAgendactl(test, leader, 'members', 'remove', out.nodeId);
    assert.equal(removed.code, 0, removed.err);
    assert.ok(!removed.out.includes(out.nodeId), removed.out);
    await membersAre(rest);
    expect(await eva.at(leader.url).create('with two', 20_000), 201);
    const added = await runAgendactl(test, leader, 'members', 'add', out.nodeId);
    assert.equal(added.code, 0, added.err);
    await membersAre(running());
    const again = await runAgendactl(test, leader, 'members', 'add', out.nodeId);
    assert.equal(again.code, 64);
    assert.match(again.err, /^agendactl: agenda-\d#\S+ is a member already$/m);
    assert.match((await runAgendactl(test, leader, 'members', 'list')).out, /^agenda-1#\S+ {2}voter/m);
  });
});
