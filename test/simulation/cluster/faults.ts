/** Which faults strike, and when: drawn from the seed before the run, so that a run can be repeated with fewer. */
import { Dice } from '../world/dice.ts';
import type { Setup } from './setup.ts';

export const FAULT_KINDS = [
  'crash',
  'crashAtWrite',
  'crashAll',
  'failSync',
  'stall',
  'slowDisk',
  'split',
  'oneWay',
  'isolate',
  'bridge',
  'storm',
  'clockJump',
  'clockRate',
  'transfer',
  'unreachable',
  'change',
  'wipe',
] as const;

export type FaultKind = (typeof FAULT_KINDS)[number];

export interface Fault {
  readonly atMs: number;
  readonly kind: FaultKind;
  /** A node's number; -1: whoever leads then. */
  readonly node: number;
  readonly other: number;
  readonly forMs: number;
  /** Whatever else must be decided. */
  readonly draw: number;
}

const DRAW_BELOW = 2 ** 30;
/** Some kinds are rarer than others in every run. */
const RARE: readonly FaultKind[] = ['crashAll', 'failSync', 'wipe'];

/** Each run has some of the kinds only: all at once would hide what a few alone bring about. */
export function faultsOf(setup: Setup): Fault[] {
  const dice = new Dice(setup.seed, 'faults');
  const kinds = FAULT_KINDS.filter(() => dice.chance(0.5));
  const everyMs = dice.pick([150, 400, 1_000, 3_000]);
  const longestMs = dice.pick([500, 2_000, 6_000]);
  const faults: Fault[] = [];
  for (let atMs = 300; kinds.length > 0; ) {
    atMs += 1 + dice.below(2 * everyMs);
    if (atMs >= setup.safetyMs) break;
    const kind = dice.pick(kinds);
    const fault = {
      atMs,
      kind,
      node: dice.chance(0.3) ? -1 : dice.below(setup.nodes),
      other: dice.below(setup.nodes),
      forMs: 10 + dice.below(longestMs),
      draw: dice.below(DRAW_BELOW),
    };
    if (!RARE.includes(kind) || dice.chance(0.3)) faults.push(fault);
  }
  return faults;
}
