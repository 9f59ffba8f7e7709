import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { Entry, Payload } from '../core/types.ts';
import { removeDirectory, temporaryDirectory } from '../testing/directories.ts';
import { openRaftDatabase } from './database.ts';
import { EntryTail } from './entry-tail.ts';
import { SqliteLogStore } from './sqlite-log-store.ts';

const MANY_BYTES = 1024 * 1024;

describe('the log store', () => {
  let directory: string;
  let store: SqliteLogStore;

  beforeEach(() => {
    directory = temporaryDirectory();
    store = open();
  });

  afterEach(() => {
    store.close();
    removeDirectory(directory);
  });

  function open(tail?: EntryTail): SqliteLogStore {
    return new SqliteLogStore(openRaftDatabase(directory), tail);
  }

  function reopen(tail?: EntryTail): void {
    store.close();
    store = open(tail);
  }

  /** With the file as another program sees it, while the store is closed. */
  function tamper(sql: string): void {
    store.close();
    const database = new Database(join(directory, 'raft.db'));
    database.exec(sql);
    database.close();
  }

  function command(index: number, term: number, text = `command ${index}`): Entry {
    return entry(index, term, { kind: 'command', data: Buffer.from(text) });
  }

  function entry(index: number, term: number, payload: Payload): Entry {
    return { index, term, timestampMs: 1_700_000_000_000 + index, payload };
  }

  function commands(from: number, to: number, term: number): Entry[] {
    return Array.from({ length: to - from + 1 }, (_, at) => command(from + at, term));
  }

  const configuration = {
    voters: ['a#1', 'b#1'],
    votersOutgoing: ['a#1'],
    learners: ['c#1'],
    learnersNext: ['d#1'],
    autoLeave: true,
  };

  it('starts blank', () => {
    assert.deepEqual(store.hardState, { term: 0, votedFor: '', commitIndex: 0 });
    assert.deepEqual([store.firstIndex(), store.lastIndex(), store.term(1)], [1, 0, undefined]);
    assert.deepEqual([store.clusterId, store.bootstrapped, store.logBytes], ['', false, 0]);
  });

  it('holds after a restart what was written, with every kind of entry', () => {
    const entries = [
      entry(1, 1, { kind: 'configuration', configuration }),
      entry(2, 2, { kind: 'noop' }),
      command(3, 2),
      entry(4, 2, { kind: 'checkpoint', data: Buffer.from([1, 2, 3]) }),
      ...commands(5, 60, 3),
    ];
    store.write({
      hardState: { term: 3, votedFor: 'a#1', commitIndex: 4 },
      entries,
      clusterId: 'c-1',
      bootstrapped: true,
    });
    const before = store.logBytes;
    reopen();
    assert.deepEqual(store.hardState, { term: 3, votedFor: 'a#1', commitIndex: 4 });
    assert.deepEqual(store.entries(1, 60, MANY_BYTES), entries);
    assert.deepEqual(store.configurations(), [{ index: 1, configuration }]);
    assert.deepEqual([store.clusterId, store.bootstrapped, store.logBytes], ['c-1', true, before]);
  });

  it('holds what was written even if the process is killed', async () => {
    store.close();
    const script = `
      import { openRaftDatabase } from ${JSON.stringify(new URL('./database.ts', import.meta.url).href)};
      import { SqliteLogStore } from ${JSON.stringify(new URL('./sqlite-log-store.ts', import.meta.url).href)};
      const store = new SqliteLogStore(openRaftDatabase(${JSON.stringify(directory)}));
      const payload = { kind: 'command', data: Buffer.from('kept') };
      store.write({
        hardState: { term: 5, votedFor: 'b#1', commitIndex: 0 },
        entries: [{ index: 1, term: 5, timestampMs: 1, payload }],
      });
      process.send('written');
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    await once(child, 'message');
    assert.throws(() => open(), /in use by another process/);
    child.kill('SIGKILL');
    await once(child, 'exit');
    store = open();
    assert.deepEqual(store.hardState, { term: 5, votedFor: 'b#1', commitIndex: 0 });
    assert.equal(store.term(1), 5);
  });

  it('replaces what is stored from the first written entry on', () => {
    store.write({ hardState: { term: 1, votedFor: '', commitIndex: 0 }, entries: commands(1, 40, 1) });
    const replaced = entry(20, 2, { kind: 'configuration', configuration });
    store.write({ hardState: { term: 2, votedFor: '', commitIndex: 0 }, entries: [replaced] });
    store.write({
      hardState: { term: 3, votedFor: '', commitIndex: 0 },
      entries: [command(20, 3), command(21, 3)],
    });
    for (let round = 0; round < 2; round++) {
      assert.equal(store.lastIndex(), 21);
      assert.deepEqual(
        [19, 20, 21, 22].map((index) => store.term(index)),
        [1, 3, 3, undefined],
      );
      assert.deepEqual(store.configurations(), []);
      const size = store.logBytes;
      reopen();
      assert.equal(store.logBytes, size);
    }
  });

  it('refuses to leave a gap, and stores nothing of such a write', () => {
    store.write({ hardState: { term: 1, votedFor: '', commitIndex: 0 }, entries: commands(1, 3, 1) });
    assert.throws(() => store.write({ entries: [command(5, 1)] }), /gap/);
    reopen();
    assert.equal(store.lastIndex(), 3);
  });

  it('remembers the commit index without a write of its own, and stores it with the next one', () => {
    store.write({ hardState: { term: 1, votedFor: '', commitIndex: 0 }, entries: commands(1, 3, 1) });
    const path = join(directory, 'raft.db-wal');
    const sizeBefore = walSize(path);
    store.write({ hardState: { term: 1, votedFor: '', commitIndex: 3 } });
    assert.equal(walSize(path), sizeBefore);
    assert.equal(store.hardState.commitIndex, 3);
    reopen();
    assert.equal(store.hardState.commitIndex, 3, 'closing in good order stores it');
  });

  it('does not remember the commit index of a write that failed, not even when it closes', () => {
    store.close();
    const database = openRaftDatabase(directory);
    store = new SqliteLogStore(database);
    store.write({ hardState: { term: 1, votedFor: '', commitIndex: 0 }, entries: commands(1, 5, 1) });
    const pages = database.pragma('page_count', { simple: true }) as number;
    database.pragma(`max_page_count = ${pages}`);
    const large = command(6, 1, 'x'.repeat(MANY_BYTES));
    assert.throws(
      () => store.write({ hardState: { term: 1, votedFor: '', commitIndex: 6 }, entries: [large] }),
      /the disk is full/,
    );
    database.pragma('max_page_count = 1000000');
    reopen();
    assert.equal(store.lastIndex(), 5);
    assert.equal(store.hardState.commitIndex, 0);
  });

  it('reads entries that have left its memory, and cuts pages by bytes', () => {
    store.write({ hardState: { term: 1, votedFor: '', commitIndex: 0 }, entries: commands(1, 100, 1) });
    reopen(new EntryTail(10));
    assert.deepEqual(
      store
        .entries(1, 100, MANY_BYTES)
        .map((item) => item.index)
        .at(0),
      1,
    );
    const indexes: number[] = [];
    for (let from = 1; from <= 100; from = (indexes.at(-1) ?? 0) + 1)
      indexes.push(...store.entries(from, 100, 200).map((item) => item.index));
    assert.deepEqual(
      indexes,
      Array.from({ length: 100 }, (_, at) => at + 1),
    );
    assert.equal(store.entries(7, 100, 1).length, 1, 'never less than one');
    assert.equal(store.term(3), 1);
    assert.throws(() => store.entries(0, 3, 1), /compacted/);
    assert.deepEqual(store.entries(101, 200, 1), []);
  });

  const damages = {
    'a flipped bit in the data': "UPDATE raft_log SET data = 'xommand 2' WHERE idx = 2",
    'another term': 'UPDATE raft_log SET term = 3 WHERE idx = 2',
    'another timestamp': 'UPDATE raft_log SET timestamp_ms = 7 WHERE idx = 2',
    'another kind': 'UPDATE raft_log SET kind = 3 WHERE idx = 2',
    'a missing entry': 'DELETE FROM raft_log WHERE idx = 2',
    'a missing end that was committed': 'DELETE FROM raft_log WHERE idx = 3',
    'entries of a term that never was': "UPDATE raft_meta SET value = 0 WHERE key = 'currentTerm'",
  };
  for (const [damage, sql] of Object.entries(damages))
    it(`refuses to start on ${damage}`, () => {
      store.write({ hardState: { term: 1, votedFor: '', commitIndex: 3 }, entries: commands(1, 3, 1) });
      tamper(sql.replace("'xommand 2'", "CAST('xommand 2' AS BLOB)"));
      const database = openRaftDatabase(directory);
      try {
        assert.throws(() => new SqliteLogStore(database), {
          name: 'CorruptLogError',
          message: /entry [23] /,
        });
      } finally {
        database.close();
        removeDirectory(directory);
        store = open();
      }
    });

  it('refuses a second opener, and lets it in once the first has closed', () => {
    assert.throws(() => openRaftDatabase(directory), /is in use by another process: stop that one/);
    reopen();
  });

  it('refuses a database of a newer version', () => {
    tamper('PRAGMA user_version = 99');
    assert.throws(() => open(), /written by a newer version \(schema 99/);
    tamperBack();
  });

  function tamperBack(): void {
    removeDirectory(directory);
    store = open();
  }
});

function walSize(path: string): number {
  return statSync(path).size;
}
