/** A thread of its own for what reads a whole database: copying it for a snapshot, and checking one that came. */
import { renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import Database from 'better-sqlite3';
import { AppliedCommands } from '../state-machine/applied-commands.ts';
import { ensureSchema } from '../state-machine/schema.ts';
import { assertSound } from './database.ts';
import { syncDirectory, syncPath } from './database-files.ts';
import type { SnapshotPosition, SnapshotTask, SnapshotVerdict } from './snapshot-work.ts';

function run(task: SnapshotTask): SnapshotPosition {
  return task.kind === 'copy' ? copy(task.database, task.path) : check(task.path);
}

/** VACUUM INTO reads within one transaction, so that the copy is one state, and writers go on meanwhile. */
function copy(database: string, path: string): SnapshotPosition {
  const unfinished = `${path}.tmp`;
  const source = new Database(database, { readonly: true });
  try {
    source.prepare('VACUUM INTO ?').run(unfinished);
    const at = positionOf(unfinished);
    syncPath(unfinished);
    renameSync(unfinished, path);
    syncDirectory(dirname(path));
    return at;
  } finally {
    source.close();
    rmSync(unfinished, { force: true });
  }
}

/** Also brings the schema of an older version up to date, as opening it would. */
function check(path: string): SnapshotPosition {
  const db = new Database(path, { fileMustExist: true });
  try {
    assertSound(db);
    ensureSchema(db);
  } finally {
    db.close();
  }
  syncPath(path);
  return positionOf(path);
}

function positionOf(path: string): SnapshotPosition {
  const db = new Database(path, { readonly: true });
  try {
    const { index, term, digest } = new AppliedCommands(db).position();
    return { index, term, digest };
  } finally {
    db.close();
  }
}

function verdictOf(task: SnapshotTask): SnapshotVerdict {
  try {
    return { at: run(task) };
  } catch (error) {
    const { message, code } = error as { message: string; code?: string };
    return { failure: { message, code: code ?? '' } };
  }
}

parentPort?.postMessage(verdictOf(workerData as SnapshotTask));
