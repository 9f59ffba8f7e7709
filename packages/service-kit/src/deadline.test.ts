import assert from 'node:assert/strict';
import { DeadlineSweeper, deadlineAt, remainingMs, withDeadline } from './deadline.ts';
import { ServiceError } from './errors.ts';

const late = () => new ServiceError('timeout', 'late');

describe('a deadline', () => {
  it('has time left until it passes, and never less than none', () => {
    assert.ok(remainingMs(deadlineAt(1_000)) > 900);
    assert.equal(remainingMs(deadlineAt(-5)), 0);
    assert.equal(remainingMs(Number.POSITIVE_INFINITY), Number.POSITIVE_INFINITY);
  });

  it('lets a promise through that settles first, either way', async () => {
    assert.equal(await withDeadline(Promise.resolve(1), deadlineAt(1_000), late), 1);
    const failed = withDeadline(Promise.reject(new Error('own')), deadlineAt(1_000), late);
    await assert.rejects(failed, /own/);
    assert.equal(await withDeadline(Promise.resolve(2), deadlineAt(-1), late), 2);
  });

  it('rejects with what was asked for when it passes first', async () => {
    await assert.rejects(withDeadline(new Promise(() => {}), deadlineAt(5), late), { code: 'timeout' });
  });

  it('that is infinite, or further than a timer reaches, does not pass at once', async () => {
    for (const awayMs of [Number.POSITIVE_INFINITY, 2 ** 40]) {
      const { promise, resolve } = Promise.withResolvers<string>();
      const awaited = withDeadline(promise, deadlineAt(awayMs), late);
      // setTimeout takes what is too long for 1 ms; of two timers of 1 ms the one that was set first is due first.
      setTimeout(resolve, 1, 'done');
      assert.equal(await awaited, 'done');
    }
  });
});

describe('a sweeper of deadlines', () => {
  it('reports each item once, not before its deadline, and none that was taken back', async () => {
    const due: string[] = [];
    const done = Promise.withResolvers<void>();
    const sweeper = new DeadlineSweeper<{ name: string; deadlineAtMs: number }>((item) => {
      assert.ok(performance.now() >= item.deadlineAtMs);
      due.push(item.name);
      if (item.name === 'last') done.resolve();
    });
    const back = { name: 'taken back', deadlineAtMs: deadlineAt(10) };
    sweeper.add({ name: 'passed', deadlineAtMs: deadlineAt(-10) });
    sweeper.add(back);
    sweeper.add({ name: 'last', deadlineAtMs: deadlineAt(60) });
    sweeper.delete(back);
    assert.equal(sweeper.size, 2);
    await done.promise;
    assert.deepEqual(due, ['passed', 'last']);
    assert.equal(sweeper.size, 0);
  });

  it('reports nothing after it is closed', async () => {
    const sweeper = new DeadlineSweeper(() => assert.fail('reported'));
    sweeper.add({ deadlineAtMs: 0 });
    sweeper.close();
    assert.equal(sweeper.size, 0);
    // Its sweep comes after the one that the closed sweeper would have made.
    await new Promise((resolve) => new DeadlineSweeper(resolve).add({ deadlineAtMs: 0 }));
  });

  it('goes on when the reported one adds another', async () => {
    const seen: number[] = [];
    const done = Promise.withResolvers<void>();
    const sweeper: DeadlineSweeper<{ deadlineAtMs: number; n: number }> = new DeadlineSweeper(({ n }) => {
      seen.push(n);
      if (n < 3) sweeper.add({ deadlineAtMs: deadlineAt(1), n: n + 1 });
      else done.resolve();
    });
    sweeper.add({ deadlineAtMs: 0, n: 1 });
    await done.promise;
    assert.deepEqual(seen, [1, 2, 3]);
  });
});
