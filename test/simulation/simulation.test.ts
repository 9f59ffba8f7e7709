import assert from 'node:assert/strict';
import { FAULT_KINDS, faultsOf } from './cluster/faults.ts';
import { setupOf, THEMES } from './cluster/setup.ts';
import { wholeNumber } from './numbers.ts';
import { describeTotals } from './seeds/report.ts';
import { runSeeds, type SeedOutcome } from './seeds/runner.ts';
import { simulate } from './simulation.ts';

/** As many as a minute or so has room for on two busy cores; `make simulate SEEDS=…` runs more. */
const SEEDS = wholeNumber('SIMULATION_SEEDS') ?? 300;
const REPEATED = [3, 11, 12];

describe('a simulated cluster', () => {
  const outcomes = new Map<number, SeedOutcome>();

  it(`keeps every promise, and recovers, under the faults of ${SEEDS} seeds`, async () => {
    const totals = await runSeeds({
      from: 1,
      count: SEEDS,
      threads: 2,
      onOutcome: (outcome) => outcomes.set(outcome.seed, outcome),
    });
    console.log(`      ${describeTotals(totals)}`);
    const { seed, violation } = totals.failed ?? {};
    assert.equal(
      seed,
      undefined,
      `seed ${seed} breaks ${violation?.property}: ${violation?.text}\n(make simulate SEED=${seed})`,
    );
    assert.ok(totals.committed > 20 * SEEDS && totals.operations > 20 * SEEDS, 'something was done');
  });

  for (const seed of REPEATED)
    it(`goes through seed ${seed} again byte for byte, here as in another thread`, async () => {
      const here = await simulate({ seed });
      const again = await simulate({ seed });
      assert.equal(again.digest, here.digest);
      assert.deepEqual(again.lines, here.lines);
      assert.equal(outcomes.get(seed)?.digest, here.digest);
    });

  it('goes through every seed differently', () => {
    const digests = new Set([...outcomes.values()].map(({ digest }) => digest));
    assert.equal(digests.size, SEEDS);
  });

  it('is struck by every kind of faults in some of its first seeds', () => {
    const setups = Array.from({ length: 100 }, (_, at) => setupOf(at + 1));
    assert.deepEqual(new Set(setups.map(({ theme }) => theme)), new Set(THEMES));
    const kinds = new Set(setups.flatMap(faultsOf).map(({ kind }) => kind));
    assert.deepEqual(kinds, new Set(FAULT_KINDS));
  });
});
