/** What follows one thing after another in a fault of several steps; it ends when all is healed. */
import type { World } from '../world/world.ts';

/** Between two looks. */
const LOOK_US = 3_000;
/** What does not come about within that time is not waited for. */
const WAIT_US_MAX = 4_000_000;

/** A fault's `draw` decides bit by bit, so that it means the same in a run with fewer others. */
export function bit(draw: number, at: number): boolean {
  return ((draw >> at) & 1) === 1;
}

export class Course {
  readonly #world: World;
  #ended = false;

  constructor(world: World) {
    this.#world = world;
  }

  end(): void {
    this.#ended = true;
  }

  /** Calls `then` as soon as it holds, or when that takes too long. */
  when(holds: () => boolean, then: () => void): void {
    const untilUs = this.#world.nowUs + WAIT_US_MAX;
    const look = (): void => {
      if (this.#world.nowUs >= untilUs || holds()) then();
      else this.after(LOOK_US, look);
    };
    look();
  }

  after(delayUs: number, run: () => void): void {
    this.#world.after(delayUs, () => {
      if (!this.#ended) run();
    });
  }
}
