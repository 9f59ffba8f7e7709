import assert from 'node:assert/strict';
import { figure, secondsSince } from '../figures.ts';
import { REPLICAS, type Task } from '../stack.ts';
import { clients, HEALTHY_MS, NEXT, stack } from './context.ts';

function places(tasks: readonly Task[]): string[] {
  return tasks.map(({ slot, host }) => `${slot} on h${host}`).sort();
}

describe('the whole stack', () => {
  it('is stopped and started again: each slot where its volume is, and all data there', async () => {
    await clients.during(async () => {});
    const before = await stack.waitRunning(REPLICAS, HEALTHY_MS);
    const members = (await stack.waitRedundant(REPLICAS, HEALTHY_MS)).configuration?.voters.toSorted();
    await stack.slots(NEXT, 'note');
    const stoppedAt = performance.now();
    await stack.remove(HEALTHY_MS);
    figure('full stop', secondsSince(stoppedAt));
    const startedAt = performance.now();
    await stack.slots(NEXT, 'start');
    const after = await stack.waitRunning(REPLICAS, HEALTHY_MS);
    assert.deepEqual(places(after), places(before));
    const availabilities = await stack.swarm('node', 'ls', '--format', '{{.Availability}}');
    assert.deepEqual(availabilities.split('\n'), ['Active', 'Active', 'Active']);
    const leader = await stack.waitRedundant(REPLICAS, HEALTHY_MS);
    figure('full start: seven voters, writes accepted', secondsSince(startedAt));
    assert.deepEqual(leader.configuration?.voters.toSorted(), members, 'the members of before');
    await clients.assertKept();
    await clients.during((writes) => writes(1));
  });
});
