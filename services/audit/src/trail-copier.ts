/**
 * Takes from another replica's trail what this one lacks, and what it has that is not true (docs/adr/0012). Every link is
 * checked against the chain before it is taken over.
 */
import type { AuditRecord, AuditServiceService } from '@agenda/proto/audit/v1/audit';
import type { UnaryClient } from '@agenda/service-kit/grpc-client';
import type { Logger } from '@agenda/service-kit/logger';
import type { AuditStore } from './store.ts';

const DEADLINE_MS = 5_000;
const PAGE_RECORDS = 500;

export interface TrailCopierOptions {
  /** Of another replica, whichever the pod's sidecar reaches. */
  readonly others: Pick<UnaryClient<AuditServiceService>, 'links'>;
  readonly store: AuditStore;
  readonly logger: Logger;
  /** Records of this trail were put aside. */
  readonly onReplaced: (fromSequence: number, count: number) => void;
}

export class TrailCopier {
  readonly #options: TrailCopierOptions;

  constructor(options: TrailCopierOptions) {
    this.#options = options;
  }

  /**
   * Makes this trail the other one's, as far as that reaches.
   *
   * @param upToLogIndex what the other trail must hold to be of use.
   * @throws ServiceError if nobody answers; Error if the other trail is behind, or broken. Trying again later is safe.
   */
  async copy(upToLogIndex: number): Promise<void> {
    const { store, logger } = this.#options;
    const needed = Math.max(upToLogIndex, store.logIndex);
    const first = await this.#page(store.lastSequence);
    if (first.logIndex < needed)
      throw new Error(`the other trail reaches log index ${first.logIndex}; ${needed} is needed`);
    const common = await this.#commonSequence(Math.min(store.lastSequence, first.lastSequence));
    const wrong = store.lastSequence - common;
    if (wrong > 0) {
      store.putAside(common);
      this.#options.onReplaced(common + 1, wrong);
    }
    let copied = 0;
    for (;;) {
      const page = await this.#page(store.lastSequence);
      store.adopt(page.records, page.records.length === 0 ? page.logIndex : undefined);
      copied += page.records.length;
      if (page.records.length === 0) break;
    }
    logger.warn(
      { putAside: wrong, copied, logIndex: store.logIndex },
      'the trail was compared with another one',
    );
  }

  /** The last link that both have: links that are equal have equal ones before them. */
  async #commonSequence(last: number): Promise<number> {
    let low = 0;
    let high = last;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (await this.#isSame(middle)) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  async #isSame(sequence: number): Promise<boolean> {
    const { others, store } = this.#options;
    const { records } = await others.links(
      { afterSequence: sequence - 1, limit: 1 },
      { deadlineMs: DEADLINE_MS },
    );
    const [theirs]: (AuditRecord | undefined)[] = records;
    const ours = store.hashOf(sequence);
    return theirs !== undefined && ours !== undefined && Buffer.compare(theirs.hash, ours) === 0;
  }

  #page(afterSequence: number) {
    return this.#options.others.links({ afterSequence, limit: PAGE_RECORDS }, { deadlineMs: DEADLINE_MS });
  }
}
