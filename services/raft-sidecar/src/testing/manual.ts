/** A clock and a scheduler that stand still until a test moves them. */
import type { Clock, Scheduler } from '../runtime/ports.ts';

export class ManualClock implements Clock {
  nowMs = 1_000_000;

  wallMs(): number {
    return 1_700_000_000_000 + this.nowMs;
  }

  monotonicMs(): number {
    return this.nowMs;
  }
}

export class ManualScheduler implements Scheduler {
  #deferred: (() => void)[] = [];
  readonly #intervals = new Set<() => void>();

  defer(run: () => void): void {
    this.#deferred.push(run);
  }

  every(_intervalMs: number, run: () => void): () => void {
    this.#intervals.add(run);
    return () => this.#intervals.delete(run);
  }

  /** Lets every interval fire once. */
  fire(): void {
    for (const run of this.#intervals) run();
  }

  /** One deferred step. @returns false if there was none. */
  step(): boolean {
    const run = this.#deferred.shift();
    run?.();
    return run !== undefined;
  }

  /** All that is deferred, and what that defers. */
  settle(): void {
    while (this.step());
  }
}
