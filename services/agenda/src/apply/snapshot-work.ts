/** Copies and checks whole databases in a thread of its own, while this one goes on applying and answering. */
import { Worker } from 'node:worker_threads';

export interface SnapshotPosition {
  readonly index: number;
  readonly term: number;
  /** 32 bytes. */
  readonly digest: Uint8Array;
}

export type SnapshotTask =
  | { readonly kind: 'copy'; readonly database: string; readonly path: string }
  | { readonly kind: 'check'; readonly path: string };

export type SnapshotVerdict =
  | { readonly at: SnapshotPosition }
  | { readonly failure: { readonly message: string; readonly code: string } };

const WORKER = new URL('./snapshot-worker.ts', import.meta.url);

/** Writes the database as it stands to `path`, a plain SQLite file, synced. @throws Error with SQLite's code */
export function copyDatabase(database: string, path: string): Promise<SnapshotPosition> {
  return inThread({ kind: 'copy', database, path });
}

/** Is it sound, and of which position? It is synced then. @throws Error with SQLite's code */
export function checkDatabase(path: string): Promise<SnapshotPosition> {
  return inThread({ kind: 'check', path });
}

function inThread(task: SnapshotTask): Promise<SnapshotPosition> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(WORKER, { workerData: task });
    worker.once('message', (verdict: SnapshotVerdict) => {
      if ('at' in verdict) resolve(verdict.at);
      else reject(Object.assign(new Error(verdict.failure.message), { code: verdict.failure.code }));
    });
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`the thread ended with code ${code} and said nothing`)));
  });
}
