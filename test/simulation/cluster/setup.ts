/** What a seed decides beforehand: the cluster, its load, its weather, and which kinds of faults there are. */
import type { CoreOptions } from '../../../services/raft-sidecar/src/core/types.ts';
import type { MembershipTiming } from '../../../services/raft-sidecar/src/runtime/membership-policy.ts';
import type { SnapshotLimits } from '../../../services/raft-sidecar/src/runtime/snapshot-taker.ts';
import { Dice } from '../world/dice.ts';
import { FAIR_WEATHER, type NetworkWeather } from '../world/network.ts';
import type { SimulatedNode } from './node.ts';

export const CLUSTER_ID = 'cluster';

export const THEMES = [
  'anything',
  'deposedLeaders',
  'divergingLogs',
  'handovers',
  'membership',
  'lostDisks',
  'restarts',
  'snapshots',
] as const;

/** Which faults there are. */
export type Theme = (typeof THEMES)[number];

/** Where the faults are aimed at what one leader leaves to the next. */
const AIMED: readonly Theme[] = ['deposedLeaders', 'divergingLogs', 'handovers'];
const VOTERS: Partial<Record<Theme, readonly number[]>> = {
  membership: [1, 2, 3, 3, 4, 5],
  handovers: [3, 4, 5, 5, 5],
};

export interface Setup {
  readonly seed: number;
  readonly theme: Theme;
  /** Machines; those that are no members at first may be taken in. */
  readonly nodes: number;
  readonly voters: number;
  /** The first node founds the cluster, and its keeper takes the others in; else they are founded together. */
  readonly forming: boolean;
  /** The keeper looks after the membership; else changes are made at random. */
  readonly keeper: boolean;
  /** Messages go through their form on the wire. */
  readonly wire: boolean;
  readonly clients: number;
  readonly keys: number;
  /** Of ten operations. */
  readonly readsIn10: number;
  readonly thinkMsMax: number;
  /** After which a client asks again. */
  readonly attemptMs: number;
  readonly applyUsMax: number;
  /** How long there are faults. */
  readonly safetyMs: number;
  readonly weather: NetworkWeather;
  readonly timing: MembershipTiming;
  readonly snapshots: SnapshotLimits;
  /** Until a file is written and synced. */
  readonly fileUsMax: number;
  readonly core: Omit<CoreOptions, 'id' | 'seed'>;
}

export function setupOf(seed: number): Setup {
  const dice = new Dice(seed, 'setup');
  const theme = dice.chance(0.25) ? 'anything' : dice.pick(THEMES);
  const changes =
    theme === 'membership' || theme === 'lostDisks' || theme === 'anything' || theme === 'snapshots';
  const keeper = theme !== 'membership' && dice.chance(changes ? 0.4 : 0.1);
  const voters = dice.pick(VOTERS[theme] ?? [3, 3, 3, 3, 5, 5, 5, 4, 2, 1]);
  const short = theme === 'snapshots';
  // What one leader took beyond the next one shows only where few others write.
  const quiet = short || (AIMED.includes(theme) && dice.chance(0.5));
  const spares = changes ? dice.between(keeper ? 0 : 1, theme === 'membership' ? 4 : 3) : 0;
  return {
    seed,
    theme,
    nodes: voters + spares,
    voters,
    forming: keeper && dice.chance(0.5),
    keeper,
    wire: dice.chance(0.2),
    clients: dice.between(1, quiet ? 2 : 8),
    keys: dice.between(1, 3),
    readsIn10: dice.pick([2, 4, 8]),
    thinkMsMax: dice.pick(quiet ? [200] : [5, 30, 200]),
    attemptMs: dice.pick([500, 1_500, 4_000]),
    applyUsMax: dice.pick([1_000, 5_000, 200_000]),
    safetyMs: dice.pick([6_000, 10_000, 16_000]),
    weather: weatherOf(dice),
    timing: {
      aliveWithinMs: 1_500,
      replaceAfterMs: 1_500,
      deadAfterMs: dice.pick([5_000, 1_000_000]),
    },
    snapshots: {
      logEntriesMax: dice.pick(short ? [3, 10] : [Number.POSITIVE_INFINITY, 5, 20, 60]),
      logBytesMax: 1_000_000,
      tailEntries: dice.pick([0, 2, short ? 0 : 10]),
    },
    fileUsMax: dice.pick([1_000, 5_000, short ? 2_000_000 : 100_000]),
    core: {
      electionTicks: dice.between(6, 10),
      heartbeatTicks: dice.pick([1, 1, 2]),
      appendBytesMax: dice.pick(short ? [400, 4_000] : [100, 400, 4_000]),
      inflightMessagesMax: dice.pick(short ? [8] : [1, 2, 8]),
      inflightBytesMax: dice.pick(short ? [20_000] : [300, 20_000]),
      uncommittedBytesMax: dice.pick(short ? [20_000] : [1_000, 20_000]),
      committedBytesMax: dice.pick([200, 4_000]),
      pendingReadsMax: 100,
    },
  };
}

function weatherOf(dice: Dice): NetworkWeather {
  if (dice.chance(0.3)) return FAIR_WEATHER;
  return {
    loss: dice.pick([0, 0.01, 0.05, 0.2]),
    duplication: dice.pick([0, 0.02, 0.2]),
    delayUsMax: dice.pick([500, 5_000, 60_000]),
    lateness: dice.pick([0, 0.01, 0.1]),
    lateUsMax: dice.pick([300_000, 3_000_000, 8_000_000]),
  };
}

/** Every process draws other timeouts. */
export function coreOptionsOf({ core, seed }: Setup, { memberId, incarnation }: SimulatedNode): CoreOptions {
  return { ...core, id: memberId, seed: new Dice(seed, `${memberId} ${incarnation}`).below(2 ** 30) };
}
