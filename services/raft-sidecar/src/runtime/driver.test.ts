import assert from 'node:assert/strict';
import type { AppendRequest, Message } from '../core/types.ts';
import { removeDirectory, temporaryDirectory } from '../testing/directories.ts';
import { DriverBench } from '../testing/driver.ts';
import { PROPOSALS_QUEUED_MAX } from './inputs.ts';

describe('the driver', () => {
  let directory: string;
  let bench: DriverBench;

  beforeEach(() => {
    directory = temporaryDirectory();
    bench = new DriverBench(directory, 'a#1');
  });

  afterEach(() => {
    bench.close();
    removeDirectory(directory);
  });

  function append(): AppendRequest {
    const payload = { kind: 'command', data: Buffer.from('x') } as const;
    return {
      kind: 'appendRequest',
      from: 'b#1',
      to: 'a#1',
      term: 3,
      prevIndex: 0,
      prevTerm: 0,
      entries: [{ index: 1, term: 3, timestampMs: 1, payload }],
      commitIndex: 0,
      round: 1,
    };
  }

  it('founds a cluster of one and leads it', () => {
    bench.lead();
    assert.ok(bench.driver.isLeader);
    assert.equal(bench.driver.clusterId, 'cluster');
    assert.deepEqual(bench.driver.committedConfiguration.voters, ['a#1']);
    assert.ok(bench.driver.formation.complete);
    assert.throws(() => bench.driver.found('another'), /only a blank member/);
  });

  it('sends its promises only when what they promise is on disk', () => {
    const storedWhenSent: number[] = [];
    bench.onSend = (messages) => {
      if (messages.some(({ kind }) => kind === 'appendResponse'))
        storedWhenSent.push(bench.store.lastIndex());
    };
    bench.driver.joinCluster('cluster');
    bench.driver.receive([append()]);
    bench.scheduler.settle();
    assert.deepEqual(storedWhenSent, [1]);
  });

  it('sends a leader’s appends before it writes its own log', () => {
    bench.lead();
    void bench.driver.proposeMembership([{ kind: 'addLearner', id: 'b#1' }]);
    bench.scheduler.settle();
    const probe = bench.sent.findLast(
      (message): message is AppendRequest => message.kind === 'appendRequest',
    );
    assert.ok(probe);
    const { index, hint } = { index: probe.prevIndex, hint: 0 };
    const answer: Message = {
      kind: 'appendResponse',
      from: 'b#1',
      to: 'a#1',
      term: probe.term,
      rejected: true,
      index,
      hintIndex: hint,
      hintTerm: hint,
      round: probe.round,
    };
    bench.driver.receive([answer]);
    bench.scheduler.settle();
    bench.driver.receive([{ ...answer, rejected: false, index: bench.store.lastIndex() }]);
    bench.scheduler.settle();

    const outcome = bench.propose('x');
    let storedWhenSent = 0;
    bench.onSend = (messages) => {
      if (messages.some((message) => message.kind === 'appendRequest' && message.entries.length > 0))
        storedWhenSent = bench.store.lastIndex();
    };
    bench.scheduler.settle();
    assert.equal(storedWhenSent, (outcome.index as number) - 1);
    assert.equal(bench.store.lastIndex(), outcome.index);
  });

  it('makes one tick of all that a held up loop missed', () => {
    bench.driver.joinCluster('cluster');
    bench.driver.start();
    bench.driver.receive([
      {
        ...append(),
        entries: [
          {
            index: 1,
            term: 3,
            timestampMs: 1,
            payload: {
              kind: 'configuration',
              configuration: {
                voters: ['a#1', 'b#1'],
                votersOutgoing: [],
                learners: [],
                learnersNext: [],
                autoLeave: false,
              },
            },
          },
        ],
      },
    ]);
    bench.scheduler.settle();
    for (let missed = 0; missed < 100; missed++) bench.scheduler.fire();
    bench.scheduler.settle();
    assert.equal(bench.driver.leadership.leader, 'b#1', 'it still follows');
    for (let tick = 0; tick < 20; tick++) {
      bench.scheduler.fire();
      bench.scheduler.settle();
    }
    assert.equal(bench.driver.leadership.role, 'preCandidate');
  });

  it('stops for good when a write fails, and acknowledges nothing more', () => {
    bench.lead();
    const before = bench.driver.commitIndex;
    bench.propose('never stored');
    bench.database.close();
    bench.scheduler.settle();
    assert.equal(bench.fatal.length, 1);
    assert.match((bench.fatal[0] as Error).message, /database connection is not open/);
    assert.ok(bench.driver.stopped);
    assert.equal(bench.driver.commitIndex, before);
    const late = bench.propose('too late');
    bench.scheduler.settle();
    assert.equal(late.refusal, 'stopped');
  });

  it('refuses proposals beyond its bound as overloaded', () => {
    bench.lead();
    for (let at = 0; at < PROPOSALS_QUEUED_MAX; at++) bench.propose('x');
    assert.equal(bench.propose('one too many').refusal, 'overloaded');
  });

  it('hands out every committed entry once and in order', () => {
    bench.lead();
    const indexes: number[] = [];
    bench.driver.onCommit((_index, entries) => indexes.push(...entries.map((entry) => entry.index)));
    const from = bench.driver.commitIndex + 1;
    for (let round = 0; round < 5; round++) {
      for (let at = 0; at < 10; at++) bench.propose('x');
      bench.scheduler.settle();
    }
    assert.deepEqual(
      indexes,
      Array.from({ length: 50 }, (_, at) => from + at),
    );
  });

  it('leads again after a restart with all that it had committed', () => {
    bench.lead();
    bench.propose('kept');
    bench.scheduler.settle();
    const { commitIndex } = bench.driver;
    bench.close();
    bench = new DriverBench(directory, 'a#1');
    assert.ok(bench.driver.commitIndex >= commitIndex);
    bench.driver.start();
    for (let tick = 0; tick < 25; tick++) {
      bench.scheduler.fire();
      bench.scheduler.settle();
    }
    assert.ok(bench.driver.isLeader);
    assert.equal(bench.store.term(commitIndex), 2);
  });

  it('takes no writes as a cluster of one that expects more', () => {
    bench.close();
    removeDirectory(directory);
    bench = new DriverBench(directory, 'a#1', 3);
    bench.lead();
    assert.ok(!bench.driver.formation.complete);
    assert.equal(bench.driver.formation.waitingFor, 'the cluster to form: 1 of 3 voters');
  });
});
