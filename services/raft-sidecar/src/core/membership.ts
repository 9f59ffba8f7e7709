/** The arithmetic of configurations (thesis §4): pure functions from one configuration to the next. */
import type { Configuration, MemberId, MembershipChange } from './types.ts';

export type ChangeResult =
  | { readonly ok: true; readonly configuration: Configuration }
  | { readonly ok: false; readonly reason: string };

export const EMPTY_CONFIGURATION: Configuration = {
  voters: [],
  votersOutgoing: [],
  learners: [],
  learnersNext: [],
  autoLeave: false,
};

export function isJoint(configuration: Configuration): boolean {
  return configuration.votersOutgoing.length > 0;
}

/** In either half. */
export function isVoter(configuration: Configuration, id: MemberId): boolean {
  return configuration.voters.includes(id) || configuration.votersOutgoing.includes(id);
}

/** Everybody who is sent entries. */
export function membersOf(configuration: Configuration): Set<MemberId> {
  return new Set([
    ...configuration.voters,
    ...configuration.votersOutgoing,
    ...configuration.learners,
    ...configuration.learnersNext,
  ]);
}

/** At most one voter more or less: old and new majorities overlap without a joint phase (thesis §4.1). */
export function changeSimply(from: Configuration, changes: readonly MembershipChange[]): ChangeResult {
  if (isJoint(from)) return refuse("can't apply simple config change in joint config");
  const result = apply(from, changes);
  if (!result.ok) return result;
  if (votersChanged(from, result.configuration) > 1)
    return refuse('more than one voter changed without entering joint config');
  return result;
}

/** Any number of changes; the old voters keep their say until the joint configuration is left. */
export function enterJoint(
  from: Configuration,
  changes: readonly MembershipChange[],
  autoLeave: boolean,
): ChangeResult {
  if (isJoint(from)) return refuse('config is already joint');
  if (from.voters.length === 0) return refuse("can't make a zero-voter config joint");
  const result = apply({ ...from, votersOutgoing: from.voters }, changes);
  return result.ok ? { ok: true, configuration: { ...result.configuration, autoLeave } } : result;
}

export function leaveJoint(from: Configuration): ChangeResult {
  if (!isJoint(from)) return refuse("can't leave a non-joint config");
  const learners = sorted([...from.learners, ...from.learnersNext]);
  const left = { voters: from.voters, votersOutgoing: [], learners, learnersNext: [], autoLeave: false };
  return { ok: true, configuration: withFeatureLevel(left, from.featureLevel) };
}

/** Simple where that is safe, joint (left automatically) where more than one voter changes. */
export function change(from: Configuration, changes: readonly MembershipChange[]): ChangeResult {
  const simple = changeSimply(from, changes);
  if (simple.ok || isJoint(from)) return simple;
  return enterJoint(from, changes, true);
}

function apply(from: Configuration, changes: readonly MembershipChange[]): ChangeResult {
  const sets: Sets = {
    voters: new Set(from.voters),
    outgoing: new Set(from.votersOutgoing),
    learners: new Set(from.learners),
    learnersNext: new Set(from.learnersNext),
  };
  let { featureLevel } = from;
  for (const change of changes) {
    if (change.kind === 'addVoter') addVoter(sets, change.id);
    else if (change.kind === 'addLearner') addLearner(sets, change.id);
    else if (change.kind === 'remove') remove(sets, change.id);
    else if (change.level <= (featureLevel ?? 0)) return refuse('the feature level never falls');
    else featureLevel = change.level;
  }
  if (sets.voters.size === 0) return refuse('removed all voters');
  const configuration = {
    voters: sorted(sets.voters),
    votersOutgoing: from.votersOutgoing,
    learners: sorted(sets.learners),
    learnersNext: sorted(sets.learnersNext),
    autoLeave: from.autoLeave,
  };
  return { ok: true, configuration: withFeatureLevel(configuration, featureLevel) };
}

function withFeatureLevel(configuration: Configuration, featureLevel: number | undefined): Configuration {
  return featureLevel === undefined ? configuration : { ...configuration, featureLevel };
}

interface Sets {
  readonly voters: Set<MemberId>;
  readonly outgoing: ReadonlySet<MemberId>;
  readonly learners: Set<MemberId>;
  readonly learnersNext: Set<MemberId>;
}

function addVoter(sets: Sets, id: MemberId): void {
  remove(sets, id);
  sets.voters.add(id);
}

/** A voter of the outgoing half cannot be a learner at the same time: it waits in learnersNext. */
function addLearner(sets: Sets, id: MemberId): void {
  remove(sets, id);
  if (sets.outgoing.has(id)) sets.learnersNext.add(id);
  else sets.learners.add(id);
}

function remove(sets: Sets, id: MemberId): void {
  sets.voters.delete(id);
  sets.learners.delete(id);
  sets.learnersNext.delete(id);
}

function votersChanged(from: Configuration, to: Configuration): number {
  const added = to.voters.filter((id) => !from.voters.includes(id)).length;
  const removed = from.voters.filter((id) => !to.voters.includes(id)).length;
  return added + removed;
}

function sorted(ids: Iterable<MemberId>): MemberId[] {
  return [...ids].sort();
}

function refuse(reason: string): ChangeResult {
  return { ok: false, reason };
}

/** The configurations of the part of the log that may still be truncated, and the one before it. */
export class ConfigurationHistory {
  #items: { readonly index: number; readonly configuration: Configuration }[];

  /** @param items by index, at least one. */
  constructor(items: readonly { readonly index: number; readonly configuration: Configuration }[]) {
    this.#items = items.length > 0 ? [...items] : [{ index: 0, configuration: EMPTY_CONFIGURATION }];
  }

  get current(): Configuration {
    return this.#last.configuration;
  }

  get currentIndex(): number {
    return this.#last.index;
  }

  get #last(): { readonly index: number; readonly configuration: Configuration } {
    return this.#items[this.#items.length - 1] as { index: number; configuration: Configuration };
  }

  /** In the last committed configuration or a later one. */
  hasVoter(id: MemberId): boolean {
    return this.#items.some(({ configuration }) => isVoter(configuration, id));
  }

  append(index: number, configuration: Configuration): void {
    this.#items.push({ index, configuration });
  }

  /** Entries from `index` on are gone. @returns true if that changed who votes. */
  truncate(index: number): boolean {
    const kept = this.#items.filter((item) => item.index < index);
    if (kept.length === this.#items.length) return false;
    this.#items = kept;
    return true;
  }

  /** What is committed is never truncated: keep the last of it only. */
  forget(commitIndex: number): void {
    while (this.#items.length > 1 && (this.#items[1] as { index: number }).index <= commitIndex)
      this.#items.shift();
  }

  reset(index: number, configuration: Configuration): void {
    this.#items = [{ index, configuration }];
  }
}
