/** The agenda's tables. The same on every replica; `user_version` says which schema a file has. */
import type { Database } from 'better-sqlite3';

const SCHEMA_VERSION = 1;

/**
 * One row of `agenda_entries` is one appearance of an appointment in one person's agenda, clustered by person and time.
 * `start < to AND end > from` alone would scan a person's whole history, so entries are kept apart by how long they are
 * (`span_class`): within a class no entry can reach further back than the class is long.
 *
 * One row of `raft_applied` is deduplication record, event source and audit outbox of one command (docs/adr/0004).
 */
const SCHEMA = `
CREATE TABLE machine_state (
  id            INTEGER PRIMARY KEY CHECK (id = 1),
  applied_index INTEGER NOT NULL,
  applied_term  INTEGER NOT NULL,
  applied_at_ms INTEGER NOT NULL,
  digest        BLOB NOT NULL
) STRICT;
INSERT INTO machine_state VALUES (1, 0, 0, 0, zeroblob(32));

CREATE TABLE local_state (
  id           INTEGER PRIMARY KEY CHECK (id = 1),
  pruned_index INTEGER NOT NULL
) STRICT;
INSERT INTO local_state VALUES (1, 0);

CREATE TABLE raft_applied (
  log_index   INTEGER PRIMARY KEY,
  command_id  BLOB UNIQUE,
  at_ms       INTEGER NOT NULL,
  fingerprint BLOB NOT NULL,
  result      BLOB NOT NULL,
  events      BLOB NOT NULL,
  audit       BLOB NOT NULL
) STRICT;

CREATE TABLE users (
  id               TEXT PRIMARY KEY,
  username         TEXT NOT NULL UNIQUE,
  email            TEXT UNIQUE,
  display_name     TEXT NOT NULL,
  time_zone        TEXT NOT NULL,
  role             INTEGER NOT NULL,
  password_hash    TEXT NOT NULL,
  password_version INTEGER NOT NULL,
  version          INTEGER NOT NULL,
  origin_node      TEXT NOT NULL,
  created_at_ms    INTEGER NOT NULL,
  updated_at_ms    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
  id              TEXT PRIMARY KEY,
  user_id         TEXT NOT NULL REFERENCES users (id),
  generation      INTEGER NOT NULL,
  created_at_ms   INTEGER NOT NULL,
  refreshed_at_ms INTEGER NOT NULL,
  expires_at_ms   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_of_user ON sessions (user_id, created_at_ms, id);

CREATE TABLE appointments (
  id            TEXT PRIMARY KEY,
  owner_id      TEXT NOT NULL REFERENCES users (id),
  title         TEXT NOT NULL,
  description   TEXT NOT NULL,
  location      TEXT NOT NULL,
  start_ms      INTEGER NOT NULL,
  end_ms        INTEGER NOT NULL CHECK (start_ms < end_ms),
  time_zone     TEXT NOT NULL,
  all_day       INTEGER NOT NULL,
  privacy       INTEGER NOT NULL,
  status        INTEGER NOT NULL,
  ical_uid      TEXT NOT NULL,
  ical_extra    TEXT NOT NULL,
  version       INTEGER NOT NULL,
  origin_node   TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  updated_at_ms INTEGER NOT NULL,
  deleted_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE agenda_entries (
  person_id           TEXT NOT NULL,
  span_class          INTEGER NOT NULL,
  start_ms            INTEGER NOT NULL,
  appointment_id      TEXT NOT NULL,
  end_ms              INTEGER NOT NULL,
  recurrence_start_ms INTEGER NOT NULL,
  status              INTEGER NOT NULL,
  conflict            INTEGER NOT NULL,
  PRIMARY KEY (person_id, span_class, start_ms, appointment_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE notifications (
  user_id        TEXT NOT NULL,
  log_index      INTEGER NOT NULL,
  ordinal        INTEGER NOT NULL,
  kind           INTEGER NOT NULL,
  created_at_ms  INTEGER NOT NULL,
  read_at_ms     INTEGER NOT NULL,
  appointment_id TEXT NOT NULL,
  group_id       TEXT NOT NULL,
  actor_id       TEXT NOT NULL,
  text           TEXT NOT NULL,
  PRIMARY KEY (user_id, log_index, ordinal)
) STRICT, WITHOUT ROWID;
CREATE INDEX notifications_unread ON notifications (user_id, log_index, ordinal) WHERE read_at_ms = 0;
`;

/** Creates the schema in an empty file. @throws Error if the file has a schema of another version. */
export function ensureSchema(db: Database): void {
  const version = db.pragma('user_version', { simple: true });
  if (version === SCHEMA_VERSION) return;
  if (version !== 0)
    throw new Error(
      `the agenda's database has schema ${version}; this version reads schema ${SCHEMA_VERSION}`,
    );
  db.transaction(() => {
    db.exec(SCHEMA);
    db.pragma(`user_version = ${SCHEMA_VERSION}`);
  })();
}
