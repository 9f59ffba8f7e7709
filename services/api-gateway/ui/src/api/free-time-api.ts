/** When people could meet. */

import type { AgendaRange } from './agenda-api.ts';
import type { ApiClient, ReadOptions } from './client.ts';

export interface FreeTimeQuestion {
  /** They must all be free; so must the viewer, and all members of the group. */
  readonly userIds: readonly string[];
  readonly groupId?: string;
  /** They need not, whether they are in the group or not. */
  readonly optionalUserIds: readonly string[];
  /** Instants, half-open. */
  readonly start: string;
  readonly end: string;
  readonly durationMinutes: number;
  /** On each person's own clock, from 00:00 to 24:00; `days` from 1 (Monday) to 7. */
  readonly workingHours: { readonly start: string; readonly end: string; readonly days: readonly number[] };
  /** Kept free before and after. */
  readonly bufferMinutes: number;
}

export interface FreeSlot {
  readonly start: string;
  readonly end: string;
  /** Of the optional people. */
  readonly missingUserIds: readonly string[];
}

/** When somebody is busy; nothing of why. */
export interface FreeBusy {
  readonly userId: string;
  readonly busy: readonly { readonly start: string; readonly end: string }[];
}

/** The server's bound of one question. */
const FREE_BUSY_PEOPLE_MAX = 50;
/** What one busy fortnight has room for; the server's own bound. */
const SLOTS_MAX = 50;

export class FreeTimeApi {
  readonly #client: ApiClient;

  constructor(client: ApiClient) {
    this.#client = client;
  }

  /** The best first; none overlap each other, and none has begun. */
  async slots(question: FreeTimeQuestion, options: ReadOptions = {}): Promise<readonly FreeSlot[]> {
    const body = { ...question, limit: SLOTS_MAX };
    const answer: { items: readonly FreeSlot[] } = await this.#client.question(
      '/api/free-slots',
      body,
      options,
    );
    return answer.items;
  }

  /** Of the first 50 of these people, who share a group with the viewer. */
  async busy(
    userIds: readonly string[],
    range: AgendaRange,
    options: ReadOptions = {},
  ): Promise<readonly FreeBusy[]> {
    const users = userIds.slice(0, FREE_BUSY_PEOPLE_MAX).join(',');
    const query = new URLSearchParams({ users, ...range });
    const answer: { items: readonly FreeBusy[] } = await this.#client.read(`/api/freebusy?${query}`, options);
    return answer.items;
  }
}
