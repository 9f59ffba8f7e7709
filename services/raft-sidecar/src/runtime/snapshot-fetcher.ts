/** Carries out what the core asks: that snapshot, from that member. One at a time; the last one asked for counts. */
import { toServiceError } from '@agenda/service-kit/errors';
import type { Logger } from '@agenda/service-kit/logger';
import type { MemberId, SnapshotMetadata } from '../core/types.ts';
import type { SnapshotStore } from '../storage/snapshot-store.ts';
import type { Driver } from './driver.ts';
import type { SnapshotFetcher as SnapshotFetcherPort } from './ports.ts';
import { downloadSnapshot, type SnapshotPeers } from './snapshot-download.ts';

export interface SnapshotFetcherOptions {
  readonly driver: () => Pick<Driver, 'snapshotFetched' | 'snapshotFailed'>;
  readonly store: SnapshotStore;
  readonly peers: SnapshotPeers;
  readonly logger: Logger;
}

interface UnderWay {
  readonly metadata: SnapshotMetadata;
  readonly from: MemberId;
  readonly stop: AbortController;
  readonly done: Promise<void>;
}

export class SnapshotFetcher implements SnapshotFetcherPort {
  readonly #options: SnapshotFetcherOptions;
  #underWay: UnderWay | undefined;
  #next: { readonly from: MemberId; readonly metadata: SnapshotMetadata } | undefined;
  #closed = false;

  constructor(options: SnapshotFetcherOptions) {
    this.#options = options;
  }

  /** A snapshot is on its way here. */
  get busy(): boolean {
    return this.#underWay !== undefined;
  }

  fetch(from: MemberId, metadata: SnapshotMetadata): void {
    if (this.#closed) return;
    const current = this.#underWay;
    if (!current) return this.#begin(from, metadata);
    if (isSame(current.metadata, metadata) && current.from === from) return;
    // It may be written to at this moment; the other one begins when that has ended.
    this.#next = { from, metadata };
    current.stop.abort();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#underWay?.stop.abort();
    await this.#underWay?.done;
  }

  #begin(from: MemberId, metadata: SnapshotMetadata): void {
    const stop = new AbortController();
    const done = this.#run(from, metadata, stop.signal).then(() => this.#ended());
    this.#underWay = { from, metadata, stop, done };
  }

  #ended(): void {
    this.#underWay = undefined;
    const next = this.#next;
    this.#next = undefined;
    if (next && !this.#closed) this.#begin(next.from, next.metadata);
  }

  /** Never rejects. */
  async #run(from: MemberId, metadata: SnapshotMetadata, signal: AbortSignal): Promise<void> {
    const { driver, store, peers, logger } = this.#options;
    const { index, term } = metadata;
    try {
      const here = store.find(index, term);
      if (!here) {
        logger.info({ from, index, term }, 'a snapshot is fetched');
        await downloadSnapshot({ peers, store, member: from, wanted: { index, term }, signal });
      }
      const wanted = await driver().snapshotFetched(metadata);
      logger.info({ from, index, term, wanted }, 'a snapshot is here');
    } catch (error) {
      if (signal.aborted) return;
      logger.warn(
        { from, index, term, reason: toServiceError(error).message },
        'a snapshot cannot be fetched',
      );
      driver().snapshotFailed(metadata);
    }
  }
}

function isSame(a: SnapshotMetadata, b: SnapshotMetadata): boolean {
  return a.index === b.index && a.term === b.term;
}
