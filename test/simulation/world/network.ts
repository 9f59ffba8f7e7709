/** The network between nodes: it loses, delays, repeats and reorders, and parts of it may not reach others. */
import type { Dice } from './dice.ts';
import type { World } from './world.ts';

/** Probabilities in [0, 1]. */
export interface NetworkWeather {
  readonly loss: number;
  readonly duplication: number;
  readonly delayUsMax: number;
  /** Held up for up to lateUsMax: far behind what was sent after it. */
  readonly lateness: number;
  readonly lateUsMax: number;
}

export const FAIR_WEATHER: NetworkWeather = {
  loss: 0,
  duplication: 0,
  delayUsMax: 1_000,
  lateness: 0,
  lateUsMax: 0,
};

const DELAY_US_MIN = 100;
/** What is sent beyond so many held ones is lost. */
const HELD_MAX = 1_000;

interface Held {
  /** Undefined: all. */
  readonly kind: string | undefined;
  readonly arrivals: (() => void)[];
}

/** Nodes are numbered from 0. */
export class Network {
  readonly #world: World;
  readonly #dice: Dice;
  /** `from>to`, and how many faults hold that direction closed. */
  readonly #closed = new Map<string, number>();
  /** `from>to`, and until when what is sent that way is held up. */
  readonly #cloggedUntilUs = new Map<string, number>();
  /** `from>to`, and what arrives once that direction is released, in the order in which it was sent. */
  readonly #held = new Map<string, Held>();
  weather: NetworkWeather;

  constructor(world: World, dice: Dice, weather: NetworkWeather) {
    this.#world = world;
    this.#dice = dice;
    this.weather = weather;
  }

  /** @param extraUs before it leaves. */
  carry(from: number, to: number, kind: string, extraUs: number, deliver: () => void): void {
    const { loss, duplication } = this.weather;
    const copies = this.#dice.chance(duplication) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      if (!this.#dice.chance(loss)) this.#send(from, to, kind, extraUs, deliver);
    }
  }

  /** Once or not at all, as calls are. */
  call(from: number, to: number, extraUs: number, deliver: () => void): void {
    if (!this.#dice.chance(this.weather.loss)) this.#send(from, to, 'call', extraUs, deliver);
  }

  reaches(from: number, to: number): boolean {
    return !this.#closed.has(`${from}>${to}`);
  }

  /** Closes directions between the nodes given. @returns how to open them again. */
  cut(nodes: readonly number[], isClosed: (from: number, to: number) => boolean): () => void {
    const closed = nodes.flatMap((from) =>
      nodes.filter((to) => from !== to && isClosed(from, to)).map((to) => `${from}>${to}`),
    );
    for (const direction of closed) this.#closed.set(direction, (this.#closed.get(direction) ?? 0) + 1);
    return () => {
      for (const direction of closed) this.#open(direction);
    };
  }

  /**
   * What is sent that way from now on arrives when it is released.
   * @param kind only messages of that kind.
   * @returns how to release it, maybe the last first.
   */
  hold(from: number, to: number, kind?: string): (reversed?: boolean) => void {
    const direction = `${from}>${to}`;
    if (!this.#held.has(direction)) this.#held.set(direction, { kind, arrivals: [] });
    return (reversed = false) => this.#release(direction, reversed);
  }

  /** What is sent that way meanwhile arrives afterwards, all at once. */
  clog(from: number, to: number, forUs: number): void {
    this.#cloggedUntilUs.set(`${from}>${to}`, this.#world.nowUs + forUs);
  }

  heal(): void {
    this.#closed.clear();
    this.#cloggedUntilUs.clear();
    for (const direction of this.#held.keys()) this.#release(direction, false);
    this.weather = FAIR_WEATHER;
  }

  #send(from: number, to: number, kind: string, extraUs: number, deliver: () => void): void {
    const arrive = (): void => {
      if (this.reaches(from, to)) deliver();
    };
    const held = this.#held.get(`${from}>${to}`);
    if (!held || (held.kind ?? kind) !== kind) this.#world.after(extraUs + this.#delayUs(from, to), arrive);
    else if (held.arrivals.length < HELD_MAX) held.arrivals.push(arrive);
  }

  #open(direction: string): void {
    const left = (this.#closed.get(direction) ?? 0) - 1;
    if (left > 0) this.#closed.set(direction, left);
    else this.#closed.delete(direction);
  }

  #release(direction: string, reversed: boolean): void {
    const { arrivals } = this.#held.get(direction) ?? { arrivals: [] };
    this.#held.delete(direction);
    for (const [at, arrive] of (reversed ? arrivals.toReversed() : arrivals).entries())
      this.#world.after(at, arrive);
  }

  #delayUs(from: number, to: number): number {
    const { delayUsMax, lateness, lateUsMax } = this.weather;
    const clogUs = Math.max(0, (this.#cloggedUntilUs.get(`${from}>${to}`) ?? 0) - this.#world.nowUs);
    const late = this.#dice.chance(lateness) ? this.#dice.below(lateUsMax) : 0;
    return DELAY_US_MIN + this.#dice.below(delayUsMax) + late + clogUs;
  }
}
