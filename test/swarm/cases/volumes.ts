import assert from 'node:assert/strict';
import { until } from '../../support/until.ts';
import { figure, seconds, secondsSince } from '../figures.ts';
import { docker, dockerOutput, type Host } from '../lab.ts';
import { REPLICAS, type Task } from '../stack.ts';
import { clients, HEALTHY_MS, NOW, stack } from './context.ts';

const SOME = 20;
const REFUSED_MS = 60_000;

function availability(to: 'active' | 'pause' | 'drain', ...hosts: Host[]): Promise<unknown> {
  return Promise.all(hosts.map((host) => stack.swarm('node', 'update', '--availability', to, `h${host}`)));
}

function on(host: Host, tasks: readonly Task[]): Task[] {
  return tasks.filter((task) => task.host === host);
}

/** By how many tasks they run, fewest first. */
function byLoad(hosts: readonly Host[], tasks: readonly Task[]): Host[] {
  return hosts.toSorted((a, b) => on(a, tasks).length - on(b, tasks).length);
}

describe('the volume of a slot', () => {
  it('refuses a second pod that opens it, with a clear line, and the first goes on', async () => {
    const [task] = (await stack.tasks()) as [Task];
    const before = await stack.healthOf(task);
    const secret = 's'.repeat(64);
    const env = Object.entries({
      NODE_ID: `agenda-${task.slot}`,
      ADVERTISE_ADDR: '127.0.0.1:7000',
      CLUSTER_HMAC_SECRET: secret,
      JWT_SECRET: secret,
      AUDIT_API_TOKEN: secret,
    }).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
    const volume = ['--volume', `agenda-data-${task.slot}:/data`, '--tmpfs', '/tmp', '--read-only'];
    const run = ['run', '--detach', '--init', '--network', 'none', ...volume, ...env, NOW];
    const second = await docker(task.host, ...run);
    try {
      await until('the second pod refuses', REFUSED_MS, async () => {
        const log = await dockerOutput(task.host, 'logs', second);
        return /the data directory \/data\/raft is in use by another process/.test(log) ? true : undefined;
      });
    } finally {
      await docker(task.host, 'rm', '--force', second);
    }
    const after = await stack.healthOf(task);
    assert.equal(after.memberId, before.memberId);
    assert.equal(after.term, before.term);
    assert.ok(after.leaderId);
  });

  it('may be stale when the slot returns to it: the old member comes back, catches up, and votes again', async () => {
    const outcome = await clients.during(async (writes) => {
      const placed = await stack.tasks();
      const [left] = byLoad(stack.hosts, placed) as [Host];
      const former = await Promise.all(on(left, placed).map((task) => stack.healthOf(task)));
      await availability('drain', left);
      await until(
        'the host is empty',
        HEALTHY_MS,
        async () => on(left, await stack.tasks()).length === 0 || undefined,
      );
      const moved = await stack.waitRunning(REPLICAS, HEALTHY_MS);
      await stack.waitRedundant(REPLICAS, HEALTHY_MS);
      await writes(SOME);
      // All tasks of the fuller one of the other two now go back: the third takes no more.
      const [third, fuller] = byLoad(
        stack.hosts.filter((host) => host !== left),
        moved,
      ) as [Host, Host];
      const slots = on(fuller, moved).map(({ slot }) => `agenda-${slot}`);
      const returning = former.filter(({ nodeId }) => slots.includes(nodeId));
      assert.ok(returning.length > 0, 'a slot went there');
      const startedAt = performance.now();
      await availability('pause', third);
      await availability('active', left);
      await availability('drain', fuller);
      await until(
        'the fuller host is empty',
        HEALTHY_MS,
        async () => on(fuller, await stack.tasks()).length === 0 || undefined,
      );
      await stack.waitRunning(REPLICAS, HEALTHY_MS);
      const { configuration } = await stack.waitRedundant(REPLICAS, HEALTHY_MS);
      figure(
        'four replicas stopped at once, some back on stale volumes: seven voters',
        secondsSince(startedAt),
      );
      for (const { memberId } of returning)
        assert.ok(configuration?.voters.includes(memberId), `${memberId} votes again`);
      await availability('active', third, fuller);
    });
    figure(
      'hosts drained, one after the other: longest time without an acknowledged write',
      seconds(outcome.gapSeconds),
    );
  });
});
