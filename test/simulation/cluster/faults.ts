/** Which faults strike, and when: drawn from the seed before the run, so that a run can be repeated with fewer. */
import { Dice } from '../world/dice.ts';
import type { Setup, Theme } from './setup.ts';

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
  'clog',
  'storm',
  'burst',
  'succession',
  'overtaken',
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
  /** Of crashAtWrite: after so many others; drawn where it is not given. */
  readonly writes?: number;
}

/** Of what decides the details of a fault. */
export const DRAW_BELOW = 2 ** 30;
/** Some kinds are rarer than others in every run. */
const RARE: readonly FaultKind[] = ['crashAll', 'failSync', 'wipe'];

/** What is looked for by a few kinds, often. */
const THEMES: Readonly<Record<Theme, readonly FaultKind[]>> = {
  anything: FAULT_KINDS,
  deposedLeaders: ['isolate', 'isolate', 'stall', 'oneWay', 'succession', 'succession', 'clog'],
  divergingLogs: ['succession', 'succession', 'split', 'burst', 'isolate', 'crash'],
  handovers: ['transfer', 'transfer', 'clog', 'slowDisk', 'succession', 'succession', 'unreachable'],
  membership: ['change', 'change', 'change', 'succession', 'succession', 'split', 'crash', 'transfer'],
  lostDisks: ['wipe', 'wipe', 'change', 'crash', 'split'],
  restarts: ['crashAtWrite', 'crashAtWrite', 'crash', 'crashAll', 'failSync', 'slowDisk', 'burst'],
  snapshots: ['overtaken', 'overtaken', 'overtaken', 'clog', 'isolate', 'change', 'crash', 'succession'],
};

/** Each run has some of the kinds only: all at once would hide what a few alone bring about. */
export function faultsOf(setup: Setup): Fault[] {
  const dice = new Dice(setup.seed, 'faults');
  const themed = setup.theme !== 'anything';
  const kinds = THEMES[setup.theme].filter(() => themed || dice.chance(0.5));
  const longestMs = dice.pick([300, 1_000, 3_000]);
  const everyMs = Math.max(150, longestMs * dice.pick([0.4, 0.8, 2]));
  const atLeader = dice.pick([0.2, 0.5, 0.8]);
  const faults: Fault[] = [];
  for (let atMs = 300; kinds.length > 0; ) {
    atMs += 1 + dice.below(2 * everyMs);
    if (atMs >= setup.safetyMs) break;
    const kind = dice.pick(kinds);
    const fault = {
      atMs,
      kind,
      node: dice.chance(atLeader) ? -1 : dice.below(setup.nodes),
      other: dice.below(setup.nodes),
      forMs: 10 + dice.below(longestMs),
      draw: dice.below(DRAW_BELOW),
    };
    if (themed || !RARE.includes(kind) || dice.chance(0.3)) faults.push(fault);
  }
  return faults;
}
