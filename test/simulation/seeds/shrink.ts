/** A failing run with fewer faults and a simpler surrounding that still breaks the same property. */
import type { Fault } from '../cluster/faults.ts';
import type { Setup } from '../cluster/setup.ts';
import type { Property } from '../oracle/violations.ts';
import { FAIR_WEATHER } from '../world/network.ts';

export interface Case {
  readonly setup: Setup;
  readonly faults: readonly Fault[];
}

export interface Shrunk extends Case {
  /** How many runs that took. */
  readonly runs: number;
}

/** What the case breaks, if anything. */
export type Trial = (candidate: Case) => Promise<Property | undefined>;

/** Whatever breaks something by itself is simpler than what needs more. */
const SIMPLER: readonly ((setup: Setup) => Setup)[] = [
  (setup) => ({ ...setup, weather: FAIR_WEATHER }),
  (setup) => ({ ...setup, wire: false }),
  (setup) => ({ ...setup, clients: 1 }),
  (setup) => ({ ...setup, clients: Math.ceil(setup.clients / 2) }),
  (setup) => ({ ...setup, keys: 1 }),
  (setup) => ({ ...setup, snapshots: { ...setup.snapshots, logEntriesMax: Number.POSITIVE_INFINITY } }),
  (setup) => ({ ...setup, fileUsMax: 1_000 }),
  (setup) => ({ ...setup, thinkMsMax: 200 }),
];

/** @param runsMax more attempts are not made. */
export async function shrink(
  failing: Case,
  property: Property,
  trial: Trial,
  runsMax: number,
): Promise<Shrunk> {
  let best = failing;
  let runs = 0;
  const accept = async (candidate: Case): Promise<boolean> => {
    if (runs >= runsMax) return false;
    runs += 1;
    if ((await trial(candidate)) !== property) return false;
    best = candidate;
    return true;
  };
  // Ever smaller parts are left out, as long as the rest still fails.
  for (let size = Math.ceil(best.faults.length / 2); size >= 1 && runs < runsMax; ) {
    let fewer = false;
    for (let at = 0; at < best.faults.length; ) {
      const faults = best.faults.toSpliced(at, size);
      if (await accept({ ...best, faults })) fewer = true;
      else at += size;
    }
    if (size === 1 && !fewer) break;
    size = size === 1 ? 1 : Math.floor(size / 2);
  }
  for (const simplify of SIMPLER) await accept({ ...best, setup: simplify(best.setup) });
  return { ...best, runs };
}
