/** One thread of the runner: takes a seed, runs it, says what came of it. */
import { parentPort } from 'node:worker_threads';
import { simulate } from '../simulation.ts';
import type { SeedOutcome } from './runner.ts';

parentPort?.on('message', async (seed: number) => {
  const { violation, simulatedMs, digest, committed, operations, undecided } = await simulate({
    seed,
    traceKept: 0,
  });
  const outcome: SeedOutcome = { seed, violation, simulatedMs, digest, committed, operations, undecided };
  parentPort?.postMessage(outcome);
});
