/** One `make run` at a time on a data directory. The pods' own locks guard the data itself; this is for a clear word. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the command line of a `make run` has, where the system shows command lines. */
const ENTRY = 'run-local';

/** @returns the process that runs on this data; undefined: none did, and from now on this one does. */
export function takeLock(dataDir: string): number | undefined {
  const file = lockFile(dataDir);
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    return undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const holder = Number(readFileSync(file, 'utf8'));
  if (holder !== process.pid && isRunning(holder)) return holder;
  // It was killed, or the machine went down, and the file stayed.
  writeFileSync(file, String(process.pid));
  return undefined;
}

export function releaseLock(dataDir: string): void {
  rmSync(lockFile(dataDir), { force: true });
}

function lockFile(dataDir: string): string {
  return join(dataDir, 'run.pid');
}

function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // It may not be ours to signal; then it lives.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  try {
    // Its number may have gone to another process since.
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(ENTRY);
  } catch {
    // No such view of processes on this system: alive is all that can be known.
    return true;
  }
}
