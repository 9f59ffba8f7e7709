/** A node's own idea of time: it may run fast or slow, and its wall clock may be set anew. */
import type { Clock } from '../../../services/raft-sidecar/src/runtime/ports.ts';

/** 2026-01-01. */
const EPOCH_MS = 1_767_225_600_000;

export class NodeClock implements Clock {
  readonly #nowUs: () => number;
  #rate = 1;
  /** Own milliseconds at the moment of the last change of rate. */
  #baseMs: number;
  #baseUs = 0;
  #wallOffsetMs = 0;

  /** @param nowUs true time, as far as the node has got with its work. */
  constructor(nowUs: () => number, startMs: number) {
    this.#nowUs = nowUs;
    this.#baseMs = startMs;
  }

  /** Own seconds to a true one. */
  get rate(): number {
    return this.#rate;
  }

  set rate(rate: number) {
    this.#baseMs = this.monotonicMs();
    this.#baseUs = this.#nowUs();
    this.#rate = rate;
  }

  jump(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }

  wallMs(): number {
    return Math.floor(EPOCH_MS + this.monotonicMs() + this.#wallOffsetMs);
  }

  monotonicMs(): number {
    return this.#baseMs + ((this.#nowUs() - this.#baseUs) / 1_000) * this.#rate;
  }
}
