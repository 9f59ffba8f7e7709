/** The leader's hand on the membership: takes discovered nodes in, one change at a time. */
import type { Logger } from '@agenda/service-kit/logger';
import { membersOf } from '../core/membership.ts';
import type { Configuration, Entry, MemberId } from '../core/types.ts';
import { nodeIdOf } from '../transport/conversions.ts';
import type { Driver } from './driver.ts';
import { adviseMembership, type Candidate } from './membership-policy.ts';
import type { Scheduler } from './ports.ts';

const CONSIDER_EVERY_MS = 200;

export interface MembershipKeeperOptions {
  readonly driver: Driver;
  readonly scheduler: Scheduler;
  /** Nodes heard a moment ago, this one left out. */
  readonly candidates: () => readonly Candidate[];
  /** Undefined: the node is not known any more. */
  readonly incarnationOf: (member: MemberId) => number | undefined;
  readonly logger: Logger;
}

export class MembershipKeeper {
  readonly #options: MembershipKeeperOptions;
  #stop: () => void = () => {};
  #proposing = false;
  #duplicateTold = '';
  #committed: Configuration;
  readonly #removed = new Map<MemberId, number>();

  constructor(options: MembershipKeeperOptions) {
    this.#options = options;
    this.#committed = options.driver.committedConfiguration;
  }

  start(): void {
    this.#stop = this.#options.scheduler.every(CONSIDER_EVERY_MS, () => this.consider());
    this.#options.driver.onCommit((_index, entries) => this.#onCommitted(entries));
  }

  stop(): void {
    this.#stop();
  }

  consider(): void {
    const { driver, candidates, logger } = this.#options;
    if (!driver.isLeader || this.#proposing) return;
    const { configuration, configurationIndex, commitIndex, termIsCommitted, members } = driver.status();
    const advice = adviseMembership({
      clusterId: driver.clusterId,
      configuration,
      changePending: configurationIndex > commitIndex || !termIsCommitted,
      commitIndex,
      members,
      candidates: candidates(),
      removed: this.#removed,
      nodeIdOf,
    });
    const duplicate = advice.duplicate;
    if (duplicate && this.#duplicateTold !== duplicate.candidate.memberId) {
      this.#duplicateTold = duplicate.candidate.memberId;
      logger.warn(
        { candidate: duplicate.candidate.memberId, member: duplicate.member },
        'a node came back as another instance; it joins once its former instance is removed',
      );
    }
    if (advice.change) this.#propose(advice.change);
  }

  /** Every member keeps this, because any of them may lead next. */
  #onCommitted(entries: readonly Entry[]): void {
    for (const { payload } of entries)
      if (payload.kind === 'configuration') this.#noteRemoved(payload.configuration);
    if (entries.some(({ payload }) => payload.kind === 'configuration')) this.consider();
  }

  #noteRemoved(configuration: Configuration): void {
    const members = membersOf(configuration);
    for (const member of membersOf(this.#committed)) {
      const incarnation = this.#options.incarnationOf(member);
      if (!members.has(member) && incarnation !== undefined) this.#removed.set(member, incarnation);
    }
    this.#committed = configuration;
  }

  async #propose(change: NonNullable<ReturnType<typeof adviseMembership>['change']>): Promise<void> {
    const { driver, logger } = this.#options;
    this.#proposing = true;
    try {
      const result = await driver.proposeMembership([change]);
      // A refusal is no loss: what is still true will be advised again.
      if (result.ok) logger.info({ change: change.kind, member: change.id }, 'membership change appended');
      else
        logger.debug(
          { change: change.kind, member: change.id, refusal: result.refusal },
          'membership change refused',
        );
    } catch (error) {
      logger.debug({ err: error }, 'membership change not tried');
    } finally {
      this.#proposing = false;
    }
  }
}
