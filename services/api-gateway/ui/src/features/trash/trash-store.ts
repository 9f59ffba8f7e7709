/** What was deleted and can be had back. */

import { explain } from '../../api/problem.ts';
import type { TrashApi } from '../../api/trash-api.ts';
import type { AgendaItem, Appointment } from '../../api/types.ts';
import { Store } from '../../store.ts';

export interface TrashState {
  /** Last deleted first. */
  readonly items: readonly AgendaItem[];
  readonly nextCursor: string | null;
  readonly loading: boolean;
  readonly error: string | null;
}

const EMPTY: TrashState = { items: [], nextCursor: null, loading: false, error: null };

export class TrashStore {
  readonly state = new Store<TrashState>(EMPTY);
  readonly #api: TrashApi;
  readonly #onRestored: (appointment: Appointment) => void;
  #generation = 0;

  /** @param onRestored Called with what is back. */
  constructor(api: TrashApi, onRestored: (appointment: Appointment) => void) {
    this.#api = api;
    this.#onRestored = onRestored;
  }

  close(): void {
    this.#generation += 1;
    this.state.set(EMPTY);
  }

  async load(): Promise<void> {
    this.#generation += 1;
    await this.#read(null);
  }

  async loadMore(): Promise<void> {
    const { nextCursor, loading } = this.state.get();
    if (nextCursor !== null && !loading) await this.#read(nextCursor);
  }

  /** @throws ApiError `conflict` if something else takes that time and `allowConflict` is false. */
  async restore(appointmentId: string, allowConflict: boolean, idempotencyKey: string): Promise<void> {
    const appointment = await this.#api.restore(appointmentId, allowConflict, idempotencyKey);
    this.state.update({ items: this.state.get().items.filter(({ id }) => id !== appointmentId) });
    this.#onRestored(appointment);
  }

  async #read(cursor: string | null): Promise<void> {
    const generation = this.#generation;
    this.state.update({ loading: true });
    try {
      const page = await this.#api.list(cursor);
      if (generation !== this.#generation) return;
      const before = cursor === null ? [] : this.state.get().items;
      const items = [...before, ...page.items];
      this.state.set({ items, nextCursor: page.nextCursor, loading: false, error: null });
    } catch (error) {
      if (generation === this.#generation) this.state.update({ loading: false, error: explain(error) });
    }
  }
}
