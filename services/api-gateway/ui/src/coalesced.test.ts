import assert from 'node:assert/strict';
import { Coalesced } from './coalesced.ts';

/** Everything that waits for promises which are settled has run. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('coalesced work', () => {
  let runs: (() => void)[];
  let pauses: (() => void)[];
  let work: Coalesced;

  beforeEach(() => {
    runs = [];
    pauses = [];
    const until = (list: (() => void)[]) => () => new Promise<void>((resolve) => list.push(resolve));
    work = new Coalesced(until(runs), 500, until(pauses));
  });

  it('runs once for all that ask during its pause', async () => {
    for (let at = 0; at < 5; at += 1) work.ask();
    assert.deepEqual([pauses.length, runs.length], [1, 0]);
    pauses[0]?.();
    await settled();
    assert.equal(runs.length, 1);
  });

  it('runs once more, after its pause, for all that ask while it runs', async () => {
    work.ask();
    pauses[0]?.();
    await settled();
    for (let at = 0; at < 5; at += 1) work.ask();
    assert.deepEqual([pauses.length, runs.length], [1, 1]);
    runs[0]?.();
    await settled();
    assert.deepEqual([pauses.length, runs.length], [2, 1]);
    pauses[1]?.();
    await settled();
    runs[1]?.();
    await settled();
    assert.deepEqual([pauses.length, runs.length], [2, 2]);
  });
});
