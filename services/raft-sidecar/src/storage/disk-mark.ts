/**
 * By what a file on a running machine can be told from a copy of it: device, inode, and time of birth, under the kernel
 * that runs. A restarted process finds them as they were; one on a restored or cloned volume, or on another machine, does
 * not (docs/adr/0008).
 */
import { readFileSync, statSync } from 'node:fs';

const BOOT_ID = '/proc/sys/kernel/random/boot_id';

/** The same text twice: the same file under the same kernel. Empty: this system tells no kernels apart. */
export function diskMark(path: string): string {
  const bootId = readBootId();
  if (bootId === '') return '';
  const { dev, ino, birthtimeNs } = statSync(path, { bigint: true });
  return [bootId, dev, ino, birthtimeNs].join(' ');
}

function readBootId(): string {
  try {
    return readFileSync(BOOT_ID, 'utf8').trim();
  } catch {
    // Not Linux: a restart then waits for its predecessor to be silent, as after a move.
    return '';
  }
}
