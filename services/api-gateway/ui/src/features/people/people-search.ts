/** Finds people while somebody types: asks when the typing pauses, and only the newest answer counts. */

import type { FoundPeople, Person } from '../../api/people-api.ts';
import { explain } from '../../api/problem.ts';
import { Store } from '../../store.ts';

/** Typing that pauses for as long is a question. */
const PAUSE_MS = 200;
/** Shown at once; who is looked for and is not among them types more of the name. */
export const FOUND_MAX = 8;
/** The server's bound of a query. */
export const QUERY_CHARACTERS_MAX = 100;

export interface PeopleSearchState {
  readonly text: string;
  /** `idle`: nothing was typed. While `searching`, `people` are still those of the text before. */
  readonly phase: 'idle' | 'searching' | 'found' | 'failed';
  readonly people: readonly Person[];
  readonly more: boolean;
  /** Why it failed. */
  readonly error: string | null;
}

const IDLE: PeopleSearchState = { text: '', phase: 'idle', people: [], more: false, error: null };

export interface PeopleSearchPorts {
  readonly find: (query: string, limit: number, options: { signal: AbortSignal }) => Promise<FoundPeople>;
  readonly wait: (delayMs: number) => Promise<void>;
}

export class PeopleSearch {
  readonly state = new Store<PeopleSearchState>(IDLE);
  readonly #ports: PeopleSearchPorts;
  #asking: AbortController | null = null;

  constructor(ports: PeopleSearchPorts) {
    this.#ports = ports;
  }

  readonly type = (text: string): void => {
    this.stop();
    const query = text.trim();
    if (query === '') {
      this.state.set({ ...IDLE, text });
      return;
    }
    this.state.update({ text, phase: 'searching', error: null });
    const asking = new AbortController();
    this.#asking = asking;
    void this.#ask(query, asking.signal);
  };

  /** Gives up what is being asked. */
  readonly stop = (): void => {
    this.#asking?.abort();
    this.#asking = null;
  };

  async #ask(query: string, signal: AbortSignal): Promise<void> {
    await this.#ports.wait(PAUSE_MS);
    if (signal.aborted) return;
    try {
      const { people, more } = await this.#ports.find(query, FOUND_MAX, { signal });
      if (!signal.aborted) this.state.update({ phase: 'found', people, more });
    } catch (error) {
      if (!signal.aborted)
        this.state.update({ phase: 'failed', people: [], more: false, error: explain(error) });
    }
  }
}
