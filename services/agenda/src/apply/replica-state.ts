/**
 * The replicated state on this pod: the database and all that holds a handle on it. One database takes the place of
 * another within one turn of the event loop, so nobody ever meets a closed one.
 */
import type { Logger } from '@agenda/service-kit/logger';
import type { Database } from 'better-sqlite3';
import { Queries } from '../queries/queries.ts';
import { type Applied, type AppliedEntry, type LogEntry, StateMachine } from '../state-machine/machine.ts';
import { Checkpointer, type CheckpointLimits } from './checkpointer.ts';
import { assertSound, isCorrupt, openDatabase } from './database.ts';
import type { DatabaseFiles } from './database-files.ts';

export interface ReplicaStateOptions {
  readonly files: DatabaseFiles;
  readonly logger: Logger;
  /** The durable index grew without an apply that would report it. */
  readonly onDurable: () => void;
  readonly onFailure: (error: unknown) => void;
  readonly checkpointLimits?: Partial<CheckpointLimits>;
}

interface Opened {
  readonly db: Database;
  readonly machine: StateMachine;
}

export class ReplicaState {
  readonly queries: Queries;
  readonly checkpointer: Checkpointer;
  readonly #files: DatabaseFiles;
  readonly #logger: Logger;
  #db: Database;
  #machine: StateMachine;
  #foundCorrupt = '';

  /** A database that is corrupt is put aside: the sidecar has the log, or a snapshot. */
  constructor({ files, logger, onDurable, onFailure, checkpointLimits }: ReplicaStateOptions) {
    this.#files = files;
    this.#logger = logger;
    files.recover();
    const { db, machine } = this.#openSound();
    this.#db = db;
    this.#machine = machine;
    this.queries = new Queries(db);
    this.checkpointer = new Checkpointer({
      db,
      appliedIndex: machine.lastApplied().index,
      onDurable,
      onFailure,
      onThreadFailure: (reason) =>
        logger.warn({ reason }, 'the write-ahead log could not be copied back in a thread of its own'),
      ...(checkpointLimits ? { limits: checkpointLimits } : {}),
    });
  }

  /** Why the database that this process found was put aside; empty: it was sound. */
  get foundCorrupt(): string {
    return this.#foundCorrupt;
  }

  lastApplied(): Applied {
    return this.#machine.lastApplied();
  }

  applyBatch(entries: readonly LogEntry[]): readonly AppliedEntry[] {
    return this.#machine.applyBatch(entries);
  }

  prune(auditedIndex: number, limit: number): number {
    return this.#machine.prune(auditedIndex, limit);
  }

  /** @param path checked and synced. */
  install(path: string): void {
    this.#files.accept(path);
    this.#exchange(() => this.#files.replace());
  }

  /** From now on there is nothing. */
  discard(): void {
    this.#exchange(() => this.#files.setAside());
  }

  close(): void {
    this.checkpointer.close();
    this.#db.close();
    this.checkpointer.release();
  }

  #exchange(files: () => void): void {
    this.checkpointer.pause();
    this.#db.close();
    files();
    const { db, machine } = this.#open();
    this.#db = db;
    this.#machine = machine;
    this.queries.reopen(db);
    this.checkpointer.reopen(db, machine.lastApplied().index);
  }

  #openSound(): Opened {
    try {
      return this.#open(assertSound);
    } catch (error) {
      if (!isCorrupt(error)) throw error;
      this.#logger.error({ err: error, aside: this.#files.aside }, 'a corrupt database is put aside');
      this.#foundCorrupt = (error as Error).message;
      this.#files.setAside();
      return this.#open();
    }
  }

  #open(check: (db: Database) => void = () => {}): Opened {
    const db = openDatabase(this.#files.directory);
    try {
      check(db);
      return { db, machine: new StateMachine(db) };
    } catch (error) {
      db.close();
      throw error;
    }
  }
}
