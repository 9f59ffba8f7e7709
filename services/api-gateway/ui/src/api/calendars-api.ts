/** Calendar files, and the secret addresses under which calendar apps read. */

import type { AgendaRange } from './agenda-api.ts';
import type { ApiClient } from './client.ts';

/** An import may be many commands: the server takes up to 25 s, an export 10 s. */
const IMPORT_DEADLINE_MS = 30_000;

/** One component of a file. Without `appointmentId` it was skipped. */
export interface ImportedComponent {
  readonly uid: string | null;
  readonly appointmentId: string | null;
  /** Why it was skipped, or what of it was left out. */
  readonly reason: string | null;
}

export interface ImportReport {
  readonly taken: number;
  readonly skipped: number;
  /** In the order of the file, its time zones left out. */
  readonly components: readonly ImportedComponent[];
}

export class CalendarsApi {
  readonly #client: ApiClient;

  constructor(client: ApiClient) {
    this.#client = client;
  }

  /** @param ics The bytes of the file, as they are. */
  importFile(ics: Blob, idempotencyKey: string): Promise<ImportReport> {
    return this.#client.write('POST', '/api/import', ics, {
      idempotencyKey,
      contentType: 'text/calendar',
      deadlineMs: IMPORT_DEADLINE_MS,
    });
  }

  /** @param groupId Null: one's own agenda. @returns iCalendar. */
  exportFile({ start, end }: AgendaRange, groupId: string | null): Promise<string> {
    const query = new URLSearchParams({ start, end, ...(groupId === null ? {} : { group: groupId }) });
    return this.#client.read(`/api/export.ics?${query}`, { answer: 'text' });
  }

  /** A new secret address, never shown again; the one before ends. @returns its path on this host. */
  async makeFeed(groupId: string | null, idempotencyKey: string): Promise<string> {
    const answer: { readonly path: string } = await this.#client.write('PUT', feedOf(groupId), undefined, {
      idempotencyKey,
    });
    return answer.path;
  }

  revokeFeed(groupId: string | null, idempotencyKey: string): Promise<void> {
    return this.#client.write('DELETE', feedOf(groupId), undefined, { idempotencyKey });
  }
}

function feedOf(groupId: string | null): string {
  return groupId === null ? '/api/me/feed' : `/api/groups/${encodeURIComponent(groupId)}/feed`;
}
