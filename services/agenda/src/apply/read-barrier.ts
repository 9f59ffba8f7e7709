import type { SidecarService } from '@agenda/proto/raft/v1/sidecar';
import { DeadlineSweeper } from '@agenda/service-kit/deadline';
import { type ErrorCode, ServiceError, toServiceError } from '@agenda/service-kit/errors';
import type { UnaryClient } from '@agenda/service-kit/grpc-client';
import type { AppliedPosition } from './applied-position.ts';
import type { LeadershipWatch } from './leadership-watch.ts';

/** How long a read waits until a leader has confirmed it, before it is refused with `no_leader`. */
export const CONFIRM_WAIT_MS = 1_500;
/** Reads that wait for confirmation; a further one is refused with `overloaded`. */
export const READERS_MAX = 20_000;
/** Of one ReadIndex call; then the next one is made. */
const READ_INDEX_ATTEMPT_MS = 500;
/** Rest after a ReadIndex that failed. */
const RETRY_REST_MS = 25;
const RETRY_AFTER_MS = 1_000;

/** A retry of ReadIndex can help. */
const TRANSIENT: ReadonlySet<ErrorCode> = new Set(['no_leader', 'timeout', 'unavailable', 'overloaded']);

interface Reader {
  /** When it gives up waiting for the confirmation. */
  readonly deadlineAtMs: number;
  readonly callerDeadlineAtMs: number;
  readonly resolve: (ready: Promise<void>) => void;
  readonly reject: (error: ServiceError) => void;
  settled: boolean;
}

export interface ReadBarrierOptions {
  readonly sidecar: Pick<UnaryClient<SidecarService>, 'readIndex'>;
  readonly leadership: LeadershipWatch;
  readonly position: AppliedPosition;
}

/**
 * Makes reads of this replica linearizable (thesis §6.4): a read waits until a leader has confirmed a commit index that
 * was current after the read began, and until this replica has applied it.
 *
 * All reads that arrive while one ReadIndex is under way share the next one.
 */
export class ReadBarrier {
  readonly #options: ReadBarrierOptions;
  readonly #deadlines = new DeadlineSweeper<Reader>((reader) => this.#expire(reader));
  #next: Reader[] = [];
  #waitingCount = 0;
  #asking = false;
  #rest: NodeJS.Timeout | undefined;

  constructor(options: ReadBarrierOptions) {
    this.#options = options;
    options.leadership.onChange(() => this.#ask());
  }

  /** @throws ServiceError `no_leader`, `timeout`, `overloaded`, `unavailable`. */
  pass(deadlineAtMs: number): Promise<void> {
    const { failure } = this.#options.position;
    if (failure) return Promise.reject(failure);
    if (this.#waitingCount >= READERS_MAX)
      return Promise.reject(
        new ServiceError('overloaded', `more than ${READERS_MAX} reads wait on this replica`, {
          retryAfterMs: RETRY_AFTER_MS,
        }),
      );
    return new Promise((resolve, reject) => {
      const giveUpAtMs = Math.min(deadlineAtMs, performance.now() + CONFIRM_WAIT_MS);
      const reader: Reader = {
        deadlineAtMs: giveUpAtMs,
        callerDeadlineAtMs: deadlineAtMs,
        resolve,
        reject,
        settled: false,
      };
      this.#waitingCount += 1;
      this.#deadlines.add(reader);
      this.#next.push(reader);
      this.#ask();
    });
  }

  close(): void {
    clearTimeout(this.#rest);
    this.#deadlines.close();
  }

  #ask(): void {
    const { leadership, sidecar } = this.#options;
    if (this.#asking || this.#rest || this.#next.length === 0 || !leadership.leaderKnown) return;
    this.#asking = true;
    const readers = this.#next;
    this.#next = [];
    sidecar.readIndex({}, { deadlineMs: READ_INDEX_ATTEMPT_MS }).then(
      ({ index }) => this.#confirmed(readers, index),
      (error) => this.#failed(readers, toServiceError(error)),
    );
  }

  #confirmed(readers: readonly Reader[], index: number): void {
    this.#asking = false;
    this.#ask();
    const { position } = this.#options;
    for (const reader of readers)
      if (this.#settle(reader)) reader.resolve(position.waitFor(index, reader.callerDeadlineAtMs));
  }

  #failed(readers: readonly Reader[], error: ServiceError): void {
    this.#asking = false;
    if (TRANSIENT.has(error.code)) {
      const still = readers.filter((reader) => !reader.settled);
      this.#next = still.concat(this.#next);
      this.#rest = setTimeout(() => {
        this.#rest = undefined;
        this.#ask();
      }, RETRY_REST_MS);
      return;
    }
    for (const reader of readers) if (this.#settle(reader)) reader.reject(error);
    this.#ask();
  }

  #expire(reader: Reader): void {
    if (!this.#settle(reader)) return;
    if (this.#next.length > 2 * this.#waitingCount) this.#next = this.#next.filter((other) => !other.settled);
    reader.reject(
      new ServiceError(
        'no_leader',
        'no leader confirmed the read in time; try again, or read with consistency=stale',
        { retryAfterMs: RETRY_AFTER_MS },
      ),
    );
  }

  /** @returns false if it was settled before. */
  #settle(reader: Reader): boolean {
    if (reader.settled) return false;
    reader.settled = true;
    this.#waitingCount -= 1;
    this.#deadlines.delete(reader);
    return true;
  }
}
