import assert from 'node:assert/strict';
import { Queries } from '../queries/queries.ts';
import {
  commandId,
  createAppointment,
  DAY_MS,
  deleteAppointment,
  HOUR_MS,
  outcomeOf,
  TestLog,
} from './testing.ts';

const ANA = 'u-ana';
const book = (id: string, fromH: number) =>
  createAppointment(id, ANA, fromH * HOUR_MS, (fromH + 1) * HOUR_MS);
const KEPT = { id: 900, actor: ANA };

describe('a repeated command', () => {
  let log: TestLog;

  beforeEach(() => {
    log = new TestLog();
    log.register('ana');
  });

  it('gets the first result, and tells nobody again', () => {
    const first = log.apply(book('a1', 0), KEPT);
    const second = log.apply(book('other', 0), KEPT);
    assert.deepEqual(second.result, first.result);
    assert.deepEqual([second.duplicate, second.events.length, second.audit.length], [true, 0, 0]);
    const queries = new Queries(log.db);
    assert.equal(queries.agenda(ANA, 0, DAY_MS, 10, '').items.length, 1);
    assert.equal(queries.auditAfter(first.index, 10).items.length, 0);
  });

  it('gets the first result within one batch, too', () => {
    const entry = log.entry(book('a1', 0), KEPT);
    const [first, second] = log.machine.applyBatch([entry, { ...entry, index: entry.index + 1 }]);
    assert.deepEqual(second?.result, first?.result);
    assert.deepEqual([first?.duplicate, second?.duplicate], [false, true]);
  });

  it('gets a refusal again, even if it would now be allowed', () => {
    log.apply(book('a1', 9), { actor: ANA });
    assert.equal(outcomeOf(log.apply(book('a2', 9), KEPT)), 'conflict');
    log.apply(deleteAppointment('a1'), { actor: ANA });
    assert.equal(outcomeOf(log.apply(book('a2', 9), KEPT)), 'conflict');
  });

  it('with another fingerprint is refused as unprocessable, and the first result stays', () => {
    log.apply(book('a1', 0), { ...KEPT, fingerprint: 1 });
    assert.equal(outcomeOf(log.apply(book('a1', 0), { ...KEPT, fingerprint: 2 })), 'unprocessable');
    assert.equal(outcomeOf(log.apply(book('a1', 0), { ...KEPT, fingerprint: 1 })), 'appointment');
  });

  it('is known for a day of log time, to apply and to the queries', () => {
    const queries = new Queries(log.db);
    log.apply(book('a1', 0), KEPT);
    log.passTime(DAY_MS - 1);
    log.register('yan');
    assert.equal(queries.commandResult(commandId(900))?.result.outcome?.$case, 'appointment');
    assert.equal(log.apply(book('a2', 2), KEPT).duplicate, true);
    log.passTime(1);
    log.register('zoe');
    assert.equal(queries.commandResult(commandId(900)), undefined);
    assert.equal(log.apply(book('a2', 2), KEPT).duplicate, false);
    assert.equal(log.apply(book('a3', 4), KEPT).duplicate, true);
  });

  it('is forgotten after a day whether or not the row is still there', () => {
    const [pruned, kept] = [new TestLog(), new TestLog()];
    for (const each of [pruned, kept]) {
      each.register('ana');
      each.apply(book('a1', 0), KEPT);
      each.passTime(DAY_MS);
      each.register('zoe');
    }
    assert.ok(pruned.machine.prune(100, 100) > 0);
    for (const each of [pruned, kept])
      assert.equal(outcomeOf(each.apply(book('a2', 2), KEPT)), 'appointment');
    assert.deepEqual(pruned.machine.lastApplied(), kept.machine.lastApplied());
  });
});

describe('pruning', () => {
  let log: TestLog;
  let queries: Queries;

  /** Log indexes 1–5 are out of the window, 6 is in it. */
  beforeEach(() => {
    log = new TestLog();
    queries = new Queries(log.db);
    for (const name of ['ana', 'ben', 'cleo', 'dora', 'eva']) log.register(name);
    log.passTime(DAY_MS);
    log.register('zoe');
  });

  it('deletes what is out of the window, and says from where on nothing is missing', () => {
    assert.equal(queries.oldestKeptIndex(), 0);
    assert.equal(log.machine.prune(100, 100), 5);
    assert.equal(queries.oldestKeptIndex(), 5);
    assert.deepEqual(
      queries.auditAfter(5, 100).items.map((entry) => entry.logIndex),
      [6],
    );
    assert.equal(log.machine.prune(100, 100), 0);
  });

  it('keeps what deduplication may still ask for, to the millisecond', () => {
    const young = new TestLog();
    young.register('ana');
    young.passTime(DAY_MS - 1);
    young.register('ben');
    assert.equal(young.machine.prune(100, 100), 0);
    young.passTime(1);
    young.register('cleo');
    assert.equal(young.machine.prune(100, 100), 1);
  });

  it('keeps what audit does not hold yet', () => {
    assert.equal(log.machine.prune(0, 100), 0);
    assert.equal(log.machine.prune(2, 100), 2);
    assert.deepEqual(
      queries.auditAfter(2, 1).items.map((entry) => entry.logIndex),
      [3],
    );
  });

  it('deletes no more than it may, and goes on from there', () => {
    const steps = [1, 2, 3, 4].map(() => log.machine.prune(100, 2));
    assert.deepEqual(steps, [2, 2, 1, 0]);
  });

  it('does not move the position or the digest', () => {
    const before = log.machine.lastApplied();
    log.machine.prune(100, 100);
    assert.deepEqual(log.machine.lastApplied(), before);
  });
});
