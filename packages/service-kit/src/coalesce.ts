/** Gathers what is pushed during one turn of the event loop and hands it on in batches. */

export interface CoalescerOptions<T> {
  /** Of one batch; what is over goes into the next batch of the same turn. */
  readonly itemsMax: number;
  readonly bytesMax?: number;
  readonly sizeOf?: (item: T) => number;
}

/**
 * One `setImmediate` a turn instead of one write an item: grpc-js does not coalesce by itself. It never lingers:
 * waiting for fuller batches was measured to cost throughput.
 */
export class Coalescer<T> {
  readonly #flush: (items: T[]) => void;
  readonly #options: CoalescerOptions<T>;
  #items: T[] = [];
  #scheduled = false;
  #closed = false;

  constructor(flush: (items: T[]) => void, options: CoalescerOptions<T>) {
    this.#flush = flush;
    this.#options = options;
  }

  get length(): number {
    return this.#items.length;
  }

  push(item: T): void {
    if (this.#closed) return;
    this.#items.push(item);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#run());
  }

  /** Drops what has not been flushed. */
  close(): void {
    this.#closed = true;
    this.#items = [];
  }

  #run(): void {
    this.#scheduled = false;
    const items = this.#items;
    if (items.length === 0) return;
    this.#items = [];
    const { itemsMax, bytesMax, sizeOf } = this.#options;
    if (bytesMax === undefined || sizeOf === undefined) {
      for (let from = 0; from < items.length; from += itemsMax)
        this.#flush(items.slice(from, from + itemsMax));
      return;
    }
    let batch: T[] = [];
    let bytes = 0;
    for (const item of items) {
      const size = sizeOf(item);
      if (batch.length > 0 && (batch.length >= itemsMax || bytes + size > bytesMax)) {
        this.#flush(batch);
        batch = [];
        bytes = 0;
      }
      batch.push(item);
      bytes += size;
    }
    this.#flush(batch);
  }
}
