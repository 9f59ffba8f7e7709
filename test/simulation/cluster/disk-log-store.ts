/** The driver's store on a simulated disk; what it keeps back and what it syncs is as in the one on SQLite. */
import { entryBytes } from '../../../services/raft-sidecar/src/core/log.ts';
import type { Entry, HardState, SnapshotMetadata } from '../../../services/raft-sidecar/src/core/types.ts';
import type {
  LogStore,
  LogWrite,
  StoredConfiguration,
} from '../../../services/raft-sidecar/src/storage/log-store.ts';
import { configurationsOf, type Disk, type DiskObserver, type LogImage } from './disk.ts';

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
    const { entries, snapshot } = this.#image;
    return entries[0]?.index ?? (snapshot?.index ?? 0) + 1;
  }

  lastIndex(): number {
    const { entries, snapshot } = this.#image;
    return entries[entries.length - 1]?.index ?? snapshot?.index ?? 0;
  }

  term(index: number): number | undefined {
    const { entries, snapshot } = this.#image;
    if (index === snapshot?.index) return snapshot.term;
    return entries[index - this.firstIndex()]?.term;
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
    const { restored } = change;
    const hardState = restored
      ? { ...before.hardState, commitIndex: restored.index }
      : (change.hardState ?? before.hardState);
    const [first] = change.entries ?? [];
    const image: LogImage = {
      hardState,
      entries: restored
        ? []
        : first
          ? this.#replacedFrom(first.index, change.entries as readonly Entry[])
          : before.entries,
      snapshot: restored ?? change.snapshot ?? before.snapshot,
      clusterId: change.clusterId ?? before.clusterId,
      bootstrapped: change.bootstrapped ?? before.bootstrapped,
    };
    const mustStore =
      first !== undefined ||
      hardState.term !== before.hardState.term ||
      hardState.votedFor !== before.hardState.votedFor ||
      change.clusterId !== undefined ||
      change.bootstrapped !== undefined ||
      change.snapshot !== undefined ||
      restored !== undefined;
    if (mustStore) this.#disk.write(image, this.#observer);
    this.#image = image;
  }

  compact(throughIndex: number): void {
    const entries = this.#image.entries.filter(({ index }) => index > throughIndex);
    const image = { ...this.#image, entries };
    this.#disk.write(image, this.#observer);
    this.#image = image;
  }

  /** Only the store on SQLite keeps it, for those who inspect it. */
  noteApplied(): void {}

  close(): void {}

  #replacedFrom(index: number, entries: readonly Entry[]): readonly Entry[] {
    if (index > this.lastIndex() + 1)
      throw new RangeError(`entry ${index} would leave a gap behind ${this.lastIndex()}`);
    const kept = this.#image.entries;
    const count = index - this.firstIndex();
    return count === kept.length ? kept.concat(entries) : kept.slice(0, count).concat(entries);
  }
}
