/** AuditService, as its contract says. */
import {
  type AuditEvent,
  type AuditRecord,
  type AuditServiceService,
  type ExportRequest,
  ExportRequest_Format,
  type ExportResponse,
  type TailRequest,
  type TailResponse,
} from '@agenda/proto/audit/v1/audit';
import { ServiceError } from '@agenda/service-kit/errors';
import type { Handlers, OutboundStream } from '@agenda/service-kit/grpc-server';
import { exportHeader, exportLine } from './export-format.ts';
import { type AuditQueries, matches } from './query.ts';
import type { AuditStore } from './store.ts';

const EVENTS_PER_CALL_MAX = 500;
const ID_BYTES = 16;
const PAGE = 200;
const EXPORT_CHUNK_BYTES = 64 * 1024;
const MAC_COMES_LATER = new Uint8Array(0);

export function auditHandlers(
  store: AuditStore,
  queries: AuditQueries,
): Handlers<typeof AuditServiceService> {
  return {
    record: ({ events }) => {
      assertEvents(events);
      store.addPending(events);
      return {};
    },
    query: (request) => queries.query(request),
    verify: (request) => queries.verify(request),
    tail: (request, stream) => tail(store, queries, request, stream),
    export: (request, stream) => exportAll(queries, request, stream),
  };
}

function assertEvents(events: readonly AuditEvent[]): void {
  if (events.length === 0 || events.length > EVENTS_PER_CALL_MAX)
    throw invalid('events', `must be 1 to ${EVENTS_PER_CALL_MAX}`);
  events.forEach((event, at) => {
    if (event.id.length !== ID_BYTES) throw invalid(`events.${at}.id`, `must have ${ID_BYTES} bytes`);
    if (event.action === '') throw invalid(`events.${at}.action`, 'is missing');
  });
}

function invalid(path: string, message: string): ServiceError {
  return new ServiceError('invalid_argument', `${path} ${message}`, { fields: [{ path, message }] });
}

/** Backfill in pages, then live. A reader that is too slow for the live part is read pages again. */
async function tail(
  store: AuditStore,
  queries: AuditQueries,
  { filter, afterSequence }: TailRequest,
  stream: OutboundStream<TailResponse>,
): Promise<void> {
  let position = afterSequence || store.lastSequence;
  let wake = (): void => {};
  const stopListening = store.onAppended(() => wake());
  stream.closed.addEventListener('abort', () => wake());
  try {
    while (!stream.closed.aborted) {
      const appended = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const records = queries.page(undefined, position, true, PAGE);
      if (records.length === 0) {
        await appended;
        continue;
      }
      position = (records.at(-1) as AuditRecord).sequence;
      const wanted = records.filter((record) => matches(filter, record));
      if (wanted.length > 0 && !stream.write({ records: wanted, mac: MAC_COMES_LATER }))
        await stream.drained();
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
  let position = 0;
  while (!stream.closed.aborted) {
    const records = queries.page(filter, position, true, PAGE);
    for (const record of records) {
      const line = exportLine(record, format);
      if (Buffer.byteLength(text) + Buffer.byteLength(line) > EXPORT_CHUNK_BYTES) {
        await send(stream, text);
        text = '';
      }
      text += line;
    }
    if (records.length < PAGE) break;
    position = (records.at(-1) as AuditRecord).sequence;
  }
  if (text !== '') await send(stream, text);
}

async function send(stream: OutboundStream<ExportResponse>, text: string): Promise<void> {
  if (!stream.write({ data: Buffer.from(text), mac: MAC_COMES_LATER })) await stream.drained();
}
