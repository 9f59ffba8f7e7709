/**
 * A process whose predecessor on the same disk has not certainly ended (the disk moved to another machine, or was
 * cloned) takes no part at first: it listens, until no peer has said for a while that the predecessor lives.
 */
import type { Clock } from '../runtime/ports.ts';
import { SILENCE_MS, type Start } from './member-starts.ts';

export class Probation {
  readonly #clock: Clock;
  readonly #onPassed: () => void;
  #sinceMs: number;
  #twin = '';
  #active: boolean;

  /** @param onPassed at once if there is no doubt. */
  constructor(start: Start, clock: Clock, onPassed: () => void) {
    this.#clock = clock;
    this.#onPassed = onPassed;
    this.#sinceMs = clock.monotonicMs();
    const { previousIncarnation, sameDiskSince } = start;
    this.#active = previousIncarnation > 0 && sameDiskSince > previousIncarnation;
  }

  get active(): boolean {
    return this.#active;
  }

  /** In words; empty: nothing. */
  get waitingFor(): string {
    if (!this.#active) return '';
    return this.#twin || 'its peers: no other process of this member must be alive';
  }

  /** @param twin what a peer said of the process that lives. */
  refused(twin: string): void {
    this.#sinceMs = this.#clock.monotonicMs();
    this.#twin = twin;
  }

  /** Called now and then. */
  consider(): void {
    if (!this.#active || this.#clock.monotonicMs() - this.#sinceMs < SILENCE_MS) return;
    this.#active = false;
    this.#onPassed();
  }
}
