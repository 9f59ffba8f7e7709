/** How long writes stand still when the leader is killed. */
import type { PodProcess } from '@agenda/pod/pod-process';
import { appointmentBody, type BenchCluster } from './agenda.ts';

const READY_MS = 60_000;
const ATTEMPT_MS = 3_000;

/** Milliseconds from `kill -9` of the leader's pod to the next acknowledged write, once for each round. */
export async function measureFailover(
  { cluster }: BenchCluster,
  token: string,
  rounds: number,
  firstSlot: number,
): Promise<number[]> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const leader = await cluster.waitLeader(READY_MS);
    const survivors = cluster.pods.filter((pod) => pod !== leader) as [PodProcess, PodProcess];
    // All writers ask at once, each with its own slot, so that the first possible moment is seen.
    await writeOnce(survivors[0], token, firstSlot + round * 10);
    const killedAt = performance.now();
    const dead = leader.kill();
    const writers = survivors.map((pod, at) => untilWritten(pod, token, firstSlot + round * 10 + 1 + at));
    await Promise.race(writers);
    times.push(performance.now() - killedAt);
    await Promise.all([...writers, dead]);
    leader.start();
    await leader.waitReady(READY_MS);
  }
  return times;
}

async function untilWritten(pod: PodProcess, token: string, slot: number): Promise<void> {
  while (!(await writeOnce(pod, token, slot)));
}

async function writeOnce(pod: PodProcess, token: string, slot: number): Promise<boolean> {
  const response = await fetch(`${pod.url}/api/appointments`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'idempotency-key': `failover-${slot}`,
    },
    body: appointmentBody(slot),
    signal: AbortSignal.timeout(ATTEMPT_MS),
  });
  await response.arrayBuffer();
  return response.status === 201;
}
