/**
 * `make simulate SEEDS=… [FROM=…] [JOBS=…]`: that many seeds; the first that fails is shown, shortened.
 * `make simulate SEED=… [TRACE=file]`: that one alone, its whole trace into a file if one is named.
 */
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { faultsOf } from './cluster/faults.ts';
import { setupOf } from './cluster/setup.ts';
import { wholeNumber } from './numbers.ts';
import { describeFault, describeSetup, describeTotals, shortened } from './seeds/report.ts';
import { runSeeds } from './seeds/runner.ts';
import { type Case, shrink } from './seeds/shrink.ts';
import { type RunResult, simulate } from './simulation.ts';

const SEEDS_DEFAULT = 300;
const SHRINK_RUNS_MAX = 300;
const SHOWN_EVERY = 100;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

const run = (seed: number, { setup, faults }: Case, traceKept: number): Promise<RunResult> =>
  simulate({ seed, setup, faults, traceKept });

/** Everything that is known about one seed. @returns true if nothing went wrong. */
async function showSeed(seed: number): Promise<boolean> {
  const whole: Case = { setup: setupOf(seed), faults: faultsOf(setupOf(seed)) };
  const trace = process.env.TRACE;
  const result = await run(seed, whole, trace ? Number.POSITIVE_INFINITY : 0);
  if (trace) writeFileSync(trace, `${result.lines.join('\n')}\n`);
  say(`seed ${seed}: ${describeSetup(whole.setup)}; ${whole.faults.length} faults`);
  const { violation, simulatedMs, committed, operations, digest } = result;
  say(
    `${(simulatedMs / 1_000).toFixed(3)} s, ${committed} entries, ${operations} operations, trace ${digest}`,
  );
  if (!violation) {
    say('nothing went wrong');
    return true;
  }
  const { property } = violation;
  const shrunk = await shrink(
    whole,
    property,
    async (candidate) => (await run(seed, candidate, 0)).violation?.property,
    SHRINK_RUNS_MAX,
  );
  const { lines, violation: shown } = await run(seed, shrunk, Number.POSITIVE_INFINITY);
  say(`\n${property}: ${violation.text}`);
  say(`\nafter ${shrunk.runs} runs with less, ${shrunk.faults.length} faults are enough:`);
  say(`  ${describeSetup(shrunk.setup)}`);
  for (const fault of shrunk.faults) say(`  ${describeFault(fault)}`);
  say(`\n${shortened(lines).join('\n')}\n\n${property}: ${shown?.text}`);
  say(`\nagain: make simulate SEED=${seed} TRACE=trace.txt`);
  return false;
}

async function showSeeds(from: number, count: number, threads: number): Promise<boolean> {
  let done = 0;
  const totals = await runSeeds({
    from,
    count,
    threads,
    onOutcome: () => {
      done += 1;
      if (done % SHOWN_EVERY === 0) say(`${done} seeds`);
    },
  });
  say(describeTotals(totals));
  if (!totals.failed) return true;
  say(`\nFAILED: seed ${totals.failed.seed}: ${totals.failed.violation.property}`);
  await showSeed(totals.failed.seed);
  return false;
}

const single = wholeNumber('SEED');
const wentWell =
  single === undefined
    ? await showSeeds(
        wholeNumber('FROM') ?? 1,
        wholeNumber('SEEDS') ?? SEEDS_DEFAULT,
        wholeNumber('JOBS') ?? availableParallelism(),
      )
    : await showSeed(single);
process.exitCode = wentWell ? 0 : 1;
