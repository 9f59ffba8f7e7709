import assert from 'node:assert/strict';
import { AppointmentField, OccurrenceScope } from '@agenda/proto/agenda/v1/command';
import { ConflictDetail, NotificationKind, UserRole, VersionDetail } from '@agenda/proto/agenda/v1/model';
import { AuditEvent, Level } from '@agenda/proto/audit/v1/audit';
import fc from 'fast-check';
import { Queries } from '../queries/queries.ts';
import { UnknownCommandError } from './machine.ts';
import { type Body, createAppointment, dump, fieldsOf, HOUR_MS, outcomeOf, TestLog } from './testing.ts';

const DAY_MS = 24 * HOUR_MS;
const ANA = 'u-ana';

describe('the state machine', () => {
  let log: TestLog;

  beforeEach(() => {
    log = new TestLog();
    log.register('ana');
    log.register('ben');
  });

  const create = (
    id: string,
    fromH: number,
    toH: number,
    options: { actor?: string; force?: boolean } = {},
  ) =>
    log.apply(
      createAppointment(id, options.actor ?? ANA, fromH * HOUR_MS, toH * HOUR_MS, options.force ?? false),
      { actor: options.actor ?? ANA },
    );

  const update = (
    id: string,
    change: Partial<Extract<Body, { $case: 'updateAppointment' }>['value']>,
  ): Body => ({
    $case: 'updateAppointment',
    value: {
      appointmentId: id,
      fields: fieldsOf(10 * HOUR_MS, 11 * HOUR_MS, 'new title'),
      changed: [AppointmentField.APPOINTMENT_FIELD_TITLE],
      expectedVersion: undefined,
      allowConflict: false,
      participants: [],
      scope: OccurrenceScope.OCCURRENCE_SCOPE_UNSPECIFIED,
      recurrenceStartMs: 0,
      splitAppointmentId: '',
      ...change,
    },
  });

  const remove = (id: string, expectedVersion?: number): Body => ({
    $case: 'deleteAppointment',
    value: {
      appointmentId: id,
      expectedVersion,
      scope: OccurrenceScope.OCCURRENCE_SCOPE_UNSPECIFIED,
      recurrenceStartMs: 0,
    },
  });

  describe('users and sessions', () => {
    const start = (id: string, passwordVersion = 1): Body => ({
      $case: 'startSession',
      value: { sessionId: id, userId: ANA, passwordVersion, lifetimeSeconds: 3_600 },
    });
    const refresh = (id: string, generation: number): Body => ({
      $case: 'refreshSession',
      value: { sessionId: id, generation, lifetimeSeconds: 3_600 },
    });
    const changePassword: Body = {
      $case: 'changePassword',
      value: { userId: ANA, passwordHash: '$new', passwordVersion: 1, keepSessionId: 's1' },
    };

    it('refuses a user name that is taken, naming the field', () => {
      const outcome = log.register('ana').result?.outcome;
      assert.ok(outcome?.$case === 'refusal');
      assert.equal(outcome.value.code, 'conflict');
      assert.equal(outcome.value.path, 'username');
    });

    it('refuses an e-mail address that is taken in other letters', () => {
      const named = (name: string, email: string): Body => ({
        $case: 'registerUser',
        value: {
          userId: `u-${name}`,
          username: name,
          email,
          displayName: name,
          timeZone: 'UTC',
          passwordHash: '$',
        },
      });
      assert.equal(outcomeOf(log.apply(named('cleo', 'Cleo@Example.org'))), 'user');
      assert.equal(outcomeOf(log.apply(named('cleo2', 'cleo@example.ORG'))), 'conflict');
    });

    it('never shows the password hash in a result or an event', () => {
      const applied = [log.register('dora'), log.apply(changePassword, { actor: ANA })];
      assert.doesNotMatch(JSON.stringify(applied), /argon2id|\$new/);
    });

    it('refuses a session for a password that was changed since it was checked', () => {
      log.apply(changePassword, { actor: ANA });
      assert.equal(outcomeOf(log.apply(start('s1', 1))), 'unauthenticated');
      assert.equal(outcomeOf(log.apply(start('s1', 2))), 'session');
    });

    it('moves the generation on at a refresh and accepts the one before for half a minute of log time', () => {
      log.apply(start('s1'));
      const generation = (applied: ReturnType<typeof log.apply>): number =>
        applied.result?.outcome?.$case === 'session' ? applied.result.outcome.value.generation : 0;
      assert.equal(generation(log.apply(refresh('s1', 1))), 2);
      log.passTime(30_000);
      assert.equal(generation(log.apply(refresh('s1', 1))), 2);
    });

    it('ends a session whose refresh token is used again later', () => {
      log.apply(start('s1'));
      log.apply(refresh('s1', 1));
      log.passTime(30_001);
      const reused = log.apply(refresh('s1', 1));
      assert.equal(outcomeOf(reused), 'unauthenticated');
      assert.deepEqual(reused.events[0]?.body, { $case: 'sessionsEnded', value: { sessionIds: ['s1'] } });
      assert.equal(outcomeOf(log.apply(refresh('s1', 2))), 'unauthenticated');
    });

    it('refuses every command of a session that has ended or expired', () => {
      log.apply(start('s1'));
      const booked = createAppointment('a1', ANA, 0, HOUR_MS);
      assert.equal(outcomeOf(log.apply(booked, { actor: ANA, session: 's1' })), 'appointment');
      log.passTime(3_600_000);
      assert.equal(outcomeOf(log.apply(remove('a1'), { actor: ANA, session: 's1' })), 'unauthenticated');
      assert.equal(outcomeOf(log.apply(remove('a1'), { actor: ANA, session: 'unknown' })), 'unauthenticated');
    });

    it('ends all other sessions and notifies when the password changes', () => {
      for (const id of ['s1', 's2', 's3']) log.apply(start(id));
      const changed = log.apply(changePassword, { actor: ANA, session: 's1' });
      const bodies = changed.events.map((event) => event.body);
      assert.ok(
        bodies.some((body) => body?.$case === 'sessionsEnded' && body.value.sessionIds.join() === 's2,s3'),
      );
      const kind = NotificationKind.NOTIFICATION_KIND_PASSWORD_CHANGED;
      assert.ok(bodies.some((body) => body?.$case === 'notificationAdded' && body.value.kind === kind));
      const queries = new Queries(log.db);
      assert.ok(queries.session('s1'));
      assert.equal(queries.session('s2'), undefined);
    });

    it('ends the oldest session when a user has fifty', () => {
      for (let count = 0; count <= 50; count++) {
        log.passTime(1);
        log.apply(start(`s${count}`));
      }
      const queries = new Queries(log.db);
      assert.equal(queries.session('s0'), undefined);
      assert.ok(queries.session('s1'));
    });

    it('lets only tools set roles', () => {
      const body: Body = {
        $case: 'setUserRole',
        value: { username: 'ana', role: UserRole.USER_ROLE_OPERATOR },
      };
      assert.equal(outcomeOf(log.apply(body, { actor: ANA })), 'forbidden');
      assert.equal(outcomeOf(log.apply(body)), 'user');
    });
  });

  describe('appointments', () => {
    it('books a free time at version 1 and tells the owner', () => {
      const applied = create('a1', 9, 10);
      assert.ok(applied.result?.outcome?.$case === 'appointment');
      assert.equal(applied.result.outcome.value.version, 1);
      assert.equal(applied.result.outcome.value.originNode, 'agenda-1');
      assert.deepEqual(applied.events[0]?.userIds, [ANA]);
    });

    it('lets appointments touch', () => {
      create('a1', 9, 10);
      assert.equal(outcomeOf(create('a2', 10, 11)), 'appointment');
      assert.equal(outcomeOf(create('a3', 8, 9)), 'appointment');
    });

    for (const [name, from, to] of [
      ['inside', 9.25, 9.75],
      ['around', 8, 11],
      ['at the start', 8.5, 9.5],
      ['at the end', 9.5, 10.5],
      ['exactly', 9, 10],
      ['from a month-long one', -200, 400],
      ['from a year-long one', -2_000, 6_000],
    ] as const)
      it(`refuses an overlap ${name} and lists what is in the way`, () => {
        const base = 300 * 24;
        create('a1', base + 9, base + 10);
        const outcome = create('a2', base + from, base + to).result?.outcome;
        assert.ok(outcome?.$case === 'refusal');
        assert.equal(outcome.value.code, 'conflict');
        const detail = ConflictDetail.decode(outcome.value.payload);
        assert.equal(detail.total, 1);
        assert.equal(detail.appointments[0]?.appointmentId, 'a1');
      });

    it('finds a long appointment that began long before', () => {
      create('long', 0, 24 * 300);
      create('month', 24 * 310, 24 * 340);
      assert.equal(outcomeOf(create('a1', 24 * 299, 24 * 299 + 1)), 'conflict');
      assert.equal(outcomeOf(create('a2', 24 * 339, 24 * 339 + 1)), 'conflict');
      assert.equal(outcomeOf(create('a3', 24 * 300, 24 * 300 + 1)), 'appointment');
    });

    it('names at most twenty appointments in the way and says how many there are', () => {
      for (let hour = 0; hour < 30; hour++) create(`a${hour}`, hour, hour + 1);
      const outcome = create('whole', 0, 30).result?.outcome;
      assert.ok(outcome?.$case === 'refusal');
      const detail = ConflictDetail.decode(outcome.value.payload);
      assert.equal(detail.total, 30);
      assert.equal(detail.appointments.length, 20);
    });

    it('books over a conflict when that is wanted, flags it and notifies', () => {
      create('a1', 9, 10);
      const forced = create('a2', 9, 10, { force: true });
      assert.equal(outcomeOf(forced), 'appointment');
      const kinds = forced.events.map((event) => event.body?.$case);
      assert.deepEqual(kinds, ['notificationAdded', 'appointmentChanged']);
      const { items } = new Queries(log.db).agenda(ANA, 0, DAY_MS, 10, '');
      assert.deepEqual(
        items.map((item) => [item.appointment?.id, item.conflict]),
        [
          ['a1', false],
          ['a2', true],
        ],
      );
    });

    it("does not see another person's appointments as conflicts", () => {
      create('a1', 9, 10);
      assert.equal(outcomeOf(create('b1', 9, 10, { actor: 'u-ben' })), 'appointment');
    });

    it('refuses an end that is not after the start, and a booking in the name of another', () => {
      assert.equal(outcomeOf(create('a1', 9, 9)), 'invalid_argument');
      assert.equal(
        outcomeOf(log.apply(createAppointment('a2', ANA, 0, HOUR_MS), { actor: 'u-ben' })),
        'forbidden',
      );
    });

    it('changes only the fields that are listed, and the version grows by one', () => {
      create('a1', 9, 10);
      const outcome = log.apply(update('a1', {}), { actor: ANA }).result?.outcome;
      assert.ok(outcome?.$case === 'appointment');
      const { title, startMs, version } = outcome.value;
      assert.deepEqual([title, startMs, version], ['new title', 9 * HOUR_MS, 2]);
    });

    it('moves an appointment: the old time is free, its own old time is no conflict', () => {
      create('a1', 9, 10);
      const time = [AppointmentField.APPOINTMENT_FIELD_TIME];
      const fields = fieldsOf(9.5 * HOUR_MS, 10.5 * HOUR_MS);
      assert.equal(
        outcomeOf(log.apply(update('a1', { fields, changed: time }), { actor: ANA })),
        'appointment',
      );
      assert.equal(outcomeOf(create('a2', 9, 9.5)), 'appointment');
      assert.equal(outcomeOf(create('a3', 10, 11)), 'conflict');
    });

    it('refuses changes by others, of other versions, and of what is not there', () => {
      create('a1', 9, 10);
      assert.equal(outcomeOf(log.apply(update('a1', {}), { actor: 'u-ben' })), 'forbidden');
      assert.equal(outcomeOf(log.apply(remove('a1'), { actor: 'u-ben' })), 'forbidden');
      assert.equal(outcomeOf(log.apply(update('zz', {}), { actor: ANA })), 'not_found');
      const outcome = log.apply(update('a1', { expectedVersion: 7 }), { actor: ANA }).result?.outcome;
      assert.ok(outcome?.$case === 'refusal');
      assert.equal(outcome.value.code, 'version_mismatch');
      assert.equal(VersionDetail.decode(outcome.value.payload).currentVersion, 1);
    });

    it('deletes softly: gone from every view, its time free', () => {
      create('a1', 9, 10);
      const removed = log.apply(remove('a1', 1), { actor: ANA });
      assert.equal(outcomeOf(removed), 'done');
      assert.deepEqual(removed.events[0]?.body, {
        $case: 'appointmentRemoved',
        value: { appointmentId: 'a1', version: 2 },
      });
      const queries = new Queries(log.db);
      assert.equal(queries.appointmentFor(ANA, 'a1'), undefined);
      assert.equal(queries.agenda(ANA, 0, DAY_MS, 10, '').items.length, 0);
      assert.equal(outcomeOf(log.apply(remove('a1'), { actor: ANA })), 'not_found');
      assert.equal(outcomeOf(create('a2', 9, 10)), 'appointment');
    });
  });

  describe('exactly once', () => {
    it('answers a repeated command with the first result, and tells nobody again', () => {
      const body = createAppointment('a1', ANA, 0, HOUR_MS);
      const first = log.apply(body, { id: 900, actor: ANA });
      const second = log.apply(createAppointment('other', ANA, 0, HOUR_MS), { id: 900, actor: ANA });
      assert.deepEqual(second.result, first.result);
      assert.deepEqual([second.duplicate, second.events.length, second.audit.length], [true, 0, 0]);
      assert.equal(new Queries(log.db).agenda(ANA, 0, DAY_MS, 10, '').items.length, 1);
    });

    it('keeps a refusal as the first result too', () => {
      create('a1', 9, 10);
      const body = createAppointment('a2', ANA, 9 * HOUR_MS, 10 * HOUR_MS);
      assert.equal(outcomeOf(log.apply(body, { id: 900, actor: ANA })), 'conflict');
      log.apply(remove('a1'), { actor: ANA });
      assert.equal(outcomeOf(log.apply(body, { id: 900, actor: ANA })), 'conflict');
    });

    it('refuses the same id with another fingerprint as unprocessable and keeps the first result', () => {
      const body = createAppointment('a1', ANA, 0, HOUR_MS);
      log.apply(body, { id: 900, actor: ANA, fingerprint: 1 });
      assert.equal(outcomeOf(log.apply(body, { id: 900, actor: ANA, fingerprint: 2 })), 'unprocessable');
      assert.equal(outcomeOf(log.apply(body, { id: 900, actor: ANA, fingerprint: 1 })), 'appointment');
    });

    it('forgets an id after a day of log time, whether or not the row is still there', () => {
      const [pruned, kept] = [new TestLog(), new TestLog()];
      for (const each of [pruned, kept]) {
        each.register('ana');
        each.apply(createAppointment('a1', ANA, 0, HOUR_MS), { id: 900, actor: ANA });
        each.passTime(DAY_MS);
        each.register('zoe');
      }
      assert.ok(pruned.machine.prune(100, 100) > 0);
      const again = [pruned, kept].map((each) =>
        outcomeOf(
          each.apply(createAppointment('a2', ANA, 2 * HOUR_MS, 3 * HOUR_MS), { id: 900, actor: ANA }),
        ),
      );
      assert.deepEqual(again, ['appointment', 'appointment']);
      assert.deepEqual(pruned.machine.lastApplied(), kept.machine.lastApplied());
    });

    it('prunes nothing that audit does not hold yet, and says from where on nothing is missing', () => {
      log.passTime(2 * DAY_MS);
      log.register('zoe');
      assert.equal(log.machine.prune(1, 100), 1);
      const queries = new Queries(log.db);
      assert.equal(queries.oldestKeptIndex(), 1);
      assert.equal(queries.auditAfter(1, 100).items[0]?.logIndex, 2);
    });
  });

  describe('the log', () => {
    it('stops at a command that it does not know, and applies nothing of that batch', () => {
      const before = dump(log.db);
      const known = log.entry(createAppointment('a1', ANA, 0, HOUR_MS), { actor: ANA });
      const unknown = {
        ...log.entry(createAppointment('a2', ANA, 0, HOUR_MS), { featureLevel: 99 }),
        index: known.index + 1,
      };
      assert.throws(() => log.machine.applyBatch([known, unknown]), UnknownCommandError);
      assert.equal(dump(log.db), before);
      assert.equal(log.machine.lastApplied().index, 2);
    });

    it('refuses a gap', () => {
      const entry = log.entry(createAppointment('a1', ANA, 0, HOUR_MS));
      assert.throws(() => log.machine.applyBatch([{ ...entry, index: entry.index + 1 }]), /does not follow/);
    });

    it('counts entries without a command and leaves the digest as it is', () => {
      const { digest, index } = log.machine.lastApplied();
      log.machine.applyBatch([{ index: index + 1, term: 2, timestampMs: 0, command: undefined }]);
      const after = log.machine.lastApplied();
      assert.deepEqual([after.index, after.term], [index + 1, 2]);
      assert.deepEqual(after.digest, digest);
    });

    it('never lets log time go back', () => {
      create('a1', 9, 10);
      const { timestampMs } = log.machine.lastApplied();
      log.apply(createAppointment('a2', ANA, 0, HOUR_MS), { actor: ANA, atMs: timestampMs - 500 });
      assert.equal(log.machine.lastApplied().timestampMs, timestampMs);
    });

    it('writes one audit record for every command, a warning for what was not allowed', () => {
      create('a1', 9, 10);
      log.apply(remove('a1'), { actor: 'u-ben' });
      const records = new Queries(log.db).auditAfter(2, 100).items.flatMap((entry) => entry.events);
      assert.deepEqual(
        records.map(({ action, outcome, level }) => [action, outcome, level]),
        [
          ['appointment.created', 'ok', Level.LEVEL_INFO],
          ['appointment.deleted', 'forbidden', Level.LEVEL_WARNING],
        ],
      );
    });

    it('brings node events into the trail in log order', () => {
      const event = AuditEvent.fromPartial({
        id: new Uint8Array(16).fill(7),
        action: 'leader.elected',
        outcome: 'ok',
      });
      const applied = log.apply({ $case: 'recordNodeEvents', value: { events: [event] } });
      assert.deepEqual(
        applied.audit.map(({ action }) => action),
        ['leader.elected', 'audit.recorded'],
      );
    });

    it('gives the same rows and digest however the log is cut into batches', () => {
      const person = fc.constantFrom('ana', 'ben', 'cleo');
      const action = fc.record({
        kind: fc.constantFrom('create', 'force', 'move', 'delete', 'register', 'read'),
        person,
        slot: fc.nat(20),
        hours: fc.integer({ min: 1, max: 5 }),
        id: fc.nat(30),
      });
      fc.assert(
        fc.property(
          fc.array(action, { maxLength: 40 }),
          fc.array(fc.integer({ min: 1, max: 7 })),
          (actions, cuts) => {
            const source = new TestLog();
            for (const step of actions)
              source.apply(bodyOf(step), { actor: `u-${step.person}`, id: step.id + 1 });
            const copy = new TestLog();
            let at = 0;
            for (const cut of [...cuts, source.entries.length]) {
              copy.machine.applyBatch(source.entries.slice(at, at + cut));
              at += cut;
            }
            assert.equal(dump(copy.db), dump(source.db));
            assertNoDoubleBooking(source);
          },
        ),
        { numRuns: 60 },
      );
    });

    function bodyOf(step: { kind: string; person: string; slot: number; hours: number; id: number }): Body {
      const [from, to] = [step.slot * HOUR_MS, (step.slot + step.hours) * HOUR_MS];
      const id = `a${step.id % 8}`;
      if (step.kind === 'delete') return remove(id);
      if (step.kind === 'read') return { $case: 'markNotificationRead', value: { notificationId: '' } };
      if (step.kind === 'move')
        return update(id, { fields: fieldsOf(from, to), changed: [AppointmentField.APPOINTMENT_FIELD_TIME] });
      if (step.kind === 'register') {
        const { person } = step;
        return {
          $case: 'registerUser',
          value: {
            userId: `u-${person}`,
            username: person,
            email: '',
            displayName: person,
            timeZone: 'UTC',
            passwordHash: '$',
          },
        };
      }
      return createAppointment(id, `u-${step.person}`, from, to, step.kind === 'force');
    }

    /** Whoever never asked for a conflict has none. */
    function assertNoDoubleBooking(source: TestLog): void {
      const overlaps = source.db
        .prepare(
          `SELECT x.appointment_id FROM agenda_entries x JOIN agenda_entries y ON x.person_id = y.person_id
           AND x.appointment_id < y.appointment_id AND x.start_ms < y.end_ms AND y.start_ms < x.end_ms
           WHERE x.conflict = 0 AND y.conflict = 0`,
        )
        .all();
      assert.deepEqual(overlaps, []);
    }
  });

  describe('queries', () => {
    it('pages an agenda in order without losing or repeating anything', () => {
      for (let hour = 0; hour < 25; hour++) create(`a${hour}`, hour, hour + 1);
      const queries = new Queries(log.db);
      const seen: (string | undefined)[] = [];
      let cursor = '';
      do {
        const page = queries.agenda(ANA, 0, 100 * HOUR_MS, 10, cursor);
        seen.push(...page.items.map((item) => item.appointment?.id));
        cursor = page.nextCursor;
      } while (cursor !== '');
      assert.deepEqual(
        seen,
        Array.from({ length: 25 }, (_, hour) => `a${hour}`),
      );
    });

    it('refuses a cursor that is none', () => {
      assert.throws(() => new Queries(log.db).agenda(ANA, 0, 1, 10, 'nonsense'), {
        code: 'invalid_argument',
      });
    });

    it('answers range and conflict questions from index ranges, never from a scan', () => {
      const plans = log.db
        .prepare(
          `EXPLAIN QUERY PLAN SELECT 1 FROM agenda_entries e WHERE e.person_id = 'x' AND e.span_class = 0
           AND e.start_ms > 1 - 86400000 AND e.start_ms < 2 AND e.end_ms > 1`,
        )
        .all() as { detail: string }[];
      assert.match(
        plans[0]?.detail ?? '',
        /SEARCH e USING PRIMARY KEY \(person_id=\? AND span_class=\? AND start_ms>\? AND start_ms<\?\)/,
      );
    });

    it('finds users by a prefix of their name or of a word of their display name, without their e-mail', () => {
      log.apply({
        $case: 'registerUser',
        value: {
          userId: 'u-x',
          username: 'x100',
          email: 'x@example.org',
          displayName: 'Dr Who',
          timeZone: 'UTC',
          passwordHash: '$',
        },
      });
      const queries = new Queries(log.db);
      const names = (query: string): string[] =>
        queries.searchUsers(query, 10, '').items.map((user) => user.username);
      assert.deepEqual(names('an'), ['ana']);
      assert.deepEqual(names('who'), ['x100']);
      assert.deepEqual(names('%'), []);
      assert.equal(queries.searchUsers('x100', 10, '').items[0]?.email, '');
    });
  });
});
