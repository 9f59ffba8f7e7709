import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { Checkpointer } from './checkpointer.ts';
import { openDatabase } from './database.ts';

describe('Checkpointer', () => {
  let directory: string;
  let db: Database.Database;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'agenda-'));
    db = openDatabase(directory);
    db.exec('CREATE TABLE t (n INTEGER) STRICT');
  });

  afterEach(() => {
    db.close();
    rmSync(directory, { recursive: true });
  });

  const start = (onDurable: () => void, intervalMs: number): Checkpointer =>
    new Checkpointer({
      db,
      appliedIndex: 7,
      onDurable,
      onFailure: (error) => assert.fail(String(error)),
      limits: { entriesMax: 10, intervalMs },
    });

  it('calls what is applied durable only after a checkpoint', () => {
    const checkpointer = start(() => undefined, 60_000);
    assert.equal(checkpointer.durableIndex, 7);
    db.exec('INSERT INTO t VALUES (1)');
    checkpointer.applied(16, 9);
    assert.equal(checkpointer.durableIndex, 7);
    checkpointer.applied(17, 1);
    assert.equal(checkpointer.durableIndex, 17);
    checkpointer.close();
  });

  it('reports without further entries once the interval has passed', async () => {
    let checkpointer: Checkpointer | undefined;
    await new Promise<void>((resolve) => {
      checkpointer = start(resolve, 5);
      db.exec('INSERT INTO t VALUES (1)');
      checkpointer.applied(8, 1);
    });
    assert.equal(checkpointer?.durableIndex, 8);
    checkpointer?.close();
  });

  it('does not call durable what a reader kept from being copied, and tries again', async () => {
    const reader = new Database(join(directory, 'agenda.db'), { readonly: true });
    let reports = 0;
    let reported = (): void => undefined;
    const checkpointer = start(() => {
      reports += 1;
      reported();
    }, 5);
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
    checkpointer.close();
  });
});
