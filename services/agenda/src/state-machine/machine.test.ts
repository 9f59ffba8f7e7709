import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from '@agenda/proto/agenda/v1/command';
import { AuditEvent, Level } from '@agenda/proto/audit/v1/audit';
import Database from 'better-sqlite3';
import { Queries } from '../queries/queries.ts';
import { type LogEntry, StateMachine, UnknownCommandError } from './machine.ts';
import {
  type Body,
  createAppointment,
  deleteAppointment,
  dump,
  HOUR_MS,
  moveAppointment,
  outcomeOf,
  registerUser,
  startSession,
  TestLog,
} from './testing.ts';

const ANA = 'u-ana';
const book = (id: string, fromH: number): Body =>
  createAppointment(id, ANA, fromH * HOUR_MS, (fromH + 1) * HOUR_MS);

/** What SQLite would do for each statement that is prepared meanwhile. */
function plansOf(prepareAll: (db: Database.Database) => unknown): Map<string, string[]> {
  const db = new Database(':memory:');
  const prepare = db.prepare.bind(db);
  const sources: string[] = [];
  db.prepare = ((source: string) => {
    sources.push(source);
    return prepare(source);
  }) as typeof db.prepare;
  prepareAll(db);
  const planOf = (source: string): string[] => {
    const named = [...source.matchAll(/@(\w+)/g)].map(([, name]) => [name, 0]);
    const unnamed = (source.match(/\?/g) ?? []).map(() => 0);
    const parameters = named.length > 0 ? [Object.fromEntries(named)] : unnamed;
    const rows = prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${source}`).all(...parameters);
    return rows.map(({ detail }) => detail);
  };
  return new Map(sources.map((source) => [source, planOf(source)]));
}

describe('the state machine', () => {
  let log: TestLog;

  beforeEach(() => {
    log = new TestLog();
    log.register('ana');
    log.register('ben');
  });

  /** Entries that follow what is applied, in one batch. */
  const entries = (...bodies: Body[]): LogEntry[] =>
    bodies.map((body, at) => {
      const entry = log.entry(body, { actor: ANA });
      return { ...entry, index: entry.index + at };
    });

  describe('applies the log', () => {
    it('in order only: a gap or a repetition is refused', () => {
      const [entry] = entries(book('a1', 0)) as [LogEntry];
      for (const index of [entry.index + 1, entry.index - 1])
        assert.throws(() => log.machine.applyBatch([{ ...entry, index }]), /does not follow/);
    });

    it('never back to an older term', () => {
      const { index } = log.machine.lastApplied();
      const noop = { timestampMs: 0, command: undefined };
      log.machine.applyBatch([{ ...noop, index: index + 1, term: 3 }]);
      assert.throws(() => log.machine.applyBatch([{ ...noop, index: index + 2, term: 2 }]), /term falls/);
    });

    it('counting entries without a command, which leave the digest as it is', () => {
      const { digest, index } = log.machine.lastApplied();
      const [applied] = log.machine.applyBatch([
        { index: index + 1, term: 2, timestampMs: 0, command: undefined },
      ]);
      assert.deepEqual(applied, {
        index: index + 1,
        commandId: '',
        result: undefined,
        duplicate: false,
        events: [],
        audit: [],
      });
      const after = log.machine.lastApplied();
      assert.deepEqual([after.index, after.term, after.digest], [index + 1, 2, digest]);
    });

    it('with a clock that never goes back', () => {
      log.apply(book('a1', 9));
      const { timestampMs } = log.machine.lastApplied();
      log.apply(book('a2', 0), { actor: ANA, atMs: timestampMs - 500 });
      assert.equal(log.machine.lastApplied().timestampMs, timestampMs);
      assert.equal(new Queries(log.db).appointmentFor(ANA, 'a2')?.createdAtMs, timestampMs);
    });

    it('answering with the id of each command and its events, numbered within the entry', () => {
      log.apply(book('a1', 0));
      const forced = log.apply(createAppointment('a2', ANA, 0, HOUR_MS, true), { actor: ANA, id: 0xabcdef });
      assert.equal(forced.commandId, `${'0'.repeat(26)}abcdef`);
      assert.deepEqual(
        forced.events.map(({ logIndex, ordinal }) => [logIndex, ordinal]),
        [
          [forced.index, 0],
          [forced.index, 1],
        ],
      );
      assert.deepEqual(new Queries(log.db).eventsAfter(forced.index - 1, 10).items, forced.events);
    });

    it('onto a file, and goes on from there when it is opened again', () => {
      const directory = mkdtempSync(join(tmpdir(), 'machine-'));
      const first = new TestLog(join(directory, 'agenda.db'));
      first.register('ana');
      first.apply(book('a1', 0));
      first.db.close();
      const again = new TestLog(join(directory, 'agenda.db'));
      assert.deepEqual(again.machine.lastApplied(), first.machine.lastApplied());
      assert.equal(outcomeOf(again.apply(book('a2', 0), { id: 77 })), 'conflict');
      again.db.close();
      rmSync(directory, { recursive: true });
    });

    it('to a schema that it knows only', () => {
      const db = new Database(':memory:');
      db.pragma('user_version = 99');
      assert.throws(() => new StateMachine(db), /schema 99; this version reads schemas up to 3/);
    });
  });

  describe('applies a batch whole or not at all', () => {
    const failsOn = (id: string): void => {
      log.db.exec(`CREATE TEMP TRIGGER fault BEFORE INSERT ON appointments WHEN NEW.id = '${id}'
        BEGIN SELECT RAISE(ABORT, 'disk on fire'); END`);
    };

    it('when one entry in the middle fails: rows, position and digest stay, and it can be applied later', () => {
      const batch = entries(book('a1', 0), book('a2', 2), book('a3', 4));
      const [before, applied] = [dump(log.db), log.machine.lastApplied()];
      failsOn('a2');
      assert.throws(() => log.machine.applyBatch(batch), /disk on fire/);
      assert.equal(dump(log.db), before);
      assert.deepEqual(log.machine.lastApplied(), applied);
      log.db.exec('DROP TRIGGER fault');
      assert.deepEqual(log.machine.applyBatch(batch).map(outcomeOf), Array(3).fill('appointment'));
    });

    it('when it does not know a later command', () => {
      const [before, applied] = [dump(log.db), log.machine.lastApplied()];
      const [known, unknown] = entries(book('a1', 0), book('a2', 2)) as [LogEntry, LogEntry];
      const command = Command.encode({
        ...Command.decode(unknown.command as Uint8Array),
        featureLevel: StateMachine.featureLevel + 1,
      }).finish();
      assert.throws(
        () => log.machine.applyBatch([known, { ...unknown, command }]),
        (error) =>
          error instanceof UnknownCommandError &&
          error.index === unknown.index &&
          error.featureLevel === StateMachine.featureLevel + 1,
      );
      assert.equal(dump(log.db), before);
      assert.deepEqual(log.machine.lastApplied(), applied);
    });
  });

  describe('stops at what it does not know', () => {
    it('a field of the contract that is newer than this version', () => {
      const { command, ...entry } = log.entry(book('a1', 0));
      const { body: _, ...rest } = Command.decode(command as Uint8Array);
      const known = Command.encode({ ...rest, body: undefined }).finish();
      // Field 2000, length-delimited, empty.
      const newer = Buffer.concat([known, Buffer.from([0x82, 0x7d, 0x00])]);
      assert.throws(() => log.machine.applyBatch([{ ...entry, command: newer }]), UnknownCommandError);
    });
  });

  describe('writes the audit trail', () => {
    it('one record for every command, a warning for what was not allowed', () => {
      log.apply(book('a1', 9), { actor: ANA });
      log.apply(deleteAppointment('a1'));
      log.apply(deleteAppointment('a1'), { actor: ANA, session: 'gone' });
      log.apply(deleteAppointment('a1', 5), { actor: ANA });
      const records = new Queries(log.db).auditAfter(2, 100).items.flatMap((entry) => entry.events);
      assert.deepEqual(
        records.map(({ action, outcome, level }) => [action, outcome, level]),
        [
          ['appointment.created', 'ok', Level.LEVEL_INFO],
          ['appointment.deleted', 'forbidden', Level.LEVEL_WARNING],
          ['session.refused', 'unauthenticated', Level.LEVEL_WARNING],
          ['appointment.deleted', 'version_mismatch', Level.LEVEL_INFO],
        ],
      );
    });

    it('with who, where and for which request, and what it was done to', () => {
      const [record] = log.apply(book('a1', 9), { actor: ANA }).audit;
      const { actorId, nodeId, requestId, address, target, component, atMs } = record ?? {};
      assert.deepEqual(
        [actorId, nodeId, requestId, address, target, component, atMs],
        [ANA, 'agenda-1', 'request-1', '192.0.2.1', 'appointment:a1', 'agenda', log.nowMs],
      );
    });

    it('without what appointments say', () => {
      const applied = [
        log.apply(book('a1', 9), { actor: ANA }),
        log.apply(book('a2', 9), { actor: ANA }),
        log.apply(moveAppointment('a1', 0, HOUR_MS), { actor: ANA }),
      ];
      const trail = JSON.stringify(applied.map(({ audit }) => audit));
      assert.doesNotMatch(trail, /title of|Dentist/);
    });

    it('with node events in log order, each under its own id', () => {
      const event = (byte: number, action: string): AuditEvent =>
        AuditEvent.fromPartial({ id: new Uint8Array(16).fill(byte), action, outcome: 'ok' });
      const events = [event(7, 'leader.elected'), event(8, 'signature.refused')];
      const { audit } = log.apply({ $case: 'recordNodeEvents', value: { events } });
      assert.deepEqual(
        audit.map(({ action }) => action),
        ['leader.elected', 'signature.refused', 'audit.recorded'],
      );
      const own = log.apply(book('a1', 9)).audit;
      const ids = [...audit, ...own].map(({ id }) => Buffer.from(id).toString('hex'));
      assert.equal(new Set(ids).size, 4);
    });

    it('without node events that a user made up', () => {
      const events = [AuditEvent.fromPartial({ id: new Uint8Array(16), action: 'leader.elected' })];
      const applied = log.apply({ $case: 'recordNodeEvents', value: { events } }, { actor: ANA });
      assert.equal(outcomeOf(applied), 'forbidden');
      assert.deepEqual(
        applied.audit.map(({ action, level }) => [action, level]),
        [['audit.recorded', Level.LEVEL_WARNING]],
      );
    });
  });

  describe('asks SQLite', () => {
    /** Tables of one row, and what is bounded by a limit or by who is looked for. */
    const SMALL = /^SCAN (machine_state|local_state|x|\(subquery-\d+\))( |$)/;
    /** A search by prefix of any word walks the user names until its page is full. */
    const WALKS_USERS = /FROM users\s+WHERE username > @after/;

    it('questions that an index answers: no statement of apply or of the queries scans a table', () => {
      const plans = plansOf((db) => [new StateMachine(db), new Queries(db)]);
      assert.ok(plans.size > 40, `${plans.size} statements`);
      for (const [source, plan] of plans) {
        const scans = plan.filter((detail) => detail.startsWith('SCAN') && !SMALL.test(detail));
        if (!WALKS_USERS.test(source)) assert.deepEqual(scans, [], source);
      }
    });

    it('for what is unread without walking what was read', () => {
      for (const [source, plan] of plansOf((db) => [new StateMachine(db), new Queries(db)]))
        if (/user_id = (\?|@userId) .*read_at_ms = 0/s.test(source) && !/log_index = \?/.test(source))
          assert.match(plan.join(), /INDEX notifications_unread/, source);
    });

    it('for a range of time by the index on person, length and start', () => {
      const db = new Database(':memory:');
      new StateMachine(db);
      const plan = db
        .prepare(
          `EXPLAIN QUERY PLAN SELECT 1 FROM agenda_entries e WHERE e.person_id = 'x' AND e.span_class = 0
           AND e.start_ms > 1 - 86400000 AND e.start_ms < 2 AND e.end_ms > 1`,
        )
        .all() as { detail: string }[];
      assert.match(
        plan[0]?.detail ?? '',
        /SEARCH e USING PRIMARY KEY \(person_id=\? AND span_class=\? AND start_ms>\? AND start_ms<\?\)/,
      );
    });
  });

  it('stores nothing twice for a user or session that a replayed command names again', () => {
    const applied = [registerUser('ana'), startSession('s1', ANA), startSession('s1', ANA)].map((body) =>
      outcomeOf(log.apply(body)),
    );
    assert.deepEqual(applied, ['conflict', 'session', 'conflict']);
  });
});
