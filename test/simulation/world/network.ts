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

/** Nodes are numbered from 0. */
export class Network {
  readonly #world: World;
  readonly #dice: Dice;
  /** `from>to`, and how many faults hold that direction closed. */
  readonly #closed = new Map<string, number>();
  /** `from>to`, and until when what is sent that way is held up. */
  readonly #cloggedUntilUs = new Map<string, number>();
  weather: NetworkWeather;

  constructor(world: World, dice: Dice, weather: NetworkWeather) {
    this.#world = world;
    this.#dice = dice;
    this.weather = weather;
  }

  /** @param extraUs before it leaves. */
  carry(from: number, to: number, extraUs: number, deliver: () => void): void {
    const { loss, duplication } = this.weather;
    const copies = this.#dice.chance(duplication) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      if (this.#dice.chance(loss)) continue;
      this.#world.after(extraUs + this.#delayUs(from, to), () => {
        if (this.reaches(from, to)) deliver();
      });
    }
  }

  /** Once or not at all, as calls are. */
  call(from: number, to: number, extraUs: number, deliver: () => void): void {
    if (this.#dice.chance(this.weather.loss)) return;
    this.#world.after(extraUs + this.#delayUs(from, to), () => {
      if (this.reaches(from, to)) deliver();
    });
  }

  reaches(from: number, to: number): boolean {
    return !this.#closed.has(`${from}>${to}`);
  }

  close(from: number, to: number): void {
    const direction = `${from}>${to}`;
    this.#closed.set(direction, (this.#closed.get(direction) ?? 0) + 1);
  }

  open(from: number, to: number): void {
    const direction = `${from}>${to}`;
    const left = (this.#closed.get(direction) ?? 0) - 1;
    if (left > 0) this.#closed.set(direction, left);
    else this.#closed.delete(direction);
  }

  /** What is sent that way meanwhile arrives afterwards, all at once. */
  clog(from: number, to: number, forUs: number): void {
    this.#cloggedUntilUs.set(`${from}>${to}`, this.#world.nowUs + forUs);
  }

  heal(): void {
    this.#closed.clear();
    this.#cloggedUntilUs.clear();
    this.weather = FAIR_WEATHER;
  }

  #delayUs(from: number, to: number): number {
    const { delayUsMax, lateness, lateUsMax } = this.weather;
    const clogUs = Math.max(0, (this.#cloggedUntilUs.get(`${from}>${to}`) ?? 0) - this.#world.nowUs);
    const late = this.#dice.chance(lateness) ? this.#dice.below(lateUsMax) : 0;
    return DELAY_US_MIN + this.#dice.below(delayUsMax) + late + clogUs;
  }
}
