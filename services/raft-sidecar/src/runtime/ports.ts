/** What the runtime asks of the world. The process gives it the real one; the simulation gives it its own. */
import type { MemberId, Message, SnapshotMetadata } from '../core/types.ts';

export interface Clock {
  /** Milliseconds since 1970; may jump. Only for what is shown and for entries' timestamps. */
  wallMs(): number;
  /** Milliseconds from some start; never goes back. For everything that is measured. */
  monotonicMs(): number;
}

export interface Scheduler {
  /** Runs it in a later turn of the event loop, after I/O that is due. */
  defer(run: () => void): void;
  /** Late calls are not made up for. @returns how to end it. */
  every(intervalMs: number, run: () => void): () => void;
}

export interface MessageSender {
  /** Best effort: what cannot be sent is dropped, and Raft copes. */
  send(messages: readonly Message[]): void;
}

/**
 * Brings snapshots of other members onto this node's disk. The driver asks when the core does, again and again while
 * the leader offers one; the answer is `Driver.snapshotFetched` or `Driver.snapshotFailed`.
 */
export interface SnapshotFetcher {
  /** Does nothing if that one is under way; gives up another one that is. Never throws. */
  fetch(from: MemberId, metadata: SnapshotMetadata): void;
}

export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};

export const systemScheduler: Scheduler = {
  defer: (run) => {
    setImmediate(run);
  },
  every: (intervalMs, run) => {
    const timer = setInterval(run, intervalMs);
    return () => clearInterval(timer);
  },
};
