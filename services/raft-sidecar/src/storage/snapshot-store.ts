/** Snapshots of the state machine on this node's disk. The file form stands beside it. */
import type { SnapshotMetadata } from '../core/types.ts';

export interface StoredSnapshot {
  readonly metadata: SnapshotMetadata;
  /** Of the state machine at its index, 32 bytes. */
  readonly digest: Uint8Array;
  /** Compressed. */
  readonly bytes: number;
  /** Of the compressed file. */
  readonly sha256: Uint8Array;
}

/** What was received before of a snapshot that is not complete. */
export interface PartialSnapshot {
  readonly bytes: number;
  /** Of the whole file that it is a part of. */
  readonly sha256: Uint8Array;
}

/** A snapshot on its way in. */
export interface Reception {
  /** That have come, now and before. */
  readonly bytes: number;
  /** Appends. */
  write(data: Uint8Array): Promise<void>;
  /** @throws CorruptSnapshotError if it is not what was announced; nothing of it is kept then. */
  finish(): Promise<StoredSnapshot>;
  /** What has come stays for the next time. */
  pause(): Promise<void>;
}

/** Bytes of a snapshot in order, on their way out. */
export interface Reading {
  /** At most so many; none: the end. */
  next(bytesMax: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

export interface SnapshotStore {
  /** Where the state machine may write plain files for it. */
  readonly directory: string;
  /** The newest whose data is complete and synced. */
  latest(): StoredSnapshot | undefined;
  find(index: number, term: number): StoredSnapshot | undefined;
  /** Takes the plain file at `path` over. Complete and synced when it resolves. */
  add(path: string, metadata: SnapshotMetadata, digest: Uint8Array): Promise<StoredSnapshot>;
  /** @returns a plain file for the state machine, which may take it. @throws CorruptSnapshotError; it is then removed. */
  expand(snapshot: StoredSnapshot): Promise<string>;
  /**
   * Reads on from `offset`; all of it is checked on the way.
   *
   * @throws CorruptSnapshotError from its last `next`; it is then removed.
   */
  open(snapshot: StoredSnapshot, offset: number): Promise<Reading>;
  partial(index: number, term: number): PartialSnapshot | undefined;
  /** Goes on behind the part of it that is there; parts of other snapshots are removed. */
  receive(announced: StoredSnapshot): Promise<Reception>;
  remove(snapshot: StoredSnapshot): void;
  /** All of them: their content is wrong. */
  removeAll(): void;
}

export class CorruptSnapshotError extends Error {
  constructor(index: number, what: string) {
    super(`the snapshot at ${index} is corrupt: ${what}`);
    this.name = 'CorruptSnapshotError';
  }
}
