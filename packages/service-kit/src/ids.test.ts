import assert from 'node:assert/strict';
import { isUuid, uuidFromBytes, uuidToBytes, uuidv7, uuidv7Bytes } from './ids.ts';

describe('a time-ordered id', () => {
  it('is a UUID of version 7 and variant 10 that begins with its milliseconds', () => {
    const farAheadMs = Date.now() + 60_000;
    const id = uuidv7(farAheadMs);
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.equal(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16), farAheadMs);
  });

  it('is greater than all before it: within one millisecond, beyond its counter, and when the clock goes back', () => {
    const startMs = Date.now() + 120_000;
    const clocks = [...Array(10_000).fill(startMs), startMs - 5_000, startMs - 1, startMs + 1, startMs + 50];
    const ids = clocks.map((nowMs) => uuidv7(nowMs));
    for (let at = 1; at < ids.length; at++)
      assert.ok((ids[at] as string) > (ids[at - 1] as string), `${ids[at - 1]} then ${ids[at]}`);
  });

  it('has the same order as bytes and as text', () => {
    const made = Array.from({ length: 100 }, () => uuidv7Bytes());
    const sorted = made.toSorted(Buffer.compare);
    assert.deepEqual(sorted, made);
    assert.deepEqual(made.map(uuidFromBytes), made.map(uuidFromBytes).toSorted());
  });

  it('goes from text to bytes and back, in either case', () => {
    const id = uuidv7();
    assert.equal(uuidFromBytes(uuidToBytes(id)), id);
    assert.equal(uuidFromBytes(uuidToBytes(id.toUpperCase())), id);
  });

  it('is told from what is none', () => {
    const id = uuidv7();
    assert.equal(isUuid(id), true);
    for (const text of [
      '',
      'x',
      `${id}0`,
      id.replaceAll('-', ''),
      `{${id}}`,
      `${id}\n`,
      id.replace('7', 'g'),
    ])
      assert.equal(isUuid(text), false, text);
    assert.throws(() => uuidToBytes('x'), /not a UUID/);
    assert.throws(() => uuidFromBytes(new Uint8Array(15)), /has 16 bytes, not 15/);
  });

  it('is read from a window into a larger buffer', () => {
    const larger = Buffer.concat([Buffer.alloc(3), uuidv7Bytes()]);
    assert.equal(uuidFromBytes(larger.subarray(3)), uuidFromBytes(Uint8Array.from(larger.subarray(3))));
  });
});
