import assert from 'node:assert/strict';
import { deadlineAt } from '@agenda/service-kit/deadline';
import { ServiceError } from '@agenda/service-kit/errors';
import { AppliedPosition } from './applied-position.ts';

describe('AppliedPosition', () => {
  it('releases each waiter as soon as its index is applied, and no other', async () => {
    const position = new AppliedPosition({ index: 3, term: 1 });
    const released: number[] = [];
    const waits = [3, 5, 9].map((index) =>
      position.waitFor(index, deadlineAt(5_000)).then(() => released.push(index)),
    );
    await waits[0];
    position.advance(4, 1);
    position.advance(6, 1);
    await waits[1];
    assert.deepEqual(released, [3, 5]);
    position.advance(1_000_000, 2);
    await waits[2];
    assert.deepEqual([position.index, position.term], [1_000_000, 2]);
  });

  it('tells a waiter at its deadline how far this replica is', async () => {
    const position = new AppliedPosition({ index: 3, term: 1 });
    await assert.rejects(
      position.waitFor(4, deadlineAt(1)),
      (error: ServiceError) => error.code === 'timeout' && /up to 3 .* reach 4/.test(error.message),
    );
    position.advance(4, 1);
  });

  it('fails everybody, now and later, once applying has stopped', async () => {
    const position = new AppliedPosition({ index: 3, term: 1 });
    const waiting = position.waitFor(4, deadlineAt(5_000));
    const failure = new ServiceError('unavailable', 'stopped');
    position.fail(failure);
    await assert.rejects(waiting, failure);
    await assert.rejects(position.waitFor(1, deadlineAt(5_000)), failure);
  });
});
