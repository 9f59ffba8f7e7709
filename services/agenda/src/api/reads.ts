import { type Caller, Consistency, type ReadContext } from '@agenda/proto/agenda/v1/agenda';
import { ServiceError } from '@agenda/service-kit/errors';
import type { AppliedPosition } from '../apply/applied-position.ts';
import type { ReadBarrier } from '../apply/read-barrier.ts';
import type { Queries } from '../queries/queries.ts';
import { callerOf, requireUser } from './callers.ts';

/** No read is given more time, whatever its caller asks for. */
export const READ_DEADLINE_MS_MAX = 10_000;

interface Timed {
  readonly deadlineAtMs: number;
}

/** What stands before every read: how fresh it must be, and whether its caller's session still lives. */
export class Reads {
  readonly #barrier: ReadBarrier;
  readonly #position: AppliedPosition;
  readonly #queries: Queries;

  constructor(barrier: ReadBarrier, position: AppliedPosition, queries: Queries) {
    this.#barrier = barrier;
    this.#position = position;
    this.#queries = queries;
  }

  /** The index that reads see now. */
  get index(): number {
    return this.#position.index;
  }

  /** @throws ServiceError as `fresh`, and `unauthenticated` or `forbidden`. */
  async asUser(read: ReadContext | undefined, call: Timed): Promise<Caller> {
    const caller = requireUser(callerOf(read));
    await this.fresh(read, call);
    this.assertSession(caller);
    return caller;
  }

  /**
   * Linearizable, at least as fresh as `minIndex`, or whatever is here.
   *
   * @throws ServiceError `no_leader`, `timeout`, `overloaded`, `unavailable`.
   */
  fresh(read: ReadContext | undefined, call: Timed): Promise<void> {
    const deadlineAtMs = Math.min(call.deadlineAtMs, performance.now() + READ_DEADLINE_MS_MAX);
    const consistency = read?.consistency ?? Consistency.CONSISTENCY_UNSPECIFIED;
    const minIndex = read?.minIndex ?? 0;
    if (this.#position.failure) return Promise.reject(this.#position.failure);
    if (consistency === Consistency.CONSISTENCY_STALE) {
      const { blank } = this.#position;
      return blank ? Promise.reject(blank) : Promise.resolve();
    }
    if (consistency === Consistency.CONSISTENCY_UNSPECIFIED && minIndex > 0)
      return this.#position.waitFor(minIndex, deadlineAtMs);
    return this.#barrier.pass(deadlineAtMs);
  }

  /** @throws ServiceError `unauthenticated` */
  assertSession({ sessionId, userId }: Caller): void {
    const session = this.#queries.session(sessionId);
    if (session?.userId !== userId)
      throw new ServiceError('unauthenticated', 'this session has ended; log in again');
  }
}
