import assert from 'node:assert/strict';
import { closeSync, copyFileSync, mkdtempSync, openSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { CheckpointThread } from './checkpoint-thread.ts';
import { copyBack } from './copy-back.ts';
import { openDatabase } from './database.ts';

describe('the thread that copies the write-ahead log back', () => {
  let directory: string;
  let db: Database.Database;
  let file: number;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'agenda-'));
    db = openDatabase(directory);
    db.pragma('wal_autocheckpoint = 0');
    db.exec('CREATE TABLE t (n INTEGER) STRICT');
    file = openSync(db.name, 'r');
  });

  afterEach(() => {
    db.close();
    closeSync(file);
    rmSync(directory, { recursive: true });
  });

  const run = (path: string): Promise<string> =>
    new Promise((resolve) => new CheckpointThread({ path, file, onEnded: resolve }));

  it('copies everything that is in the log', async () => {
    db.exec('INSERT INTO t VALUES (1), (2)');
    assert.equal(await run(db.name), '');
    const copy = join(directory, 'copy.db');
    copyFileSync(db.name, copy);
    const found = new Database(copy);
    assert.deepEqual(found.prepare('SELECT n FROM t').pluck().all(), [1, 2]);
    found.close();
  });

  it('harms nothing that is written while it copies', async () => {
    const insert = db.prepare('INSERT INTO t VALUES (?)');
    let rows = 0;
    for (; rows < 2_000; rows++) insert.run(rows);
    let ended: string | undefined;
    void run(db.name).then((failure) => {
      ended = failure;
    });
    for (; ended === undefined; rows++) {
      insert.run(rows);
      await new Promise(setImmediate);
    }
    assert.equal(ended, '');
    assert.deepEqual(copyBack(db).busy, 0);
    assert.equal(db.prepare('SELECT count(*) FROM t').pluck().get(), rows);
    assert.equal(db.pragma('integrity_check', { simple: true }), 'ok');
  });

  it('says what it could not open, and makes no file', async () => {
    assert.equal(await run(join(directory, 'none.db')), 'unable to open database file');
    assert.throws(() => openSync(join(directory, 'none.db'), 'r'), { code: 'ENOENT' });
  });

  it('leaves the locks of this process alone, by which others know that the database is in use', async () => {
    db.exec('INSERT INTO t VALUES (1)');
    const before = locks();
    assert.ok(before.length > 0);
    assert.equal(await run(db.name), '');
    assert.deepEqual(locks(), before);
  });

  /** As Linux has them: "… POSIX ADVISORY READ <pid> <device>:<inode> <from> <to>". */
  function locks(): string[] {
    const { ino } = statSync(db.name);
    const ours = readFileSync('/proc/locks', 'utf8')
      .split('\n')
      .filter((line) => line.includes(` ${process.pid} `) && line.includes(`:${ino} `));
    return ours.map((line) => line.replace(/^\d+: /, ''));
  }
});
