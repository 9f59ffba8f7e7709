import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import type { PodProcess } from '@agenda/pod/pod-process';
import { runAgendactl } from '../support/agendactl.ts';
import { type ApiClient, expect } from '../support/api-client.ts';
import { READY_MS, TestCluster } from '../support/cluster.ts';
import { until } from '../support/until.ts';

describe('a cluster that lost its majority for good', () => {
  let test: TestCluster;
  let ida: ApiClient;
  let survivor: PodProcess;
  let lost: PodProcess[];
  let clusterBefore: string | null | undefined;

  before(async () => {
    test = await TestCluster.start(3, { REPLACE_AFTER: '2s' });
    ida = await test.client(0).enter('ida');
    expect(await ida.create('before the loss', 0), 201);
    [survivor, ...lost] = test.pods as [PodProcess, PodProcess, PodProcess];
    clusterBefore = (await survivor.raftHealth())?.clusterId;
    await Promise.all(test.pods.map((pod) => pod.stop()));
  });
  after(() => test?.destroy());

  const recover = (...args: string[]) => runAgendactl(test, survivor, 'recover', ...args);

  it('is not touched without the loss being named', async () => {
    for (const args of [[], ['--accept-loss-of=agenda-2'], ['--yes']]) {
      const { code, out, err } = await recover(...args);
      assert.equal(code, 64, err);
      assert.match(out, /^last entry +term \d+, index \d+, of 20/m);
      assert.match(err, /WARNING: .*NEW cluster/);
      assert.match(
        err,
        /Nothing has been changed.*\n\n {2}agendactl recover --accept-loss-of=agenda-2,agenda-3\n/,
      );
    }
  });

  it('is not touched while the pod runs', async () => {
    survivor.start();
    await until('its disk is in use', READY_MS, async () => {
      const { code, err } = await recover();
      return code === 1 && /is in use by another process/.test(err) ? true : undefined;
    });
    await survivor.stop();
  });

  it('serves again from one disk, with what that disk held, and says so in its trail', async () => {
    const { code, out, err } = await recover('--accept-loss-of=agenda-2,agenda-3');
    assert.equal(code, 0, err);
    assert.match(out, /agenda-1 is the only voter of the new cluster/);
    survivor.start();
    await survivor.waitReady(READY_MS);
    const health = await survivor.raftHealth();
    assert.notEqual(health?.clusterId, clusterBefore);
    assert.equal(health?.configuration?.voters.length, 1);
    const titles = (await ida.agenda()).map(({ title }) => title);
    assert.deepEqual(titles, ['before the loss']);
    expect(await ida.create('after the loss', 1), 201);

    assert.equal((await runAgendactl(test, survivor, 'role', 'ida', 'operator')).code, 0);
    const headers = { 'x-audit-token': test.cluster.secrets.auditToken };
    await until('the recovery is in the trail', READY_MS, async () => {
      const path = '/api/admin/audit/logs?action=raft.cluster_recovered';
      const { body } = expect(await ida.call('GET', path, { headers }), 200);
      return body.items.length === 1 ? true : undefined;
    });
  });

  it('does not listen to a lost member that comes back, until that one is emptied', async () => {
    const [back] = lost as [PodProcess];
    back.start();
    const waitingFor = await until('it says what it waits for', READY_MS, async () => {
      const health = await back.raftHealth();
      return health?.waitingFor?.includes('an operator') ? health.waitingFor : undefined;
    });
    assert.match(waitingFor, /empty this node's data directory/);
    expect(await ida.create('beside the returned one', 2), 201);
    assert.equal((await survivor.raftHealth())?.configuration?.voters.length, 1);
    await back.kill();
    for (const pod of lost) rmSync(test.dataDirOf(pod), { recursive: true });
    for (const pod of lost) pod.start();
    await until('three vote again', READY_MS, async () =>
      (await survivor.raftHealth())?.configuration?.voters.length === 3 ? true : undefined,
    );
    await test.cluster.waitReady(READY_MS);
    const views = await Promise.all(test.pods.map((pod) => ida.at(pod.url).agenda()));
    for (const view of views)
      assert.deepEqual(
        view.map(({ title }) => title),
        ['before the loss', 'after the loss', 'beside the returned one'],
      );
  });
});
