/**
 * Work that is done again when something asks for it, within a bound: what asks during the pause before a run is served
 * by that run, and no two runs overlap.
 */
export class Coalesced {
  readonly #work: () => Promise<void>;
  readonly #pauseMs: number;
  readonly #wait: (delayMs: number) => Promise<void>;
  #asked = false;
  #running = false;

  /** @param work Handles its own failures. */
  constructor(work: () => Promise<void>, pauseMs: number, wait: (delayMs: number) => Promise<void>) {
    this.#work = work;
    this.#pauseMs = pauseMs;
    this.#wait = wait;
  }

  readonly ask = (): void => {
    this.#asked = true;
    if (!this.#running) void this.#run();
  };

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#asked) {
      await this.#wait(this.#pauseMs);
      this.#asked = false;
      await this.#work();
    }
    this.#running = false;
  }
}
