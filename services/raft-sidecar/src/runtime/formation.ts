/** Until the cluster has first reached its expected size, it takes no writes: they could be lost with one node. */
import type { Configuration, Entry } from '../core/types.ts';
import type { LogStore } from '../storage/log-store.ts';

export class Formation {
  readonly #store: LogStore;
  readonly #votersExpected: number;
  #votersSeen = 0;

  constructor(store: LogStore, votersExpected: number) {
    this.#store = store;
    this.#votersExpected = votersExpected;
    const { commitIndex } = store.hardState;
    for (const { index, configuration } of store.configurations())
      if (index <= commitIndex) this.#votersSeen = configuration.voters.length;
  }

  get complete(): boolean {
    return this.#store.bootstrapped;
  }

  /** What is awaited, in words; empty: nothing. */
  get waitingFor(): string {
    if (this.complete) return '';
    return `the cluster to form: ${this.#votersSeen} of ${this.#votersExpected} voters`;
  }

  /** A snapshot is taken by a cluster at work only. */
  onRestored({ voters }: Configuration): void {
    this.#votersSeen = voters.length;
    if (!this.complete) this.#store.write({ bootstrapped: true });
  }

  /**
   * A committed command is proof too: the cluster was complete when a leader took it, whatever this node's own
   * expectation is.
   */
  onCommitted(entries: readonly Entry[]): void {
    if (this.complete) return;
    for (const { payload } of entries) {
      if (payload.kind === 'configuration') this.#votersSeen = payload.configuration.voters.length;
      if (payload.kind !== 'command' && this.#votersSeen < this.#votersExpected) continue;
      this.#store.write({ bootstrapped: true });
      return;
    }
  }
}
