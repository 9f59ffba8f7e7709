import assert from 'node:assert/strict';
import { AuditServiceService, ExportRequest_Format, Filter } from '@agenda/proto/audit/v1/audit';
import { GrpcChannel } from '@agenda/service-kit/grpc-client';
import { GrpcServer } from '@agenda/service-kit/grpc-server';
import { createLogger } from '@agenda/service-kit/logger';
import { receiverOf } from '@agenda/service-kit/nonces';
import { Signer, Verifier } from '@agenda/service-kit/signature';
import { auditHandlers } from './api.ts';
import { entries, entryOf, eventOf, sequences, Trails } from './testing/trail.ts';

const SECRET = 's'.repeat(32);
const DEADLINE = { deadlineMs: 2_000 };

describe('the audit service over gRPC', () => {
  const trails = new Trails();
  const closers: (() => Promise<void> | void)[] = [];

  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
    trails.remove();
  });

  async function serve() {
    const trail = trails.open();
    const logger = createLogger({ component: 'audit', nodeId: 'agenda-1', level: 'silent' });
    const stopping = new AbortController();
    const receiver = receiverOf('agenda-1', 'audit');
    const server = new GrpcServer({ verifier: new Verifier(receiver, [SECRET]), logger });
    server.addService(AuditServiceService, auditHandlers(trail.store, trail.queries, stopping.signal));
    const port = await server.listen({ host: '127.0.0.1', port: 0 });
    closers.push(() => server.close(0));
    const signer = new Signer('agenda-1', [SECRET]);
    const channel = new GrpcChannel({ address: { host: '127.0.0.1', port }, receiver, signer, logger });
    closers.push(() => channel.close());
    const tail = (afterSequence = 0, filter?: Filter) =>
      channel.serverStream(AuditServiceService, 'tail', { filter, afterSequence });
    return { ...trail, channel, stopping, tail };
  }

  async function read(channel: GrpcChannel, format: ExportRequest_Format): Promise<Buffer[]> {
    const chunks: Buffer[] = [];
    const request = { filter: undefined, format };
    for await (const { data } of channel.serverStream(AuditServiceService, 'export', request))
      chunks.push(Buffer.from(data));
    return chunks;
  }

  it('answers a record only when it is durable', async () => {
    const { channel, store } = await serve();
    await channel.carried(AuditServiceService).record({ events: [eventOf(1)] }, DEADLINE);
    assert.equal(store.pendingCount, 1);
  });

  it('refuses events that could never get into the log, naming the first', async () => {
    const { channel, store } = await serve();
    const { record } = channel.carried(AuditServiceService);
    const good = eventOf(1);
    const wrong: [object[], RegExp][] = [
      [[], /1 to 500/],
      [Array.from({ length: 501 }, (_, at) => eventOf(at + 1)), /1 to 500, but are 501/],
      [[good, eventOf(2, { id: new Uint8Array(3) })], /events\.1\.id must have 16 bytes/],
      [[eventOf(1, { action: '' })], /events\.0\.action is missing/],
      [[eventOf(1, { atMs: 0 })], /events\.0\.atMs/],
      [[eventOf(1, { atMs: 9e15 })], /events\.0\.atMs/],
      [[eventOf(1, { detailJson: 'x'.repeat(8_200) })], /events\.0 must have at most 8192 bytes/],
    ];
    for (const [events, message] of wrong)
      await assert.rejects(record({ events: events as [] }, DEADLINE), { code: 'invalid_argument', message });
    assert.equal(store.pendingCount, 0);
  });

  it('tails from a position on and then live, matching the filter', async () => {
    const { store, tail } = await serve();
    store.append(entries(3), 3);
    const stream = tail(1, Filter.fromPartial({ nodeId: 'agenda-1' }));
    const seen: number[] = [];
    for await (const { records } of stream) {
      seen.push(...sequences(records));
      if (seen.length === 2)
        store.append([entryOf(4, eventOf(4, { nodeId: 'agenda-2' })), entryOf(5, eventOf(5))], 5);
      if (seen.length === 3) break;
    }
    stream.cancel();
    assert.deepEqual(seen, [2, 3, 5]);
  });

  it('gives a tail that is read slowly every record, in order', async () => {
    const { store, tail } = await serve();
    const count = 3_000;
    const detailJson = JSON.stringify({ text: 'x'.repeat(2_000) });
    store.append(entries(2), 2);
    const stream = tail(1);
    const seen: number[] = [];
    let next = 3;
    for await (const { records } of stream) {
      seen.push(...sequences(records));
      for (let more = 0; more < 500 && next <= count; more++, next++)
        store.append([entryOf(next, eventOf(next, { detailJson }))], next);
      if (seen.at(-1) === count) break;
    }
    stream.cancel();
    assert.deepEqual(
      seen,
      Array.from({ length: count - 1 }, (_, at) => at + 2),
    );
  });

  it('ends its tails when it stops', async () => {
    const { store, tail, stopping } = await serve();
    store.append(entries(2), 2);
    const stream = tail(1);
    const ended = new Promise((resolve) => stream.onEnd(resolve));
    await new Promise<void>((resolve) => stream.onMessage(() => resolve()));
    stopping.abort();
    assert.equal(await ended, undefined);
  });

  it('refuses more tails than it can feed, and takes new ones when others have ended', async () => {
    const { store, tail } = await serve();
    store.append(entries(2), 2);
    const first = () => {
      const stream = tail(1);
      return new Promise<typeof stream>((resolve, reject) => {
        stream.onMessage(() => resolve(stream));
        stream.onEnd(reject);
      });
    };
    const streams = await Promise.all(Array.from({ length: 32 }, first));
    await assert.rejects(first(), { code: 'overloaded', message: /32 readers/ });
    for (const stream of streams) stream.cancel();
    let opened: Awaited<ReturnType<typeof first>> | undefined;
    while (!opened) opened = await first().catch(() => undefined);
    opened.cancel();
  });

  it('exports everything as JSON lines and as CSV that no spreadsheet runs as a formula', async () => {
    const { channel, store } = await serve();
    const odd = eventOf(501, { actorName: '=1+1', target: 'a "b", c', atMs: 9_007_199_254_740_991 });
    store.append([...entries(500), entryOf(501, odd)], 501);
    const lines = Buffer.concat(await read(channel, ExportRequest_Format.FORMAT_JSON_LINES))
      .toString()
      .trim()
      .split('\n');
    assert.equal(lines.length, 501);
    assert.equal(JSON.parse(lines[500] as string).actorName, '=1+1');
    assert.equal(JSON.parse(lines[0] as string).at, '1970-01-01T00:00:01.001Z');
    const csv = Buffer.concat(await read(channel, ExportRequest_Format.FORMAT_CSV)).toString();
    assert.equal(csv.trim().split('\r\n').length, 502);
    assert.match(csv, /,'=1\+1,/);
    assert.match(csv, /"a ""b"", c"/);
    await assert.rejects(read(channel, ExportRequest_Format.FORMAT_UNSPECIFIED), {
      code: 'invalid_argument',
      message: /JSON lines or CSV/,
    });
  });

  it('exports in pieces of at most 64 KiB, cut between lines', async () => {
    const { channel, store } = await serve();
    store.append(entries(2_000), 2_000);
    const chunks = await read(channel, ExportRequest_Format.FORMAT_JSON_LINES);
    assert.ok(chunks.length > 5);
    for (const chunk of chunks) {
      assert.ok(chunk.length <= 64 * 1024);
      assert.equal(chunk.at(-1), '\n'.charCodeAt(0));
    }
  });
});
