/** Runs many seeds on a few threads. A seed that never ends, or takes its thread with it, has failed. */
import { Worker } from 'node:worker_threads';
import type { Violation } from '../oracle/violations.ts';
import type { RunResult } from '../simulation.ts';

/** Real time; on an idle core a seed takes a tenth of a second. */
const SEED_MS_MAX = 120_000;
const WORKER = new URL('./worker.ts', import.meta.url);

export interface SeedOutcome extends Omit<RunResult, 'lines'> {
  readonly seed: number;
}

export interface Totals {
  readonly seeds: number;
  readonly simulatedMs: number;
  readonly realMs: number;
  readonly committed: number;
  readonly operations: number;
  /** Seeds whose history was too hard to check within the bound. */
  readonly undecided: number;
  /** The lowest seed that failed. */
  readonly failed: { readonly seed: number; readonly violation: Violation } | undefined;
}

export interface RunnerOptions {
  readonly from: number;
  readonly count: number;
  readonly threads: number;
  readonly onOutcome?: (outcome: SeedOutcome) => void;
}

const NOTHING = { simulatedMs: 0, digest: '', committed: 0, operations: 0, undecided: false };

/** Seeds `from` … `from + count - 1`; once one has failed no further ones are begun. */
export async function runSeeds({ from, count, threads, onOutcome }: RunnerOptions): Promise<Totals> {
  const startedAt = performance.now();
  const outcomes: SeedOutcome[] = [];
  let next = from;
  let failing = false;
  const take = (): number | undefined => (failing || next >= from + count ? undefined : next++);
  const record = (outcome: SeedOutcome): void => {
    outcomes.push(outcome);
    failing ||= outcome.violation !== undefined;
    onOutcome?.(outcome);
  };
  await Promise.all(Array.from({ length: Math.min(threads, count) }, () => runThread(take, record)));
  const sum = (of: (outcome: SeedOutcome) => number): number =>
    outcomes.reduce((total, outcome) => total + of(outcome), 0);
  const [failed] = outcomes.filter(({ violation }) => violation).sort((a, b) => a.seed - b.seed);
  return {
    seeds: outcomes.length,
    simulatedMs: sum(({ simulatedMs }) => simulatedMs),
    realMs: performance.now() - startedAt,
    committed: sum(({ committed }) => committed),
    operations: sum(({ operations }) => operations),
    undecided: outcomes.filter(({ undecided }) => undecided).length,
    failed: failed?.violation && { seed: failed.seed, violation: failed.violation },
  };
}

async function runThread(
  take: () => number | undefined,
  record: (outcome: SeedOutcome) => void,
): Promise<void> {
  const worker = new Worker(WORKER);
  try {
    for (let seed = take(); seed !== undefined; seed = take()) record(await runSeed(worker, seed));
  } finally {
    await worker.terminate();
  }
}

function runSeed(worker: Worker, seed: number): Promise<SeedOutcome> {
  return new Promise((resolve) => {
    const settle = (outcome: SeedOutcome): void => {
      clearTimeout(timer);
      worker.off('message', settle).off('error', brokeOff);
      resolve(outcome);
    };
    const broken = (text: string): void => settle({ ...NOTHING, seed, violation: { property: 'run', text } });
    const brokeOff = (error: unknown): void =>
      broken(`it broke off: ${error instanceof Error ? error.stack : error}`);
    const timer = setTimeout(() => broken(`it did not end within ${SEED_MS_MAX} ms`), SEED_MS_MAX);
    worker.on('message', settle).on('error', brokeOff);
    worker.postMessage(seed);
  });
}
