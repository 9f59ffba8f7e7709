/** What SQLite says of a disk, in words that tell an operator what to do. */

/** The log cannot be stored; the node must stop. */
export class DiskError extends Error {
  readonly alarm: 'disk_full' | 'disk_failed' | 'log_corrupt';

  constructor(path: string, alarm: DiskError['alarm'], what: string, cause: unknown) {
    super(`${path}: ${what}. This node stops; nothing that was acknowledged is lost`, { cause });
    this.name = 'DiskError';
    this.alarm = alarm;
  }
}

/** Anything that is no failure of the disk stays as it is. */
export function diskErrorOf(path: string, error: unknown): unknown {
  const code = String((error as { code?: unknown }).code ?? '');
  if (code === 'SQLITE_FULL')
    return new DiskError(path, 'disk_full', 'the disk is full: make room on it', error);
  if (code.startsWith('SQLITE_IOERR'))
    return new DiskError(
      path,
      'disk_failed',
      `the disk failed (${code}): look at the system's log, and replace it if need be`,
      error,
    );
  if (code === 'SQLITE_READONLY' || code.startsWith('SQLITE_READONLY_'))
    return new DiskError(path, 'disk_failed', `the disk takes no writes (${code})`, error);
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB')
    return new DiskError(
      path,
      'log_corrupt',
      `the file is damaged (${code}): empty the data directory, and the node joins anew`,
      error,
    );
  return error;
}
