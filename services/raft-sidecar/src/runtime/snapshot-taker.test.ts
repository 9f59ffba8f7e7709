import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLogger } from '@agenda/service-kit/logger';
import { EMPTY_CONFIGURATION } from '../core/membership.ts';
import type { Entry, Message } from '../core/types.ts';
import { FileSnapshotStore } from '../storage/file-snapshot-store.ts';
import { removeDirectory, temporaryDirectory } from '../testing/directories.ts';
import { DriverBench } from '../testing/driver.ts';
import { Alarms } from './alarms.ts';
import { SnapshotTaker } from './snapshot-taker.ts';

const ALL_APPLIED = 9;

describe('the snapshot taker', () => {
  let directory: string;
  let bench: DriverBench;
  let alarms: Alarms;
  /** Empty: the state machine gives one. */
  let refusal: string;

  beforeEach(() => {
    directory = temporaryDirectory();
    bench = new DriverBench(directory, 'b#1');
    const { clock } = bench;
    alarms = new Alarms(
      () => clock.monotonicMs(),
      () => {},
    );
    refusal = '';
  });

  afterEach(() => {
    bench.close();
    removeDirectory(directory);
  });

  function hear(message: object): void {
    bench.driver.receive([{ from: 'a#1', to: 'b#1', term: 1, ...message } as Message]);
    bench.scheduler.settle();
  }

  function append(from: number, to: number, commitIndex: number): void {
    const entries: Entry[] = [];
    for (let index = from; index <= to; index++) {
      const configuration = { ...EMPTY_CONFIGURATION, voters: ['a#1', 'b#1', 'c#1'] };
      const payload: Entry['payload'] =
        index === 1 ? { kind: 'configuration', configuration } : { kind: 'command', data: Buffer.from('x') };
      entries.push({ index, term: 1, timestampMs: 0, payload });
    }
    hear({
      kind: 'appendRequest',
      prevIndex: from - 1,
      prevTerm: from === 1 ? 0 : 1,
      entries,
      commitIndex,
      round: 1,
    });
  }

  /** Whose state machine has applied and synced all, and keeps no tail of the log. */
  function taker(): SnapshotTaker {
    const store = new FileSnapshotStore(join(directory, 'snapshots'), bench.database);
    const { driver, store: log, clock } = bench;
    return new SnapshotTaker({
      driver,
      log,
      store,
      feed: {
        appliedIndex: ALL_APPLIED,
        durableIndex: ALL_APPLIED,
        takeSnapshot: async () => {
          const path = join(store.directory, 'state');
          writeFileSync(path, 'the state');
          return { path, index: ALL_APPLIED, term: 1, digest: Buffer.alloc(32), error: refusal };
        },
      },
      alarms,
      clock,
      limits: { logEntriesMax: 1, logBytesMax: 1_000, tailEntries: 0 },
      logger: createLogger({ component: 'raft-sidecar', nodeId: 'test', level: 'silent' }),
    });
  }

  /** The driver's turns come as they are asked for. */
  async function settled<T>(promise: Promise<T>): Promise<T> {
    const turns = setInterval(() => bench.scheduler.settle(), 1);
    try {
      return await promise;
    } finally {
      clearInterval(turns);
    }
  }

  it('raises an alarm while the log grows for want of a snapshot, and not for one of a state that was wrong', async () => {
    bench.driver.start();
    bench.driver.joinCluster('cluster');
    append(1, ALL_APPLIED, ALL_APPLIED);
    refusal = 'no room';
    const snapshots = taker();
    const ofWrongState = snapshots.take();
    snapshots.invalidate();
    await assert.rejects(settled(ofWrongState), /no room/);
    assert.deepEqual(alarms.list(), []);
    await assert.rejects(settled(snapshots.take()), /no room/);
    assert.match(alarms.list()[0]?.message ?? '', /^the log grows, for .*no room$/);
    refusal = '';
    await settled(taker().take());
    assert.deepEqual(alarms.list(), []);
    // And of a snapshot that came from elsewhere meanwhile.
    alarms.raise('snapshot_failed', 'the log grows');
    snapshots.watch();
    assert.deepEqual(alarms.list(), []);
  });

  it('keeps what was applied before a crash, until the log says again that it is committed', async () => {
    bench.driver.start();
    bench.driver.joinCluster('cluster');
    append(1, 6, 6);
    append(7, ALL_APPLIED, 6);
    hear({ kind: 'heartbeatRequest', commitIndex: ALL_APPLIED, round: 2 });
    assert.equal(bench.driver.commitIndex, ALL_APPLIED);
    // Killed: the last commit index was only remembered.
    bench.driver.stop();
    bench.database.close();
    bench = new DriverBench(directory, 'b#1');
    bench.driver.start();
    assert.equal(bench.driver.commitIndex, 6);
    const snapshots = taker();
    await settled(snapshots.take());
    assert.equal(bench.store.firstIndex(), 7);
    hear({ kind: 'heartbeatRequest', commitIndex: ALL_APPLIED, round: 1 });
    assert.deepEqual(bench.fatal, []);
    assert.equal(bench.driver.commitIndex, ALL_APPLIED);
    snapshots.watch();
    bench.scheduler.settle();
    assert.equal(bench.store.firstIndex(), ALL_APPLIED + 1);
  });
});
