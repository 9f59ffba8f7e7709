/** The newest entries of the stored log, in memory: what followers and the state machine read is nearly always here. */
import { entryBytes } from '../core/log.ts';
import type { Entry } from '../core/types.ts';

export const TAIL_ENTRIES_MAX = 4_096;
export const TAIL_BYTES_MAX = 16 * 1024 * 1024;
/** How far it grows over its bounds before it is cut: a cut copies what stays. */
const SLACK = 1.25;

export class EntryTail {
  readonly #entriesMax: number;
  readonly #bytesMax: number;
  #entries: Entry[] = [];
  #bytes = 0;

  constructor(entriesMax: number = TAIL_ENTRIES_MAX, bytesMax: number = TAIL_BYTES_MAX) {
    this.#entriesMax = entriesMax;
    this.#bytesMax = bytesMax;
  }

  /** Undefined: it holds nothing. */
  get firstIndex(): number | undefined {
    return this.#entries[0]?.index;
  }

  at(index: number): Entry | undefined {
    const first = this.#entries[0];
    return first && index >= first.index ? this.#entries[index - first.index] : undefined;
  }

  /** Contiguous behind the last one. The oldest are dropped once the bounds are well exceeded. */
  append(entries: readonly Entry[]): void {
    for (const entry of entries) {
      this.#entries.push(entry);
      this.#bytes += entryBytes(entry);
    }
    if (this.#entries.length > SLACK * this.#entriesMax || this.#bytes > SLACK * this.#bytesMax) this.#cut();
  }

  truncateFrom(index: number): void {
    while (this.#entries.length > 0) {
      const last = this.#entries.at(-1) as Entry;
      if (last.index < index) return;
      this.#bytes -= entryBytes(last);
      this.#entries.pop();
    }
  }

  /** From `from`, which it must hold, to `to`; at least one, cut once their size would exceed bytesMax. */
  slice(from: number, to: number, bytesMax: number): Entry[] {
    const start = from - (this.#entries[0] as Entry).index;
    const endMax = Math.min(this.#entries.length, start + to - from + 1);
    let bytes = 0;
    let end = start;
    for (; end < endMax; end++) {
      bytes += entryBytes(this.#entries[end] as Entry);
      if (bytes > bytesMax && end > start) break;
    }
    return this.#entries.slice(start, end);
  }

  #cut(): void {
    let drop = Math.max(0, this.#entries.length - this.#entriesMax);
    let dropped = 0;
    for (let at = 0; at < drop; at++) dropped += entryBytes(this.#entries[at] as Entry);
    while (this.#bytes - dropped > this.#bytesMax && drop < this.#entries.length - 1)
      dropped += entryBytes(this.#entries[drop++] as Entry);
    this.#entries = this.#entries.slice(drop);
    this.#bytes -= dropped;
  }
}
