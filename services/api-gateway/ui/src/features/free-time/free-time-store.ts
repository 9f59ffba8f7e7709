/** What a time is looked for, and the times that were found. What was asked last is kept for the next time. */

import type { FreeSlot, FreeTimeApi } from '../../api/free-time-api.ts';
import { Store } from '../../store.ts';
import { type FreeTimeForm, questionOf } from './free-time-form.ts';

export interface FreeTimeState {
  /** Null: nothing was asked yet. */
  readonly form: FreeTimeForm | null;
  readonly asking: boolean;
  /** To `form`; null: there is none. */
  readonly slots: readonly FreeSlot[] | null;
  /** Why there is none; null: nothing went wrong. */
  readonly failure: unknown;
}

const EMPTY: FreeTimeState = { form: null, asking: false, slots: null, failure: null };

export class FreeTimeStore {
  readonly state = new Store<FreeTimeState>(EMPTY);
  readonly #api: Pick<FreeTimeApi, 'slots'>;
  /** The newest question wins; the one under way is given up. */
  #asking: AbortController | null = null;

  constructor(api: Pick<FreeTimeApi, 'slots'>) {
    this.#api = api;
  }

  close(): void {
    this.#giveUp();
    this.state.set(EMPTY);
  }

  /** The answer, which does not stay true; not the question. */
  forget(): void {
    this.#giveUp();
    this.state.set({ ...EMPTY, form: this.state.get().form });
  }

  /** @param form Without errors. @param timeZone In which its days begin and end. */
  async ask(form: FreeTimeForm, timeZone: string): Promise<void> {
    this.#giveUp();
    const asking = new AbortController();
    this.#asking = asking;
    this.state.set({ ...EMPTY, form, asking: true });
    try {
      const slots = await this.#api.slots(questionOf(form, timeZone), { signal: asking.signal });
      if (this.#asking === asking) this.state.update({ slots, asking: false });
    } catch (failure) {
      if (this.#asking === asking) this.state.update({ failure, asking: false });
    }
  }

  #giveUp(): void {
    this.#asking?.abort();
    this.#asking = null;
  }
}
