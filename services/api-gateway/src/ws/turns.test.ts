import assert from 'node:assert/strict';
import { Turns } from './turns.ts';

describe('turns', () => {
  it('lets only so many begin, and the others in order as soon as one is done', () => {
    const turns = new Turns(2);
    const begun: number[] = [];
    const done = [1, 2, 3, 4].map((number) => turns.take(() => begun.push(number)));
    assert.deepEqual(begun, [1, 2]);
    done[1]?.();
    assert.deepEqual(begun, [1, 2, 3]);
    done[0]?.();
    assert.deepEqual(begun, [1, 2, 3, 4]);
  });

  it('skips one that no longer wants its turn', () => {
    const turns = new Turns(1);
    const begun: number[] = [];
    const done = [1, 2, 3].map((number) => turns.take(() => begun.push(number)));
    done[1]?.();
    done[0]?.();
    assert.deepEqual(begun, [1, 3]);
  });

  it('gives a turn back once, however often it is said', () => {
    const turns = new Turns(1);
    const begun: number[] = [];
    const done = [1, 2, 3].map((number) => turns.take(() => begun.push(number)));
    done[0]?.();
    done[0]?.();
    assert.deepEqual(begun, [1, 2]);
  });
});
