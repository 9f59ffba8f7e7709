import type { Database } from 'better-sqlite3';

/** Applied entries after which the write-ahead log is copied into the database file, so that it stays small. */
const CHECKPOINT_ENTRIES_MAX = 8_000;
/** At the latest this long after something was applied. */
const CHECKPOINT_INTERVAL_MS = 10_000;

interface CheckpointRow {
  readonly busy: number;
  readonly log: number;
  readonly checkpointed: number;
}

export interface CheckpointLimits {
  readonly entriesMax: number;
  readonly intervalMs: number;
}

/**
 * Keeps the write-ahead log bounded and knows which log index has surely reached the disk.
 *
 * With `synchronous=NORMAL` a commit is not synced; a completed checkpoint is (SQLite, "Write-Ahead Logging", §3.2). An
 * index is therefore durable once a checkpoint that started after it was applied has copied every frame.
 */
export class Checkpointer {
  #db: Database;
  readonly #limits: CheckpointLimits;
  readonly #onDurable: () => void;
  readonly #onFailure: (error: unknown) => void;
  #appliedIndex: number;
  #durableIndex = 0;
  #entries = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: {
    readonly db: Database;
    readonly appliedIndex: number;
    /** The durable index grew without an apply that would report it. */
    readonly onDurable: () => void;
    readonly onFailure: (error: unknown) => void;
    readonly limits?: CheckpointLimits;
  }) {
    this.#db = options.db;
    this.#appliedIndex = options.appliedIndex;
    this.#onDurable = options.onDurable;
    this.#onFailure = options.onFailure;
    this.#limits = options.limits ?? {
      entriesMax: CHECKPOINT_ENTRIES_MAX,
      intervalMs: CHECKPOINT_INTERVAL_MS,
    };
    this.#begin();
  }

  get durableIndex(): number {
    return this.#durableIndex;
  }

  /** @throws SqliteError if the disk refuses. */
  applied(index: number, entryCount: number): void {
    this.#appliedIndex = index;
    this.#entries += entryCount;
    if (this.#entries >= this.#limits.entriesMax) this.checkpoint();
    else this.#arm();
  }

  /** @throws SqliteError if the disk refuses. */
  checkpoint(): void {
    this.#disarm();
    this.#entries = 0;
    const [row] = this.#db.pragma('wal_checkpoint(PASSIVE)') as CheckpointRow[];
    const complete = row !== undefined && row.busy === 0 && row.log === row.checkpointed;
    if (complete) this.#durableIndex = this.#appliedIndex;
    else this.#arm();
  }

  close(): void {
    this.checkpoint();
    this.#disarm();
  }

  /** The database is about to be closed, and another one opened. */
  pause(): void {
    this.#disarm();
  }

  reopen(db: Database, appliedIndex: number): void {
    this.#db = db;
    this.#appliedIndex = appliedIndex;
    this.#durableIndex = 0;
    this.#begin();
  }

  #begin(): void {
    this.#db.pragma('wal_autocheckpoint = 0');
    this.checkpoint();
  }

  #onInterval(): void {
    this.#timer = undefined;
    try {
      this.checkpoint();
    } catch (error) {
      this.#onFailure(error);
      return;
    }
    this.#onDurable();
  }

  #arm(): void {
    this.#timer ??= setTimeout(() => this.#onInterval(), this.#limits.intervalMs);
  }

  #disarm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
