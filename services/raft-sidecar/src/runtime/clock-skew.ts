/** Explains refused signatures: the clock of the node that signed is too far from this one's. */
import type { RefusedCall } from '@agenda/service-kit/grpc-server';
import type { Alarms } from './alarms.ts';
import type { Clock } from './ports.ts';

/** Without another such call for so long, the alarm is over. */
const ALARM_MS = 30_000;

export class ClockSkew {
  readonly #alarms: Alarms;
  readonly #clock: Clock;
  #refusedAtMs = Number.NEGATIVE_INFINITY;

  constructor(alarms: Alarms, clock: Clock) {
    this.#alarms = alarms;
    this.#clock = clock;
  }

  onRefused({ skewed }: RefusedCall): void {
    if (!skewed) return;
    this.#refusedAtMs = this.#clock.monotonicMs();
    const direction = skewed.ageMs > 0 ? 'behind' : 'ahead of';
    this.#alarms.raise(
      'clock_skew',
      `the clock of ${skewed.nodeId} is ${Math.abs(skewed.ageMs)} ms ${direction} this one, so that its signatures are refused: set both by NTP`,
    );
  }

  /** Called now and then. */
  watch(): void {
    if (this.#clock.monotonicMs() - this.#refusedAtMs > ALARM_MS) this.#alarms.clear('clock_skew');
  }
}
