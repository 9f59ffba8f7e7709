/** The agenda's tables. The same on every replica; `user_version` says which schema a file has. */
import type { Database } from 'better-sqlite3';

/**
 * One row of `agenda_entries` is one appearance of an appointment in one person's agenda, clustered by person and time.
 * `start < to AND end > from` alone would scan a person's whole history, so entries are kept apart by how long they are
 * (`span_class`): within a class no entry can reach further back than the class is long.
 *
 * One row of `raft_applied` is deduplication record, event source and audit outbox of one command (docs/adr/0004).
 */
const SCHEMA_1 = `
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

/**
 * Groups, invitations, recurrence, reminders, feeds, the trash and incremental sync (feature level 2).
 *
 * The owner of an appointment is no participant: the owner's place is the entry in the owner's agenda. A participant who
 * is taken out stays as a row with `gone = 1`, so that sync can tell it. `from_ms`: only occurrences that end after it
 * concern this participant (0: all; otherwise the moment of joining the group). Each change of an appointment moves the
 * `changed_index` of its participants along, so that a person's sync reads no appointment of others.
 *
 * An appointment that recurs has a row in `series`: what apply needs of it is a list of instants. The row of
 * `appointments` then holds the first of them. `until_ms` is the end of the last one that is expanded. What was changed
 * for one occurrence only is an appointment of its own (`series_id`, `recurrence_start_ms`; RFC 5545 §3.8.4.4).
 *
 * Of each reminder only the next one that is due has a row.
 */
const SCHEMA_2 = `
ALTER TABLE machine_state ADD COLUMN purged_index INTEGER NOT NULL DEFAULT 0;

ALTER TABLE appointments ADD COLUMN group_id TEXT NOT NULL DEFAULT '';
ALTER TABLE appointments ADD COLUMN series_id TEXT NOT NULL DEFAULT '';
ALTER TABLE appointments ADD COLUMN recurrence_start_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE appointments ADD COLUMN until_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE appointments ADD COLUMN reminder_minutes TEXT NOT NULL DEFAULT '';
ALTER TABLE appointments ADD COLUMN changed_index INTEGER NOT NULL DEFAULT 0;
UPDATE appointments SET until_ms = end_ms;
CREATE INDEX appointments_of_owner ON appointments (owner_id, changed_index);
CREATE INDEX appointments_of_group ON appointments (group_id, until_ms) WHERE group_id <> '';
CREATE INDEX appointments_of_series ON appointments (series_id) WHERE series_id <> '';
CREATE INDEX appointments_by_uid ON appointments (owner_id, ical_uid) WHERE ical_uid <> '';
CREATE INDEX appointments_deleted ON appointments (deleted_at_ms) WHERE deleted_at_ms <> 0;

CREATE TABLE series (
  appointment_id    TEXT PRIMARY KEY,
  recurrence        BLOB NOT NULL,
  occurrences       BLOB NOT NULL,
  occurrence_count  INTEGER NOT NULL,
  expanded_until_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX series_by_expansion ON series (expanded_until_ms);

CREATE TABLE participants (
  appointment_id  TEXT NOT NULL,
  user_id         TEXT NOT NULL,
  status          INTEGER NOT NULL,
  optional        INTEGER NOT NULL,
  through_group   INTEGER NOT NULL,
  conflict        INTEGER NOT NULL,
  responded_at_ms INTEGER NOT NULL,
  from_ms         INTEGER NOT NULL,
  changed_index   INTEGER NOT NULL,
  gone            INTEGER NOT NULL,
  PRIMARY KEY (appointment_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX participations ON participants (user_id, changed_index);

CREATE TABLE groups (
  id            TEXT PRIMARY KEY,
  name          TEXT NOT NULL,
  description   TEXT NOT NULL,
  kind          INTEGER NOT NULL,
  creator_id    TEXT NOT NULL,
  member_count  INTEGER NOT NULL,
  version       INTEGER NOT NULL,
  origin_node   TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  updated_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE group_members (
  group_id     TEXT NOT NULL,
  user_id      TEXT NOT NULL,
  rank         INTEGER NOT NULL,
  joined_at_ms INTEGER NOT NULL,
  version      INTEGER NOT NULL,
  PRIMARY KEY (group_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX memberships ON group_members (user_id, group_id, rank);

CREATE TABLE reminders (
  due_ms              INTEGER NOT NULL,
  appointment_id      TEXT NOT NULL,
  minutes             INTEGER NOT NULL,
  occurrence_start_ms INTEGER NOT NULL,
  PRIMARY KEY (due_ms, appointment_id, minutes)
) STRICT, WITHOUT ROWID;
CREATE INDEX reminders_of_appointment ON reminders (appointment_id);

CREATE TABLE feeds (
  secret_hash   BLOB PRIMARY KEY,
  user_id       TEXT NOT NULL,
  group_id      TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX feed_of ON feeds (user_id, group_id);
`;

/**
 * What was never changed since it was booked is found, in a person's sync, by the entries in its owner's agenda, which know
 * the log index of that (`entered_index`): an index on all owners would be written at a random place by every booking, and
 * cost as much as the rest of its rows (docs/adr/0021). Rows from before feature level 2 count as changed by the first
 * log entry, so that a whole sync has them.
 *
 * `user_names` is what users are found by, in lower case (ASCII only): the user name, and the display name from each of
 * its words on. So each search by the beginning of a word is one index range.
 */
const SCHEMA_3 = `
UPDATE appointments SET changed_index = 1 WHERE changed_index = 0;
DROP INDEX appointments_of_owner;
CREATE INDEX appointments_changed ON appointments (owner_id, changed_index) WHERE version > 1 OR deleted_at_ms <> 0;
ALTER TABLE agenda_entries ADD COLUMN entered_index INTEGER NOT NULL DEFAULT 0;
UPDATE agenda_entries SET entered_index = (SELECT changed_index FROM appointments WHERE id = appointment_id);

CREATE TABLE user_names (
  name     TEXT NOT NULL,
  username TEXT NOT NULL,
  PRIMARY KEY (name, username)
) STRICT, WITHOUT ROWID;
INSERT INTO user_names
  WITH RECURSIVE named (name, username) AS (
    SELECT lower(display_name), username FROM users
    UNION ALL
    SELECT substr(name, instr(name, ' ') + 1), username FROM named WHERE instr(name, ' ') > 0
  )
  SELECT name, username FROM named UNION SELECT username, username FROM users;
`;

/** Each brings a file from the version that is its place in this list to the next one. */
export const MIGRATIONS: readonly string[] = [SCHEMA_1, SCHEMA_2, SCHEMA_3];

/** Brings the file to this version's schema; an empty file goes all the way. @throws Error if the file is newer. */
export function ensureSchema(db: Database): void {
  const version = db.pragma('user_version', { simple: true }) as number;
  if (version > MIGRATIONS.length)
    throw new Error(
      `the agenda's database has schema ${version}; this version reads schemas up to ${MIGRATIONS.length}`,
    );
  if (version === MIGRATIONS.length) return;
  db.transaction(() => {
    for (const migration of MIGRATIONS.slice(version)) db.exec(migration);
    db.pragma(`user_version = ${MIGRATIONS.length}`);
  })();
}
