import type { Command, CommandResult } from '@agenda/proto/agenda/v1/command';
import { DeadlineSweeper } from '@agenda/service-kit/deadline';
import { ServiceError } from '@agenda/service-kit/errors';

/** Different commands under way; a further one is refused with `overloaded`. */
export const PENDING_MAX = 10_000;
/** Requests that may wait for one command (retries with the same Idempotency-Key). */
export const WAITERS_PER_PROPOSAL_MAX = 64;
const OVERLOADED_RETRY_AFTER_MS = 1_000;

/**
 * Where a proposal stands:
 *
 * - `proposing`: a Propose call is under way; whether it appends is not known yet.
 * - `appended`: a leader appended it at (index, term); apply will meet it, or it is lost.
 * - `resting`: the last attempt failed; the next one is due at `wakeAtMs`.
 * - `barred`: nobody to propose to, or not every replica could apply it; goes on when that changes, gives up at `wakeAtMs`.
 */
export type ProposalState = 'proposing' | 'appended' | 'resting' | 'barred';

/** One command under way, and everybody who waits for its result. */
export class Proposal {
  /** Lower-case hex of the command id. */
  readonly id: string;
  readonly fingerprint: Uint8Array;
  readonly featureLevel: number;
  /** The encoded command. */
  readonly command: Uint8Array;
  readonly requestId: string;
  readonly waiters = new Set<Waiter>();
  state: ProposalState = 'resting';
  settled = false;
  /** Of the leader that appended it; 0: not appended as far as we know. */
  term = 0;
  failuresInRow = 0;
  /** True once an attempt may have been appended: then `no_leader` and `overloaded` would be lies. */
  mayBeAppended = false;
  /** When it was first found that no leader would take it; 0: one does. */
  barredSinceMs = 0;

  constructor(
    id: string,
    { fingerprint, featureLevel }: Pick<Command, 'fingerprint' | 'featureLevel'>,
    command: Uint8Array,
    requestId: string,
  ) {
    this.id = id;
    this.fingerprint = fingerprint;
    this.featureLevel = featureLevel;
    this.command = command;
    this.requestId = requestId;
  }

  /** No attempt can have had an effect. */
  get surelyNotAppended(): boolean {
    return !this.mayBeAppended && this.state !== 'proposing' && this.state !== 'appended';
  }
}

interface Waiter {
  readonly proposal: Proposal;
  readonly deadlineAtMs: number;
  readonly resolve: (result: CommandResult) => void;
  readonly reject: (error: ServiceError) => void;
}

/** The proposals under way by command id. Two requests with the same id and fingerprint share one. */
export class PendingProposals {
  readonly #byId = new Map<string, Proposal>();
  readonly #deadlines = new DeadlineSweeper<Waiter>((waiter) => this.#expire(waiter));
  readonly #onEmpty: (() => void)[] = [];

  get size(): number {
    return this.#byId.size;
  }

  get(id: string): Proposal | undefined {
    return this.#byId.get(id);
  }

  values(): Iterable<Proposal> {
    return this.#byId.values();
  }

  /** @throws ServiceError `overloaded` */
  add(proposal: Proposal): void {
    if (this.#byId.size >= PENDING_MAX)
      throw new ServiceError('overloaded', `more than ${PENDING_MAX} writes are under way on this replica`, {
        retryAfterMs: OVERLOADED_RETRY_AFTER_MS,
      });
    this.#byId.set(proposal.id, proposal);
  }

  /** @returns the result that apply computed. Rejects at the deadline. */
  wait(proposal: Proposal, deadlineAtMs: number): Promise<CommandResult> {
    if (proposal.waiters.size >= WAITERS_PER_PROPOSAL_MAX)
      throw new ServiceError(
        'overloaded',
        `more than ${WAITERS_PER_PROPOSAL_MAX} requests with one Idempotency-Key`,
        {
          retryAfterMs: OVERLOADED_RETRY_AFTER_MS,
        },
      );
    return new Promise((resolve, reject) => {
      const waiter: Waiter = { proposal, deadlineAtMs, resolve, reject };
      proposal.waiters.add(waiter);
      this.#deadlines.add(waiter);
    });
  }

  resolve(proposal: Proposal, result: CommandResult): void {
    this.#settle(proposal, (waiter) => waiter.resolve(result));
  }

  reject(proposal: Proposal, error: ServiceError): void {
    this.#settle(proposal, (waiter) => waiter.reject(error));
  }

  /** Resolves when nothing is under way. */
  whenEmpty(): Promise<void> {
    if (this.#byId.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onEmpty.push(resolve);
    });
  }

  #settle(proposal: Proposal, tell: (waiter: Waiter) => void): void {
    if (proposal.settled) return;
    this.#remove(proposal);
    for (const waiter of proposal.waiters) {
      this.#deadlines.delete(waiter);
      tell(waiter);
    }
    proposal.waiters.clear();
  }

  #expire(waiter: Waiter): void {
    const { proposal } = waiter;
    proposal.waiters.delete(waiter);
    if (proposal.waiters.size === 0) this.#remove(proposal);
    waiter.reject(proposal.surelyNotAppended ? noLeaderError() : unknownOutcomeError());
  }

  #remove(proposal: Proposal): void {
    proposal.settled = true;
    this.#byId.delete(proposal.id);
    if (this.#byId.size > 0) return;
    for (const resolve of this.#onEmpty.splice(0)) resolve();
  }
}

const NO_LEADER_RETRY_AFTER_MS = 1_000;

export function noLeaderError(): ServiceError {
  return new ServiceError(
    'no_leader',
    'no leader takes writes at the moment (it is being elected, or a majority of the cluster cannot be reached); nothing was changed',
    { retryAfterMs: NO_LEADER_RETRY_AFTER_MS },
  );
}

export function unknownOutcomeError(): ServiceError {
  return new ServiceError(
    'timeout',
    'the write was not confirmed in time, so whether it takes effect is unknown; a retry with the same Idempotency-Key is safe',
  );
}
