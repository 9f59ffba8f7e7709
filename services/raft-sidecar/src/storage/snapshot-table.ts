/** `raft_snapshots`: what is known of the files of the snapshot store. A file without a row is not complete. */
import { SnapshotMetadata as WireSnapshotMetadata } from '@agenda/proto/raft/v1/entry';
import type { Statement } from 'better-sqlite3';
import { snapshotFromWire, snapshotToWire } from '../transport/conversions.ts';
import type { RaftDatabase } from './database.ts';
import type { StoredSnapshot } from './snapshot-store.ts';

interface Row {
  readonly sha256: Uint8Array;
  readonly bytes: number;
  /** Encoded raft.v1.SnapshotMetadata. */
  readonly metadata: Uint8Array;
}

export class SnapshotTable {
  readonly #all: Statement<[], Row>;
  readonly #insert: Statement<[Uint8Array, number, number, Uint8Array]>;
  readonly #delete: Statement<[Uint8Array]>;

  constructor(database: RaftDatabase) {
    this.#all = database.prepare('SELECT sha256, bytes, metadata FROM raft_snapshots ORDER BY idx DESC');
    this.#insert = database.prepare('INSERT OR REPLACE INTO raft_snapshots VALUES (?, ?, ?, ?)');
    this.#delete = database.prepare('DELETE FROM raft_snapshots WHERE sha256 = ?');
  }

  /** Newest first. */
  all(): StoredSnapshot[] {
    return this.#all.all().map(({ sha256, bytes, metadata: encoded }) => {
      const wire = WireSnapshotMetadata.decode(encoded);
      const metadata = snapshotFromWire(wire);
      if (!metadata) throw new Error('raft_snapshots is corrupt: a snapshot names no configuration');
      return { metadata, digest: wire.digest, bytes, sha256 };
    });
  }

  insert({ metadata, digest, bytes, sha256 }: StoredSnapshot): void {
    const encoded = WireSnapshotMetadata.encode(snapshotToWire(metadata, digest)).finish();
    this.#insert.run(sha256, metadata.index, bytes, encoded);
  }

  delete({ sha256 }: StoredSnapshot): void {
    this.#delete.run(sha256);
  }
}
