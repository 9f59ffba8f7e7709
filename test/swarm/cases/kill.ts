import assert from 'node:assert/strict';
import { figure, seconds, secondsSince } from '../figures.ts';
import { docker, type Host, lab } from '../lab.ts';
import { REPLICAS } from '../stack.ts';
import { clients, HEALTHY_MS, stack } from './context.ts';

/** Writes that must be acknowledged before the cluster counts as going on. */
const SOME = 20;

describe('while clients write', () => {
  it('a task is killed, the one that leads: Swarm starts another', async () => {
    const outcome = await clients.during(async (writes) => {
      const task = await stack.leadingTask();
      const container = await stack.containerOf(task);
      const startedAt = performance.now();
      await docker(task.host, 'kill', '--signal', 'KILL', container);
      await writes(SOME);
      await stack.waitRunning(REPLICAS, HEALTHY_MS);
      await stack.waitRedundant(REPLICAS, HEALTHY_MS);
      figure('leader task killed: seven voters again', secondsSince(startedAt));
    });
    figure('leader task killed: longest time without an acknowledged write', seconds(outcome.gapSeconds));
  });

  it('the host of the leader loses power: its tasks move to the others, with empty volumes', async () => {
    let lost: Host | undefined;
    const before = await stack.tasks();
    const members = new Set((await stack.leader()).configuration?.voters);
    const host = (await stack.leadingTask()).host;
    stack.away.add(host);
    const outcome = await clients.during(async (writes) => {
      const startedAt = performance.now();
      lost = host;
      await lab('kill-host', String(host));
      await writes(SOME);
      const tasks = await stack.waitRunning(REPLICAS, HEALTHY_MS);
      assert.equal(tasks.length, REPLICAS);
      figure('host lost: seven tasks healthy on the other two', secondsSince(startedAt));
      const leader = await stack.waitRedundant(REPLICAS, HEALTHY_MS);
      figure('host lost: seven voters again', secondsSince(startedAt));
      const fresh = leader.configuration?.voters.filter((voter) => !members.has(voter)) ?? [];
      const moved = before.filter((task) => task.host === host).map(({ slot }) => `agenda-${slot}`);
      assert.deepEqual(fresh.map((voter) => voter.split('#')[0]).sort(), moved.sort(), 'new members');
    });
    figure('host lost: longest time without an acknowledged write', seconds(outcome.gapSeconds));
    await lab('start-host', String(lost));
    await lab('wait-node', String(lost), 'Ready', '120');
    stack.away.clear();
  });
});
