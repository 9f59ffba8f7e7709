/** When people could meet. */

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
}
