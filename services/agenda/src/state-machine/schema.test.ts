import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { AppointmentField } from '@agenda/proto/agenda/v1/command';
import { AppointmentStatus, ParticipantStatus, Privacy } from '@agenda/proto/agenda/v1/model';
import Database from 'better-sqlite3';
import { Queries } from '../queries/queries.ts';
import { StateMachine } from './machine.ts';
import { ensureSchema, MIGRATIONS } from './schema.ts';
import { checkInvariants } from './testing/check-invariants.ts';
import { told } from './testing/people.ts';
import {
  asked,
  bookWith,
  createAppointment,
  deleteAppointment,
  HOUR_MS,
  moveAppointment,
  outcomeOf,
  respond,
  restoreAppointment,
  TestLog,
  updateAppointment,
  updateProfile,
} from './testing.ts';

/** Rows as the first version of the agenda wrote them: two users, an appointment, and one that was deleted. */
const ROWS = `
  UPDATE machine_state SET applied_index = 7, applied_term = 1, applied_at_ms = 5000, digest = randomblob(32);
  INSERT INTO raft_applied VALUES (7, x'01', 5000, zeroblob(32), x'', x'', x'');
  INSERT INTO users VALUES
    ('u-ana', 'ana', 'ana@example.org', 'Ana', 'Europe/Lisbon', 1, '$argon2id$x', 1, 1, 'agenda-1', 1, 1),
    ('u-ben', 'ben', NULL, 'Ben', 'UTC', 2, '$argon2id$x', 1, 4, 'agenda-2', 2, 3);
  INSERT INTO sessions VALUES ('s1', 'u-ana', 1, 1, 1, 99999999);
  INSERT INTO appointments VALUES
    ('a1', 'u-ana', 'Dentist', 'bring the card', 'Rua 5', ${9 * HOUR_MS}, ${10 * HOUR_MS}, 'Europe/Lisbon', 0,
      ${Privacy.PRIVACY_FREEBUSY}, ${AppointmentStatus.APPOINTMENT_STATUS_ACCEPTED}, 'uid@1', '', 3, 'agenda-1', 10, 20, 0),
    ('a2', 'u-ana', 'Old', '', '', ${HOUR_MS}, ${2 * HOUR_MS}, 'UTC', 0, ${Privacy.PRIVACY_FULL},
      ${AppointmentStatus.APPOINTMENT_STATUS_ACCEPTED}, '', '', 2, 'agenda-1', 10, 30, 30);
  INSERT INTO agenda_entries VALUES
    ('u-ana', 0, ${9 * HOUR_MS}, 'a1', ${10 * HOUR_MS}, 0, ${ParticipantStatus.PARTICIPANT_STATUS_ACCEPTED}, 0);
  INSERT INTO notifications VALUES ('u-ana', 6, 0, 6, 4000, 0, 'a1', '', 'u-ana', 'overlaps');
`;

function firstVersion(): Database.Database {
  const db = new Database(':memory:');
  db.exec(MIGRATIONS[0] as string);
  db.pragma('user_version = 1');
  db.exec(ROWS);
  return db;
}

/** Tables with their columns, and indexes with what they are on. */
function structureOf(db: Database.Database): unknown {
  const tables = db
    .prepare<[], string>("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    .pluck()
    .all();
  const columns = tables.map((table) => [table, db.pragma(`table_info(${table})`)]);
  const indexes = db.prepare("SELECT name, sql FROM sqlite_master WHERE type = 'index' ORDER BY name").all();
  return { columns, indexes };
}

describe('the schema', () => {
  it('of a file by the first version becomes what a new file has', () => {
    const migrated = firstVersion();
    ensureSchema(migrated);
    const fresh = new Database(':memory:');
    ensureSchema(fresh);
    assert.deepEqual(structureOf(migrated), structureOf(fresh));
    assert.equal(migrated.pragma('user_version', { simple: true }), MIGRATIONS.length);
  });

  it('keeps what stands in the file: every row, the position and the digest', () => {
    const old = firstVersion();
    const before = old.prepare('SELECT * FROM machine_state').get() as { digest: Uint8Array };
    const machine = new StateMachine(old);
    assert.deepEqual(machine.lastApplied(), {
      index: 7,
      term: 1,
      timestampMs: 5_000,
      digest: before.digest,
    });
    const queries = new Queries(old);
    const { items } = queries.agenda('u-ana', 0, 24 * HOUR_MS, 10, '');
    assert.deepEqual(
      items.map(({ appointment }) => [appointment?.id, appointment?.description, appointment?.version]),
      [['a1', 'bring the card', 3]],
    );
    assert.equal(queries.unreadCount('u-ana'), 1);
    assert.equal(queries.session('s1')?.username, 'ana');
    assert.equal(
      old.prepare("SELECT until_ms FROM appointments WHERE id = 'a1'").pluck().get(),
      10 * HOUR_MS,
    );
  });

  it('finds the users of a file by the first version as it finds new ones', () => {
    const old = firstVersion();
    old.exec("UPDATE users SET display_name = 'Ana Maria de  Sá' WHERE id = 'u-ana'");
    ensureSchema(old);
    const namesIn = (db: Database.Database): unknown => db.prepare('SELECT * FROM user_names').all();
    const log = new TestLog();
    for (const name of ['ana', 'ben']) log.register(name);
    log.apply(updateProfile('u-ana', { displayName: 'Ana Maria de  Sá' }), { actor: 'u-ana' });
    log.apply(updateProfile('u-ben', { displayName: 'Ben' }), { actor: 'u-ben' });
    assert.deepEqual(namesIn(old), namesIn(log.db));
  });

  it('lets the new rules work on the old rows', () => {
    const log = new TestLog(':memory:', firstVersion());
    const as = (name: string, body: Parameters<typeof log.apply>[0]) =>
      log.apply(body, { actor: `u-${name}` });
    assert.equal(
      outcomeOf(as('ana', createAppointment('a3', 'u-ana', 9 * HOUR_MS, 10 * HOUR_MS))),
      'conflict',
    );
    const changed = [AppointmentField.APPOINTMENT_FIELD_PARTICIPANTS];
    assert.deepEqual(told(as('ana', updateAppointment('a1', { changed, participants: asked('u-ben') }))), [
      'ben invited',
    ]);
    as('ben', respond('a1', 'u-ben', ParticipantStatus.PARTICIPANT_STATUS_ACCEPTED));
    assert.equal(outcomeOf(as('ana', moveAppointment('a1', 11 * HOUR_MS, 12 * HOUR_MS))), 'appointment');
    as('ana', deleteAppointment('a1'));
    for (const id of ['a1', 'a2']) assert.equal(outcomeOf(as('ana', restoreAppointment(id))), 'appointment');
    const more = bookWith('a4', 'u-ana', HOUR_MS * 20, HOUR_MS * 21, { participants: asked('u-ben') });
    assert.equal(outcomeOf(as('ana', more)), 'appointment');
    checkInvariants(log.db);
  });

  it('that files have is never changed, only followed by another', () => {
    assert.deepEqual(
      MIGRATIONS.slice(0, 2).map((migration) => hash('sha256', migration)),
      [
        'd89237f5f15d323ed7dc450a0e4f5386027745e7358ff1983433f570c37e9a77',
        '08c2049c3de6ca2ef227b9ec6e69d403faf0a1bb061ad6d8985119708dcd5d5f',
      ],
    );
  });

  it('lets a whole sync find what stands in a file by the first version', () => {
    const old = firstVersion();
    ensureSchema(old);
    const all = new Queries(old).sync.changesOf('u-ana', 0, 10, 7);
    assert.deepEqual(
      all.items.map(({ appointmentId, gone }) => [appointmentId, gone]),
      [
        ['a1', false],
        ['a2', true],
      ],
    );
  });

  it('lets a sync find what was booked under the second version, and never changed', () => {
    const db = new Database(':memory:');
    for (const migration of MIGRATIONS.slice(0, 2)) db.exec(migration);
    db.pragma('user_version = 2');
    db.exec(`
      INSERT INTO users VALUES ('u-ana', 'ana', NULL, 'Ana', 'UTC', 1, 'x', 1, 1, 'agenda-1', 1, 1);
      INSERT INTO appointments VALUES ('a1', 'u-ana', 'Dentist', '', '', ${HOUR_MS}, ${2 * HOUR_MS}, 'UTC', 0, 1, 1, '', '',
        1, 'agenda-1', 10, 10, 0, '', '', 0, ${2 * HOUR_MS}, '', 12);
      INSERT INTO agenda_entries VALUES ('u-ana', 0, ${HOUR_MS}, 'a1', ${2 * HOUR_MS}, 0, 2, 0)`);
    ensureSchema(db);
    const { sync } = new Queries(db);
    assert.deepEqual(
      [11, 12].map((since) =>
        sync.changesOf('u-ana', since, 10, 20).items.map(({ changedIndex }) => changedIndex),
      ),
      [[12], []],
    );
  });

  it('refuses a file of a later version, and leaves it as it is', () => {
    const later = new Database(':memory:');
    later.pragma('user_version = 99');
    assert.throws(() => ensureSchema(later), /has schema 99; this version reads schemas up to/);
    assert.deepEqual(later.prepare('SELECT * FROM sqlite_master').all(), []);
  });
});
