import assert from 'node:assert/strict';
import { Queries } from '../queries/queries.ts';
import {
  changePassword,
  createAppointment,
  deleteAppointment,
  endSession,
  eventsOf,
  HOUR_MS,
  outcomeOf,
  refreshSession,
  resultOf,
  SESSION_SECONDS,
  startSession,
  TestLog,
} from './testing.ts';

const ANA = 'u-ana';
const GRACE_MS = 30_000;

describe('sessions', () => {
  let log: TestLog;
  let queries: Queries;

  beforeEach(() => {
    log = new TestLog();
    queries = new Queries(log.db);
    log.register('ana');
    log.register('ben');
  });

  const generation = (applied: ReturnType<typeof log.apply>): number =>
    resultOf(applied, 'session').generation;

  it('start at generation 1 and live for the time that is given', () => {
    const session = resultOf(log.apply(startSession('s1', ANA)), 'session');
    assert.deepEqual(
      [session.userId, session.generation, session.expiresAtMs],
      [ANA, 1, log.nowMs + SESSION_SECONDS * 1_000],
    );
    assert.equal(queries.session('s1')?.username, 'ana');
  });

  it('do not start for a password that was changed since it was checked, or for nobody', () => {
    log.apply(changePassword(ANA), { actor: ANA });
    assert.equal(outcomeOf(log.apply(startSession('s1', ANA, 1))), 'unauthenticated');
    assert.equal(outcomeOf(log.apply(startSession('s1', ANA, 2))), 'session');
    assert.equal(outcomeOf(log.apply(startSession('s2', 'u-zoe'))), 'unauthenticated');
  });

  it('do not start under an id that is there already', () => {
    log.apply(startSession('s1', ANA));
    assert.equal(outcomeOf(log.apply(startSession('s1', 'u-ben'))), 'conflict');
    assert.equal(queries.session('s1')?.userId, ANA);
  });

  it('end, the oldest first, when a user has more than fifty', () => {
    for (let count = 0; count < 50; count++) {
      log.passTime(1);
      assert.deepEqual(log.apply(startSession(`s${count}`, ANA)).events, []);
    }
    log.passTime(1);
    const applied = log.apply(startSession('s50', ANA));
    assert.deepEqual(eventsOf(applied, 'sessionsEnded'), [{ sessionIds: ['s0'] }]);
    assert.equal(queries.session('s0'), undefined);
    assert.ok(queries.session('s1'));
  });

  it('leave nothing behind once they have expired and the user logs in again', () => {
    log.apply(startSession('s1', ANA));
    log.passTime(SESSION_SECONDS * 1_000);
    log.apply(startSession('s2', ANA));
    assert.deepEqual(log.db.prepare('SELECT id FROM sessions').pluck().all(), ['s2']);
  });

  describe('refreshed', () => {
    beforeEach(() => {
      log.apply(startSession('s1', ANA));
    });

    it('get the next generation and the whole time again', () => {
      log.passTime(HOUR_MS / 2);
      const session = resultOf(log.apply(refreshSession('s1', 1)), 'session');
      assert.deepEqual([session.generation, session.expiresAtMs], [2, log.nowMs + SESSION_SECONDS * 1_000]);
    });

    it('accept the generation before for half a minute of log time, and answer with the current one', () => {
      assert.equal(generation(log.apply(refreshSession('s1', 1))), 2);
      log.passTime(GRACE_MS);
      assert.equal(generation(log.apply(refreshSession('s1', 1))), 2);
      assert.equal(generation(log.apply(refreshSession('s1', 2))), 3);
    });

    it('end when a token is used again later: it may be stolen', () => {
      log.apply(refreshSession('s1', 1));
      log.passTime(GRACE_MS + 1);
      const reused = log.apply(refreshSession('s1', 1));
      assert.equal(outcomeOf(reused), 'unauthenticated');
      assert.deepEqual(eventsOf(reused, 'sessionsEnded'), [{ sessionIds: ['s1'] }]);
      assert.equal(reused.audit[0]?.action, 'session.token_reused');
      assert.equal(outcomeOf(log.apply(refreshSession('s1', 2))), 'unauthenticated');
    });

    it('end when a token is two generations old, even at once', () => {
      log.apply(refreshSession('s1', 1));
      log.apply(refreshSession('s1', 2));
      assert.equal(outcomeOf(log.apply(refreshSession('s1', 1))), 'unauthenticated');
      assert.equal(queries.session('s1'), undefined);
    });

    it('stay ended once they have expired', () => {
      log.passTime(SESSION_SECONDS * 1_000);
      assert.equal(outcomeOf(log.apply(refreshSession('s1', 1))), 'unauthenticated');
      assert.equal(queries.session('s1'), undefined);
    });
  });

  describe('ended', () => {
    beforeEach(() => {
      log.apply(startSession('s1', ANA));
    });

    it('are gone, and gateways are told', () => {
      const applied = log.apply(endSession('s1'), { actor: ANA, session: 's1' });
      assert.deepEqual(eventsOf(applied, 'sessionsEnded'), [{ sessionIds: ['s1'] }]);
      assert.equal(queries.session('s1'), undefined);
    });

    it('can be ended again without harm', () => {
      log.apply(endSession('s1'), { actor: ANA });
      const again = log.apply(endSession('s1'), { actor: ANA });
      assert.deepEqual([outcomeOf(again), again.events.length], ['done', 0]);
    });

    it('can be ended by their user only', () => {
      assert.equal(outcomeOf(log.apply(endSession('s1'), { actor: 'u-ben' })), 'forbidden');
      assert.ok(queries.session('s1'));
    });
  });

  describe('as the right to act', () => {
    it('are asked for by every command: ended, expired and unknown ones are refused', () => {
      log.apply(startSession('s1', ANA));
      const booked = createAppointment('a1', ANA, 0, HOUR_MS);
      const as = (session: string) => ({ actor: ANA, session });
      assert.equal(outcomeOf(log.apply(booked, as('s1'))), 'appointment');
      log.passTime(SESSION_SECONDS * 1_000 - 1);
      assert.equal(outcomeOf(log.apply(deleteAppointment('a1', 9), as('s1'))), 'version_mismatch');
      log.passTime(1);
      assert.equal(outcomeOf(log.apply(deleteAppointment('a1'), as('s1'))), 'unauthenticated');
      assert.equal(outcomeOf(log.apply(deleteAppointment('a1'), as('unknown'))), 'unauthenticated');
    });

    it('are no use to another user, and the trail tells which command was tried', () => {
      log.apply(startSession('s1', ANA));
      const body = createAppointment('b1', 'u-ben', 0, HOUR_MS);
      const applied = log.apply(body, { actor: 'u-ben', session: 's1' });
      assert.equal(outcomeOf(applied), 'unauthenticated');
      const { action, detailJson } = applied.audit[0] ?? {};
      assert.deepEqual([action, detailJson], ['session.refused', '{"command":"createAppointment"}']);
    });
  });
});
