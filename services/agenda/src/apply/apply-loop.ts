import type { Entry } from '@agenda/proto/raft/v1/entry';
import type { Applied } from '@agenda/proto/raft/v1/state_machine';
import { ServiceError } from '@agenda/service-kit/errors';
import type { Logger } from '@agenda/service-kit/logger';
import type { AppliedEntry, LogEntry, StateMachine } from '../state-machine/machine.ts';
import type { AppliedPosition } from './applied-position.ts';
import type { Checkpointer } from './checkpointer.ts';
import { isCorrupt } from './database.ts';

/** Of one transaction; it bounds how long the event loop stands still. */
const BATCH_ENTRIES_MAX = 512;
const BATCH_BYTES_MAX = 4 * 1024 * 1024;
/** Above it the attachment stops reading until the queue is empty, so that the sidecar's window fills up. */
const QUEUE_BYTES_MAX = 16 * 1024 * 1024;
/** Acknowledgements of commands are so far apart: each is a message, and the sidecar's window is far larger than this. */
const ACKNOWLEDGE_INTERVAL_MS = 20;
/** What an entry costs beside its command. */
const ENTRY_OVERHEAD_BYTES = 64;

/** What apply made of the entries of one transaction; both lists have the same length and order, and are not empty. */
export type AppliedListener = (applied: readonly AppliedEntry[], entries: readonly LogEntry[]) => void;

type HaltListener = (reason: string, error: unknown) => void;

export interface ApplyLoopOptions {
  readonly machine: Pick<StateMachine, 'applyBatch' | 'lastApplied'>;
  readonly position: AppliedPosition;
  readonly checkpointer: Pick<Checkpointer, 'applied' | 'durableIndex'>;
  /** The database turned out to be corrupt: nothing of the batch was applied. */
  readonly onCorrupt: (error: Error) => void;
  readonly logger: Logger;
}

/**
 * Applies what the sidecar delivers: what arrived during one turn of the event loop is one transaction. It never
 * skips: an entry that cannot be applied stops it for good (design §5).
 */
export class ApplyLoop {
  readonly #options: ApplyLoopOptions;
  readonly #listeners: AppliedListener[] = [];
  readonly #haltListeners: HaltListener[] = [];
  #queue: Entry[] = [];
  #queueBytes = 0;
  #nextIndex: number;
  #scheduled = false;
  #acknowledge: ((applied: Applied) => void) | undefined;
  #acknowledgedAtMs = Number.NEGATIVE_INFINITY;
  #acknowledgeTimer: NodeJS.Timeout | undefined;
  #onEmpty: (() => void) | undefined;
  #haltReason: string | undefined;

  constructor(options: ApplyLoopOptions) {
    this.#options = options;
    this.#nextIndex = options.machine.lastApplied().index + 1;
  }

  /** Why applying has stopped for good. */
  get haltReason(): string | undefined {
    return this.#haltReason;
  }

  /** Called after each transaction, in the order of registration. */
  onApplied(listener: AppliedListener): void {
    this.#listeners.push(listener);
  }

  onHalted(listener: HaltListener): void {
    this.#haltListeners.push(listener);
  }

  /** A sidecar is attached: what it sends continues at last applied + 1. */
  attach(acknowledge: (applied: Applied) => void): void {
    this.#acknowledge = acknowledge;
  }

  /** Forgets what was not applied yet: the sidecar sends it again. */
  detach(): void {
    this.#acknowledge = undefined;
    this.rebase();
  }

  /** Another state stands here now: what comes next continues at the position. */
  rebase(): void {
    clearTimeout(this.#acknowledgeTimer);
    this.#acknowledgeTimer = undefined;
    this.#nextIndex = this.#options.position.index + 1;
    this.#emptied([], 0);
  }

  /** Resolves at once unless too much is queued. */
  push(entries: readonly Entry[]): Promise<void> {
    if (this.#haltReason !== undefined) return Promise.resolve();
    for (const entry of entries) {
      if (entry.index !== this.#nextIndex) {
        this.halt(new Error(`the sidecar sent entry ${entry.index} where ${this.#nextIndex} was due`));
        return Promise.resolve();
      }
      this.#nextIndex += 1;
      this.#queueBytes += entryBytes(entry);
      this.#queue.push(entry);
    }
    this.#schedule();
    if (this.#queueBytes <= QUEUE_BYTES_MAX) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onEmpty = resolve;
    });
  }

  /** Tells the sidecar how far we are; soon after each batch, and when the durable index grew without one. */
  acknowledge(): void {
    clearTimeout(this.#acknowledgeTimer);
    this.#acknowledgeTimer = undefined;
    this.#acknowledgedAtMs = performance.now();
    const { machine, checkpointer } = this.#options;
    const { index, digest } = machine.lastApplied();
    this.#acknowledge?.({ index, durableIndex: checkpointer.durableIndex, digest });
  }

  halt(error: unknown): void {
    if (this.#haltReason !== undefined) return;
    const reason = error instanceof Error ? error.message : String(error);
    this.#haltReason = reason;
    this.#emptied([], 0);
    this.#options.logger.fatal(
      { err: error, applied: this.#options.position.index },
      `applying has stopped: ${reason}`,
    );
    this.#options.position.fail(
      new ServiceError('unavailable', `this replica has stopped applying the log: ${reason}`, {
        nothingDone: true,
      }),
    );
    for (const listener of this.#haltListeners) listener(reason, error);
  }

  #schedule(): void {
    if (this.#scheduled || this.#queue.length === 0) return;
    this.#scheduled = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#scheduled = false;
    const batch = this.#take();
    const last = batch.at(-1);
    if (!last) return;
    const { machine, position, checkpointer } = this.#options;
    let applied: readonly AppliedEntry[];
    try {
      applied = machine.applyBatch(batch);
      checkpointer.applied(last.index, batch.length);
    } catch (error) {
      if (isCorrupt(error)) this.#options.onCorrupt(error as Error);
      else this.halt(error);
      return;
    }
    position.advance(last.index, last.term);
    for (const listener of this.#listeners) listener(applied, batch);
    // What is no command may be a checkpoint, and is told with the digest that stands right there.
    if (last.command === undefined) this.acknowledge();
    else this.#acknowledgeSoon();
    this.#schedule();
  }

  #acknowledgeSoon(): void {
    const dueInMs = this.#acknowledgedAtMs + ACKNOWLEDGE_INTERVAL_MS - performance.now();
    if (dueInMs <= 0) this.acknowledge();
    else this.#acknowledgeTimer ??= setTimeout(() => this.acknowledge(), dueInMs);
  }

  #take(): LogEntry[] {
    const batch: LogEntry[] = [];
    let bytes = 0;
    for (const entry of this.#queue) {
      const size = entryBytes(entry);
      if (batch.length > 0 && (batch.length >= BATCH_ENTRIES_MAX || bytes + size > BATCH_BYTES_MAX)) break;
      batch.push(logEntry(entry));
      bytes += size;
      // Replicas compare their digests there, and a digest is told at the end of a batch.
      if (entry.payload?.$case === 'checkpoint') break;
    }
    this.#emptied(this.#queue.slice(batch.length), this.#queueBytes - bytes);
    return batch;
  }

  #emptied(rest: Entry[], bytes: number): void {
    this.#queue = rest;
    this.#queueBytes = bytes;
    if (rest.length > 0) return;
    this.#onEmpty?.();
    this.#onEmpty = undefined;
  }
}

function logEntry({ index, term, timestampMs, payload }: Entry): LogEntry {
  return { index, term, timestampMs, command: payload?.$case === 'command' ? payload.value : undefined };
}

function entryBytes({ payload }: Entry): number {
  return ENTRY_OVERHEAD_BYTES + (payload?.$case === 'command' ? payload.value.length : 0);
}
