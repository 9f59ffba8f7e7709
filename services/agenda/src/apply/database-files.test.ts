import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { openDatabase } from './database.ts';
import { DatabaseFiles } from './database-files.ts';

const ROWS = 500;

describe('the files of the database', () => {
  let scratch: string;
  let directory: string;
  let incoming: string;

  /** `directory` looks as after a crash of a process that had written `old`, most of it in the write-ahead log. */
  beforeEach(() => {
    scratch = mkdtempSync(join(tmpdir(), 'agenda-files-'));
    directory = join(scratch, 'agenda');
    const living = join(scratch, 'living');
    const db = openDatabase(living);
    fill(db, 'old');
    cpSync(living, directory, { recursive: true });
    db.close();
    incoming = join(scratch, 'snapshot.db');
    const snapshot = new Database(incoming);
    fill(snapshot, 'new');
    snapshot.close();
  });

  afterEach(() => rmSync(scratch, { recursive: true }));

  function fill(db: Database.Database, word: string): void {
    db.pragma('wal_autocheckpoint = 0');
    db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, word TEXT)');
    const insert = db.prepare('INSERT INTO t (word) VALUES (?)');
    for (let at = 0; at < ROWS; at += 1) insert.run(word);
  }

  /** What a process finds that starts now. */
  function found(): string {
    new DatabaseFiles(directory).recover();
    const db = openDatabase(directory);
    try {
      assert.deepEqual(db.pragma('quick_check'), [{ quick_check: 'ok' }]);
      if (!db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 't'").get()) return 'blank';
      const words = db.prepare('SELECT word, count(*) AS count FROM t GROUP BY word').all();
      assert.equal(words.length, 1);
      const [{ word, count }] = words as [{ word: string; count: number }];
      assert.equal(count, ROWS);
      return word;
    } finally {
      db.close();
    }
  }

  /** Runs until that step is done. */
  function crashAfter(step: string, run: (files: DatabaseFiles) => void): void {
    const files = new DatabaseFiles(directory, (done) => {
      if (done === step) throw new Error('crash');
    });
    assert.throws(() => run(files), /crash/);
  }

  function exchange(files: DatabaseFiles): void {
    files.accept(incoming);
    files.replace();
  }

  it('are the old ones before a snapshot is accepted', () => {
    assert.equal(found(), 'old');
    assert.ok(existsSync(incoming));
  });

  for (const step of ['accepted', 'log removed', 'renamed', 'synced'])
    it(`are the new ones, whole, after a crash behind the step "${step}"`, () => {
      crashAfter(step, exchange);
      assert.equal(found(), 'new');
      assert.equal(found(), 'new');
    });

  it('are the new ones when all went well, and nothing is left over', () => {
    exchange(new DatabaseFiles(directory));
    assert.equal(found(), 'new');
    assert.ok(!existsSync(join(directory, 'agenda.db.incoming')));
  });

  for (const step of ['database aside', 'aside'])
    it(`are blank after a crash behind the step "${step}" of putting them aside`, () => {
      crashAfter(step, (files) => files.setAside());
      assert.equal(found(), 'blank');
    });

  it('keep what was put aside last for whoever wants to look, with all that it held', () => {
    const files = new DatabaseFiles(directory);
    files.setAside();
    assert.equal(found(), 'blank');
    const aside = new Database(files.aside, { readonly: true });
    assert.deepEqual(aside.prepare('SELECT count(*) AS count FROM t').get(), { count: ROWS });
    aside.close();
    files.setAside();
    assert.equal(found(), 'blank');
  });

  it('remember that the trail is unsure until it was compared', () => {
    const files = new DatabaseFiles(directory);
    assert.equal(files.trailUnsure, false);
    files.markTrailUnsure();
    assert.equal(new DatabaseFiles(directory).trailUnsure, true);
    files.clearTrailMark();
    assert.equal(new DatabaseFiles(directory).trailUnsure, false);
  });
});
