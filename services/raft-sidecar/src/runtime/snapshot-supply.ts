/** Finds a snapshot from which this pod's state machine can go on: its own, or another member's. */
import { rmSync } from 'node:fs';
import type { SnapshotMetadata as WireSnapshotMetadata } from '@agenda/proto/raft/v1/entry';
import { toServiceError } from '@agenda/service-kit/errors';
import type { Logger } from '@agenda/service-kit/logger';
import type { MemberId, SnapshotMetadata } from '../core/types.ts';
import type { LogStore } from '../storage/log-store.ts';
import { CorruptSnapshotError, type SnapshotStore, type StoredSnapshot } from '../storage/snapshot-store.ts';
import { snapshotToWire } from '../transport/conversions.ts';
import { downloadSnapshot, type SnapshotPeers } from './snapshot-download.ts';

export interface SuppliedSnapshot {
  readonly stored: StoredSnapshot;
  /** A plain file that the state machine may take. */
  readonly path: string;
  readonly metadata: WireSnapshotMetadata;
}

export interface SnapshotSupplyOptions {
  readonly log: LogStore;
  readonly store: SnapshotStore;
  readonly peers: SnapshotPeers;
  /** The other members, the most promising first. */
  readonly members: () => readonly MemberId[];
  /** The core has one fetched: the store is in use, and what comes is better. */
  readonly busy: () => boolean;
  /** Another member's snapshot is here now. */
  readonly onFetched: (metadata: SnapshotMetadata) => void;
  readonly logger: Logger;
}

export class SnapshotSupply {
  readonly #options: SnapshotSupplyOptions;
  readonly #stop = new AbortController();

  constructor(options: SnapshotSupplyOptions) {
    this.#options = options;
  }

  /**
   * @param indexMin the log goes on behind it.
   * @returns undefined: none can be had at the moment.
   */
  async supply(indexMin: number): Promise<SuppliedSnapshot | undefined> {
    const own = this.#options.store.latest();
    if (own && this.#fits(own.metadata, indexMin)) {
      const supplied = await this.#expand(own);
      if (supplied) return supplied;
    }
    for (const member of this.#options.members()) {
      if (this.#stop.signal.aborted || this.#options.busy()) return undefined;
      const fetched = await this.#fetch(member, indexMin);
      if (!fetched || !this.#fits(fetched.metadata, indexMin)) continue;
      this.#options.onFetched(fetched.metadata);
      const supplied = await this.#expand(fetched);
      if (supplied) return supplied;
    }
    return undefined;
  }

  /** The state machine cannot use it. */
  refused({ stored, path }: SuppliedSnapshot): void {
    rmSync(path, { force: true });
    this.#options.store.remove(stored);
  }

  close(): void {
    this.#stop.abort();
  }

  /** The log holds its last entry, or begins right behind it. */
  #fits({ index, term }: SnapshotMetadata, indexMin: number): boolean {
    return index >= indexMin && index > 0 && this.#options.log.term(index) === term;
  }

  async #expand(stored: StoredSnapshot): Promise<SuppliedSnapshot | undefined> {
    const { store, logger } = this.#options;
    try {
      const path = await store.expand(stored);
      return { stored, path, metadata: snapshotToWire(stored.metadata, stored.digest) };
    } catch (error) {
      if (!(error instanceof CorruptSnapshotError)) throw error;
      logger.error({ err: error }, 'a snapshot on this disk is corrupt; another one is fetched');
      return undefined;
    }
  }

  async #fetch(member: MemberId, indexMin: number): Promise<StoredSnapshot | undefined> {
    const { peers, store, logger } = this.#options;
    const { signal } = this.#stop;
    try {
      return await downloadSnapshot({ peers, store, member, wanted: { indexMin }, signal });
    } catch (error) {
      const { message } = toServiceError(error);
      logger.warn({ member, indexMin, reason: message }, 'that member gives no snapshot');
      return undefined;
    }
  }
}
