/** What was sent to the state machine and not yet applied by it. */

/** At either bound nothing more is sent until some of it is applied. */
export const UNAPPLIED_ENTRIES_MAX = 8_192;
export const UNAPPLIED_BYTES_MAX = 8 * 1024 * 1024;

interface SentPage {
  readonly lastIndex: number;
  readonly bytes: number;
}

export class FeedWindow {
  #sentIndex: number;
  #appliedIndex: number;
  #pages: SentPage[] = [];
  #bytes = 0;

  constructor(appliedIndex: number) {
    this.#sentIndex = appliedIndex;
    this.#appliedIndex = appliedIndex;
  }

  get sentIndex(): number {
    return this.#sentIndex;
  }

  get appliedIndex(): number {
    return this.#appliedIndex;
  }

  /** The last index that may be sent now; sentIndex if nothing may. */
  get sendableIndex(): number {
    return this.#bytes < UNAPPLIED_BYTES_MAX ? this.#appliedIndex + UNAPPLIED_ENTRIES_MAX : this.#sentIndex;
  }

  sent(lastIndex: number, bytes: number): void {
    this.#sentIndex = lastIndex;
    this.#bytes += bytes;
    this.#pages.push({ lastIndex, bytes });
  }

  /** @returns false if that was never sent. */
  applied(index: number): boolean {
    if (index > this.#sentIndex) return false;
    this.#appliedIndex = Math.max(this.#appliedIndex, index);
    let done = 0;
    for (const page of this.#pages) {
      if (page.lastIndex > index) break;
      this.#bytes -= page.bytes;
      done += 1;
    }
    this.#pages.splice(0, done);
    return true;
  }
}
