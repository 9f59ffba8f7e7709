import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { withSteadyPlans } from '@agenda/service-kit/steady-plans';
import Database from 'better-sqlite3';

/** Negative: KiB. */
const CACHE_KIB = 16_384;
/**
 * The write-ahead log file is cut back to this after a checkpoint: never, under an even load (docs/adr/0022). To cut it and
 * to let it grow again costs more than to write over it.
 */
const WAL_BYTES_KEPT = 160 * 1024 * 1024;
const DISK_FAILURES = ['SQLITE_FULL', 'SQLITE_IOERR', 'SQLITE_READONLY', 'SQLITE_CANTOPEN'] as const;
/** Another process (a backup) may hold the file for a moment. */
const BUSY_TIMEOUT_MS = 2_000;

/**
 * The agenda's own database. A commit is not synced to disk: the replicated log is the durability, and what a power cut
 * takes is applied again from it (design §4).
 */
export function openDatabase(directory: string): Database.Database {
  mkdirSync(directory, { recursive: true });
  const db = withSteadyPlans(new Database(join(directory, 'agenda.db'), { timeout: BUSY_TIMEOUT_MS }));
  try {
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = NORMAL');
    db.pragma(`cache_size = ${-CACHE_KIB}`);
    db.pragma('temp_store = MEMORY');
    db.pragma(`journal_size_limit = ${WAL_BYTES_KEPT}`);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** What is in the file is no database, or not the one that was written. */
export class CorruptDatabaseError extends Error {
  constructor(what: string, cause?: unknown) {
    super(`the database is corrupt: ${what}`, { cause });
    this.name = 'CorruptDatabaseError';
  }
}

export function isCorrupt(error: unknown): boolean {
  if (error instanceof CorruptDatabaseError) return true;
  const code = String((error as { code?: unknown })?.code ?? '');
  return code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB';
}

/** Reads the whole file (0.9 ms per MB). @throws CorruptDatabaseError */
export function assertSound(db: Database.Database): void {
  const [first] = db.pragma('quick_check(1)') as { readonly quick_check: string }[];
  if (first?.quick_check !== 'ok') throw new CorruptDatabaseError(first?.quick_check ?? 'no answer');
}

/** The disk is full, fails, or takes no writes: what was tried may succeed once somebody has seen to it. */
export function isDiskFailure(error: unknown): boolean {
  const code = String((error as { code?: unknown } | undefined)?.code ?? '');
  return DISK_FAILURES.some((failure) => code === failure || code.startsWith(`${failure}_`));
}
