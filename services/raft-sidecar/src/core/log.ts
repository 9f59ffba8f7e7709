/** The log as the core sees it: what is stored, and behind it the tail that is not on disk yet. */
import { invariant } from './invariants.ts';
import type { Entry, LogReader, SnapshotMetadata } from './types.ts';

/** Counted for every entry besides its payload. */
const ENTRY_OVERHEAD_BYTES = 32;

export function entryBytes(entry: Entry): number {
  const { payload } = entry;
  return ENTRY_OVERHEAD_BYTES + ('data' in payload ? payload.data.length : 0);
}

export class RaftLog {
  readonly #stored: LogReader;
  /** Contiguous; they replace stored entries from the first one on. */
  #tail: Entry[] = [];
  /** How many of the tail have been handed out to be written. */
  #tailTaken = 0;
  commitIndex: number;
  #handedOut: number;

  constructor(stored: LogReader, commitIndex: number, appliedIndex: number) {
    this.#stored = stored;
    this.commitIndex = Math.max(commitIndex, appliedIndex, stored.snapshot()?.index ?? 0);
    this.#handedOut = Math.max(appliedIndex, stored.snapshot()?.index ?? 0);
  }

  get firstIndex(): number {
    return this.#stored.firstIndex();
  }

  get lastIndex(): number {
    return this.#tail.at(-1)?.index ?? this.#stored.lastIndex();
  }

  get lastTerm(): number {
    return this.term(this.lastIndex) as number;
  }

  get snapshot(): SnapshotMetadata | undefined {
    return this.#stored.snapshot();
  }

  /** Undefined: compacted, or beyond the end. */
  term(index: number): number | undefined {
    if (index === 0) return 0;
    const tailStart = this.#tail[0]?.index;
    if (tailStart !== undefined && index >= tailStart) return this.#tail[index - tailStart]?.term;
    return this.#stored.term(index);
  }

  matches(index: number, term: number): boolean {
    return this.term(index) === term;
  }

  /** Raft paper §5.4.1: the later last term wins, then the longer log. */
  isUpToDate(lastIndex: number, lastTerm: number): boolean {
    const ownTerm = this.lastTerm;
    return lastTerm > ownTerm || (lastTerm === ownTerm && lastIndex >= this.lastIndex);
  }

  /**
   * Entries in [from, to], cut once they exceed bytesMax, but never less than one.
   * Undefined if `from` is compacted.
   */
  slice(from: number, to: number, bytesMax: number): readonly Entry[] | undefined {
    if (from > to) return [];
    if (from < this.firstIndex) return undefined;
    const tailStart = this.#tail[0]?.index ?? Number.POSITIVE_INFINITY;
    if (from >= tailStart) return withinBytes(this.#tail, from - tailStart, to - tailStart + 1, bytesMax);
    const stored = this.#stored.entries(from, Math.min(to, tailStart - 1), bytesMax);
    const reached = (stored.at(-1)?.index ?? from - 1) + 1;
    if (reached !== tailStart || reached > to) return stored;
    const left = bytesMax - stored.reduce((sum, entry) => sum + entryBytes(entry), 0);
    if (left < entryBytes(this.#tail[0] as Entry)) return stored;
    return [...stored, ...withinBytes(this.#tail, 0, to - tailStart + 1, left)];
  }

  /** Appends behind the end. */
  append(entries: readonly Entry[]): void {
    for (const entry of entries) this.#tail.push(entry);
  }

  /** Drops everything from `index` on; what is stored there is replaced with the next write. */
  truncateFrom(index: number): void {
    const tailStart = this.#tail[0]?.index;
    if (tailStart === undefined || index <= tailStart) {
      this.#tail = [];
      this.#tailTaken = 0;
    } else {
      this.#tail.length = Math.max(0, index - tailStart);
      this.#tailTaken = Math.min(this.#tailTaken, this.#tail.length);
    }
  }

  get hasUnwritten(): boolean {
    return this.#tailTaken < this.#tail.length;
  }

  takeUnwritten(): readonly Entry[] {
    const entries = this.#tailTaken === 0 ? [...this.#tail] : this.#tail.slice(this.#tailTaken);
    this.#tailTaken = this.#tail.length;
    return entries;
  }

  /** @returns false if what was written has been replaced meanwhile. */
  written(lastIndex: number, lastTerm: number): boolean {
    const tailStart = this.#tail[0]?.index;
    if (this.term(lastIndex) !== lastTerm) return false;
    if (tailStart === undefined || lastIndex < tailStart) return true;
    const count = lastIndex - tailStart + 1;
    this.#tail.splice(0, count);
    this.#tailTaken = Math.max(0, this.#tailTaken - count);
    return true;
  }

  /** The last committed entry that was handed out to be applied. */
  get handedOutIndex(): number {
    return this.#handedOut;
  }

  get hasCommittedToHandOut(): boolean {
    return this.#handedOut < this.commitIndex;
  }

  takeCommitted(bytesMax: number): readonly Entry[] {
    const entries = this.slice(this.#handedOut + 1, this.commitIndex, bytesMax);
    invariant(
      entries !== undefined,
      'I8: what is not applied is not compacted',
      this.#handedOut,
      this.firstIndex,
    );
    this.#handedOut = entries.at(-1)?.index ?? this.#handedOut;
    return entries;
  }

  /** The latest index ≤ `index` whose term is ≤ `term`: skips a whole conflicting term in one round. */
  lastIndexWithTermAtMost(index: number, term: number): number {
    let at = index;
    while (at > 0) {
      const own = this.term(at);
      // Compacted means committed: the logs agree there.
      if (own === undefined || own <= term) break;
      at -= 1;
    }
    return at;
  }

  /** A snapshot took the log's place; the driver has reset what is stored. */
  restore(metadata: SnapshotMetadata): void {
    this.#tail = [];
    this.#tailTaken = 0;
    this.commitIndex = metadata.index;
    this.#handedOut = metadata.index;
  }
}

function withinBytes(
  entries: readonly Entry[],
  start: number,
  end: number,
  bytesMax: number,
): readonly Entry[] {
  let bytes = 0;
  let stop = start;
  for (; stop < end && stop < entries.length; stop++) {
    bytes += entryBytes(entries[stop] as Entry);
    if (bytes > bytesMax && stop > start) break;
  }
  return entries.slice(start, stop);
}
