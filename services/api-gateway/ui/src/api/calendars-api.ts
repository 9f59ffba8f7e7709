/** Calendar files, and the secret addresses under which calendar apps read. */

import type { AgendaRange } from './agenda-api.ts';
import type { ApiClient, ReadOptions } from './client.ts';
import type { Page } from './types.ts';

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

/** Of a group no more than what names it and says whose it is. */
export interface OwnGroup {
  readonly id: string;
  readonly name: string;
  readonly creatorId: string;
}

/** A person is in at most so many. */
const GROUPS_MAX = 200;

export class CalendarsApi {
  readonly #client: ApiClient;

  constructor(client: ApiClient) {
    this.#client = client;
  }

  /** The groups that one is in. */
  async groups(options: ReadOptions = {}): Promise<readonly OwnGroup[]> {
    const page: Page<OwnGroup> = await this.#client.read(`/api/groups?limit=${GROUPS_MAX}`, options);
    return page.items;
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
