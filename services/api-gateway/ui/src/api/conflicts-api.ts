/** What overlaps something else in the viewer's agenda. */

import type { AgendaRange } from './agenda-api.ts';
import type { ApiClient, ReadOptions } from './client.ts';
import type { AgendaItem, Page } from './types.ts';

const PAGE_ITEMS_MAX = 200;
/** Who has more of them in a month needs another month, not a longer list. */
const PAGES_MAX = 5;

export class ConflictsApi {
  readonly #client: ApiClient;

  constructor(client: ApiClient) {
    this.#client = client;
  }

  /** By start; no more than the first 1,000. */
  async inRange(range: AgendaRange, options: ReadOptions = {}): Promise<readonly AgendaItem[]> {
    const items: AgendaItem[] = [];
    let cursor: string | null = null;
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const query = new URLSearchParams({
        ...range,
        limit: String(PAGE_ITEMS_MAX),
        ...(cursor === null ? {} : { cursor }),
      });
      const answer: Page<AgendaItem> = await this.#client.read(`/api/conflicts?${query}`, options);
      items.push(...answer.items);
      cursor = answer.nextCursor;
      if (cursor === null) break;
    }
    return items;
  }
}
