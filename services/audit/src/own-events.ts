/** What the audit service itself has to tell: recorded like the events of the other services. */
import { type AuditEvent, Level } from '@agenda/proto/audit/v1/audit';
import type { RefusedCall } from '@agenda/service-kit/grpc-server';
import { uuidv7Bytes } from '@agenda/service-kit/ids';
import type { Logger } from '@agenda/service-kit/logger';
import type { AuditStore } from './store.ts';

/** Refused signatures are recorded at most this often; how many fell between is in the next record. */
const REFUSALS_INTERVAL_MS = 1_000;

type Told = Pick<AuditEvent, 'action' | 'level' | 'outcome'> & Partial<AuditEvent>;

export class OwnEvents {
  readonly #store: AuditStore;
  readonly #nodeId: string;
  readonly #logger: Logger;
  #refusedAtMs = Number.NEGATIVE_INFINITY;
  #refusalsLeftOut = 0;

  constructor(store: AuditStore, nodeId: string, logger: Logger) {
    this.#store = store;
    this.#nodeId = nodeId;
    this.#logger = logger;
  }

  signatureRefused({ method, reason, peer }: RefusedCall): void {
    const now = performance.now();
    if (now - this.#refusedAtMs < REFUSALS_INTERVAL_MS) {
      this.#refusalsLeftOut += 1;
      return;
    }
    this.#refusedAtMs = now;
    const detailJson = JSON.stringify({ reason, leftOut: this.#refusalsLeftOut });
    this.#refusalsLeftOut = 0;
    this.#record({
      action: 'signature.refused',
      level: Level.LEVEL_WARNING,
      outcome: 'unauthenticated',
      target: method,
      address: peer,
      detailJson,
    });
  }

  /** The agenda no longer keeps what this trail lacks, or what it told was wrong; and no other trail can be had yet. */
  trailBehind(logIndex: number, reason: string): void {
    this.#record({
      action: 'audit.trail_behind',
      level: Level.LEVEL_ALARM,
      outcome: 'unavailable',
      target: `node:${this.#nodeId}`,
      detailJson: JSON.stringify({ logIndex, reason }),
    });
  }

  /** Records of this node's trail were not those of the other replicas. */
  trailReplaced(fromSequence: number, count: number): void {
    this.#record({
      action: 'audit.trail_replaced',
      level: Level.LEVEL_ALARM,
      outcome: 'ok',
      target: `node:${this.#nodeId}`,
      detailJson: JSON.stringify({ fromSequence, count }),
    });
  }

  /** Never throws: what is told here is told in passing, while something else is answered. */
  #record(told: Told): void {
    const event: AuditEvent = {
      id: uuidv7Bytes(),
      atMs: Date.now(),
      component: 'audit',
      nodeId: this.#nodeId,
      actorId: '',
      actorName: '',
      target: '',
      requestId: '',
      address: '',
      detailJson: '',
      ...told,
    };
    try {
      this.#store.addPending([event]);
    } catch (error) {
      this.#logger.error(
        { err: error, action: event.action },
        'an event of the audit service was not recorded',
      );
    }
  }
}
