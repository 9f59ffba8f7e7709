/**
 * Compares the state digests of the members (docs/adr/0011). The leader writes a checkpoint entry now and then; every
 * member tells it the digest that its state machine has right there. Once a majority of the voters agrees, the next
 * checkpoint entry says on what. So what a checkpoint says is true by construction, and a member that has another digest
 * knows that it is wrong, be it the leader.
 */
import { Checkpoint } from '@agenda/proto/agenda/v1/command';
import type { Logger } from '@agenda/service-kit/logger';
import { isVoter } from '../core/membership.ts';
import { voteResult } from '../core/quorum.ts';
import type { Entry, MemberId } from '../core/types.ts';
import type { Alarms } from './alarms.ts';
import type { Driver } from './driver.ts';
import type { StateMachineFeed } from './feed.ts';
import type { Clock } from './ports.ts';

/** Checkpoints whose digests are remembered, the newest. */
const REMEMBERED_MAX = 16;
const NOTHING_AGREED: Checkpoint = { index: 0, digest: new Uint8Array(0) };

export interface CheckpointsOptions {
  readonly driver: Driver;
  readonly feed: Pick<StateMachineFeed, 'onApplied' | 'onRestored' | 'discarded'>;
  readonly alarms: Alarms;
  readonly clock: Clock;
  readonly everyMs: number;
  /** Best effort. */
  readonly report: (leader: MemberId, index: number, digest: Uint8Array) => void;
  /** This member's state is wrong. */
  readonly onDiverged: (reason: string) => void;
  readonly logger: Logger;
}

export class Checkpoints {
  readonly #options: CheckpointsOptions;
  /** Of committed checkpoint entries: what this member's state machine has there, once it has applied them. */
  readonly #own = new Map<number, Uint8Array | undefined>();
  /** What a majority has there. */
  readonly #truth = new Map<number, Uint8Array>();
  /** Leaders: of the newest checkpoint entry. */
  #reports = new Map<MemberId, string>();
  #markIndex = 0;
  #agreed: Checkpoint = NOTHING_AGREED;
  #proposedAtMs = Number.NEGATIVE_INFINITY;
  #proposing = false;

  constructor(options: CheckpointsOptions) {
    this.#options = options;
    const { driver, feed } = options;
    driver.onCommit((_index, entries) => this.#onCommitted(entries));
    driver.onLeadership(() => this.#forgetReports());
    feed.onApplied((index, digest) => this.#onApplied(index, digest));
    feed.onRestored(() => this.#onRestored());
  }

  /** Called now and then. */
  watch(): void {
    const { driver, clock, everyMs } = this.#options;
    if (clock.monotonicMs() - this.#proposedAtMs < everyMs) return;
    // Nothing was committed since, so there is nothing to compare.
    if (driver.commitIndex > this.#markIndex) this.#propose();
  }

  /** A member tells the leader what it has at that checkpoint. */
  onReport(from: MemberId, index: number, digest: Uint8Array): void {
    const { driver, alarms, logger } = this.#options;
    const configuration = driver.committedConfiguration;
    if (!driver.isLeader || index !== this.#markIndex || !isVoter(configuration, from)) return;
    this.#reports.set(from, hexOf(digest));
    for (const candidate of new Set(this.#reports.values())) {
      const held = voteResult(configuration, (id) => {
        const told = this.#reports.get(id);
        return told === undefined ? undefined : told === candidate;
      });
      if (held !== 'won') continue;
      this.#agreed = { index, digest: Buffer.from(candidate, 'hex') };
      alarms.clear('digest_undecided');
      const others = [...this.#reports].flatMap(([id, told]) => (told === candidate ? [] : [id]));
      if (others.length === 0) return;
      logger.error({ index, others }, 'members differ from the majority');
      // They learn it from the log, at once.
      this.#propose();
      return;
    }
    if (this.#reports.size === membersCounted(configuration.voters, configuration.votersOutgoing))
      alarms.raise(
        'digest_undecided',
        `no majority has the same state at entry ${index}: nobody can tell who is right`,
      );
  }

  #propose(): void {
    const { driver, clock } = this.#options;
    if (!driver.isLeader || !driver.formation.complete || this.#proposing) return;
    this.#proposing = true;
    const settled = (): void => {
      this.#proposing = false;
    };
    this.#proposedAtMs = clock.monotonicMs();
    const data = Checkpoint.encode(this.#agreed).finish();
    driver.propose({ kind: 'checkpoint', data }, { done: settled, refused: settled });
  }

  #onCommitted(entries: readonly Entry[]): void {
    for (const { index, payload } of entries) {
      if (payload.kind !== 'checkpoint') continue;
      this.#forgetReports();
      this.#markIndex = index;
      remember(this.#own, index, undefined);
      const said = Checkpoint.decode(payload.data);
      if (said.index === 0) continue;
      remember(this.#truth, said.index, said.digest);
      this.#compare(said.index);
    }
  }

  #onApplied(index: number, digest: Uint8Array): void {
    const { driver, feed, report } = this.#options;
    if (!this.#own.has(index) || feed.discarded) return;
    this.#own.set(index, digest);
    this.#compare(index);
    const { leader } = driver.leadership;
    if (driver.isLeader) this.onReport(driver.memberId, index, digest);
    else if (leader !== '') report(leader, index, digest);
  }

  #compare(index: number): void {
    const { alarms, onDiverged, feed } = this.#options;
    const own = this.#own.get(index);
    const truth = this.#truth.get(index);
    if (!own || !truth || feed.discarded || Buffer.compare(own, truth) === 0) return;
    const reason = `at entry ${index} its digest is ${hexOf(own)}, and that of a majority ${hexOf(truth)}`;
    alarms.raise('diverged', `this replica's state is wrong: ${reason}; it is rebuilt`);
    onDiverged(reason);
  }

  #onRestored(): void {
    this.#own.clear();
    this.#options.alarms.clear('diverged');
  }

  #forgetReports(): void {
    this.#reports = new Map();
  }
}

function remember<T>(map: Map<number, T>, index: number, value: T): void {
  map.set(index, value);
  for (const oldest of map.keys()) {
    if (map.size <= REMEMBERED_MAX) return;
    map.delete(oldest);
  }
}

function membersCounted(...halves: (readonly MemberId[])[]): number {
  return new Set(halves.flat()).size;
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
