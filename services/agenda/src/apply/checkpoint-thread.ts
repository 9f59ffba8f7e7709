/** Copies a write-ahead log back in a thread of its own, while this one goes on writing to it. */
import { Worker } from 'node:worker_threads';

export interface CheckpointTask {
  readonly path: string;
  /** A descriptor of the database file, which must not be closed before the last connection to it (see `Checkpointer`). */
  readonly file: number;
  /** Becomes 1 once the thread has let go of the database. */
  readonly ended: Int32Array<SharedArrayBuffer>;
}

export interface CheckpointVerdict {
  /** Empty: none. */
  readonly failure: string;
}

const WORKER = new URL('./checkpoint-worker.ts', import.meta.url);

export interface CheckpointThreadOptions {
  readonly path: string;
  readonly file: number;
  /** Once. @param failure empty: none. */
  readonly onEnded: (failure: string) => void;
  /** Another one than ours, for tests of those that die or hang. */
  readonly script?: URL;
}

/** One run of it. */
export class CheckpointThread {
  readonly #ended = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  readonly #onEnded: (failure: string) => void;
  #told = false;

  constructor({ path, file, onEnded, script = WORKER }: CheckpointThreadOptions) {
    this.#onEnded = onEnded;
    const task: CheckpointTask = { path, file, ended: this.#ended };
    try {
      const worker = new Worker(script, { workerData: task });
      worker.once('message', ({ failure }: CheckpointVerdict) => this.#end(failure));
      worker.once('error', (error: Error) => this.#end(error.message));
      worker.once('exit', (code) => this.#end(`it ended with code ${code} and said nothing`));
    } catch (error) {
      // The operating system gives no more threads.
      setImmediate(() => this.#end((error as Error).message));
    }
  }

  /** Holds this thread up. @returns false if it has not let go of the database by then. */
  wait(ms: number): boolean {
    return Atomics.wait(this.#ended, 0, 0, ms) !== 'timed-out';
  }

  #end(failure: string): void {
    // Also of one that died.
    Atomics.store(this.#ended, 0, 1);
    if (this.#told) return;
    this.#told = true;
    this.#onEnded(failure);
  }
}
