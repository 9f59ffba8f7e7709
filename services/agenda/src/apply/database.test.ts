import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { isCorrupt, isDiskFailure, openDatabase } from './database.ts';

describe('what SQLite says of a disk', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'agenda-disk-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  function thrownBy(action: () => void): unknown {
    try {
      action();
    } catch (error) {
      return error;
    }
    throw new Error('nothing was thrown');
  }

  it('tells one that is full from a file that is damaged', () => {
    const db = openDatabase(directory);
    db.exec('CREATE TABLE t (bytes BLOB)');
    db.pragma('max_page_count = 20');
    const full = thrownBy(() => db.prepare('INSERT INTO t VALUES (zeroblob(1000000))').run());
    db.close();
    assert.deepEqual([isDiskFailure(full), isCorrupt(full)], [true, false]);
  });

  it('tells a damaged file from a disk that fails', () => {
    const path = join(directory, 'damaged.db');
    writeFileSync(path, 'no database at all, whatever its name says'.repeat(50));
    const damaged = thrownBy(() => new Database(path).pragma('quick_check'));
    assert.deepEqual([isDiskFailure(damaged), isCorrupt(damaged)], [false, true]);
  });

  it('takes no other error for either', () => {
    for (const error of [new Error('a rule was broken'), undefined, { code: 'SQLITE_FULLY' }])
      assert.deepEqual([isDiskFailure(error), isCorrupt(error)], [false, false]);
  });
});
