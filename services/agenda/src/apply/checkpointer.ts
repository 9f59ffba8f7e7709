import { closeSync, openSync } from 'node:fs';
import type { Database } from 'better-sqlite3';
import { CheckpointThread } from './checkpoint-thread.ts';
import { copyBack } from './copy-back.ts';

export interface CheckpointLimits {
  /** Applied entries after which the write-ahead log is copied into the database file, so that it stays small. */
  readonly entriesMax: number;
  /** So few are copied at once: that takes less than a thread takes to start. */
  readonly littleEntries: number;
  /** At the latest this long after something was applied. */
  readonly intervalMs: number;
  /** For a thread that copies, where nothing can go on without it. */
  readonly waitMs: number;
}

const LIMITS: CheckpointLimits = {
  entriesMax: 8_000,
  littleEntries: 500,
  intervalMs: 10_000,
  waitMs: 10_000,
};

export interface CheckpointerOptions {
  readonly db: Database;
  readonly appliedIndex: number;
  /** The durable index grew without an apply that would report it. */
  readonly onDurable: () => void;
  readonly onFailure: (error: unknown) => void;
  /** A thread did not do its work, which is done here then. */
  readonly onThreadFailure: (reason: string) => void;
  readonly limits?: Partial<CheckpointLimits>;
  /** See `CheckpointThreadOptions`. */
  readonly script?: URL;
}

/**
 * Keeps the write-ahead log bounded and knows which log index has surely reached the disk.
 *
 * With `synchronous=NORMAL` a commit is not synced; a completed checkpoint is (SQLite, "Write-Ahead Logging", §3.2). An
 * index is therefore durable once a checkpoint that started after it was applied has copied every frame.
 *
 * Much is copied by a thread while more is applied, and what came meanwhile by this one. Only the latter counts: SQLite
 * begins the log anew once all of it is copied and synced, and whatever the thread failed to do is found there.
 */
export class Checkpointer {
  #db: Database;
  readonly #options: CheckpointerOptions;
  readonly #limits: CheckpointLimits;
  #appliedIndex: number;
  #durableIndex = 0;
  /** Since the last copying began. */
  #entries = 0;
  #timer: NodeJS.Timeout | undefined;
  #thread: CheckpointThread | undefined;
  /**
   * For the thread to sync. POSIX drops all locks that a process has on a file, those of SQLite too, as soon as the
   * process closes any descriptor of it: this one is closed after the database.
   */
  #file = -1;

  constructor(options: CheckpointerOptions) {
    this.#db = options.db;
    this.#appliedIndex = options.appliedIndex;
    this.#options = options;
    this.#limits = { ...LIMITS, ...options.limits };
    this.#begin();
  }

  get durableIndex(): number {
    return this.#durableIndex;
  }

  /** At `entriesMax` beside a thread that still copies, it waits for that thread. @throws SqliteError if the disk refuses. */
  applied(index: number, entryCount: number): void {
    this.#appliedIndex = index;
    this.#entries += entryCount;
    if (this.#entries < this.#limits.entriesMax) this.#arm();
    else if (this.#thread) this.checkpoint();
    else this.#relieve();
  }

  /** Here and now, after a thread that is about it. @throws SqliteError if the disk refuses. */
  checkpoint(): void {
    this.#disarm();
    if (this.#waitForThread()) {
      this.#entries = 0;
      const { busy, log, checkpointed } = copyBack(this.#db);
      if (busy === 0 && log === checkpointed) {
        this.#durableIndex = this.#appliedIndex;
        return;
      }
    }
    this.#arm();
  }

  /** The database is about to be closed; `release` follows. */
  close(): void {
    this.checkpoint();
    this.#disarm();
    // One that hangs has nobody to tell any more.
    this.#thread = undefined;
  }

  /** The database is closed. */
  release(): void {
    closeSync(this.#file);
  }

  /** The database is about to be closed, and another one opened. @throws Error if a thread does not let go of it. */
  pause(): void {
    this.#disarm();
    if (this.#waitForThread()) return;
    this.#arm();
    throw new Error(
      `a thread has been copying the write-ahead log back for ${this.#limits.waitMs} ms; try again`,
    );
  }

  reopen(db: Database, appliedIndex: number): void {
    this.release();
    this.#db = db;
    this.#appliedIndex = appliedIndex;
    this.#durableIndex = 0;
    this.#begin();
  }

  #begin(): void {
    this.#db.pragma('wal_autocheckpoint = 0');
    this.#file = openSync(this.#db.name, 'r');
    this.checkpoint();
  }

  #relieve(): void {
    if (this.#entries <= this.#limits.littleEntries) this.checkpoint();
    else this.#startThread();
  }

  #startThread(): void {
    this.#disarm();
    this.#entries = 0;
    const thread = new CheckpointThread({
      path: this.#db.name,
      file: this.#file,
      onEnded: (failure) => this.#onEnded(thread, failure),
      ...(this.#options.script ? { script: this.#options.script } : {}),
    });
    this.#thread = thread;
  }

  #onEnded(thread: CheckpointThread, failure: string): void {
    if (failure !== '') this.#options.onThreadFailure(failure);
    if (this.#thread === thread) this.#reporting(() => this.checkpoint());
  }

  /** @returns false if it still copies. */
  #waitForThread(): boolean {
    if (this.#thread && !this.#thread.wait(this.#limits.waitMs)) return false;
    this.#thread = undefined;
    return true;
  }

  #onInterval(): void {
    this.#timer = undefined;
    if (!this.#thread) this.#reporting(() => this.#relieve());
  }

  #reporting(copy: () => void): void {
    try {
      copy();
    } catch (error) {
      this.#options.onFailure(error);
      return;
    }
    this.#options.onDurable();
  }

  #arm(): void {
    this.#timer ??= setTimeout(() => this.#onInterval(), this.#limits.intervalMs);
  }

  #disarm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
