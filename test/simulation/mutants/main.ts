/** `make mutants`: every mutant against the simulation; a survivor is a hole in the checks. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { wholeNumber } from '../numbers.ts';
import { MUTANTS, type Mutant } from './table.ts';
import type { TrialOutcome } from './trial.ts';

const SEEDS_MAX = wholeNumber('SEEDS') ?? 600;
const AT_ONCE_MAX = wholeNumber('JOBS') ?? 2;
/** A mutant that survives takes the longest; real time, on a busy machine. */
const TRIAL_MS_MAX = 1_200_000;

const APPLY = new URL('./apply.ts', import.meta.url).href;
const TRIAL = fileURLToPath(new URL('./trial.ts', import.meta.url));
const run = promisify(execFile);

interface Row {
  readonly mutant: Mutant;
  readonly outcome: TrialOutcome | undefined;
  /** The trial itself failed. */
  readonly error: string;
}

async function tryOut(mutant: Mutant): Promise<Row> {
  try {
    const { stdout } = await run(process.execPath, ['--import', APPLY, TRIAL, '1', String(SEEDS_MAX)], {
      env: { ...process.env, MUTANT: mutant.name },
      timeout: TRIAL_MS_MAX,
      killSignal: 'SIGKILL',
    });
    return { mutant, outcome: JSON.parse(stdout) as TrialOutcome, error: '' };
  } catch (error) {
    return { mutant, outcome: undefined, error: (error as Error).message };
  }
}

function lineOf({ mutant, outcome, error }: Row): string {
  const name = mutant.name.padEnd(44);
  if (!outcome) return `FAILED    ${name} ${error}`;
  const cpu = `${(outcome.cpuMs / 1_000).toFixed(1)} s`.padStart(7);
  if (outcome.seed === undefined)
    return `SURVIVED  ${name} ${String(outcome.seeds).padStart(5)} seeds ${cpu}`;
  return `killed    ${name} seed ${String(outcome.seed).padStart(4)} ${cpu}  ${outcome.property}`;
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => MUTANTS.every((mutant) => mutant.name !== name));
if (unknown.length > 0) throw new Error(`there is no mutant ${unknown.join(', ')}`);
const queue = MUTANTS.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
const rows: Row[] = [];
const startedAt = performance.now();
await Promise.all(
  Array.from({ length: AT_ONCE_MAX }, async () => {
    for (let mutant = queue.shift(); mutant; mutant = queue.shift()) {
      const row = await tryOut(mutant);
      rows.push(row);
      process.stdout.write(`${lineOf(row)}\n`);
    }
  }),
);
const killed = rows.filter(({ outcome }) => outcome?.seed !== undefined).length;
const seconds = ((performance.now() - startedAt) / 1_000).toFixed(0);
process.stdout.write(`\n${killed} of ${rows.length} mutants killed, in ${seconds} s\n`);
process.exitCode = killed === rows.length && killed > 0 ? 0 : 1;
