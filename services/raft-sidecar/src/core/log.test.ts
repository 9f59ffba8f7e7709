import assert from 'node:assert/strict';
import { entryBytes, RaftLog } from './log.ts';
import { entriesOf, entry, founding } from './testing/member.ts';
import { MemoryLog } from './testing/memory-log.ts';
import type { Entry } from './types.ts';

const EMPTY_BYTES = entryBytes(founding({ voters: ['a'] }));

/** Entries 1 to 3 stored, 4 to 6 not written. */
function logWithTail(): { log: RaftLog; stored: MemoryLog } {
  const stored = new MemoryLog();
  stored.write(entriesOf([1, 1, 2], 1));
  const log = new RaftLog(stored, 1, 1);
  log.append(entriesOf([2, 3, 3], 4));
  return { log, stored };
}

function indexes(entries: readonly Entry[] | undefined): number[] | undefined {
  return entries?.map(({ index }) => index);
}

describe('the core’s log', () => {
  it('is what is stored, and the unwritten tail behind it', () => {
    const { log } = logWithTail();
    assert.deepEqual([log.lastIndex, log.lastTerm], [6, 3]);
    assert.deepEqual(
      [0, 1, 3, 4, 6, 7].map((index) => log.term(index)),
      [0, 1, 2, 2, 3, undefined],
    );
    assert.deepEqual(indexes(log.slice(2, 5, 10_000)), [2, 3, 4, 5]);
    assert.deepEqual(indexes(log.slice(5, 6, 10_000)), [5, 6]);
    assert.deepEqual(indexes(log.slice(7, 6, 10_000)), []);
  });

  it('cuts what it gives to a bound of bytes, wherever the tail begins, but gives at least one', () => {
    const { log } = logWithTail();
    const bytes = entryBytes(entry(1, 1));
    for (let from = 1; from <= 6; from++)
      for (let count = 0; count <= 6; count++)
        assert.equal(
          log.slice(from, 6, count * bytes)?.length,
          Math.min(Math.max(count, 1), 7 - from),
          `${count} entries from ${from}`,
        );
  });

  it('hands the tail out to be written once', () => {
    const { log } = logWithTail();
    assert.deepEqual(indexes(log.takeUnwritten()), [4, 5, 6]);
    assert.deepEqual(log.takeUnwritten(), []);
    log.append([entry(7, 3)]);
    assert.deepEqual(indexes(log.takeUnwritten()), [7]);
  });

  it('lets go of what is written', () => {
    const { log, stored } = logWithTail();
    stored.write(log.takeUnwritten());
    assert.equal(log.written(5, 3), true);
    assert.equal(log.written(6, 3), true);
    assert.deepEqual(indexes(log.slice(1, 6, 10_000)), [1, 2, 3, 4, 5, 6]);
    assert.deepEqual(log.takeUnwritten(), []);
  });

  it('ignores what was written and has been replaced since', () => {
    const { log, stored } = logWithTail();
    stored.write(log.takeUnwritten());
    log.truncateFrom(5);
    log.append(entriesOf([4, 4], 5));
    assert.equal(log.written(6, 3), false);
    assert.deepEqual(indexes(log.takeUnwritten()), [5, 6]);
    assert.equal(log.term(6), 4);
  });

  it('replaces stored entries, which are its own no more although they are still on disk', () => {
    const { log, stored } = logWithTail();
    log.truncateFrom(2);
    log.append([entry(2, 4)]);
    assert.deepEqual([log.lastIndex, log.term(2), log.term(3)], [2, 4, undefined]);
    assert.equal(stored.lastIndex(), 3);
    const unwritten = log.takeUnwritten();
    assert.deepEqual(indexes(unwritten), [2]);
    stored.write(unwritten);
    assert.equal(log.written(2, 4), true);
    assert.equal(log.lastIndex, 2);
  });

  it('finds the last place of a term or an earlier one', () => {
    const stored = new MemoryLog();
    stored.write(entriesOf([1, 1, 3, 3, 5], 1));
    const log = new RaftLog(stored, 1, 1);
    for (const [from, term, expected] of [
      [5, 5, 5],
      [5, 4, 4],
      [4, 2, 2],
      [5, 0, 0],
      [0, 9, 0],
    ] as const)
      assert.equal(log.lastIndexWithTermAtMost(from, term), expected);
  });

  it('does not hand out as committed what is no longer stored', () => {
    const { log, stored } = logWithTail();
    log.commitIndex = 3;
    const metadata = { index: 3, term: 2, timestampMs: 0, configurationIndex: 1 };
    stored.compact({
      ...metadata,
      configuration: { voters: [], votersOutgoing: [], learners: [], learnersNext: [], autoLeave: false },
    });
    assert.throws(() => log.takeCommitted(100), /I8/);
  });

  it('counts every entry’s payload and a constant', () => {
    assert.equal(entryBytes(entry(1, 1, 'four')), EMPTY_BYTES + 4);
  });
});
