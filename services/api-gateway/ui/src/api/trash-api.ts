/** Deleted appointments, for thirty days. */

import type { ApiClient } from './client.ts';
import type { AgendaItem, Appointment, Page } from './types.ts';

const PAGE_ITEMS = 30;

export class TrashApi {
  readonly #client: ApiClient;

  constructor(client: ApiClient) {
    this.#client = client;
  }

  /** One's own, last deleted first. */
  list(cursor: string | null): Promise<Page<AgendaItem>> {
    const query = new URLSearchParams({
      limit: String(PAGE_ITEMS),
      ...(cursor === null ? {} : { cursor }),
    });
    return this.#client.read(`/api/trash?${query}`);
  }

  /** @throws ApiError `conflict` if something else takes that time and `allowConflict` is false. */
  restore(appointmentId: string, allowConflict: boolean, idempotencyKey: string): Promise<Appointment> {
    const path = `/api/appointments/${encodeURIComponent(appointmentId)}/restore`;
    return this.#client.write('POST', path, { allowConflict }, { idempotencyKey });
  }
}
