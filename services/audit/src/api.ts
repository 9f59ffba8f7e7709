/** AuditService, as its contract says. */

import {
  AuditEvent,
  AuditRecord,
  type AuditServiceService,
  type ExportRequest,
  ExportRequest_Format,
  type ExportResponse,
  type LinksResponse,
  type TailRequest,
  type TailResponse,
} from '@agenda/proto/audit/v1/audit';
import { encodeMessage } from '@agenda/proto/encode';
import { ServiceError } from '@agenda/service-kit/errors';
import type { Handlers, OutboundStream } from '@agenda/service-kit/grpc-server';
import { exportHeader, exportLine } from './export-format.ts';
import type { AuditQueries } from './query.ts';
import type { AuditStore } from './store.ts';

const EVENTS_PER_CALL_MAX = 500;
const ID_BYTES = 16;
/** Encoded. The agenda takes no larger ones into the log, so one that is kept here would never leave. */
const EVENT_BYTES_MAX = 8 * 1024;
/** What a date can hold (ECMA-262, "Time Values"). */
const AT_MS_MAX = 8.64e15;
const EXPORT_CHUNK_BYTES = 64 * 1024;
/** Each reads the trail at every append; beyond it further ones are refused as `overloaded`. */
const TAILS_MAX = 32;
const ROWS_PER_MESSAGE_MAX = 200;
const LINKS_MAX = 500;
/** Of one answer, which must fit in a message. */
const LINKS_BYTES_MAX = 2 * 1024 * 1024;
const MAC_COMES_LATER = new Uint8Array(0);

/** @param stopping ends the tails, which would end never by themselves. */
export function auditHandlers(
  store: AuditStore,
  queries: AuditQueries,
  stopping: AbortSignal,
): Handlers<typeof AuditServiceService> {
  let tails = 0;
  return {
    record: ({ events }) => {
      assertEvents(events);
      store.addPending(events);
      return {};
    },
    query: (request) => queries.query(request),
    links: ({ afterSequence, limit }) => linksAnswer(store, afterSequence, limit || LINKS_MAX),
    verify: (request, { signal }) => queries.verify(request, signal),
    tail: async (request, stream) => {
      if (tails >= TAILS_MAX)
        throw new ServiceError('overloaded', `${TAILS_MAX} readers follow the trail already`, {
          retryAfterMs: 5_000,
        });
      tails += 1;
      try {
        await tail(store, queries, request, stream, stopping);
      } finally {
        tails -= 1;
      }
    },
    export: (request, stream) => exportAll(queries, request, stream),
  };
}

function assertEvents(events: readonly AuditEvent[]): void {
  if (events.length === 0 || events.length > EVENTS_PER_CALL_MAX)
    throw invalid('events', `must be 1 to ${EVENTS_PER_CALL_MAX}, but are ${events.length}`);
  events.forEach((event, at) => {
    if (event.id.length !== ID_BYTES) throw invalid(`events.${at}.id`, `must have ${ID_BYTES} bytes`);
    if (event.action === '') throw invalid(`events.${at}.action`, 'is missing');
    if (event.atMs <= 0 || event.atMs > AT_MS_MAX)
      throw invalid(`events.${at}.atMs`, 'must be milliseconds since 1970');
    if (encodeMessage(AuditEvent, event).length > EVENT_BYTES_MAX)
      throw invalid(`events.${at}`, `must have at most ${EVENT_BYTES_MAX} bytes`);
  });
}

/** @throws ServiceError `invalid_argument` */
function linksAnswer(store: AuditStore, afterSequence: number, limit: number): LinksResponse {
  if (limit > LINKS_MAX) throw invalid('limit', `must be 1 to ${LINKS_MAX}`);
  let bytes = 0;
  const all = store.links(afterSequence, limit);
  const cut = all.findIndex((record) => {
    bytes += encodeMessage(AuditRecord, record).length;
    return bytes > LINKS_BYTES_MAX;
  });
  const records = cut < 0 ? all : all.slice(0, Math.max(1, cut));
  return { records, lastSequence: store.lastSequence, logIndex: store.logIndex };
}

function invalid(path: string, message: string): ServiceError {
  return new ServiceError('invalid_argument', `${path} ${message}`, { fields: [{ path, message }] });
}

/** First what is there, then what comes. A reader that is too slow for what comes is behind, and reads what is there. */
async function tail(
  store: AuditStore,
  queries: AuditQueries,
  { filter, afterSequence }: TailRequest,
  stream: OutboundStream<TailResponse>,
  stopping: AbortSignal,
): Promise<void> {
  const over = AbortSignal.any([stream.closed, stopping]);
  let position = afterSequence || store.lastSequence;
  let wake = (): void => {};
  const stopListening = store.onAppended(() => wake());
  over.addEventListener('abort', () => wake());
  try {
    while (!over.aborted) {
      const appended = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const scanned = store.lastSequence;
      for await (const records of queries.scan(filter, position, true, ROWS_PER_MESSAGE_MAX)) {
        position = (records.at(-1) as AuditRecord).sequence;
        if (!stream.write({ records, mac: MAC_COMES_LATER })) await stream.drained();
        if (over.aborted) return;
      }
      position = Math.max(position, scanned);
      await appended;
    }
  } finally {
    stopListening();
  }
}

async function exportAll(
  queries: AuditQueries,
  { filter, format }: ExportRequest,
  stream: OutboundStream<ExportResponse>,
): Promise<void> {
  if (format !== ExportRequest_Format.FORMAT_JSON_LINES && format !== ExportRequest_Format.FORMAT_CSV)
    throw invalid('format', 'must be JSON lines or CSV');
  let text = exportHeader(format);
  for await (const records of queries.scan(filter, undefined, true)) {
    for (const record of records) {
      const line = exportLine(record, format);
      if (Buffer.byteLength(text) + Buffer.byteLength(line) > EXPORT_CHUNK_BYTES) {
        await send(stream, text);
        text = '';
      }
      text += line;
    }
    if (stream.closed.aborted) return;
  }
  if (text !== '') await send(stream, text);
}

async function send(stream: OutboundStream<ExportResponse>, text: string): Promise<void> {
  if (!stream.write({ data: Buffer.from(text), mac: MAC_COMES_LATER })) await stream.drained();
}
