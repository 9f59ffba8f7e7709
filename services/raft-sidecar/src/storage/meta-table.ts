/** `raft_meta`: single values by name. */
import type { Statement } from 'better-sqlite3';
import type { RaftDatabase } from './database.ts';

export type MetaKey =
  | 'currentTerm'
  | 'votedFor'
  | 'commitIndex'
  | 'lastApplied'
  | 'logStartIndex'
  | 'logStartTerm'
  | 'snapshot'
  | 'clusterId'
  | 'bootstrapped'
  | 'memberId'
  | 'incarnation'
  | 'sameDiskSince'
  | 'diskMark'
  | 'fenced'
  | 'recovery';

export class MetaTable {
  readonly #select: Statement<[string], { value: string | number }>;
  readonly #upsert: Statement<[string, string | number]>;

  constructor(database: RaftDatabase) {
    this.#select = database.prepare('SELECT value FROM raft_meta WHERE key = ?');
    this.#upsert = database.prepare('INSERT OR REPLACE INTO raft_meta (key, value) VALUES (?, ?)');
  }

  text(key: MetaKey): string {
    const value = this.#select.get(key)?.value;
    return value === undefined ? '' : String(value);
  }

  /** 0 when it was never written. */
  number(key: MetaKey): number {
    const value = this.#select.get(key)?.value ?? 0;
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
      throw new Error(`raft_meta is corrupt: ${key} is ${JSON.stringify(value)}, not a count`);
    return value;
  }

  set(key: MetaKey, value: string | number): void {
    this.#upsert.run(key, value);
  }
}
