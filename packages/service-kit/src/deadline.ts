/** Deadlines are points on the clock of performance.now(), which no clock change moves; Infinity is none. */
import type { ServiceError } from './errors.ts';

export function deadlineAt(deadlineMs: number): number {
  return performance.now() + deadlineMs;
}

/** Never negative. */
export function remainingMs(deadlineAtMs: number): number {
  return Math.max(0, deadlineAtMs - performance.now());
}

/** The longest that setTimeout can wait; it takes more for 1 ms. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** Rejects with what `onTimeout` makes when the deadline passes first. The promise itself goes on. */
export function withDeadline<T>(
  promise: Promise<T>,
  deadlineAtMs: number,
  onTimeout: () => ServiceError,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(onTimeout()), Math.min(remainingMs(deadlineAtMs), TIMER_MS_MAX));
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

const SWEEP_MS = 20;

/**
 * Many deadlines on one timer. An entry is due between its deadline and one sweep (20 ms) later. The timer runs only
 * while something waits.
 */
export class DeadlineSweeper<T extends { readonly deadlineAtMs: number }> {
  readonly #waiting = new Set<T>();
  readonly #onDue: (item: T) => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(onDue: (item: T) => void) {
    this.#onDue = onDue;
  }

  get size(): number {
    return this.#waiting.size;
  }

  add(item: T): void {
    this.#waiting.add(item);
    this.#timer ??= setInterval(() => this.#sweep(), SWEEP_MS);
  }

  delete(item: T): void {
    this.#waiting.delete(item);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#waiting.clear();
  }

  #sweep(): void {
    const now = performance.now();
    for (const item of this.#waiting) {
      if (item.deadlineAtMs > now) continue;
      this.#waiting.delete(item);
      this.#onDue(item);
    }
    if (this.#waiting.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
