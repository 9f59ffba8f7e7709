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

async function addressOfTask(task: Task): Promise<string> {
  const format = `{{(index .NetworkSettings.Networks "${STACK}_agenda_net").IPAddress}}`;
  return docker(task.host, 'inspect', '--format', format, await stack.containerOf(task));
}

/** Those of these addresses that DNS leaves out where that task runs. */
async function leftOut(task: Task, addresses: readonly string[]): Promise<string[]> {
  const found = await docker(
    task.host,
    'exec',
    await stack.containerOf(task),
    'getent',
    'ahostsv4',
    'tasks.agenda',
  );
  return addresses.filter((address) => !found.includes(`${address} `));
}

async function containersOn(host: Host): Promise<string[]> {
  const names = await docker(host, 'ps', '--filter', `name=${STACK}_agenda`, '--format', '{{.Names}}');
  return names.split('\n').filter((name) => name !== '');
}

describe('a host is cut off and heals, while clients write:', () => {
  it('that of the leader; two tasks run as one slot for a while, nobody is elected or removed for it', async () => {
    const { host } = await stack.leadingTask();
    const old = (await stack.tasks()).filter((task) => task.host === host);
    assert.ok(old.length < REPLICAS / 2, 'the other hosts keep a majority');
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
      const addresses = await Promise.all((await stack.tasks()).map(addressOfTask));
      const healedAt = performance.now();
      await lab('heal-host', String(host));
      let sideBySideSeconds = 0;
      let leftOutMost = 0;
      let leftOutSeconds = 0;
      await until('the replaced tasks are stopped', SETTLES_MS, async () => {
        const left = await containersOn(host);
        const ours = new Set((await stack.tasks()).map(({ id }) => id));
        if (left.every((name) => ours.has(name.split('.').at(-1) as string))) return true;
        sideBySideSeconds = (performance.now() - healedAt) / 1_000;
        const missing = await leftOut(old[0] as Task, addresses).catch(() => []);
        leftOutMost = Math.max(leftOutMost, missing.length);
        if (missing.length > 0) leftOutSeconds = sideBySideSeconds;
        const { term, configuration } = await stack.waitRedundant(REPLICAS, HEALTHY_MS);
        assert.equal(term, before.term, 'no election');
        assert.deepEqual(configuration?.voters, before.configuration?.voters, 'the new ones stay');
        throw new Error(left.join(' '));
      });
      figure('host cut off: two tasks of a slot side by side after the heal', seconds(sideBySideSeconds));
      figure(
        `host cut off: DNS left out ${leftOutMost} healthy replicas there after the heal`,
        seconds(leftOutSeconds),
      );
      stack.away.clear();
      await stack.waitRunning(REPLICAS, HEALTHY_MS);
      await stack.waitRedundant(REPLICAS, HEALTHY_MS);
      await writes(SOME);
    });
    figure('host cut off: longest time without an acknowledged write', seconds(outcome.gapSeconds));
  });
});
