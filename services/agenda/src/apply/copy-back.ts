import type { Database } from 'better-sqlite3';

/** In frames of the write-ahead log. */
export interface CopiedBack {
  /** Another connection was about it. */
  readonly busy: number;
  readonly log: number;
  readonly checkpointed: number;
}

/** From the write-ahead log into the database file, as far as readers allow; waits for nobody. @throws SqliteError */
export function copyBack(db: Database): CopiedBack {
  const [row] = db.pragma('wal_checkpoint(PASSIVE)') as [CopiedBack];
  return row;
}
