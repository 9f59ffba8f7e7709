import assert from 'node:assert/strict';
import type { PodProcess } from '@agenda/pod/pod-process';
import { type ApiClient, expect } from '../support/api-client.ts';
import { READY_MS, TestCluster } from '../support/cluster.ts';
import { until } from '../support/until.ts';

/** The promise of the API: without a leader, an answer within two seconds. */
const REFUSAL_MS_MAX = 2_000;
/** For the request's way there and back on a busy machine. */
const SLACK_MS = 500;

describe('five pods', () => {
  let test: TestCluster;
  let ben: ApiClient;

  before(async () => {
    test = await TestCluster.start(5);
    ben = await test.client(0).enter('ben');
  });
  after(() => test?.destroy());

  it('take writes and linearizable reads on every one of them', async () => {
    const ids: string[] = [];
    for (const [at, pod] of test.pods.entries())
      ids.push(expect(await ben.at(pod.url).create(`pod ${at}`, at), 201).body.id);
    for (const pod of test.pods)
      assert.deepEqual(
        (await ben.at(pod.url).agenda()).map((item) => item.id),
        ids,
      );
  });

  it('go on when two are killed, the leader among them', async () => {
    const leader = await test.cluster.waitLeader(READY_MS);
    const other = test.pods.find((pod) => pod !== leader) as PodProcess;
    await Promise.all([leader.kill(), other.kill()]);
    const survivors = test.pods.filter((pod) => pod.running);
    for (const [at, pod] of survivors.entries()) {
      const client = ben.at(pod.url);
      await until('a write after the loss of two', READY_MS, async () => {
        const answer = await client.create(`after the loss ${at}`, 100 + at, {
          'idempotency-key': `loss-${at}`,
        });
        return answer.status === 201 ? answer : undefined;
      });
    }
    const views = await Promise.all(survivors.map((pod) => ben.at(pod.url).agenda()));
    for (const view of views) assert.deepEqual(view, views[0]);
  });

  it('refuse writes and linearizable reads within two seconds when a third is gone, and still read stale', async () => {
    const [victim] = test.pods.filter((pod) => pod.running) as [PodProcess];
    await victim.kill();
    const [left] = test.pods.filter((pod) => pod.running) as [PodProcess];
    const client = ben.at(left.url);
    await until('the loss of the majority is noticed', READY_MS, async () =>
      (await left.raftHealth())?.leaderId === null ? true : undefined,
    );
    for (const ask of [() => client.create('refused', 200), () => client.call('GET', '/api/me')]) {
      const startedAt = performance.now();
      const answer = expect(await ask(), 503);
      const tookMs = performance.now() - startedAt;
      assert.equal(answer.body.code, 'no_leader');
      assert.ok(Number(answer.headers.get('retry-after')) >= 1);
      assert.ok(tookMs < REFUSAL_MS_MAX + SLACK_MS, `took ${Math.round(tookMs)} ms`);
    }
    assert.ok((await client.agenda('&consistency=stale')).length > 0);
    expect(await client.call('GET', '/readyz'), 503);
    expect(await client.call('GET', '/healthz'), 200);
  });

  it('are whole again when the dead come back, with nothing of what was refused', async () => {
    for (const pod of test.pods) if (!pod.running) pod.start();
    await test.cluster.waitReady(READY_MS);
    const views = await Promise.all(test.pods.map((pod) => ben.at(pod.url).agenda()));
    for (const view of views) assert.deepEqual(view, views[0]);
    assert.ok(!views[0]?.some((item) => item.title === 'refused'));
    expect(await ben.create('all back', 300), 201);
  });
});
