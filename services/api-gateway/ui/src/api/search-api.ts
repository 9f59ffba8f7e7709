/** Finding appointments by words. */

import type { ApiClient, ReadOptions } from './client.ts';
import type { AgendaItem, Page } from './types.ts';

const PAGE_ITEMS = 30;

export class SearchApi {
  readonly #client: ApiClient;

  constructor(client: ApiClient) {
    this.#client = client;
  }

  /** What has all these words, or words that begin so, in its title, description or location; the latest first. */
  find(words: string, cursor: string | null, options: ReadOptions = {}): Promise<Page<AgendaItem>> {
    const query = new URLSearchParams({
      q: words,
      limit: String(PAGE_ITEMS),
      ...(cursor === null ? {} : { cursor }),
    });
    return this.#client.read(`/api/search?${query}`, options);
  }
}
