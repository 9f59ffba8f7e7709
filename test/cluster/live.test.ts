import assert from 'node:assert/strict';
import { type ApiClient, expect } from '../support/api-client.ts';
import { READY_MS, TestCluster } from '../support/cluster.ts';
import { type HeardItem, Listener } from '../support/listener.ts';
import { until } from '../support/until.ts';
import { Workload } from '../support/workload.ts';

const HEARD_MS = 20_000;
const ITEMS_PER_POD = 25;

describe('live events of three pods', () => {
  let test: TestCluster;
  let ana: ApiClient;

  before(async () => {
    test = await TestCluster.start(3);
    ana = await test.client(0).enter('ana');
  });
  after(() => test?.destroy());

  it('reach who moves from pod to pod once and in order, also while the leader is killed', async () => {
    const urls = test.pods.map(({ url }) => url);
    const token = ana.token as string;
    const me = expect(await ana.call('GET', '/api/me'), 200);
    const sinceIndex = Number(me.headers.get('x-agenda-index'));
    const mover = new Listener(urls, token, sinceIndex, ITEMS_PER_POD).start();
    const late = new Listener(urls.toReversed(), token, sinceIndex, Number.POSITIVE_INFINITY);
    const workload = new Workload('live', token, urls, 0).start(8);
    await workload.more(200);
    const leader = await test.cluster.waitLeader(READY_MS);
    await leader.kill();
    await workload.more(200);
    leader.start();
    await workload.more(200);
    await workload.stop();
    await test.cluster.waitReady(READY_MS);
    late.start();

    const last = Math.max(...workload.acknowledged.map(({ index }) => index));
    const listeners = [mover, late];
    await until('both have heard everything', HEARD_MS, async () =>
      listeners.every(({ index }) => index >= last) ? true : undefined,
    );
    await Promise.all(listeners.map((listener) => listener.stop()));
    assert.deepEqual(workload.complaints, []);
    const booked = (await ana.at(urls[1] as string).agenda()).map(({ id }) => id).sort();
    assert.ok(mover.connections > 10, `it moved only ${mover.connections} times`);
    for (const { items, complaints } of listeners) {
      assert.deepEqual(complaints, []);
      const places = items.map(place);
      assert.deepEqual(places, [...places].sort(byPlace), 'in order');
      assert.equal(new Set(places.map(String)).size, places.length, 'nothing twice');
      assert.deepEqual(items.map(({ appointment }) => appointment?.id).sort(), booked, 'nothing missed');
    }
    assert.deepEqual(mover.items, late.items);
  });
});

function place({ index, ordinal }: HeardItem): [number, number] {
  return [index, ordinal];
}

function byPlace(one: [number, number], other: [number, number]): number {
  return one[0] - other[0] || one[1] - other[1];
}
