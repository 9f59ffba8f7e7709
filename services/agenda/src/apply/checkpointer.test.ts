import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { Checkpointer, type CheckpointerOptions } from './checkpointer.ts';
import { openDatabase } from './database.ts';

/** A thread of another kind; `task` is its CheckpointTask. */
function thread(code: string): URL {
  return new URL(
    `data:text/javascript,${encodeURIComponent(`import { workerData as task } from 'node:worker_threads'; ${code}`)}`,
  );
}

describe('Checkpointer', () => {
  let directory: string;
  let db: Database.Database;
  let checkpointer: Checkpointer | undefined;
  let threadFailures: string[];

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'agenda-'));
    db = openDatabase(directory);
    db.exec('CREATE TABLE t (n INTEGER) STRICT');
    threadFailures = [];
  });

  afterEach(() => {
    checkpointer?.close();
    db.close();
    checkpointer?.release();
    checkpointer = undefined;
    rmSync(directory, { recursive: true });
  });

  /** At index 7. */
  const start = (options: Partial<CheckpointerOptions> = {}): Checkpointer => {
    const { limits, ...rest } = options;
    checkpointer = new Checkpointer({
      db,
      appliedIndex: 7,
      onDurable: () => undefined,
      onFailure: (error) => assert.fail(String(error)),
      onThreadFailure: (reason) => threadFailures.push(reason),
      limits: { entriesMax: 10, littleEntries: 10, intervalMs: 60_000, ...limits },
      ...rest,
    });
    return checkpointer;
  };

  /** What a power cut would leave if nothing but the database file itself had reached the disk. */
  const onDisk = (): number[] => {
    const copy = join(directory, 'copy.db');
    copyFileSync(join(directory, 'agenda.db'), copy);
    const found = new Database(copy);
    const rows = found.prepare<[], { n: number }>('SELECT n FROM t ORDER BY n').all();
    found.close();
    return rows.map(({ n }) => n);
  };

  it('calls what is applied durable only after a checkpoint', () => {
    const checkpointer = start();
    assert.equal(checkpointer.durableIndex, 7);
    db.exec('INSERT INTO t VALUES (1)');
    checkpointer.applied(16, 9);
    assert.equal(checkpointer.durableIndex, 7);
    checkpointer.applied(17, 1);
    assert.equal(checkpointer.durableIndex, 17);
    assert.deepEqual(onDisk(), [1]);
  });

  it('reports without further entries once the interval has passed', async () => {
    await new Promise<void>((resolve) => {
      const checkpointer = start({ onDurable: resolve, limits: { intervalMs: 5 } });
      db.exec('INSERT INTO t VALUES (1)');
      checkpointer.applied(8, 1);
    });
    assert.equal(checkpointer?.durableIndex, 8);
  });

  it('does not call durable what a reader kept from being copied, and tries again', async () => {
    const reader = new Database(join(directory, 'agenda.db'), { readonly: true });
    let reports = 0;
    let reported = (): void => undefined;
    const onDurable = (): void => {
      reports += 1;
      reported();
    };
    const checkpointer = start({ onDurable, limits: { intervalMs: 5 } });
    db.exec('INSERT INTO t VALUES (1)');
    reader.exec('BEGIN');
    reader.prepare('SELECT * FROM t').all();
    db.exec('INSERT INTO t VALUES (2)');
    checkpointer.applied(18, 10);
    assert.equal(checkpointer.durableIndex, 7);
    reader.exec('COMMIT');
    const before = reports;
    await new Promise<void>((resolve) => {
      reported = () => {
        if (reports > before && checkpointer.durableIndex === 18) resolve();
      };
    });
    reader.close();
  });

  describe('when much is to be copied', () => {
    const much = { littleEntries: 0 };

    it('has it copied by a thread, and what is applied meanwhile is durable with it', async () => {
      await new Promise<void>((resolve) => {
        const checkpointer = start({ onDurable: resolve, limits: much });
        db.exec('INSERT INTO t VALUES (1)');
        checkpointer.applied(17, 10);
        assert.equal(checkpointer.durableIndex, 7);
        db.exec('INSERT INTO t VALUES (2)');
        checkpointer.applied(18, 1);
      });
      assert.equal(checkpointer?.durableIndex, 18);
      assert.deepEqual(onDisk(), [1, 2]);
      assert.deepEqual(threadFailures, []);
    });

    it('begins the write-ahead log anew after it, so that it does not grow for ever', async () => {
      const grown = (): number => (db.pragma('wal_checkpoint(PASSIVE)') as [{ log: number }])[0].log;
      for (let round = 0; round < 3; round++) {
        await new Promise<void>((resolve) => {
          checkpointer?.close();
          checkpointer?.release();
          const next = start({ onDurable: resolve, limits: much });
          for (let n = 0; n < 10; n++) db.exec('INSERT INTO t VALUES (1)');
          next.applied(17, 10);
        });
        assert.ok(grown() <= 10, `the log has ${grown()} frames in round ${round}`);
      }
    });

    for (const [name, script, reason] of [
      ['dies', thread('process.exit(3)'), /^it ended with code 3 and said nothing$/],
      ['throws', thread('throw new Error("no memory")'), /^no memory$/],
    ] as const)
      it(`says so if the thread ${name}, and copies by itself`, async () => {
        await new Promise<void>((resolve) => {
          const checkpointer = start({ onDurable: resolve, limits: much, script });
          db.exec('INSERT INTO t VALUES (1)');
          checkpointer.applied(17, 10);
        });
        assert.equal(checkpointer?.durableIndex, 17);
        assert.deepEqual(onDisk(), [1]);
        assert.equal(threadFailures.length, 1);
        assert.match(String(threadFailures[0]), reason);
      });

    it('reports the failure of a disk that lets neither of them copy', async () => {
      const failure = await new Promise((resolve) => {
        const checkpointer = start({ onFailure: resolve, limits: much });
        db.exec('INSERT INTO t VALUES (1)');
        checkpointer.applied(17, 10);
        // Stands for the disk: there is no way to make one full here.
        db.pragma = () => {
          throw Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });
        };
      });
      assert.equal((failure as { code: string }).code, 'SQLITE_FULL');
      assert.equal(checkpointer?.durableIndex, 7);
      Reflect.deleteProperty(db, 'pragma');
    });

    it('waits at its bound for a thread that still copies, and then for the rest', () => {
      const script = thread(
        'setTimeout(() => { Atomics.store(task.ended, 0, 1); Atomics.notify(task.ended, 0); }, 30)',
      );
      const checkpointer = start({ limits: much, script });
      db.exec('INSERT INTO t VALUES (1)');
      checkpointer.applied(17, 10);
      checkpointer.applied(26, 9);
      assert.equal(checkpointer.durableIndex, 7);
      checkpointer.applied(27, 1);
      assert.equal(checkpointer.durableIndex, 27);
    });

    it('goes on after a bounded time beside a thread that hangs, and calls nothing durable', () => {
      const script = thread('setTimeout(() => undefined, 200)');
      const checkpointer = start({ limits: { ...much, waitMs: 5 }, script });
      checkpointer.applied(17, 10);
      checkpointer.applied(27, 10);
      assert.equal(checkpointer.durableIndex, 7);
      assert.throws(() => checkpointer.pause(), /a thread has been copying .* for 5 ms; try again/);
    });

    it('leaves nothing to be copied when it is closed while the thread copies', () => {
      const checkpointer = start({ limits: much });
      for (let n = 1; n <= 3; n++) db.exec(`INSERT INTO t VALUES (${n})`);
      checkpointer.applied(17, 10);
      checkpointer.close();
      assert.equal(checkpointer.durableIndex, 17);
      db.close();
      assert.ok(!existsSync(join(directory, 'agenda.db-wal')), 'the thread has closed the database too');
      assert.deepEqual(onDisk(), [1, 2, 3]);
      db = openDatabase(directory);
      checkpointer.reopen(db, 17);
    });

    it('lets another database take the place of the one that the thread copied', () => {
      const checkpointer = start({ limits: much });
      db.exec('INSERT INTO t VALUES (1)');
      checkpointer.applied(17, 10);
      checkpointer.pause();
      db.close();
      rmSync(join(directory, 'agenda.db'));
      db = openDatabase(directory);
      db.exec('CREATE TABLE t (n INTEGER) STRICT; INSERT INTO t VALUES (9)');
      checkpointer.reopen(db, 3);
      assert.equal(checkpointer.durableIndex, 3);
      assert.deepEqual(onDisk(), [9]);
    });
  });
});
