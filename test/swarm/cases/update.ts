import assert from 'node:assert/strict';
import { until } from '../../support/until.ts';
import { figure, seconds, secondsSince } from '../figures.ts';
import { REPLICAS, SERVICE } from '../stack.ts';
import { BROKEN, clients, HEALTHY_MS, NEXT, stack } from './context.ts';

/** Seven times: an ordered stop, a start until healthy, and the pause between two. */
const UPDATE_MS = 9 * 60_000;

async function waitUpdate(state: string): Promise<void> {
  await until(`an update that is ${state}`, UPDATE_MS, async () => {
    const now = await stack.swarm('service', 'inspect', '--format', '{{.UpdateStatus.State}}', SERVICE);
    if (now === state) return true;
    throw new Error(now);
  });
}

async function images(): Promise<string[]> {
  return [...new Set((await stack.tasks()).map(({ image }) => image))];
}

describe('an update to another image, while clients write,', () => {
  it('goes through one replica after the other; every write succeeds with retries, none is lost', async () => {
    const outcome = await clients.during(async () => {
      const startedAt = performance.now();
      await stack.deploy(NEXT);
      await waitUpdate('completed');
      await stack.waitRunning(REPLICAS, HEALTHY_MS);
      await stack.waitRedundant(REPLICAS, HEALTHY_MS);
      figure('rolling update: all seven replaced, seven voters', secondsSince(startedAt));
    });
    assert.deepEqual(await images(), [NEXT]);
    figure('rolling update: longest time without an acknowledged write', seconds(outcome.gapSeconds));
  });

  it('to one that does not start, is rolled back after the first replica', async () => {
    const outcome = await clients.during(async () => {
      const startedAt = performance.now();
      await stack.deploy(BROKEN);
      await waitUpdate('rollback_completed');
      await stack.waitRunning(REPLICAS, HEALTHY_MS);
      await stack.waitRedundant(REPLICAS, HEALTHY_MS);
      figure('broken update: rolled back, seven voters', secondsSince(startedAt));
    });
    assert.deepEqual(await images(), [NEXT]);
    figure('broken update: longest time without an acknowledged write', seconds(outcome.gapSeconds));
  });
});
