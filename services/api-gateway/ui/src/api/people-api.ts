/** Finding people by their names. */

import type { ApiClient, ReadOptions } from './client.ts';
import type { Page } from './types.ts';

/** A user as others see one. */
export interface Person {
  readonly id: string;
  readonly username: string;
  readonly displayName: string;
  /** IANA name. */
  readonly timeZone: string;
}

export interface FoundPeople {
  readonly people: readonly Person[];
  /** More match than were asked for. */
  readonly more: boolean;
}

export class PeopleApi {
  readonly #client: ApiClient;

  constructor(client: ApiClient) {
    this.#client = client;
  }

  /**
   * Whose user name, or a word of whose display name, begins so.
   *
   * @param query 1 to 100 characters.
   */
  async find(query: string, limit: number, options: ReadOptions = {}): Promise<FoundPeople> {
    const parameters = new URLSearchParams({ query, limit: String(limit) });
    const page: Page<Person> = await this.#client.read(`/api/users?${parameters}`, options);
    return { people: page.items, more: page.nextCursor !== null };
  }
}

/** What somebody is called on the page. */
export function nameOf({
  displayName,
  username,
}: {
  readonly displayName: string;
  readonly username: string;
}): string {
  return displayName || username;
}
