/** What the runtime needs of a disk. The SQLite form stands beside it; the simulation brings its own. */
import type { Configuration, Entry, HardState, LogReader, SnapshotMetadata } from '../core/types.ts';

export interface StoredConfiguration {
  readonly index: number;
  readonly configuration: Configuration;
}

/** Written as one unit: after a crash all of it is there, or none. */
export interface LogWrite {
  readonly hardState?: HardState;
  /** Contiguous; they replace what is stored from the first one on. */
  readonly entries?: readonly Entry[];
  readonly clusterId?: string;
  readonly bootstrapped?: boolean;
  /** The newest snapshot that this node can offer: its data is complete and synced. The log stays as it is. */
  readonly snapshot?: SnapshotMetadata;
  /** Like `snapshot`, and the whole log gives way to it: it is empty behind its index, and committed up to there. */
  readonly restored?: SnapshotMetadata;
}

export interface LogStore extends LogReader {
  readonly hardState: HardState;
  /** Empty until the node belongs to a cluster. */
  readonly clusterId: string;
  /** The configuration has once reached BOOTSTRAP_EXPECT voters. */
  readonly bootstrapped: boolean;
  /** Payloads of the stored entries. */
  readonly logBytes: number;
  /** Those of the stored log, oldest first, and before them the one that was in force where the log begins. */
  configurations(): readonly StoredConfiguration[];
  /**
   * On disk when it returns. A hard state that changes nothing but the commit index is only remembered and goes with
   * the next write: losing it loses nothing.
   *
   * @throws if it may not be stored; the node must then stop.
   */
  write(change: LogWrite): void;
  /**
   * Drops the entries up to that index, which the newest snapshot holds; the term there stays known. How much is dropped
   * at a time is for the caller to bound.
   */
  compact(throughIndex: number): void;
  /** Remembered, and stored with the next write. */
  noteApplied(index: number): void;
  close(): void;
}
