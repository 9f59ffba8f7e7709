/**
 * Keeps the log short: takes a snapshot when enough has been applied since the last one, and drops from the log what it
 * holds – but for a tail, so that a follower that was away for a moment needs no snapshot, and never more than is durable
 * in the pod's state machine.
 */
import { rmSync } from 'node:fs';
import { ServiceError } from '@agenda/service-kit/errors';
import type { Logger } from '@agenda/service-kit/logger';
import type { SnapshotMetadata } from '../core/types.ts';
import type { LogStore } from '../storage/log-store.ts';
import type { SnapshotStore } from '../storage/snapshot-store.ts';
import type { Alarms } from './alarms.ts';
import type { Driver } from './driver.ts';
import type { StateMachineFeed } from './feed.ts';
import type { Clock } from './ports.ts';

/** Dropped in one transaction. */
const COMPACT_ENTRIES_STEP = 1_000;
/** A snapshot copies the whole state: it may take a twentieth of the time, as long as the log is not far over its bounds. */
const REST_FACTOR = 20;
const REST_MS_MIN = 1_000;
const HARD_FACTOR = 4;
/** After a failure. */
const RETRY_MS = 10_000;
const RETRY_AFTER_MS = 1_000;

export interface SnapshotLimits {
  /** Applied behind the last snapshot. */
  readonly logEntriesMax: number;
  /** Of the stored log. */
  readonly logBytesMax: number;
  /** Kept behind the snapshot; of logBytesMax, a quarter at most. */
  readonly tailEntries: number;
}

export interface SnapshotTakerOptions {
  readonly driver: Driver;
  readonly log: LogStore;
  readonly store: SnapshotStore;
  readonly feed: Pick<StateMachineFeed, 'appliedIndex' | 'durableIndex' | 'takeSnapshot'>;
  readonly alarms: Alarms;
  readonly clock: Clock;
  readonly limits: SnapshotLimits;
  readonly logger: Logger;
}

export class SnapshotTaker {
  readonly #options: SnapshotTakerOptions;
  #taking: Promise<SnapshotMetadata> | undefined;
  #compacting = false;
  #restUntilMs = Number.NEGATIVE_INFINITY;
  #failed = false;
  /** Counts how often the state turned out to be wrong. */
  #era = 0;

  constructor(options: SnapshotTakerOptions) {
    this.#options = options;
  }

  /** Called now and then. */
  watch(): void {
    if (this.#isDue()) this.request();
    // Also by a snapshot that came from another member.
    if (!this.#isDueForLong()) this.#options.alarms.clear('snapshot_failed');
    this.#compact().catch((error: Error) => {
      // The driver has stopped, and has said why.
      this.#options.logger.debug({ reason: error.message }, 'the log is not cut');
    });
  }

  /** The state is wrong, and so is a snapshot of it that is under way. */
  invalidate(): void {
    this.#era += 1;
  }

  /** One is wanted; nobody waits for it. */
  request(): void {
    this.take().catch((error: Error) => {
      this.#options.logger.warn({ reason: error.message }, 'no snapshot was taken');
    });
  }

  /** @throws ServiceError `unavailable`: there is no state machine, or it could not. */
  take(): Promise<SnapshotMetadata> {
    this.#taking ??= this.#take().finally(() => {
      this.#taking = undefined;
    });
    return this.#taking;
  }

  #isDue(): boolean {
    const { feed, log, limits, clock } = this.#options;
    const behind = feed.appliedIndex - (log.snapshot()?.index ?? 0);
    const isOver = (factor: number): boolean =>
      behind > factor * limits.logEntriesMax || log.logBytes > factor * limits.logBytesMax;
    if (this.#taking || behind <= 0 || !isOver(1)) return false;
    const rested = clock.monotonicMs() >= this.#restUntilMs;
    return rested || (isOver(HARD_FACTOR) && !this.#failed);
  }

  async #take(): Promise<SnapshotMetadata> {
    const { clock, alarms } = this.#options;
    const startedAtMs = clock.monotonicMs();
    const era = this.#era;
    try {
      const metadata = await this.#takeOne();
      const tookMs = clock.monotonicMs() - startedAtMs;
      this.#restUntilMs = clock.monotonicMs() + Math.max(REST_MS_MIN, REST_FACTOR * tookMs);
      this.#failed = false;
      alarms.clear('snapshot_failed');
      return metadata;
    } catch (error) {
      const { message } = error as Error;
      // Of a state that was wrong none is wanted; that says nothing of the next one.
      if (era === this.#era) {
        this.#restUntilMs = clock.monotonicMs() + RETRY_MS;
        this.#failed = true;
        if (this.#isDueForLong()) alarms.raise('snapshot_failed', `the log grows, for ${message}`);
      }
      throw error instanceof ServiceError ? error : unavailable(message);
    }
  }

  /** Now and then one fails, and nobody is harmed. */
  #isDueForLong(): boolean {
    const { log, limits, feed } = this.#options;
    const behind = feed.appliedIndex - (log.snapshot()?.index ?? 0);
    return behind > limits.logEntriesMax || log.logBytes > limits.logBytesMax;
  }

  async #takeOne(): Promise<SnapshotMetadata> {
    const { driver, feed, store, logger } = this.#options;
    const era = this.#era;
    const taken = await feed.takeSnapshot(store.directory);
    if (taken.error !== '') throw unavailable(`the state machine takes no snapshot: ${taken.error}`);
    const metadata = era === this.#era ? this.#metadataAt(taken.index, taken.term) : undefined;
    if (!metadata) {
      rmSync(taken.path, { force: true });
      throw unavailable(`the log went on without entry ${taken.index} of term ${taken.term}`);
    }
    const stored = await store.add(taken.path, metadata, taken.digest);
    if (era !== this.#era) {
      store.remove(stored);
      throw unavailable('the state was wrong');
    }
    await driver.snapshotTaken(metadata);
    logger.info({ index: metadata.index, bytes: stored.bytes }, 'a snapshot is taken');
    await this.#compact();
    return metadata;
  }

  /** Undefined: that entry is not in the log, or a newer snapshot is here. */
  #metadataAt(index: number, term: number): SnapshotMetadata | undefined {
    const { log } = this.#options;
    if (index < log.firstIndex() || index < (log.snapshot()?.index ?? 0)) return undefined;
    const [entry] = log.entries(index, index, 1);
    const before = log.configurations().findLast((stored) => stored.index <= index);
    if (entry?.term !== term || !before) return undefined;
    const { timestampMs } = entry;
    const { configuration, index: configurationIndex } = before;
    return { index, term, timestampMs, configuration, configurationIndex };
  }

  /** A step for each turn of the driver, so that nobody waits for long. */
  async #compact(): Promise<void> {
    if (this.#compacting) return;
    this.#compacting = true;
    const { driver, log } = this.#options;
    try {
      for (;;) {
        const through = Math.min(this.#dispensableIndex(), log.firstIndex() - 1 + COMPACT_ENTRIES_STEP);
        if (through < log.firstIndex() || driver.stopped) return;
        await driver.compact(through);
      }
    } finally {
      this.#compacting = false;
    }
  }

  /**
   * After a restart the state machine may be ahead of what is known here to be committed: that much of the log has yet to
   * be handed out.
   */
  #dispensableIndex(): number {
    const { driver, log, feed, limits } = this.#options;
    const snapshotIndex = log.snapshot()?.index ?? 0;
    const entries = log.lastIndex() - log.firstIndex() + 1;
    const entryBytes = Math.max(1, log.logBytes / Math.max(1, entries));
    const tail = Math.min(limits.tailEntries, Math.floor(limits.logBytesMax / 4 / entryBytes));
    return Math.min(snapshotIndex - tail, feed.durableIndex, driver.commitIndex);
  }
}

function unavailable(message: string): ServiceError {
  return new ServiceError('unavailable', message, { nothingDone: true, retryAfterMs: RETRY_AFTER_MS });
}
