/**
 * The full-text index (SQLite FTS5), in a file of its own: it is no part of the replicated state, of snapshots or of
 * apply, and is made again from the agenda whenever it is missing, damaged, or the agenda was replaced.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { withSteadyPlans } from '@agenda/service-kit/steady-plans';
import Database from 'better-sqlite3';

const SCHEMA_VERSION = 2;

/**
 * What a person may find is what the person owns or takes part in, so each person has documents of their own, and those
 * who never search have none. Each word carries its person's number: the words of one person stand together in the index,
so that a search reads nothing of the others, however many there are.
 */
const SCHEMA = `
CREATE TABLE people (
  number        INTEGER PRIMARY KEY,
  id            TEXT NOT NULL UNIQUE,
  indexed_index INTEGER NOT NULL
) STRICT;

CREATE TABLE documents (
  number         INTEGER PRIMARY KEY,
  person_id      TEXT NOT NULL,
  appointment_id TEXT NOT NULL,
  start_ms       INTEGER NOT NULL,
  deleted        INTEGER NOT NULL,
  UNIQUE (person_id, appointment_id)
) STRICT;
CREATE INDEX documents_by_start ON documents (person_id, deleted, start_ms, appointment_id);

CREATE VIRTUAL TABLE words USING fts5 (
  title, description, location,
  content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2'
);
`;

export function openSearchDatabase(directory: string): Database.Database {
  const path = join(directory, 'search.db');
  try {
    return open(path);
  } catch {
    // Whatever is in there, it can be made again.
    removeSearchDatabase(directory);
    return open(path);
  }
}

/** It must not be open. */
export function removeSearchDatabase(directory: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(join(directory, `search.db${suffix}`), { force: true });
}

function open(path: string): Database.Database {
  const db = withSteadyPlans(new Database(path));
  try {
    db.pragma('journal_mode = WAL');
    // A power cut may damage it: then it is made again.
    db.pragma('synchronous = OFF');
    db.pragma('cache_size = -4096');
    const version = db.pragma('user_version', { simple: true });
    if (version === SCHEMA_VERSION) return db;
    if (version !== 0) throw new Error(`the search index has schema ${version}`);
    db.transaction(() => {
      db.exec(SCHEMA);
      db.pragma(`user_version = ${SCHEMA_VERSION}`);
    })();
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}
