/** A stored log in memory, for tests of the core. */
import type { Configuration, CoreOptions, Entry, LogReader, SnapshotMetadata } from '../types.ts';

export const TEST_OPTIONS: Omit<CoreOptions, 'id' | 'seed'> = {
  electionTicks: 10,
  heartbeatTicks: 1,
  appendBytesMax: 256,
  inflightMessagesMax: 4,
  inflightBytesMax: 4_096,
  uncommittedBytesMax: 8_192,
  committedBytesMax: 1_024,
  pendingReadsMax: 100,
};

export class MemoryLog implements LogReader {
  #entries: Entry[] = [];
  #snapshot: SnapshotMetadata | undefined;

  /** Replaces what is there from the first entry on. */
  write(entries: readonly Entry[]): void {
    const [first] = entries;
    if (!first) return;
    this.#entries.length = first.index - this.firstIndex();
    this.#entries.push(...entries);
  }

  /** Drops what the snapshot holds; what is behind it stays. */
  compact(metadata: SnapshotMetadata): void {
    this.#entries = this.#entries.filter((entry) => entry.index > metadata.index);
    this.#snapshot = metadata;
  }

  /** A fetched snapshot takes the log's place. */
  reset(metadata: SnapshotMetadata): void {
    this.#entries = [];
    this.#snapshot = metadata;
  }

  firstIndex(): number {
    return this.#entries[0]?.index ?? (this.#snapshot?.index ?? 0) + 1;
  }

  lastIndex(): number {
    return this.#entries.at(-1)?.index ?? this.#snapshot?.index ?? 0;
  }

  term(index: number): number | undefined {
    if (index === this.#snapshot?.index) return this.#snapshot.term;
    if (index === 0) return 0;
    return this.#entries[index - this.firstIndex()]?.term;
  }

  entries(from: number, to: number, bytesMax: number): readonly Entry[] {
    if (from < this.firstIndex()) throw new Error(`entry ${from} is compacted`);
    const start = from - this.firstIndex();
    let bytes = 0;
    let stop = start;
    while (stop <= to - this.firstIndex() && stop < this.#entries.length) {
      const { payload } = this.#entries[stop] as Entry;
      bytes += 32 + ('data' in payload ? payload.data.length : 0);
      if (bytes > bytesMax && stop > start) break;
      stop += 1;
    }
    return this.#entries.slice(start, stop);
  }

  snapshot(): SnapshotMetadata | undefined {
    return this.#snapshot;
  }

  configurations(): { index: number; configuration: Configuration }[] {
    const own = this.#entries.flatMap((entry) =>
      entry.payload.kind === 'configuration'
        ? [{ index: entry.index, configuration: entry.payload.configuration }]
        : [],
    );
    if (!this.#snapshot) return own;
    const { configurationIndex: index, configuration } = this.#snapshot;
    return [{ index, configuration }, ...own.filter((item) => item.index > index)];
  }
}
