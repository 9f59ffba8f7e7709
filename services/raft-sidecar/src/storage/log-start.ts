/** Where the stored log begins: what was in front of it is in a snapshot. */
import { SnapshotMetadata as WireSnapshotMetadata } from '@agenda/proto/raft/v1/entry';
import type { SnapshotMetadata } from '../core/types.ts';
import { snapshotFromWire, snapshotToWire } from '../transport/conversions.ts';
import type { MetaTable } from './meta-table.ts';

export class LogStart {
  readonly #meta: MetaTable;
  #index: number;
  #term: number;
  #snapshot: SnapshotMetadata | undefined;

  constructor(meta: MetaTable) {
    this.#meta = meta;
    this.#index = meta.number('logStartIndex');
    this.#term = meta.number('logStartTerm');
    const encoded = meta.text('snapshot');
    if (encoded !== '')
      this.#snapshot = snapshotFromWire(WireSnapshotMetadata.decode(Buffer.from(encoded, 'base64')));
    if (this.#index > (this.#snapshot?.index ?? 0))
      throw new Error(`raft_meta is corrupt: the log starts behind ${this.#index}, which no snapshot holds`);
  }

  /** Of the last entry that is not stored any more; 0: there is none. */
  get index(): number {
    return this.#index;
  }

  /** There; 0: nothing was dropped yet. */
  get lastTerm(): number {
    return this.#term;
  }

  /** The newest one. */
  get snapshot(): SnapshotMetadata | undefined {
    return this.#snapshot;
  }

  /** Undefined unless it is the last one that was dropped. */
  term(index: number): number | undefined {
    return index === this.#index && index > 0 ? this.#term : undefined;
  }

  /** Within a transaction; `moved` follows it. */
  store(index: number, term: number): void {
    this.#meta.set('logStartIndex', index);
    this.#meta.set('logStartTerm', term);
  }

  moved(index: number, term: number): void {
    this.#index = index;
    this.#term = term;
  }

  /** Within a transaction; `noted` follows it. */
  storeSnapshot(metadata: SnapshotMetadata): void {
    const encoded = WireSnapshotMetadata.encode(snapshotToWire(metadata)).finish();
    this.#meta.set('snapshot', Buffer.from(encoded).toString('base64'));
  }

  noted(metadata: SnapshotMetadata): void {
    this.#snapshot = metadata;
  }
}
