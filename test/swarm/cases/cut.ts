import assert from 'node:assert/strict';
import { until } from '../../support/until.ts';
import { figure, seconds, secondsSince } from '../figures.ts';
import { docker, type Host, lab } from '../lab.ts';
import { REPLICAS, STACK, type Task } from '../stack.ts';
import { clients, HEALTHY_MS, stack } from './context.ts';

const SOME = 20;
const STEPS_DOWN_MS = 60_000;
/** What Swarm was seen to need, at most, until tasks that it has replaced are stopped, and until its DNS is whole again. */
const SETTLES_MS = 180_000;
/** Long enough for the hosts to miss each other, and too short for Swarm to replace what runs there. */
const SHORT_CUT_MS = 8_000;
/** Names may go after the heal only, and come back. */
const DNS_QUIET_MS = 10_000;

/** How many addresses a task on that host finds for its peers. */
async function addressesSeenBy(task: Task): Promise<number> {
  const container = await stack.containerOf(task);
  const found = await docker(
    task.host,
    'exec',
    container,
    'sh',
    '-c',
    'getent ahostsv4 tasks.agenda | sort -u -k1,1 | wc -l',
  );
  return Number(found);
}

async function containersOn(host: Host): Promise<string[]> {
  const names = await docker(host, 'ps', '--filter', `name=${STACK}_agenda`, '--format', '{{.Names}}');
  return names.split('\n').filter((name) => name !== '');
}

describe('a host that is cut off and heals, while clients write,', () => {
  it('for a moment: DNS leaves out healthy peers, and nobody is elected or removed for it', async () => {
    const outcome = await clients.during(async (writes) => {
      const leading = await stack.leadingTask();
      const before = await stack.waitRedundant(REPLICAS, HEALTHY_MS);
      const manager = await stack.leadingManager();
      const host = stack.hosts.find((one) => one !== leading.host && one !== manager) as Host;
      stack.away.add(host);
      await lab('cut-host', String(host));
      const cutAt = performance.now();
      await until(
        'the cut has lasted',
        SETTLES_MS,
        async () => performance.now() - cutAt > SHORT_CUT_MS || undefined,
      );
      await lab('heal-host', String(host));
      stack.away.delete(host);
      const healedAt = performance.now();
      const watchers = [leading, (await stack.tasks()).find((task) => task.host === host) as Task];
      let missing = 0;
      let wholeAt = healedAt;
      await until('DNS is whole on both sides', SETTLES_MS, async () => {
        const seen = await Promise.all(watchers.map(addressesSeenBy));
        const { term, configuration } = await stack.leader();
        assert.equal(term, before.term, 'no election');
        assert.deepEqual(configuration?.voters, before.configuration?.voters, 'no removal');
        missing = Math.max(missing, ...seen.map((count) => REPLICAS - count));
        if (seen.some((count) => count < REPLICAS)) wholeAt = performance.now();
        const settled = performance.now() - wholeAt > DNS_QUIET_MS;
        return settled && seen.every((count) => count >= REPLICAS) ? true : undefined;
      });
      figure('host cut off for a moment: replicas that DNS left out, at most', String(missing));
      figure('host cut off for a moment: DNS whole after the heal', seconds((wholeAt - healedAt) / 1_000));
      const after = await stack.waitRedundant(REPLICAS, HEALTHY_MS);
      assert.equal(after.term, before.term, 'no election');
      assert.deepEqual(after.configuration?.voters, before.configuration?.voters, 'no removal');
      await writes(SOME);
    });
    figure(
      'host cut off for a moment: longest time without an acknowledged write',
      seconds(outcome.gapSeconds),
    );
  });

  it('for long, the host of the leader: its tasks are replaced, and for a while two run as one slot', async () => {
    const { host } = await stack.leadingTask();
    const old = (await stack.tasks()).filter((task) => task.host === host);
    stack.away.add(host);
    const outcome = await clients.during(async (writes) => {
      const cutAt = performance.now();
      await lab('cut-host', String(host));
      await writes(SOME);
      await stack.waitRunning(REPLICAS, HEALTHY_MS);
      figure('host cut off: seven tasks healthy on the other two', secondsSince(cutAt));
      await stack.waitRedundant(REPLICAS, HEALTHY_MS);
      figure('host cut off: seven voters again', secondsSince(cutAt));
      await until('nobody leads behind the cut', STEPS_DOWN_MS, async () => {
        const cutOff = await Promise.all(old.map((task) => stack.healthOf(task)));
        return cutOff.every(({ isLeader }) => !isLeader) || undefined;
      });
      assert.equal((await containersOn(host)).length, old.length, 'each of its slots runs twice');
      const before = await stack.waitRedundant(REPLICAS, HEALTHY_MS);
      const healedAt = performance.now();
      await lab('heal-host', String(host));
      let sideBySideSeconds = 0;
      await until('the replaced tasks are stopped', SETTLES_MS, async () => {
        const left = await containersOn(host);
        const ours = new Set((await stack.tasks()).map(({ id }) => id));
        if (left.every((name) => ours.has(name.split('.').at(-1) as string))) return true;
        sideBySideSeconds = (performance.now() - healedAt) / 1_000;
        const { term, configuration } = await stack.waitRedundant(REPLICAS, HEALTHY_MS);
        assert.equal(term, before.term, 'no election');
        assert.deepEqual(configuration?.voters, before.configuration?.voters, 'the new ones stay');
        throw new Error(left.join(' '));
      });
      figure('host cut off: two tasks of a slot side by side after the heal', seconds(sideBySideSeconds));
      stack.away.clear();
      await stack.waitRunning(REPLICAS, HEALTHY_MS);
      await stack.waitRedundant(REPLICAS, HEALTHY_MS);
      await writes(SOME);
    });
    figure('host cut off: longest time without an acknowledged write', seconds(outcome.gapSeconds));
  });
});
