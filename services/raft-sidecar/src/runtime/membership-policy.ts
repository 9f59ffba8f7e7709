/**
 * What the leader should change about the membership next (design §4): a pure decision, at most one change at a time.
 * Each is safe by itself (thesis §4); what is decided here is only when it is wise.
 */
import { isJoint, membersOf } from '../core/membership.ts';
import type { Configuration, MemberId, MemberStatus, MembershipChange } from '../core/types.ts';

/** A learner this close behind the commit index becomes a voter: it can catch up with the rest at once. */
export const PROMOTION_LAG_MAX = 256;
/** More voters cost every write a slower majority; further nodes stay learners. */
export const VOTERS_MAX = 9;
/** Silence alone never leaves fewer. */
export const VOTERS_MIN = 3;
/** Each is sent the whole log; at the bound further nodes wait. */
export const MEMBERS_MAX = 32;

export interface Candidate {
  readonly nodeId: string;
  readonly memberId: MemberId;
  /** Empty: belongs to none. */
  readonly clusterId: string;
  /** Grows with each start of the node. */
  readonly incarnation: number;
  /** 0: not known yet. */
  readonly featureLevel: number;
}

export interface MembershipFacts {
  readonly clusterId: string;
  readonly configuration: Configuration;
  /** The last configuration, or the first entry of this term, is not committed yet. */
  readonly changePending: boolean;
  readonly commitIndex: number;
  /** All but the leader. */
  readonly members: readonly MemberStatus[];
  /** How long the leader has not heard that member; 0 for itself. */
  readonly silentMs: (member: MemberId) => number;
  /** What the member's living process announced; 0: nothing yet. */
  readonly featureLevelOf: (member: MemberId) => number;
  /** Other nodes that this one spoke with a moment ago, members among them. */
  readonly candidates: readonly Candidate[];
  /**
   * Left on purpose (removed by hand, or stepped back from voting in order to stop): until it is started again it is
   * neither taken in nor promoted.
   */
  readonly isResting: (member: MemberId, incarnation: number) => boolean;
  /** Of a member; 0: not known. */
  readonly incarnationOf: (member: MemberId) => number;
  readonly nodeIdOf: (member: MemberId) => string;
  readonly timing: MembershipTiming;
}

export interface MembershipTiming {
  /** Heard within this time: alive. */
  readonly aliveWithinMs: number;
  /** A member that was silent for so long gives way to a new instance of its node. */
  readonly replaceAfterMs: number;
  /** DEAD_AFTER: a member that was silent for so long is removed. */
  readonly deadAfterMs: number;
}

export interface MembershipAdvice {
  /** Proposed as one; empty: nothing is to be done. */
  readonly changes: readonly MembershipChange[];
  /** Who waits, and for what; in words. */
  readonly waiting: readonly string[];
}

const NOTHING: MembershipAdvice = { changes: [], waiting: [] };

export function adviseMembership(facts: MembershipFacts): MembershipAdvice {
  if (facts.changePending || isJoint(facts.configuration)) return NOTHING;
  const waiting: string[] = [];
  const changes =
    promotion(facts, waiting) ??
    removalOfTheDead(facts) ??
    admission(facts, waiting) ??
    featureRaise(facts) ??
    [];
  return { changes, waiting };
}

/** The cluster's feature level, which never falls (docs/adr/0009). */
export function featureLevelOf({ featureLevel }: Configuration): number {
  return featureLevel ?? 1;
}

/** The new instance takes the vote of the old one in one joint change: at no time does the cluster have a voter less. */
function promotion(facts: MembershipFacts, waiting: string[]): MembershipChange[] | undefined {
  const { configuration, members } = facts;
  for (const member of members) {
    const { id } = member;
    if (!configuration.learners.includes(id) || !isReady(facts, member)) continue;
    const former = configuration.voters.find((voter) => isSameNode(facts, voter, id));
    const obstacle = levelObstacle(facts, id, facts.featureLevelOf(id)) || twinObstacle(facts, id, former);
    if (obstacle !== '') waiting.push(obstacle);
    else if (former !== undefined)
      return [
        { kind: 'remove', id: former },
        { kind: 'addVoter', id },
      ];
    else if (configuration.voters.length < VOTERS_MAX) return [{ kind: 'addVoter', id }];
  }
  return undefined;
}

function isReady(facts: MembershipFacts, member: MemberStatus): boolean {
  const { commitIndex, isResting, incarnationOf } = facts;
  const { id, state, recentlyActive, matchIndex } = member;
  const caughtUp = state === 'replicate' && commitIndex - matchIndex <= PROMOTION_LAG_MAX;
  return recentlyActive && caughtUp && !isResting(id, incarnationOf(id));
}

/** Longest silence first. Learners cost nothing but work; a voter goes only if a healthy majority stays. */
function removalOfTheDead(facts: MembershipFacts): MembershipChange[] | undefined {
  const { configuration, silentMs, timing } = facts;
  const dead = [...membersOf(configuration)]
    .filter((id) => silentMs(id) >= timing.deadAfterMs)
    .sort((a, b) => silentMs(b) - silentMs(a))
    .find((id) => configuration.learners.includes(id) || canSpare(facts, id));
  return dead === undefined ? undefined : [{ kind: 'remove', id: dead }];
}

function canSpare({ configuration, silentMs, timing }: MembershipFacts, voter: MemberId): boolean {
  const rest = configuration.voters.filter((id) => id !== voter);
  const alive = rest.filter((id) => silentMs(id) < timing.aliveWithinMs).length;
  return rest.length >= VOTERS_MIN && alive >= Math.floor(rest.length / 2) + 1;
}

/** A dead learner gives way at once; a voter stays one until the new instance of its node can take over. */
function admission(facts: MembershipFacts, waiting: string[]): MembershipChange[] | undefined {
  const { configuration, clusterId, candidates, isResting } = facts;
  const members = [...membersOf(configuration)];
  for (const { memberId: id, nodeId, clusterId: theirs, incarnation, featureLevel } of candidates) {
    if (members.includes(id) || (theirs !== '' && theirs !== clusterId)) continue;
    if (isResting(id, incarnation)) continue;
    const former = members.find((member) => facts.nodeIdOf(member) === nodeId);
    const obstacle =
      levelObstacle(facts, id, featureLevel) ||
      twinObstacle(facts, id, former) ||
      (members.length >= MEMBERS_MAX ? `${id} waits: there are ${MEMBERS_MAX} members already` : '');
    if (obstacle !== '') waiting.push(obstacle);
    else if (former !== undefined && configuration.learners.includes(former))
      return [
        { kind: 'remove', id: former },
        { kind: 'addLearner', id },
      ];
    else return [{ kind: 'addLearner', id }];
  }
  return undefined;
}

/** Once every member's living process knows more than the log may hold so far. */
function featureRaise(facts: MembershipFacts): MembershipChange[] | undefined {
  const { configuration, featureLevelOf: announced } = facts;
  const level = Math.min(...[...membersOf(configuration)].map(announced));
  return level > featureLevelOf(configuration) ? [{ kind: 'raiseFeatureLevel', level }] : undefined;
}

/** Who knows too little would stop at the first command that is new to it. Empty: nothing is in the way. */
function levelObstacle({ configuration }: MembershipFacts, id: MemberId, announced: number): string {
  const reached = featureLevelOf(configuration);
  if (reached === 1 || announced >= reached) return '';
  const theirs = announced === 0 ? 'has not said its feature level yet' : `knows feature level ${announced}`;
  return `${id} waits: it ${theirs}, and the cluster has reached ${reached}`;
}

/** Two instances of one node that live side by side never push each other out. */
function twinObstacle(facts: MembershipFacts, id: MemberId, former: MemberId | undefined): string {
  const { silentMs, timing } = facts;
  if (former === undefined || silentMs(former) >= timing.replaceAfterMs) return '';
  return `${id} waits: ${former}, the member of its node, was heard ${Math.round(silentMs(former))} ms ago, and gives way after ${timing.replaceAfterMs} ms`;
}

function isSameNode({ nodeIdOf }: MembershipFacts, a: MemberId, b: MemberId): boolean {
  return nodeIdOf(a) === nodeIdOf(b);
}
