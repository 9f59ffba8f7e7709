/** Simulated time: a queue of events, run one by one. Nothing outside it decides what happens next. */
import type { Trace } from './trace.ts';

/** A chain of promises between two events is never longer than this many turns of the microtask queue. */
const MICROTASK_TURNS = 12;

interface Event {
  readonly atUs: number;
  /** Events of one moment run in the order in which they were scheduled. */
  readonly order: number;
  readonly run: () => void;
}

export class World {
  readonly trace: Trace;
  /** Whole microseconds since the start. */
  nowUs = 0;
  #nextOrder = 0;
  /** A binary heap. */
  readonly #events: Event[] = [];

  constructor(trace: Trace) {
    this.trace = trace;
  }

  /** In the past means now. */
  at(atUs: number, run: () => void): void {
    const event = { atUs: Math.max(this.nowUs, Math.round(atUs)), order: this.#nextOrder++, run };
    const events = this.#events;
    let place = events.push(event) - 1;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!isBefore(event, events[parent] as Event)) break;
      events[place] = events[parent] as Event;
      place = parent;
    }
    events[place] = event;
  }

  after(delayUs: number, run: () => void): void {
    this.at(this.nowUs + delayUs, run);
  }

  /** A line of the trace, at this moment. */
  tell(line: string): void {
    this.trace.add(this.nowUs, line);
  }

  /** Runs events until `done` or until that moment. @returns true if it was done first. */
  async run(untilUs: number, done: () => boolean): Promise<boolean> {
    while (!done()) {
      const next = this.#events[0];
      if (!next || next.atUs > untilUs) {
        this.nowUs = Math.max(this.nowUs, untilUs);
        return false;
      }
      this.#dropFirst();
      this.nowUs = next.atUs;
      next.run();
      for (let turn = 0; turn < MICROTASK_TURNS; turn++) await undefined;
    }
    return true;
  }

  #dropFirst(): void {
    const events = this.#events;
    const last = events.pop() as Event;
    if (events.length === 0) return;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= events.length) break;
      if (child + 1 < events.length && isBefore(events[child + 1] as Event, events[child] as Event))
        child += 1;
      if (isBefore(last, events[child] as Event)) break;
      events[place] = events[child] as Event;
      place = child;
    }
    events[place] = last;
  }
}

function isBefore(left: Event, right: Event): boolean {
  return left.atUs < right.atUs || (left.atUs === right.atUs && left.order < right.order);
}
