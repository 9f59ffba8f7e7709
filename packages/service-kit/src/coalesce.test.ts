import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Coalescer } from './coalesce.ts';

describe('a coalescer', () => {
  it('hands on what one turn gathered, in order, as one batch', async () => {
    const batches: number[][] = [];
    const coalescer = new Coalescer<number>((items) => batches.push(items), { itemsMax: 10 });
    coalescer.push(1);
    coalescer.push(2);
    await Promise.resolve();
    coalescer.push(3);
    assert.equal(coalescer.length, 3);
    await nextTurn();
    coalescer.push(4);
    await nextTurn();
    assert.deepEqual(batches, [[1, 2, 3], [4]]);
    assert.equal(coalescer.length, 0);
  });

  it('splits what is over the bound of items', async () => {
    const batches: number[][] = [];
    const coalescer = new Coalescer<number>((items) => batches.push(items), { itemsMax: 2 });
    for (const item of [1, 2, 3, 4, 5]) coalescer.push(item);
    await nextTurn();
    assert.deepEqual(batches, [[1, 2], [3, 4], [5]]);
  });

  it('splits what is over the bound of bytes, and lets one that is larger go alone', async () => {
    const batches: string[][] = [];
    const coalescer = new Coalescer<string>((items) => batches.push(items), {
      itemsMax: 3,
      bytesMax: 5,
      sizeOf: (item) => item.length,
    });
    for (const item of ['aa', 'bbb', 'c', 'larger than all', 'd', 'e', 'f', 'g']) coalescer.push(item);
    await nextTurn();
    assert.deepEqual(batches, [['aa', 'bbb'], ['c'], ['larger than all'], ['d', 'e', 'f'], ['g']]);
  });

  it('leaves what is pushed during a flush for the next turn', async () => {
    const batches: number[][] = [];
    const coalescer: Coalescer<number> = new Coalescer(
      (items) => {
        batches.push(items);
        if (items[0] === 1) coalescer.push(2);
      },
      { itemsMax: 10 },
    );
    coalescer.push(1);
    await nextTurn();
    assert.deepEqual(batches, [[1]]);
    await nextTurn();
    assert.deepEqual(batches, [[1], [2]]);
  });

  it('drops what it holds, and what comes later, when it is closed', async () => {
    const batches: number[][] = [];
    const coalescer = new Coalescer<number>((items) => batches.push(items), { itemsMax: 10 });
    coalescer.push(1);
    coalescer.close();
    coalescer.push(2);
    await nextTurn();
    assert.deepEqual(batches, []);
    assert.equal(coalescer.length, 0);
  });
});
