/** Lets at most so many things happen at once; who comes later waits for a turn, in order. */
export class Turns {
  readonly #waiting = new Set<() => void>();
  #free: number;

  constructor(atOnceMax: number) {
    this.#free = atOnceMax;
  }

  /**
   * @param begin called at once or later, when it is this one's turn.
   * @returns to be called when done, or when no longer wanted; calling it again does nothing.
   */
  take(begin: () => void): () => void {
    let done = false;
    const start = (): void => {
      this.#free -= 1;
      begin();
    };
    if (this.#free > 0) start();
    else this.#waiting.add(start);
    return () => {
      if (done) return;
      done = true;
      if (this.#waiting.delete(start)) return;
      this.#free += 1;
      this.#next();
    };
  }

  #next(): void {
    for (const start of this.#waiting) {
      this.#waiting.delete(start);
      start();
      return;
    }
  }
}
