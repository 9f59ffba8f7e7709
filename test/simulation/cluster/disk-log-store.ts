/** The driver's store on a simulated disk; what it keeps back and what it syncs is as in the one on SQLite. */
import { entryBytes } from '../../../services/raft-sidecar/src/core/log.ts';
import type { Entry, HardState, SnapshotMetadata } from '../../../services/raft-sidecar/src/core/types.ts';
import type {
  LogStore,
  LogWrite,
  StoredConfiguration,
} from '../../../services/raft-sidecar/src/storage/log-store.ts';
import {
  configurationsOf,
  type Disk,
  type DiskObserver,
  type LogImage,
  lastIndexOf,
  termAt,
} from './disk.ts';

export class DiskLogStore implements LogStore {
  readonly #disk: Disk;
  readonly #observer: DiskObserver;
  #image: LogImage;

  constructor(disk: Disk, observer: DiskObserver) {
    this.#disk = disk;
    this.#observer = observer;
    this.#image = disk.log;
  }

  get hardState(): HardState {
    return this.#image.hardState;
  }

  get clusterId(): string {
    return this.#image.clusterId;
  }

  get bootstrapped(): boolean {
    return this.#image.bootstrapped;
  }

  get logBytes(): number {
    return this.#image.entries.reduce((sum, entry) => sum + entryBytes(entry), 0);
  }

  configurations(): readonly StoredConfiguration[] {
    return configurationsOf(this.#image);
  }

  firstIndex(): number {
    return this.#image.start.index + 1;
  }

  lastIndex(): number {
    return lastIndexOf(this.#image);
  }

  term(index: number): number | undefined {
    return index === 0 ? undefined : termAt(this.#image, index);
  }

  entries(from: number, to: number, bytesMax: number): readonly Entry[] {
    const { entries } = this.#image;
    if (from < this.firstIndex()) throw new RangeError(`entry ${from} is compacted`);
    const start = from - this.firstIndex();
    const end = Math.min(to - this.firstIndex() + 1, entries.length);
    let bytes = 0;
    let stop = start;
    for (; stop < end; stop++) {
      bytes += entryBytes(entries[stop] as Entry);
      if (bytes > bytesMax && stop > start) break;
    }
    return entries.slice(start, stop);
  }

  snapshot(): SnapshotMetadata | undefined {
    return this.#image.snapshot;
  }

  write(change: LogWrite): void {
    const before = this.#image;
    const { restored, entries = [] } = change;
    const hardState = restored
      ? { ...before.hardState, commitIndex: restored.index }
      : (change.hardState ?? before.hardState);
    const image: LogImage = {
      hardState,
      start: restored ? { index: restored.index, term: restored.term } : before.start,
      entries: restored ? [] : this.#replacedBy(entries),
      snapshot: restored ?? change.snapshot ?? before.snapshot,
      clusterId: change.clusterId ?? before.clusterId,
      bootstrapped: change.bootstrapped ?? before.bootstrapped,
    };
    const mustStore =
      entries.length > 0 ||
      hardState.term !== before.hardState.term ||
      hardState.votedFor !== before.hardState.votedFor ||
      change.clusterId !== undefined ||
      change.bootstrapped !== undefined ||
      image.snapshot !== before.snapshot;
    if (mustStore) this.#disk.write(image, this.#observer);
    this.#image = image;
  }

  compact(throughIndex: number): void {
    const { start, snapshot, entries } = this.#image;
    if (throughIndex <= start.index) return;
    if (throughIndex > (snapshot?.index ?? 0))
      throw new RangeError(`entry ${throughIndex} is in no snapshot, so it cannot be compacted`);
    const image: LogImage = {
      ...this.#image,
      start: { index: throughIndex, term: this.term(throughIndex) as number },
      entries: entries.slice(throughIndex - start.index),
    };
    this.#disk.write(image, this.#observer);
    this.#image = image;
  }

  /** Only the store on SQLite keeps it, for those who inspect it. */
  noteApplied(): void {}

  close(): void {}

  #replacedBy(entries: readonly Entry[]): readonly Entry[] {
    const kept = this.#image.entries;
    const [first] = entries;
    if (!first) return kept;
    if (first.index > this.lastIndex() + 1)
      throw new RangeError(`entry ${first.index} would leave a gap behind ${this.lastIndex()}`);
    const count = first.index - this.firstIndex();
    return count === kept.length ? kept.concat(entries) : kept.slice(0, count).concat(entries);
  }
}
