import { figure, seconds, secondsSince } from '../figures.ts';
import { REPLICAS, SERVICE } from '../stack.ts';
import { clients, HEALTHY_MS, stack } from './context.ts';

const FEWER = 5;
const SOME = 20;

describe('the service, while clients write,', () => {
  it('is scaled from seven to five and back', async () => {
    const outcome = await clients.during(async (writes) => {
      for (const replicas of [FEWER, REPLICAS]) {
        const startedAt = performance.now();
        await stack.swarm('service', 'scale', '--detach', `${SERVICE}=${replicas}`);
        await stack.waitRunning(replicas, HEALTHY_MS);
        await stack.waitRedundant(replicas, HEALTHY_MS);
        figure(`scale to ${replicas}: ${replicas} voters`, secondsSince(startedAt));
        await writes(SOME);
      }
    });
    figure('scale 7, 5, 7: longest time without an acknowledged write', seconds(outcome.gapSeconds));
  });
});
