/** What a leader may do with its log and with the membership (Raft paper §5.2, §5.4; thesis §4). */
import type { CoreStatus } from '../../../services/raft-sidecar/src/core/raft.ts';
import type { Configuration, Entry, MemberId } from '../../../services/raft-sidecar/src/core/types.ts';
import { PROMOTION_LAG_MAX } from '../../../services/raft-sidecar/src/runtime/membership-policy.ts';
import { configurationsOf, type LogImage, lastIndexOf, termAt } from '../cluster/disk.ts';
import { type LogOracle, tell } from './logs.ts';
import type { PromiseOracle } from './promises.ts';
import { quorumsOverlap } from './quorums.ts';
import type { Violations } from './violations.ts';

/** A leader that was removed may need a turn or two to notice. */
const STEP_DOWN_US_MAX = 1_000_000;

interface Seen {
  readonly status: CoreStatus;
  /** Since when it leads without being a member, in the eyes of all. */
  readonly removedSinceUs: number | undefined;
}

export class LeaderOracle {
  readonly #violations: Violations;
  readonly #logs: LogOracle;
  readonly #promises: PromiseOracle;
  readonly #keeper: boolean;
  /** As it was after its step before; only while it runs. */
  readonly #seen = new Map<MemberId, Seen>();

  /** @param keeper it alone changes the membership. */
  constructor(violations: Violations, logs: LogOracle, promises: PromiseOracle, keeper: boolean) {
    this.#keeper = keeper;
    this.#violations = violations;
    this.#logs = logs;
    this.#promises = promises;
  }

  stopped(member: MemberId): void {
    this.#seen.delete(member);
  }

  /** Members that lead now, each with its term. */
  *leading(): Iterable<readonly [MemberId, number]> {
    for (const [member, { status }] of this.#seen) if (status.role === 'leader') yield [member, status.term];
  }

  /** After a step of that member. */
  stepped(member: MemberId, status: CoreStatus, nowUs: number): void {
    const before = this.#seen.get(member);
    this.#seen.set(member, { status, removedSinceUs: this.#removedSince(before, status, nowUs) });
    if (before) this.#checkMonotony(member, before.status, status);
    if (status.role !== 'leader') return;
    const configurations = [status.configuration];
    if (before && before.status.configuration !== status.configuration)
      configurations.unshift(before.status.configuration);
    if (this.#promises.leads(member, status.term, configurations))
      this.#logs.checkCompleteness(member, status.term);
    if (before?.status.role === 'leader' && before.status.term === status.term)
      this.#checkLeader(member, before.status, status, configurations);
  }

  /**
   * @param ticksAlone a leader's own ticks since a majority was heard, it was elected, or the membership changed,
   * whichever was last.
   */
  waits(member: MemberId, ticksAlone: number, electionTicks: number): void {
    // Up to one period until the check that counts begins, and one for a member that has just been taken in.
    this.#violations.expect(
      ticksAlone <= 3 * electionTicks,
      'step down',
      () => `${member} goes on leading, though it has not heard a majority for ${ticksAlone} ticks`,
    );
  }

  /** That member's disk has taken these; `status` is the core's at that moment. */
  synced(member: MemberId, fresh: readonly Entry[], image: LogImage, status: CoreStatus): void {
    const [first] = fresh;
    if (!first) return;
    this.#checkInForce(member, image, status);
    if (status.role !== 'leader') return;
    const before = this.#seen.get(member)?.status;
    const leadBefore = before?.role === 'leader' && before.term === status.term;
    this.#violations.expect(
      !leadBefore || fresh.every(({ term }) => term === status.term),
      'leader append-only',
      () => `leader ${member} of term ${status.term} rewrites its log at ${tell(first)}`,
    );
    for (const entry of fresh)
      if (entry.payload.kind === 'configuration' && entry.term === status.term)
        this.#checkChange(member, entry, image, status);
  }

  /** The latest configuration of the log, committed or not (thesis §4.1). */
  #checkInForce(member: MemberId, image: LogImage, status: CoreStatus): void {
    // A founder writes before its core knows.
    if (status.lastIndex !== lastIndexOf(image)) return;
    const index = configurationsOf(image).at(-1)?.index ?? 0;
    this.#violations.expect(
      index === status.configurationIndex,
      'quorum intersection',
      () =>
        `${member} goes by the membership of entry ${status.configurationIndex}; the last one in its log is entry ${index}`,
    );
  }

  #checkMonotony(member: MemberId, before: CoreStatus, now: CoreStatus): void {
    this.#violations.expect(
      now.term >= before.term && now.commitIndex >= before.commitIndex,
      'core invariant',
      () => `${member} went back from term ${before.term} and commit ${before.commitIndex}`,
    );
  }

  #checkLeader(
    member: MemberId,
    before: CoreStatus,
    now: CoreStatus,
    configurations: readonly Configuration[],
  ): void {
    this.#violations.expect(
      now.lastIndex >= before.lastIndex,
      'leader append-only',
      () =>
        `leader ${member} of term ${now.term} shortens its log from ${before.lastIndex} to ${now.lastIndex}`,
    );
    if (now.commitIndex > before.commitIndex)
      this.#logs.checkCommitRule(member, now.term, now.commitIndex, configurations);
    const handingOver = before.transferTarget !== '' && before.transferTarget === now.transferTarget;
    this.#violations.expect(
      !handingOver ||
        now.lastIndex === before.lastIndex ||
        now.configurationIndex > before.configurationIndex,
      'transfer',
      () => `leader ${member} takes proposals while it hands over to ${now.transferTarget}`,
    );
  }

  #removedSince(before: Seen | undefined, status: CoreStatus, nowUs: number): number | undefined {
    const { configuration, configurationIndex, commitIndex, role, id } = status;
    const isVoter = configuration.voters.includes(id) || configuration.votersOutgoing.includes(id);
    if (role !== 'leader' || isVoter || configurationIndex > commitIndex) return undefined;
    const since = before?.removedSinceUs ?? nowUs;
    this.#violations.expect(
      nowUs - since < STEP_DOWN_US_MAX,
      'step down',
      () => `${id} goes on leading, though it is no voter`,
    );
    return since;
  }

  /**
   * One change at a time, each overlapping with the one before, and none before the leader knows what is committed
   * (thesis §4.1, and its correction of 2015). Leaving a joint configuration is no choice, so it may come at once.
   */
  #checkChange(member: MemberId, entry: Entry, image: LogImage, { commitIndex, term }: CoreStatus): void {
    const configurations = configurationsOf(image);
    const at = configurations.findIndex(({ index }) => index === entry.index);
    const now = configurations[at];
    const before = configurations[at - 1];
    if (!now || !before) return;
    this.#violations.expect(
      quorumsOverlap(before.configuration, now.configuration),
      'quorum intersection',
      () =>
        `${member} appends ${tell(entry)}; a quorum of it shares nobody with one of entry ${before.index}`,
    );
    this.#violations.expect(
      before.index <= commitIndex,
      'quorum intersection',
      () => `${member} appends ${tell(entry)} before entry ${before.index}, another change, is committed`,
    );
    this.#checkPromotions(member, entry, before.configuration, now.configuration, commitIndex);
    const leaves = before.configuration.votersOutgoing.length > 0;
    this.#violations.expect(
      leaves || termAt(image, commitIndex) === term,
      'quorum intersection',
      () => `${member} appends ${tell(entry)} before it has committed anything in term ${term}`,
    );
  }

  /** Who becomes a voter can take part in the next commit. Only the keeper promises that. */
  #checkPromotions(
    member: MemberId,
    entry: Entry,
    before: Configuration,
    now: Configuration,
    commitIndex: number,
  ): void {
    if (!this.#keeper) return;
    for (const id of now.voters) {
      if (before.voters.includes(id)) continue;
      const last = lastIndexOf(this.#logs.imageOf(id));
      this.#violations.expect(
        last >= Math.max(1, commitIndex - PROMOTION_LAG_MAX),
        'promotion',
        () =>
          `${member} makes ${id}, whose log ends at ${last}, a voter, when ${commitIndex} is committed: ${tell(entry)}`,
      );
    }
  }
}
