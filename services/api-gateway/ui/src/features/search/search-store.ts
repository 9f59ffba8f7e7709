/** What is looked for, and what was found. */

import { explain } from '../../api/problem.ts';
import type { SearchApi } from '../../api/search-api.ts';
import type { AgendaItem } from '../../api/types.ts';
import { Store } from '../../store.ts';

/** Asked once typing pauses for so long. */
const TYPING_PAUSE_MS = 180;
/** The same as the server's. */
export const WORDS_CHARACTERS_MAX = 200;
/** Beyond these, better words help more than a longer list. */
const FOUND_MAX = 300;

export interface SearchState {
  /** As they were typed. */
  readonly words: string;
  /** Null: nothing was asked yet. */
  readonly found: readonly AgendaItem[] | null;
  readonly nextCursor: string | null;
  readonly loading: boolean;
  readonly error: string | null;
}

const EMPTY: SearchState = { words: '', found: null, nextCursor: null, loading: false, error: null };

export class SearchStore {
  readonly state = new Store<SearchState>(EMPTY);
  readonly #api: Pick<SearchApi, 'find'>;
  readonly #pauseMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The newest question wins; the one under way is given up. */
  #asking: AbortController | null = null;

  constructor(api: Pick<SearchApi, 'find'>, pauseMs = TYPING_PAUSE_MS) {
    this.#api = api;
    this.#pauseMs = pauseMs;
  }

  close(): void {
    this.#giveUp();
    this.state.set(EMPTY);
  }

  /** Asks when the typing pauses. Without words nothing is found, and nothing is asked. */
  type(words: string): void {
    this.#giveUp();
    if (words.trim() === '') {
      this.state.set({ ...EMPTY, words });
      return;
    }
    this.state.update({ words, loading: true });
    this.#timer = setTimeout(() => this.#ask(words.trim(), null), this.#pauseMs);
  }

  /** The same words again: what was found before may have changed. */
  refresh(): void {
    this.type(this.state.get().words);
  }

  async loadMore(): Promise<void> {
    const { words, found, nextCursor, loading } = this.state.get();
    if (found === null || nextCursor === null || loading || found.length >= FOUND_MAX) return;
    this.state.update({ loading: true });
    await this.#ask(words.trim(), nextCursor);
  }

  async #ask(words: string, cursor: string | null): Promise<void> {
    const asking = new AbortController();
    this.#asking = asking;
    try {
      const page = await this.#api.find(words, cursor, { signal: asking.signal });
      if (this.#asking !== asking) return;
      const before = cursor === null ? [] : (this.state.get().found ?? []);
      const found = [...before, ...page.items];
      this.state.update({ found, nextCursor: page.nextCursor, loading: false, error: null });
    } catch (error) {
      if (this.#asking === asking) this.state.update({ loading: false, error: explain(error) });
    }
  }

  #giveUp(): void {
    clearTimeout(this.#timer);
    this.#asking?.abort();
    this.#asking = null;
  }
}
