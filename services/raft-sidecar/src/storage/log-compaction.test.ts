import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { Entry, SnapshotMetadata } from '../core/types.ts';
import { removeDirectory, temporaryDirectory } from '../testing/directories.ts';
import { openRaftDatabase, type RaftDatabase } from './database.ts';
import { EntryTail } from './entry-tail.ts';
import { SqliteLogStore } from './sqlite-log-store.ts';

const BEFORE = { voters: ['a#1'], votersOutgoing: [], learners: [], learnersNext: [], autoLeave: false };
const IN_FORCE = { ...BEFORE, voters: ['a#1', 'b#1'] };
const LATER = { ...BEFORE, voters: ['a#1', 'b#1', 'c#1'] };
const MANY_BYTES = 1024 * 1024;

describe('a log that starts behind a snapshot', () => {
  let directory: string;
  let database: RaftDatabase;
  let store: SqliteLogStore;

  beforeEach(() => {
    directory = temporaryDirectory();
    open();
    store.write({
      hardState: { term: 3, votedFor: 'a#1', commitIndex: 0 },
      clusterId: 'cluster',
      entries: log(100),
    });
    store.write({ hardState: { term: 3, votedFor: 'a#1', commitIndex: 90 } });
  });

  afterEach(() => {
    store.close();
    removeDirectory(directory);
  });

  function open(): void {
    database = openRaftDatabase(directory);
    store = new SqliteLogStore(database, new EntryTail(20));
  }

  function reopen(): void {
    store.close();
    open();
  }

  /** Terms 1 to 3; configurations at 1, 40 and 70. */
  function log(count: number): Entry[] {
    const configurations = new Map([
      [1, BEFORE],
      [40, IN_FORCE],
      [70, LATER],
    ]);
    return Array.from({ length: count }, (_, at) => {
      const index = at + 1;
      const configuration = configurations.get(index);
      return {
        index,
        term: index < 30 ? 1 : index < 60 ? 2 : 3,
        timestampMs: index,
        payload: configuration
          ? { kind: 'configuration', configuration }
          : { kind: 'command', data: Buffer.alloc(100, index) },
      };
    });
  }

  /** Page by page. */
  function stored(from: number, to: number): Entry[] {
    const entries: Entry[] = [];
    while (entries.length < to - from + 1)
      entries.push(...store.entries(from + entries.length, to, MANY_BYTES));
    return entries;
  }

  function snapshotAt(index: number, term: number): SnapshotMetadata {
    return { index, term, timestampMs: index, configuration: IN_FORCE, configurationIndex: 40 };
  }

  it('offers the newest snapshot, and is cut only as far as that reaches', () => {
    assert.equal(store.snapshot(), undefined);
    assert.throws(() => store.compact(10), /in no snapshot/);
    store.write({ snapshot: snapshotAt(50, 2) });
    assert.throws(() => store.compact(51), /in no snapshot/);
    store.compact(45);
    for (const check of [() => {}, reopen]) {
      check();
      assert.deepEqual(store.snapshot(), snapshotAt(50, 2));
      assert.deepEqual([store.firstIndex(), store.lastIndex()], [46, 100]);
      assert.deepEqual(
        [store.term(44), store.term(45), store.term(46), store.term(100)],
        [undefined, 2, 2, 3],
      );
      assert.throws(() => store.entries(45, 50, MANY_BYTES), /compacted; the log starts at 46/);
      assert.deepEqual(stored(46, 100), log(100).slice(45));
    }
  });

  it('knows who voted where it starts, and who votes since', () => {
    store.write({ snapshot: snapshotAt(50, 2) });
    store.compact(45);
    for (const check of [() => {}, reopen]) {
      check();
      assert.deepEqual(store.configurations(), [
        { index: 40, configuration: IN_FORCE },
        { index: 70, configuration: LATER },
      ]);
    }
  });

  it('is cut in steps, and a step that was done before changes nothing', () => {
    store.write({ snapshot: snapshotAt(50, 2) });
    const before = store.logBytes;
    for (const step of [10, 20, 20, 15, 30]) store.compact(step);
    assert.equal(store.firstIndex(), 31);
    // One of the thirty is a configuration.
    assert.ok(before - store.logBytes >= 29 * 100);
    const bytes = store.logBytes;
    reopen();
    assert.equal(store.logBytes, bytes);
  });

  it('gives way, whole, to a snapshot of another member', () => {
    store.write({ restored: snapshotAt(500, 3) });
    for (const check of [() => {}, reopen]) {
      check();
      assert.deepEqual([store.firstIndex(), store.lastIndex(), store.logBytes], [501, 500, 0]);
      assert.deepEqual([store.term(499), store.term(500), store.term(501)], [undefined, 3, undefined]);
      assert.deepEqual(store.hardState, { term: 3, votedFor: 'a#1', commitIndex: 500 });
      assert.deepEqual(store.configurations(), [{ index: 40, configuration: IN_FORCE }]);
      assert.equal(store.clusterId, 'cluster');
    }
    const next: Entry = { index: 501, term: 3, timestampMs: 501, payload: { kind: 'noop' } };
    store.write({ entries: [next] });
    assert.deepEqual(store.entries(501, 501, 1), [next]);
    assert.throws(() => store.write({ entries: [{ ...next, index: 503 }] }), /leave a gap/);
  });

  it('has either the old log or none of it, wherever a crash comes', () => {
    database.exec(
      "CREATE TEMP TRIGGER crash BEFORE INSERT ON raft_meta WHEN NEW.key = 'logStartTerm' BEGIN SELECT RAISE(ABORT, 'crash'); END",
    );
    assert.throws(() => store.write({ restored: snapshotAt(500, 3) }), /crash/);
    database.close();
    open();
    assert.deepEqual([store.firstIndex(), store.lastIndex(), store.snapshot()], [1, 100, undefined]);
    assert.deepEqual(stored(1, 100), log(100));
  });

  it('refuses to start where its beginning is in no snapshot', () => {
    store.write({ snapshot: snapshotAt(50, 2) });
    store.compact(45);
    store.close();
    const raw = new Database(join(directory, 'raft.db'));
    raw.exec("DELETE FROM raft_meta WHERE key = 'snapshot'");
    raw.close();
    assert.throws(() => open(), /starts behind 45, which no snapshot holds/);
    database.close();
    removeDirectory(directory);
    open();
  });

  it('gives the disk back what was cut off, but for what is needed soon', () => {
    const megabytes = 24;
    const data = Buffer.alloc(1024);
    for (let batch = 0; batch < megabytes; batch++)
      store.write({
        entries: Array.from({ length: 1024 }, (_, at) => ({
          index: 101 + batch * 1024 + at,
          term: 3,
          timestampMs: 0,
          payload: { kind: 'command', data },
        })),
      });
    const last = store.lastIndex();
    store.write({
      hardState: { term: 3, votedFor: 'a#1', commitIndex: last },
      snapshot: snapshotAt(last, 3),
    });
    database.pragma('wal_checkpoint(PASSIVE)');
    const path = join(directory, 'raft.db');
    const before = statSync(path).size;
    assert.ok(before > megabytes * 1024 * 1024);
    while (store.firstIndex() <= last) store.compact(Math.min(last, store.firstIndex() + 999));
    for (let turn = 0; turn < 10; turn++) store.compact(last);
    database.pragma('wal_checkpoint(PASSIVE)');
    const after = statSync(path).size;
    console.log(`      raft.db: ${before >> 20} MiB before, ${after >> 20} MiB after`);
    assert.ok(after < before / 3, `${after} of ${before} bytes`);
  });

  it('makes room also in a file of a version that could not', () => {
    store.close();
    const path = join(directory, 'raft.db');
    const raw = new Database(path);
    raw.pragma('journal_mode = DELETE');
    raw.pragma('auto_vacuum = NONE');
    raw.exec('VACUUM; DROP TABLE raft_snapshots');
    raw.pragma('user_version = 2');
    assert.equal(raw.pragma('auto_vacuum', { simple: true }), 0);
    raw.close();
    open();
    assert.equal(database.pragma('auto_vacuum', { simple: true }), 2);
    assert.deepEqual(stored(1, 100), log(100));
  });
});
