/**
 * One process on a data directory: two tasks of one slot can meet on one volume. The lock is the kernel's, on a file of
 * its own, so a killed process leaves none behind, and what is locked may be opened by several connections.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';

export interface DataLock {
  release(): void;
}

/** @param directory made if it is not there. @throws Error in one clear line if another process holds it. */
export function lockDirectory(directory: string): DataLock {
  mkdirSync(directory, { recursive: true });
  const file = new Database(join(directory, 'lock'), { timeout: 0 });
  try {
    // Nothing is ever written: an exclusive transaction that stays open is the lock.
    file.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    file.close();
    throw (error as { code?: string }).code === 'SQLITE_BUSY' ? directoryInUse(directory, error) : error;
  }
  return { release: () => file.close() };
}

export function directoryInUse(directory: string, cause: unknown): Error {
  return new Error(
    `the data directory ${directory} is in use by another process: stop that one, or give this one a DATA_DIR of its own`,
    { cause },
  );
}
