/** Questions to the trail: filtered pages, in both directions, and the walk along the chain. */
import {
  type AuditRecord,
  type Filter,
  Level,
  type QueryRequest,
  type QueryResponse,
  type VerifyRequest,
  type VerifyResponse,
} from '@agenda/proto/audit/v1/audit';
import { ServiceError } from '@agenda/service-kit/errors';
import type { Database } from 'better-sqlite3';
import { brokenBecause, FIRST_PREVIOUS_HASH } from './chain.ts';
import { type AuditStore, asciiLower, type RecordRow, recordFromRow, searchedText } from './store.ts';

const LIMIT_DEFAULT = 100;
const LIMIT_MAX = 500;
const VERIFY_PAGE = 1_000;
/** Pending events are few as a rule; beyond this many they are not all shown. */
const PENDING_SHOWN_MAX = 500;

export class AuditQueries {
  readonly #db: Database;
  readonly #store: AuditStore;

  constructor(db: Database, store: AuditStore) {
    this.#db = db;
    this.#store = store;
  }

  /** What is not replicated yet stands at the newest end, with sequence 0. @throws ServiceError `invalid_argument` */
  query(request: QueryRequest): QueryResponse {
    const limit = request.limit || LIMIT_DEFAULT;
    if (limit > LIMIT_MAX) throw invalid('limit', `must be 1 to ${LIMIT_MAX}`);
    const { oldestFirst, filter } = request;
    const after = cursorOf(request.cursor);
    const pending = !oldestFirst && after === undefined ? this.#pendingRecords(filter).slice(0, limit) : [];
    const rows = this.page(
      filter,
      after ?? (oldestFirst ? 0 : undefined),
      oldestFirst,
      limit - pending.length + 1,
    );
    const shown = rows.slice(0, limit - pending.length);
    const last = shown.at(-1)?.sequence ?? (pending.length > 0 ? this.#store.lastSequence + 1 : undefined);
    const more = rows.length > shown.length && last !== undefined;
    return { records: [...pending, ...shown], nextCursor: more ? String(last) : '' };
  }

  /** @param after exclusive; undefined: from the newest. */
  page(
    filter: Filter | undefined,
    after: number | undefined,
    oldestFirst: boolean,
    limit: number,
  ): AuditRecord[] {
    const conditions = [oldestFirst ? 'sequence > @after' : 'sequence < @after', ...conditionsOf(filter)];
    const rows = this.#db
      .prepare<[Record<string, unknown>], RecordRow>(
        `SELECT * FROM records WHERE ${conditions.join(' AND ')}
         ORDER BY sequence ${oldestFirst ? 'ASC' : 'DESC'} LIMIT @limit`,
      )
      .all({ ...parametersOf(filter), after: after ?? Number.MAX_SAFE_INTEGER, limit });
    return rows.map(recordFromRow);
  }

  verify({ fromSequence, toSequence }: VerifyRequest): VerifyResponse {
    const first = Math.max(1, fromSequence);
    const last = toSequence || this.#store.lastSequence;
    const end = { lastSequence: this.#store.lastSequence, lastHash: this.#store.lastHash };
    let previousHash = first === 1 ? FIRST_PREVIOUS_HASH : this.#hashAt(first - 1);
    let sequence = first;
    while (sequence <= last) {
      const records = this.page(undefined, sequence - 1, true, Math.min(VERIFY_PAGE, last - sequence + 1));
      if (records.length === 0)
        return broken(sequence, sequence - first, `record ${sequence} is missing`, end);
      for (const record of records) {
        const reason = brokenBecause(record, { sequence, previousHash });
        if (reason) return broken(sequence, sequence - first, reason, end);
        previousHash = record.hash;
        sequence += 1;
      }
    }
    return { intact: true, checked: sequence - first, brokenSequence: 0, reason: '', ...end };
  }

  #hashAt(sequence: number): Uint8Array {
    const [record] = this.page(undefined, sequence - 1, true, 1);
    if (record?.sequence !== sequence)
      throw invalid('fromSequence', `must be at most ${this.#store.lastSequence}`);
    return record.hash;
  }

  #pendingRecords(filter: Filter | undefined): AuditRecord[] {
    const none = new Uint8Array(0);
    return this.#store
      .pending(PENDING_SHOWN_MAX)
      .map((event) => ({ sequence: 0, event, previousHash: none, hash: none, logIndex: 0 }))
      .filter((record) => matches(filter, record))
      .reverse();
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

function cursorOf(cursor: string): number | undefined {
  if (cursor === '') return undefined;
  if (/^\d{1,15}$/.test(cursor)) return Number(cursor);
  throw invalid('cursor', 'is not a cursor of this list; pass nextCursor of the page before');
}

function invalid(path: string, message: string): ServiceError {
  return new ServiceError('invalid_argument', `${path} ${message}`, { fields: [{ path, message }] });
}

function conditionsOf(filter: Filter | undefined): string[] {
  if (!filter) return [];
  const conditions: string[] = [];
  if (filter.fromMs > 0) conditions.push('at_ms >= @fromMs');
  if (filter.toMs > 0) conditions.push('at_ms < @toMs');
  if (filter.actor) conditions.push('(actor_id = @actor OR actor_name = @actor)');
  if (filter.action.endsWith('.')) conditions.push('substr(action, 1, length(@action)) = @action');
  else if (filter.action) conditions.push('action = @action');
  if (filter.component) conditions.push('component = @component');
  if (filter.minimumLevel !== Level.LEVEL_UNSPECIFIED) conditions.push('level >= @minimumLevel');
  if (filter.requestId) conditions.push('request_id = @requestId');
  if (filter.nodeId) conditions.push('node_id = @nodeId');
  if (filter.text) conditions.push('instr(searched_text, @text) > 0');
  return conditions;
}

function parametersOf(filter: Filter | undefined): Record<string, unknown> {
  return filter ? { ...filter, text: asciiLower(filter.text) } : {};
}

/** As the conditions above, for records that are not rows: the live tail and pending events. */
export function matches(filter: Filter | undefined, { event }: AuditRecord): boolean {
  if (!filter) return true;
  if (!event) return false;
  const action = filter.action.endsWith('.')
    ? event.action.startsWith(filter.action)
    : event.action === filter.action;
  return (
    event.atMs >= filter.fromMs &&
    (filter.toMs === 0 || event.atMs < filter.toMs) &&
    (filter.actor === '' || event.actorId === filter.actor || event.actorName === filter.actor) &&
    (filter.action === '' || action) &&
    (filter.component === '' || event.component === filter.component) &&
    event.level >= filter.minimumLevel &&
    (filter.requestId === '' || event.requestId === filter.requestId) &&
    (filter.nodeId === '' || event.nodeId === filter.nodeId) &&
    (filter.text === '' || searchedText(event).includes(asciiLower(filter.text)))
  );
}
