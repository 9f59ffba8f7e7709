/**
 * Notices a disk that holds this process up: a write is synchronous, so while it lasts nothing is heard or said here. A
 * leader that cannot write within an election timeout has been missed by then, and resigns.
 */
import type { Alarms } from './alarms.ts';
import type { DiskWatch } from './driver.ts';
import type { Clock } from './ports.ts';

/** Without another stall for so long, the alarm is over. */
const ALARM_MS = 30_000;

export class DiskStall implements DiskWatch {
  readonly #alarms: Alarms;
  readonly #clock: Clock;
  readonly #stallMs: number;
  #stalledAtMs = Number.NEGATIVE_INFINITY;

  /** @param stallMs a write that takes longer is a stall. */
  constructor(alarms: Alarms, clock: Clock, stallMs: number) {
    this.#alarms = alarms;
    this.#clock = clock;
    this.#stallMs = stallMs;
  }

  wrote(tookMs: number): boolean {
    if (tookMs <= this.#stallMs) return false;
    this.#stalledAtMs = this.#clock.monotonicMs();
    const took = `a write to the log took ${Math.round(tookMs)} ms`;
    this.#alarms.raise(
      'disk_stalled',
      `${took}; a node that takes more than ${this.#stallMs} ms does not lead`,
    );
    return true;
  }

  /** Called now and then. */
  watch(): void {
    if (this.#clock.monotonicMs() - this.#stalledAtMs > ALARM_MS) this.#alarms.clear('disk_stalled');
  }
}
