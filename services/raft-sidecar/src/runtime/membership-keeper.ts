/** The leader's hand on the membership: carries out what the policy advises, one change at a time. */
import type { Logger } from '@agenda/service-kit/logger';
import { isVoter, membersOf } from '../core/membership.ts';
import type { CoreStatus } from '../core/raft.ts';
import type { Configuration, Entry, MemberId, MembershipChange } from '../core/types.ts';
import { nodeIdOf } from '../transport/conversions.ts';
import type { Driver } from './driver.ts';
import { adviseMembership, type Candidate, type MembershipTiming } from './membership-policy.ts';
import type { Clock, Scheduler } from './ports.ts';

const CONSIDER_EVERY_MS = 200;
/** What a look adds to a member's silence at most: a leader that was itself asleep has not listened. */
const SILENCE_STEP_MS_MAX = 2 * CONSIDER_EVERY_MS;
/** Members that left on purpose; at the bound the first one is forgotten. */
const RESTING_MAX = 256;
/** A process that is known for so long was heard by the leader too, and is not removed for its silence. */
const KNOWN_MS_MIN = 1_000;
/** Who stepped back in order to stop has stopped by then. */
const STEPPED_BACK_MS_MAX = 30_000;

export interface MembershipKeeperOptions {
  readonly driver: Driver;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly timing: MembershipTiming;
  /** Nodes that spoke with this one a moment ago, this one left out. */
  readonly candidates: () => readonly Candidate[];
  /** Announced by this pod's state machine; 0: none has attached. */
  readonly ownFeatureLevel: () => number;
  /** Of the process that speaks for the member; 0: not known. */
  readonly incarnationOf: (member: MemberId) => number;
  readonly logger: Logger;
}

export class MembershipKeeper {
  readonly #options: MembershipKeeperOptions;
  #stop: () => void = () => {};
  #proposing = false;
  #waiting: readonly string[] = [];
  #committed: Configuration;
  readonly #resting = new Map<MemberId, { readonly incarnation: number; readonly untilMs: number }>();
  readonly #processes = new Map<MemberId, { readonly incarnation: number; readonly sinceMs: number }>();
  /** Since this node leads; in milliseconds. */
  readonly #silence = new Map<MemberId, number>();
  #lookedAtMs: number;
  #ledTerm = 0;

  constructor(options: MembershipKeeperOptions) {
    this.#options = options;
    this.#committed = options.driver.committedConfiguration;
    this.#lookedAtMs = options.clock.monotonicMs();
  }

  /** Who waits to become a member or a voter, and for what; on the leader. */
  get waitingFor(): string {
    return this.#options.driver.isLeader ? this.#waiting.join('; ') : '';
  }

  start(): void {
    this.#stop = this.#options.scheduler.every(CONSIDER_EVERY_MS, () => this.consider());
    this.#options.driver.onCommit((_index, entries) => this.#onCommitted(entries));
  }

  stop(): void {
    this.#stop();
  }

  consider(): void {
    const { driver, candidates, incarnationOf, ownFeatureLevel, timing } = this.#options;
    const status = driver.status();
    const known = candidates();
    this.#listen(status);
    this.#meet(known);
    if (!driver.isLeader || this.#proposing) return;
    const { configuration, configurationIndex, commitIndex, termIsCommitted, members } = status;
    const { changes, waiting } = adviseMembership({
      clusterId: driver.clusterId,
      configuration,
      changePending: configurationIndex > commitIndex || !termIsCommitted,
      commitIndex,
      members,
      silentMs: (member) => this.#silence.get(member) ?? 0,
      featureLevelOf: (member) =>
        member === driver.memberId
          ? ownFeatureLevel()
          : (known.find(({ memberId }) => memberId === member)?.featureLevel ?? 0),
      candidates: known,
      isResting: (member, incarnation) => this.#isResting(member, incarnation),
      incarnationOf,
      nodeIdOf,
      timing,
    });
    this.#tell(waiting);
    if (changes.length > 0) void this.#propose(changes);
  }

  #listen({ members, term, role }: CoreStatus): void {
    const now = this.#options.clock.monotonicMs();
    const elapsedMs = Math.min(now - this.#lookedAtMs, SILENCE_STEP_MS_MAX);
    this.#lookedAtMs = now;
    if (role !== 'leader' || term !== this.#ledTerm) this.#silence.clear();
    this.#ledTerm = term;
    const before = new Map(this.#silence);
    this.#silence.clear();
    for (const { id, recentlyActive } of members)
      this.#silence.set(id, recentlyActive ? 0 : (before.get(id) ?? 0) + elapsedMs);
  }

  /** Since when the present process of each node that speaks with this one is known. */
  #meet(known: readonly Candidate[]): void {
    const before = new Map(this.#processes);
    const sinceMs = this.#options.clock.monotonicMs();
    this.#processes.clear();
    for (const { memberId, incarnation } of known) {
      const met = before.get(memberId);
      this.#processes.set(memberId, met?.incarnation === incarnation ? met : { incarnation, sinceMs });
    }
  }

  /** Every member keeps this, because any of them may lead next. */
  #onCommitted(entries: readonly Entry[]): void {
    let changed = false;
    for (const { payload } of entries) {
      if (payload.kind !== 'configuration') continue;
      this.#noteResting(payload.configuration);
      changed = true;
    }
    if (changed) this.consider();
  }

  /** Who was silent was not asked, and may be coming back just now. */
  #noteResting(configuration: Configuration): void {
    const members = membersOf(configuration);
    const nowMs = this.#options.clock.monotonicMs();
    const alive = new Set(
      [...this.#processes]
        .filter(([, { sinceMs }]) => nowMs - sinceMs >= KNOWN_MS_MIN)
        .map(([member]) => member),
    );
    for (const member of membersOf(this.#committed))
      if (!members.has(member)) {
        if (alive.has(member)) this.#rest(member, Number.POSITIVE_INFINITY);
      } else if (isVoter(this.#committed, member) && !isVoter(configuration, member))
        this.#rest(member, nowMs + STEPPED_BACK_MS_MAX);
    for (const voter of configuration.voters) this.#resting.delete(voter);
    for (const member of members) if (!membersOf(this.#committed).has(member)) this.#resting.delete(member);
    this.#committed = configuration;
  }

  #rest(member: MemberId, untilMs: number): void {
    if (this.#resting.size >= RESTING_MAX) {
      const [first] = this.#resting.keys();
      this.#resting.delete(first as MemberId);
    }
    this.#resting.set(member, { incarnation: this.#options.incarnationOf(member), untilMs });
  }

  #isResting(member: MemberId, incarnation: number): boolean {
    const resting = this.#resting.get(member);
    if (!resting) return false;
    return incarnation <= resting.incarnation && this.#options.clock.monotonicMs() < resting.untilMs;
  }

  #tell(waiting: readonly string[]): void {
    const known = new Set(this.#waiting.map(whoWaits));
    for (const line of waiting) if (!known.has(whoWaits(line))) this.#options.logger.warn(line);
    this.#waiting = waiting;
  }

  async #propose(changes: readonly MembershipChange[]): Promise<void> {
    const { driver, logger } = this.#options;
    this.#proposing = true;
    try {
      const result = await driver.proposeMembership(changes);
      // A refusal is no loss: what is still true will be advised again.
      if (result.ok) logger.info({ changes }, 'membership change appended');
      else logger.debug({ changes, refusal: result.refusal }, 'membership change refused');
    } catch (error) {
      logger.debug({ err: error }, 'membership change not tried');
    } finally {
      this.#proposing = false;
    }
  }
}

/** How long the other was silent changes with each look; who waits does not. */
function whoWaits(line: string): string {
  return line.slice(0, line.indexOf(' '));
}
