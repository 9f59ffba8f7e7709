/** Keeps deciding, for as long as this node belongs to no cluster. */
import type { Logger } from '@agenda/service-kit/logger';
import type { Driver } from '../runtime/driver.ts';
import { decideBootstrap } from './bootstrap.ts';
import type { PeerStore } from './peer-store.ts';

/** A node that spoke within this time is there. */
const SPOKEN_WITHIN_MS = 3_000;

export interface BootstrapperOptions {
  readonly nodeId: string;
  readonly votersExpected: number;
  readonly driver: Driver;
  readonly peers: PeerStore;
  readonly mintClusterId: () => string;
  readonly logger: Logger;
}

export class Bootstrapper {
  readonly #options: BootstrapperOptions;
  #waitingFor = '';

  constructor(options: BootstrapperOptions) {
    this.#options = options;
  }

  /** Empty: nothing. */
  get waitingFor(): string {
    return this.#options.driver.clusterId === '' ? this.#waitingFor : '';
  }

  /** Called whenever there may be news of other nodes. */
  consider(): void {
    const { driver, nodeId, votersExpected, peers, mintClusterId, logger } = this.#options;
    if (driver.clusterId !== '') return;
    const seen = peers.spokenWithin(SPOKEN_WITHIN_MS);
    const decision = decideBootstrap({ nodeId, expected: votersExpected, seen });
    if (decision.kind === 'start') {
      const clusterId = mintClusterId();
      logger.info({ clusterId, votersExpected }, 'starting a new cluster');
      driver.found(clusterId);
    } else if (decision.waitingFor !== this.#waitingFor) {
      this.#waitingFor = decision.waitingFor;
      logger.info({ waitingFor: decision.waitingFor }, 'waiting');
    }
  }
}
