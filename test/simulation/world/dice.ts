/** One generator for each purpose, so that what one of them is asked changes nothing for the others. */
import { Random } from '../../../services/raft-sidecar/src/core/random.ts';

export class Dice {
  readonly #random: Random;

  constructor(seed: number, purpose: string) {
    let mixed = seed >>> 0;
    for (const character of purpose) mixed = Math.imul(mixed ^ character.charCodeAt(0), 0x01000193) >>> 0;
    this.#random = new Random(mixed);
    // Neighbouring seeds start alike.
    this.#random.below(2);
  }

  /** A whole number in [0, bound). */
  below(bound: number): number {
    return this.#random.below(bound);
  }

  /** A whole number in [low, high]. */
  between(low: number, high: number): number {
    return low + this.#random.below(high - low + 1);
  }

  /** @param probability in [0, 1]. */
  chance(probability: number): boolean {
    return this.#random.below(1_000_000) < probability * 1_000_000;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.#random.below(items.length)] as T;
  }
}
