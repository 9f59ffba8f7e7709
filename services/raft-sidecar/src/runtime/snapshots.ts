/** All about snapshots and the state that they are of, put together: taken, fetched, served, given back, compared. */
import { deadlineAt } from '@agenda/service-kit/deadline';
import { toServiceError } from '@agenda/service-kit/errors';
import type { Logger } from '@agenda/service-kit/logger';
import { membersOf } from '../core/membership.ts';
import type { MemberId, SnapshotMetadata } from '../core/types.ts';
import type { LogStore } from '../storage/log-store.ts';
import type { SnapshotStore } from '../storage/snapshot-store.ts';
import type { Alarms } from './alarms.ts';
import { Checkpoints } from './checkpoints.ts';
import type { Driver } from './driver.ts';
import { StateMachineFeed } from './feed.ts';
import type { Operations } from './operations.ts';
import type { Clock } from './ports.ts';
import type { SnapshotPeers } from './snapshot-download.ts';
import { SnapshotFetcher } from './snapshot-fetcher.ts';
import { SnapshotServer } from './snapshot-server.ts';
import { SnapshotSupply } from './snapshot-supply.ts';
import { type SnapshotLimits, SnapshotTaker } from './snapshot-taker.ts';

const HANDOVER_MS_MAX = 2_000;
const REPORT_DEADLINE_MS = 2_000;

export interface DigestPeers {
  reportDigest(leader: MemberId, index: number, digest: Uint8Array, deadlineMs: number): Promise<void>;
}

export interface SnapshotsOptions {
  readonly driver: () => Driver;
  readonly log: LogStore;
  readonly store: SnapshotStore;
  readonly peers: SnapshotPeers & DigestPeers;
  readonly alarms: Alarms;
  readonly clock: Clock;
  readonly limits: SnapshotLimits;
  readonly checkpointEveryMs: number;
  readonly clusterFeatureLevel: () => number;
  readonly logger: Logger;
}

export class Snapshots {
  /** For the driver. */
  readonly fetcher: SnapshotFetcher;
  readonly #options: SnapshotsOptions;
  readonly #supply: SnapshotSupply;
  #parts: Parts | undefined;

  constructor(options: SnapshotsOptions) {
    this.#options = options;
    const { driver, store, log, peers, logger } = options;
    this.fetcher = new SnapshotFetcher({ driver, store, peers, logger });
    this.#supply = new SnapshotSupply({
      log,
      store,
      peers,
      members: () => this.otherMembers(),
      busy: () => this.fetcher.busy,
      onFetched: (metadata) => this.#onFetched(metadata),
      logger,
    });
  }

  /** To be called once, when the driver is made. */
  connect(operations: Pick<Operations, 'transferLeadership'>): Parts {
    const { driver: driverOf, log, store, alarms, clock, limits, peers, logger } = this.#options;
    const { checkpointEveryMs: everyMs, clusterFeatureLevel } = this.#options;
    const driver = driverOf();
    const supply = this.#supply;
    const feed = new StateMachineFeed({
      driver,
      store: log,
      alarms,
      clock,
      logger,
      clusterFeatureLevel,
      supply,
    });
    const taker = new SnapshotTaker({ driver, log, store, feed, alarms, clock, limits, logger });
    const server = new SnapshotServer(store, () => taker.request());
    const checkpoints = new Checkpoints({
      driver,
      feed,
      alarms,
      clock,
      everyMs,
      report: (leader, index, digest) => {
        peers.reportDigest(leader, index, digest, REPORT_DEADLINE_MS).catch((error) => {
          const reason = toServiceError(error).message;
          logger.debug({ leader, index, reason }, 'the digest could not be reported; the next one will be');
        });
      },
      onDiverged: (reason) => this.#onDiverged(reason, operations),
      logger,
    });
    this.#parts = { feed, taker, server, checkpoints };
    return this.#parts;
  }

  async close(): Promise<void> {
    this.#supply.close();
    await this.fetcher.close();
  }

  /** Nobody is served from a wrong state, nor given a snapshot of it; and it does not lead. */
  #onDiverged(reason: string, operations: Pick<Operations, 'transferLeadership'>): void {
    const { driver, store, logger } = this.#options;
    if (driver().isLeader)
      operations.transferLeadership(undefined, deadlineAt(HANDOVER_MS_MAX)).catch((error) => {
        logger.warn({ reason: toServiceError(error).message }, 'leadership could not be handed over');
      });
    this.#parts?.taker.invalidate();
    store.removeAll();
    this.#parts?.feed.discardState(reason);
  }

  /** It is committed here, too: the log begins or goes on behind it. */
  #onFetched(metadata: SnapshotMetadata): void {
    const driver = this.#options.driver();
    if (metadata.index > driver.commitIndex) return;
    driver.snapshotTaken(metadata).catch((error) => driver.fail(error));
  }

  /** The leader first: it has the newest. */
  otherMembers(): MemberId[] {
    const driver = this.#options.driver();
    const { leader } = driver.leadership;
    const members = membersOf(driver.status().configuration);
    members.delete(driver.memberId);
    return [...members].sort((a, b) => Number(b === leader) - Number(a === leader));
  }
}

export interface Parts {
  readonly feed: StateMachineFeed;
  readonly taker: SnapshotTaker;
  readonly server: SnapshotServer;
  readonly checkpoints: Checkpoints;
}
