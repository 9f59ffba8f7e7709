/** The logs of a local cluster: bounded, because nobody watches them. */
import { copyFileSync, existsSync, renameSync, statSync, truncateSync } from 'node:fs';

/** Of one pod's log; twice that, with the former one. */
export const LOG_BYTES_MAX = 32 * 1024 * 1024;

/** Before a run: its log begins empty, and that of the run before is kept. */
export function startLogs(files: readonly string[]): void {
  for (const file of files) if (existsSync(file)) renameSync(file, formerLog(file));
}

/**
 * While a run writes: what is too long becomes the former log, and the log begins anew. Pods append to the open file,
 * so it is copied and cut, not renamed; a line written between the two is lost.
 */
export function boundLogs(files: readonly string[], bytesMax = LOG_BYTES_MAX): void {
  for (const file of files) {
    if (!existsSync(file) || statSync(file).size <= bytesMax) continue;
    copyFileSync(file, formerLog(file));
    truncateSync(file);
  }
}

function formerLog(file: string): string {
  return `${file}.1`;
}
