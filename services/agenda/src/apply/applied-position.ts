import { DeadlineSweeper } from '@agenda/service-kit/deadline';
import { ServiceError } from '@agenda/service-kit/errors';

/** Beyond this many waiters a further one is refused with `overloaded`. */
const WAITERS_MAX = 20_000;
const OVERLOADED_RETRY_AFTER_MS = 500;
const BLANK_RETRY_AFTER_MS = 1_000;

interface Waiter {
  readonly index: number;
  readonly deadlineAtMs: number;
  readonly resolve: () => void;
  readonly reject: (error: ServiceError) => void;
}

/**
 * How far this replica has applied the log, and who waits for it to get further.
 *
 * Waiters stand in a map by index, so that a batch costs its own length however many wait.
 */
export class AppliedPosition {
  #index: number;
  #term: number;
  #failure: ServiceError | undefined;
  /** There is no state that could be read, until it is rebuilt. */
  #suspension: ServiceError | undefined;
  #waiterCount = 0;
  readonly #waiters = new Map<number, Set<Waiter>>();
  readonly #deadlines = new DeadlineSweeper<Waiter>((waiter) => this.#expire(waiter));

  constructor(last: { readonly index: number; readonly term: number }) {
    this.#index = last.index;
    this.#term = last.term;
  }

  get index(): number {
    return this.#index;
  }

  /** Of the entry at `index`. */
  get term(): number {
    return this.#term;
  }

  /** Set once applying has stopped for good, or while the state is wrong and not yet rebuilt: nobody is served. */
  get failure(): ServiceError | undefined {
    return this.#failure ?? this.#suspension;
  }

  /** Set while nothing was ever applied here: there is nothing to read, however stale it may be. */
  get blank(): ServiceError | undefined {
    if (this.#index > 0) return undefined;
    return new ServiceError('unavailable', 'this replica has no state yet; ask another one', {
      retryAfterMs: BLANK_RETRY_AFTER_MS,
    });
  }

  /** @throws ServiceError `timeout` at the deadline, `overloaded`, `unavailable` once applying has stopped. */
  waitFor(index: number, deadlineAtMs: number): Promise<void> {
    if (this.failure) return Promise.reject(this.failure);
    if (index <= this.#index) return Promise.resolve();
    if (this.#waiterCount >= WAITERS_MAX)
      return Promise.reject(
        new ServiceError(
          'overloaded',
          `more than ${WAITERS_MAX} requests wait for this replica to catch up`,
          {
            retryAfterMs: OVERLOADED_RETRY_AFTER_MS,
          },
        ),
      );
    return new Promise((resolve, reject) => this.#add({ index, deadlineAtMs, resolve, reject }));
  }

  advance(index: number, term: number): void {
    const from = this.#index;
    this.#index = index;
    this.#term = term;
    this.#suspension = undefined;
    if (this.#waiterCount === 0) return;
    if (index - from <= this.#waiters.size)
      for (let reached = from + 1; reached <= index; reached += 1) this.#release(reached);
    else for (const waited of [...this.#waiters.keys()]) if (waited <= index) this.#release(waited);
  }

  /** Applying has stopped for good: everyone who waits, now or later, is told. */
  fail(failure: ServiceError): void {
    this.#failure ??= failure;
    this.#deadlines.close();
    this.#rejectAll(failure);
  }

  /** The state is gone: everyone who waits is told, and whoever comes, until something is applied or restored. */
  suspend(failure: ServiceError): void {
    this.#index = 0;
    this.#term = 0;
    this.#suspension = failure;
    this.#rejectAll(failure);
  }

  /** A snapshot took the state's place; it may be older. */
  restore({ index, term }: { readonly index: number; readonly term: number }): void {
    this.#index = index;
    this.#term = term;
    this.#suspension = undefined;
    for (const waited of [...this.#waiters.keys()]) if (waited <= index) this.#release(waited);
  }

  #rejectAll(failure: ServiceError): void {
    const waiting = [...this.#waiters.values()].flatMap((waiters) => [...waiters]);
    this.#waiters.clear();
    this.#waiterCount = 0;
    for (const waiter of waiting) {
      this.#deadlines.delete(waiter);
      waiter.reject(failure);
    }
  }

  #add(waiter: Waiter): void {
    const others = this.#waiters.get(waiter.index);
    if (others) others.add(waiter);
    else this.#waiters.set(waiter.index, new Set([waiter]));
    this.#waiterCount += 1;
    this.#deadlines.add(waiter);
  }

  #release(index: number): void {
    const waiters = this.#waiters.get(index);
    if (!waiters) return;
    this.#waiters.delete(index);
    this.#waiterCount -= waiters.size;
    for (const waiter of waiters) {
      this.#deadlines.delete(waiter);
      waiter.resolve();
    }
  }

  #expire(waiter: Waiter): void {
    const waiters = this.#waiters.get(waiter.index);
    if (!waiters?.delete(waiter)) return;
    if (waiters.size === 0) this.#waiters.delete(waiter.index);
    this.#waiterCount -= 1;
    waiter.reject(
      new ServiceError(
        'timeout',
        `this replica has applied the log up to ${this.#index} and did not reach ${waiter.index} in time; reading again is safe`,
      ),
    );
  }
}
