/** Runs seeds, with a mutant if one is preloaded, until one fails; says which, as one line of JSON. */
import { simulate } from '../simulation.ts';

const [from = 1, count = 1] = process.argv.slice(2).map(Number);

export interface TrialOutcome {
  readonly seed: number | undefined;
  readonly property: string;
  readonly text: string;
  readonly seeds: number;
  readonly cpuMs: number;
}

let outcome: Omit<TrialOutcome, 'cpuMs'> = { seed: undefined, property: '', text: '', seeds: count };
for (let seed = from; seed < from + count; seed++) {
  const { violation } = await simulate({ seed, traceKept: 0 });
  if (!violation) continue;
  outcome = { seed, ...violation, seeds: seed - from + 1 };
  break;
}
const { user, system } = process.cpuUsage();
process.stdout.write(`${JSON.stringify({ ...outcome, cpuMs: Math.round((user + system) / 1_000) })}\n`);
