import assert from 'node:assert/strict';
import { createLogger } from '@agenda/service-kit/logger';
import { removeDirectory, temporaryDirectory } from '../testing/directories.ts';
import { DriverBench } from '../testing/driver.ts';
import { Alarms } from './alarms.ts';
import { Checkpoints } from './checkpoints.ts';

const EVERY_MS = 30_000;

describe('the checkpoints of a leader', () => {
  let directory: string;
  let bench: DriverBench;
  let checkpoints: Checkpoints;

  beforeEach(() => {
    directory = temporaryDirectory();
    bench = new DriverBench(directory, 'a#1');
    checkpoints = new Checkpoints({
      driver: bench.driver,
      feed: { discarded: false, onApplied: () => {}, onRestored: () => {} },
      alarms: new Alarms(
        () => bench.clock.wallMs(),
        () => {},
      ),
      clock: bench.clock,
      everyMs: EVERY_MS,
      report: () => {},
      onDiverged: (reason) => assert.fail(reason),
      logger: createLogger({ component: 'raft-sidecar', nodeId: 'test', level: 'silent' }),
    });
    bench.lead();
  });

  afterEach(() => {
    bench.close();
    removeDirectory(directory);
  });

  function write(): void {
    bench.propose('w');
    bench.scheduler.settle();
  }

  /** So much time passes; every second somebody looks. @returns the last index */
  function after(ms: number): number {
    for (let passed = 0; passed < ms; passed += 1_000) {
      bench.clock.nowMs += 1_000;
      checkpoints.watch();
      bench.scheduler.settle();
    }
    return bench.store.lastIndex();
  }

  function written(): number[] {
    const entries = bench.store.entries(1, bench.store.lastIndex(), Number.MAX_SAFE_INTEGER);
    return entries.flatMap(({ index, payload }) => (payload.kind === 'checkpoint' ? [index] : []));
  }

  it('are written as far apart as they may be while there are writes', () => {
    write();
    after(1_000);
    for (let second = 1; second <= 60; second++) {
      write();
      after(1_000);
    }
    assert.equal(written().length, 3);
  });

  it('are not written when nothing was since the last one', () => {
    write();
    const lastIndex = after(EVERY_MS);
    assert.deepEqual(written(), [lastIndex]);
    assert.equal(after(100 * EVERY_MS), lastIndex);
    write();
    assert.deepEqual(written(), [lastIndex]);
    assert.equal(after(EVERY_MS), lastIndex + 2);
  });
});
