/**
 * The files of the agenda's database, and how one database takes the place of another. SQLite would replay a stale
 * write-ahead log into whatever file stands beside it, so no step may leave a database next to the log of another one.
 *
 * A crash between any two steps ends, with the next `open`, in the old database or the new one, whole.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

const WAL_SUFFIXES = ['-wal', '-shm'];

export class DatabaseFiles {
  readonly directory: string;
  /** Called between the steps, for tests that crash there. */
  readonly #onStep: (step: string) => void;

  /** @param directory made if it is not there. */
  constructor(directory: string, onStep: (step: string) => void = () => {}) {
    this.directory = directory;
    this.#onStep = onStep;
    mkdirSync(directory, { recursive: true });
  }

  get database(): string {
    return join(this.directory, 'agenda.db');
  }

  /** What was put aside last, for an operator who wants to look. Nothing reads it. */
  get aside(): string {
    return join(this.directory, 'agenda.db.aside');
  }

  /** Complete, checked and synced: it will be the database, whatever happens. */
  get #incoming(): string {
    return join(this.directory, 'agenda.db.incoming');
  }

  get #trailMark(): string {
    return join(this.directory, 'trail-unsure');
  }

  /** Finishes what a crash interrupted. The database must not be open. */
  recover(): void {
    if (existsSync(this.#incoming)) this.replace();
    // Only its name was taken away: what is left of it belongs to nothing.
    if (!existsSync(this.database)) this.#removeWriteAheadLog();
  }

  /** From here on there is no way back. @param path complete, checked and synced, on the same file system. */
  accept(path: string): void {
    renameSync(path, this.#incoming);
    syncDirectory(this.directory);
    this.#onStep('accepted');
  }

  /** What was accepted becomes the database, which must not be open. */
  replace(): void {
    this.#removeWriteAheadLog();
    this.#onStep('log removed');
    renameSync(this.#incoming, this.database);
    this.#onStep('renamed');
    syncDirectory(this.directory);
    this.#onStep('synced');
  }

  /** There is no database from here on. It must not be open. */
  setAside(): void {
    if (!existsSync(this.database)) return;
    for (const suffix of ['', ...WAL_SUFFIXES]) rmSync(this.aside + suffix, { force: true });
    renameSync(this.database, this.aside);
    this.#onStep('database aside');
    for (const suffix of WAL_SUFFIXES)
      if (existsSync(this.database + suffix)) renameSync(this.database + suffix, this.aside + suffix);
    syncDirectory(this.directory);
    this.#onStep('aside');
  }

  /** Audit records that were handed out may be wrong; survives restarts. */
  get trailUnsure(): boolean {
    return existsSync(this.#trailMark);
  }

  markTrailUnsure(): void {
    writeFileSync(this.#trailMark, '');
    syncDirectory(this.directory);
  }

  clearTrailMark(): void {
    rmSync(this.#trailMark, { force: true });
  }

  #removeWriteAheadLog(): void {
    for (const suffix of WAL_SUFFIXES) rmSync(this.database + suffix, { force: true });
    syncDirectory(this.directory);
  }
}

/** Names that were given or taken in it survive a power cut. */
export function syncDirectory(directory: string): void {
  syncPath(directory);
}

export function syncPath(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
