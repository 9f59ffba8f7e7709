import assert from 'node:assert/strict';
import { entryBytes } from '../core/log.ts';
import type { Entry } from '../core/types.ts';
import { EntryTail } from './entry-tail.ts';

function entry(index: number, bytes = 10): Entry {
  return { index, term: 1, timestampMs: 0, payload: { kind: 'command', data: new Uint8Array(bytes) } };
}

function entries(from: number, to: number): Entry[] {
  return Array.from({ length: to - from + 1 }, (_, at) => entry(from + at));
}

describe('the tail of the log in memory', () => {
  it('keeps the newest entries within its bound of entries', () => {
    const tail = new EntryTail(100);
    for (let index = 1; index <= 1_000; index++) tail.append([entry(index)]);
    const kept = 1_001 - (tail.firstIndex as number);
    assert.ok(kept >= 100 && kept <= 126, `kept ${kept}`);
    assert.equal(tail.at(1_000)?.index, 1_000);
    assert.equal(tail.at(1), undefined);
    assert.equal(tail.at(1_001), undefined);
  });

  it('keeps the newest entries within its bound of bytes, and never less than one', () => {
    const tail = new EntryTail(1_000, 5_000);
    for (let index = 1; index <= 100; index++) tail.append([entry(index, 1_000)]);
    const kept = 101 - (tail.firstIndex as number);
    assert.ok(kept >= 3 && kept <= 7, `kept ${kept}`);
    tail.append([entry(101, 50_000)]);
    assert.equal(tail.firstIndex, 101);
  });

  it('cuts a slice by index and by bytes', () => {
    const tail = new EntryTail();
    tail.append(entries(5, 20));
    assert.deepEqual(
      tail.slice(7, 9, 10_000).map(({ index }) => index),
      [7, 8, 9],
    );
    assert.equal(tail.slice(7, 20, 3 * entryBytes(entry(1))).length, 3);
    assert.equal(tail.slice(7, 20, 1).length, 1);
  });

  it('forgets what is truncated, also all of it', () => {
    const tail = new EntryTail();
    tail.append(entries(5, 20));
    tail.truncateFrom(10);
    assert.equal(tail.at(10), undefined);
    assert.equal(tail.at(9)?.index, 9);
    tail.truncateFrom(1);
    assert.equal(tail.firstIndex, undefined);
    tail.append(entries(1, 3));
    assert.equal(tail.firstIndex, 1);
  });
});
