/** The cluster, asked about again and again while somebody looks. */

import type { ClusterApi, ClusterReport } from '../../api/cluster-api.ts';
import { explain } from '../../api/problem.ts';
import { Store } from '../../store.ts';

export const WATCH_EVERY_MS = 2_000;

export interface WatchState {
  /** The last one that came; it stays when none comes any more. */
  readonly report: ClusterReport | null;
  /** Why the newest question has no answer. */
  readonly error: string | null;
}

export class ClusterWatch {
  readonly state = new Store<WatchState>({ report: null, error: null });
  readonly #api: Pick<ClusterApi, 'report'>;
  readonly #everyMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Grows with each start and stop: an answer to a former watch is not waited for. */
  #watch = 0;

  constructor(api: Pick<ClusterApi, 'report'>, everyMs = WATCH_EVERY_MS) {
    this.#api = api;
    this.#everyMs = everyMs;
  }

  start(): void {
    this.stop();
    void this.#loop(this.#watch);
  }

  stop(): void {
    this.#watch += 1;
    clearTimeout(this.#timer);
  }

  /** One question at a time; the next one is asked a pause after the answer, however long that took. */
  async #loop(watch: number): Promise<void> {
    try {
      const report = await this.#api.report();
      if (watch === this.#watch) this.state.set({ report, error: null });
    } catch (error) {
      if (watch === this.#watch) this.state.update({ error: explain(error) });
    }
    if (watch === this.#watch) this.#timer = setTimeout(() => this.#loop(watch), this.#everyMs);
  }
}
