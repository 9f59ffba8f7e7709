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

/** Of those that have any. */
function fewestTasks(hosts: readonly Host[], tasks: readonly Task[]): Host {
  const used = hosts.filter((host) => on(host, tasks).length > 0);
  return used.sort((a, b) => on(a, tasks).length - on(b, tasks).length)[0] as Host;
}

async function waitEmpty(host: Host): Promise<void> {
  await until(`h${host} is empty`, HEALTHY_MS, async () =>
    on(host, await stack.tasks()).length === 0 ? true : undefined,
  );
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
      const left = fewestTasks(stack.hosts, placed);
      const former = await Promise.all(on(left, placed).map((task) => stack.healthOf(task)));
      const fromLeft = (host: Host, tasks: readonly Task[]) =>
        former.filter(({ nodeId }) => on(host, tasks).some(({ slot }) => nodeId === `agenda-${slot}`));
      await availability('drain', left);
      await waitEmpty(left);
      const moved = await stack.waitRunning(REPLICAS, HEALTHY_MS);
      await stack.waitRedundant(REPLICAS, HEALTHY_MS);
      await writes(SOME);
      // All tasks of one of the other two now go back; the third takes no more.
      const [third, refuge] = stack.hosts
        .filter((host) => host !== left)
        .sort((a, b) => fromLeft(a, moved).length - fromLeft(b, moved).length) as [Host, Host];
      const returning = fromLeft(refuge, moved);
      const together = on(refuge, moved).length;
      const startedAt = performance.now();
      await availability('pause', third);
      await availability('active', left);
      await availability('drain', refuge);
      await waitEmpty(refuge);
      await stack.waitRunning(REPLICAS, HEALTHY_MS);
      const { configuration } = await stack.waitRedundant(REPLICAS, HEALTHY_MS);
      figure(
        `${together} replicas drained at once, ${returning.length} back on stale volumes: seven voters`,
        secondsSince(startedAt),
      );
      assert.ok(returning.length > 0, 'a slot came back');
      for (const { memberId } of returning)
        assert.ok(configuration?.voters.includes(memberId), `${memberId} votes again`);
      await availability('active', third, refuge);
    });
    figure('hosts drained in turn: longest time without an acknowledged write', seconds(outcome.gapSeconds));
  });
});
