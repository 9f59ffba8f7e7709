/** Questions to the trail: filtered pages, in both directions, and the walk along the chain. */

import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  AuditRecord,
  type Filter,
  type QueryRequest,
  type QueryResponse,
  type VerifyRequest,
  type VerifyResponse,
} from '@agenda/proto/audit/v1/audit';
import { encodeMessage } from '@agenda/proto/encode';
import { ServiceError } from '@agenda/service-kit/errors';
import type { Database } from 'better-sqlite3';
import { brokenBecause, FIRST_PREVIOUS_HASH } from './chain.ts';
import { conditionsOf, matches, parametersOf } from './filter.ts';
import { type RecordRow, recordFromRow } from './record.ts';
import type { AuditStore } from './store.ts';

const LIMIT_DEFAULT = 100;
const LIMIT_MAX = 500;
/** Of one answer, which must fit in a message; a page that would be larger ends earlier, with a cursor. */
const PAGE_BYTES_MAX = 3 * 1024 * 1024;
/** Links that are looked at in one turn; between turns events are recorded and fed. */
const WINDOW = 5_000;
const ROWS_PER_TURN_MAX = 500;
const NO_HASH = new Uint8Array(0);

interface Item {
  readonly record: AuditRecord;
  /** Of the page that begins after it. */
  readonly cursor: string;
}

/** Where a page begins: among the links, before (or after) that sequence, or among the pending events. */
interface Cursor {
  readonly kind: 'sequence' | 'pending';
  /** Exclusive; undefined: from that end on which the list begins. */
  readonly at: number | undefined;
}

export class AuditQueries {
  readonly #db: Database;
  readonly #store: AuditStore;

  constructor(db: Database, store: AuditStore) {
    this.#db = db;
    this.#store = store;
  }

  /**
   * What is not replicated yet stands at the newest end, with sequence 0; it moves into the chain when it is, so that a
   * reader who turns pages meanwhile may see it twice, but never misses it.
   *
   * @throws ServiceError `invalid_argument`
   */
  async query(request: QueryRequest): Promise<QueryResponse> {
    const limit = request.limit || LIMIT_DEFAULT;
    if (limit > LIMIT_MAX) throw invalid('limit', `must be 1 to ${LIMIT_MAX}`);
    const records: AuditRecord[] = [];
    let bytes = 0;
    let nextCursor = '';
    for await (const { record, cursor } of this.#items(request, limit + 1)) {
      bytes += encodeMessage(AuditRecord, record).length;
      if (records.length === limit || bytes > PAGE_BYTES_MAX) return { records, nextCursor };
      records.push(record);
      nextCursor = cursor;
    }
    return { records, nextCursor: '' };
  }

  /**
   * Matching links in batches, never all at once.
   *
   * @param after exclusive; undefined: from the first, or from the newest.
   */
  async *scan(
    filter: Filter | undefined,
    after: number | undefined,
    oldestFirst: boolean,
    rowsMax = ROWS_PER_TURN_MAX,
  ): AsyncGenerator<AuditRecord[]> {
    let position = after ?? (oldestFirst ? 0 : this.#store.lastSequence + 1);
    while (oldestFirst ? position < this.#store.lastSequence : position > 1) {
      const low = oldestFirst ? position : Math.max(0, position - 1 - WINDOW);
      const high = oldestFirst ? position + 1 + WINDOW : position;
      const rows = this.#between(low, high, filter, oldestFirst, rowsMax);
      const edge = oldestFirst ? Math.min(high - 1, this.#store.lastSequence) : low + 1;
      position = rows.length < rowsMax ? edge : (rows.at(-1)?.sequence ?? edge);
      if (rows.length > 0) yield rows.map(recordFromRow);
      await nextTurn();
    }
  }

  /**
   * A copy in a column that differs from the hashed event would hide a record from queries, so it breaks the link too.
   *
   * @param signal ends the walk: nobody waits for the answer.
   * @throws ServiceError `invalid_argument`, `timeout`.
   */
  async verify({ fromSequence, toSequence }: VerifyRequest, signal?: AbortSignal): Promise<VerifyResponse> {
    const first = Math.max(1, fromSequence);
    const last = toSequence || this.#store.lastSequence;
    const end = { lastSequence: this.#store.lastSequence, lastHash: this.#store.lastHash };
    if (first > end.lastSequence + 1)
      throw invalid('fromSequence', `must be at most ${end.lastSequence}, the last record there is`);
    let previousHash = FIRST_PREVIOUS_HASH;
    if (first > 1) {
      const [before] = this.#between(first - 2, first, undefined, true, 1);
      if (!before) return broken(first - 1, 0, `record ${first - 1} is missing`, end);
      previousHash = before.hash;
    }
    let sequence = first;
    while (sequence <= last) {
      if (signal?.aborted) throw new ServiceError('timeout', 'the walk along the chain was given up');
      const to = Math.min(last, sequence + ROWS_PER_TURN_MAX - 1);
      const rows = this.#between(sequence - 1, to + 1, undefined, true, ROWS_PER_TURN_MAX);
      if (rows.length === 0) return broken(sequence, sequence - first, `record ${sequence} is missing`, end);
      for (const row of rows) {
        const reason = brokenBecause(row, { sequence, previousHash });
        if (reason) return broken(sequence, sequence - first, reason, end);
        previousHash = row.hash;
        sequence += 1;
      }
      await nextTurn();
    }
    return { intact: true, checked: sequence - first, brokenSequence: 0, reason: '', ...end };
  }

  async *#items({ filter, cursor, oldestFirst }: QueryRequest, count: number): AsyncGenerator<Item> {
    const { kind, at } = cursorOf(cursor);
    if (oldestFirst) {
      if (kind === 'sequence') yield* this.#links(filter, at, true, count);
      yield* this.#pending(filter, kind === 'pending' ? at : undefined, true);
      return;
    }
    if (kind === 'pending' || at === undefined) yield* this.#pending(filter, at, false);
    yield* this.#links(filter, kind === 'sequence' ? at : undefined, false, count);
  }

  async *#links(
    filter: Filter | undefined,
    after: number | undefined,
    oldestFirst: boolean,
    count: number,
  ): AsyncGenerator<Item> {
    for await (const records of this.scan(filter, after, oldestFirst, count))
      for (const record of records) yield { record, cursor: String(record.sequence) };
  }

  async *#pending(
    filter: Filter | undefined,
    after: number | undefined,
    oldestFirst: boolean,
  ): AsyncGenerator<Item> {
    let position = after;
    for (;;) {
      const page = this.#store.pendingBeside(position, oldestFirst, ROWS_PER_TURN_MAX);
      for (const { event, ...row } of page) {
        const record = { sequence: 0, event, previousHash: NO_HASH, hash: NO_HASH, logIndex: 0 };
        position = row.position;
        if (matches(filter, record)) yield { record, cursor: `p${position}` };
      }
      if (page.length < ROWS_PER_TURN_MAX) return;
      await nextTurn();
    }
  }

  /** Both bounds exclusive. */
  #between(
    low: number,
    high: number,
    filter: Filter | undefined,
    oldestFirst: boolean,
    limit: number,
  ): RecordRow[] {
    const conditions = ['sequence > @low', 'sequence < @high', ...conditionsOf(filter)];
    return this.#db
      .prepare<[Record<string, unknown>], RecordRow>(
        `SELECT * FROM records WHERE ${conditions.join(' AND ')}
         ORDER BY sequence ${oldestFirst ? 'ASC' : 'DESC'} LIMIT @limit`,
      )
      .all({ ...parametersOf(filter), low, high, limit });
  }
}

function broken(
  brokenSequence: number,
  checked: number,
  reason: string,
  end: Pick<VerifyResponse, 'lastSequence' | 'lastHash'>,
): VerifyResponse {
  return { intact: false, checked, brokenSequence, reason, ...end };
}

function cursorOf(cursor: string): Cursor {
  if (cursor === '') return { kind: 'sequence', at: undefined };
  const match = /^(p?)(\d{1,15})$/.exec(cursor);
  if (!match) throw invalid('cursor', 'is not a cursor of this list; pass nextCursor of the page before');
  return { kind: match[1] === 'p' ? 'pending' : 'sequence', at: Number(match[2]) };
}

function invalid(path: string, message: string): ServiceError {
  return new ServiceError('invalid_argument', `${path} ${message}`, { fields: [{ path, message }] });
}
