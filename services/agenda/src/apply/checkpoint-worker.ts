/** See `checkpoint-thread.ts`. */
import { fsyncSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import Database from 'better-sqlite3';
import type { CheckpointTask, CheckpointVerdict } from './checkpoint-thread.ts';
import { copyBack } from './copy-back.ts';

/** What was written during one pass takes another one, until it is little. */
const PASSES_MAX = 4;
const LITTLE_FRAMES = 1_000;

function run({ path, file }: CheckpointTask): void {
  const db = new Database(path, { fileMustExist: true });
  try {
    let seen = 0;
    for (let pass = 0; pass < PASSES_MAX; pass++) {
      const { log, checkpointed } = copyBack(db);
      // SQLite syncs the file only if the log did not grow meanwhile; whoever copies the rest would wait for all of it.
      fsyncSync(file);
      if (checkpointed < log || log - seen <= LITTLE_FRAMES) return;
      seen = log;
    }
  } finally {
    db.close();
  }
}

function verdictOf(task: CheckpointTask): CheckpointVerdict {
  try {
    run(task);
    return { failure: '' };
  } catch (error) {
    return { failure: (error as Error).message };
  }
}

const task = workerData as CheckpointTask;
parentPort?.postMessage(verdictOf(task));
Atomics.store(task.ended, 0, 1);
Atomics.notify(task.ended, 0);
