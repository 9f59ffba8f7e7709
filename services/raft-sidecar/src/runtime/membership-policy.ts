/** Who should join the configuration next: a pure decision of the leader. */
import { isJoint, membersOf } from '../core/membership.ts';
import type { Configuration, MemberId, MemberStatus, MembershipChange } from '../core/types.ts';

/** A learner this close behind the commit index becomes a voter: it can catch up with the rest at once. */
export const PROMOTION_LAG_MAX = 256;
/** More voters cost every write a slower majority; further nodes stay learners. */
export const VOTERS_MAX = 9;

export interface Candidate {
  readonly nodeId: string;
  readonly memberId: MemberId;
  /** Empty: belongs to none. */
  readonly clusterId: string;
  /** Grows with each start of the node. */
  readonly incarnation: number;
}

export interface MembershipFacts {
  readonly clusterId: string;
  readonly configuration: Configuration;
  /** The last configuration, or the first entry of this term, is not committed yet. */
  readonly changePending: boolean;
  readonly commitIndex: number;
  readonly members: readonly MemberStatus[];
  /** Nodes heard a moment ago, this one left out. */
  readonly candidates: readonly Candidate[];
  /** Members that were removed, with their incarnation then: until they are started again they stay out. */
  readonly removed: ReadonlyMap<MemberId, number>;
  readonly nodeIdOf: (member: MemberId) => string;
}

export interface MembershipAdvice {
  /** At most one change: the next one is considered when it is committed. */
  readonly change?: MembershipChange;
  /** A new instance of a node whose old instance is still a member: it waits for that one to be removed. */
  readonly duplicate?: { readonly candidate: Candidate; readonly member: MemberId };
}

export function adviseMembership(facts: MembershipFacts): MembershipAdvice {
  if (facts.changePending || isJoint(facts.configuration)) return {};
  const promoted = learnerToPromote(facts);
  if (promoted) return { change: { kind: 'addVoter', id: promoted } };
  const members = [...membersOf(facts.configuration)];
  let duplicate: MembershipAdvice['duplicate'];
  for (const candidate of facts.candidates) {
    if (candidate.clusterId !== '' && candidate.clusterId !== facts.clusterId) continue;
    if (members.includes(candidate.memberId)) continue;
    if (candidate.incarnation <= (facts.removed.get(candidate.memberId) ?? 0)) continue;
    const member = members.find((id) => facts.nodeIdOf(id) === candidate.nodeId);
    if (member === undefined) return { change: { kind: 'addLearner', id: candidate.memberId } };
    duplicate ??= { candidate, member };
  }
  return duplicate ? { duplicate } : {};
}

function learnerToPromote({ configuration, members, commitIndex }: MembershipFacts): MemberId | undefined {
  if (configuration.voters.length >= VOTERS_MAX) return undefined;
  return members.find(
    ({ id, isLearner, state, recentlyActive, matchIndex }) =>
      isLearner &&
      configuration.learners.includes(id) &&
      state === 'replicate' &&
      recentlyActive &&
      commitIndex - matchIndex <= PROMOTION_LAG_MAX,
  )?.id;
}
