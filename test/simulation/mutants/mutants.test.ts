import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ROOT } from '../root.ts';
import { MUTANTS } from './table.ts';
import type { TrialOutcome } from './trial.ts';

const APPLY = new URL('./apply.ts', import.meta.url).href;
const TRIAL = fileURLToPath(new URL('./trial.ts', import.meta.url));
const SEEDS_MAX = 12;

/** Killed within a few seeds, each by another check; `make mutants` tries all. */
const SAMPLE = {
  'vote-not-persisted': 'election safety',
  'prior-term-commit-by-counting': 'commit rule',
  'two-changes-at-once': 'quorum intersection',
  'repeated-command-takes-effect-again': 'exactly once',
};

function trial(mutant: string): TrialOutcome {
  const { stdout, stderr } = spawnSync(process.execPath, ['--import', APPLY, TRIAL, '1', String(SEEDS_MAX)], {
    encoding: 'utf8',
    env: { ...process.env, MUTANT: mutant },
  });
  assert.notEqual(stdout, '', stderr);
  return JSON.parse(stdout) as TrialOutcome;
}

describe('the list of mutants', () => {
  it('has at least 25 of them, each under a name of its own', () => {
    const names = new Set(MUTANTS.map(({ name }) => name));
    assert.equal(names.size, MUTANTS.length);
    assert.ok(names.size >= 25, `${names.size}`);
  });

  for (const { name, file, original, replaced } of MUTANTS)
    it(`can make ${name} out of the sources as they are`, () => {
      const parts = readFileSync(`${ROOT}${file}`, 'utf8').split(original);
      assert.equal(parts.length, 2, `${file} holds the text that it changes ${parts.length - 1} times`);
      assert.notEqual(original, replaced);
    });
});

describe('the simulation', () => {
  for (const [mutant, property] of Object.entries(SAMPLE))
    it(`kills ${mutant} within ${SEEDS_MAX} seeds`, () => {
      const outcome = trial(mutant);
      assert.equal(outcome.property, property, outcome.text);
    });
});
