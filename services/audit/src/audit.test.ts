import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AuditEvent,
  type AuditRecord,
  AuditServiceService,
  ExportRequest_Format,
  Filter,
  Level,
} from '@agenda/proto/audit/v1/audit';
import { GrpcChannel } from '@agenda/service-kit/grpc-client';
import { GrpcServer } from '@agenda/service-kit/grpc-server';
import { Signer, Verifier } from '@agenda/service-kit/signature';
import type { Database } from 'better-sqlite3';
import fc from 'fast-check';
import pino from 'pino';
import { auditHandlers } from './api.ts';
import { AuditQueries } from './query.ts';
import { AuditStore, type FedEntry, openDatabase } from './store.ts';

const SECRET = 's'.repeat(32);

describe('the audit trail', () => {
  const directories: string[] = [];
  const databases: Database[] = [];

  afterEach(() => {
    for (const db of databases.splice(0)) db.close();
    for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
  });

  function open(directory = newDirectory()): { db: Database; store: AuditStore; queries: AuditQueries } {
    const db = openDatabase(directory);
    databases.push(db);
    const store = new AuditStore(db);
    return { db, store, queries: new AuditQueries(db, store) };
  }

  function newDirectory(): string {
    const directory = mkdtempSync(join(tmpdir(), 'agenda-audit-'));
    directories.push(directory);
    return directory;
  }

  const eventOf = (number: number, fields: Partial<AuditEvent> = {}): AuditEvent =>
    AuditEvent.fromPartial({
      id: Buffer.from(number.toString(16).padStart(32, '0'), 'hex'),
      atMs: 1_000 + number,
      level: Level.LEVEL_INFO,
      component: 'agenda',
      nodeId: 'agenda-1',
      action: 'appointment.created',
      outcome: 'ok',
      ...fields,
    });
  const entryOf = (index: number, ...events: AuditEvent[]): FedEntry => ({ logIndex: index, events });
  const entries = (count: number): FedEntry[] =>
    Array.from({ length: count }, (_, at) => entryOf(at + 1, eventOf(at + 1)));
  const ask = { filter: undefined, limit: 0, cursor: '', oldestFirst: false };
  const sequences = (records: readonly AuditRecord[]): number[] => records.map((record) => record.sequence);

  it('is one chain, the same however the log is cut into batches', () => {
    const all = entries(20);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 6 })), (cuts) => {
        const [whole, cut] = [open(), open()];
        whole.store.append(all, 20);
        let at = 0;
        for (const size of [...cuts, all.length]) {
          const part = all.slice(at, at + size);
          at = Math.min(all.length, at + size);
          cut.store.append(part, at);
        }
        assert.deepEqual(cut.store.lastHash, whole.store.lastHash);
        assert.ok(cut.queries.verify({ fromSequence: 0, toSequence: 0 }).intact);
      }),
      { numRuns: 20 },
    );
  });

  it('names the first link that was tampered with, and the first that is missing', () => {
    const { db, store, queries } = open();
    store.append(entries(30), 30);
    assert.equal(queries.verify({ fromSequence: 5, toSequence: 0 }).checked, 26);
    const forged = AuditEvent.encode(eventOf(12, { actorName: 'somebody else' })).finish();
    db.prepare('UPDATE records SET event = ? WHERE sequence = 12').run(forged);
    const changed = queries.verify({ fromSequence: 0, toSequence: 0 });
    assert.deepEqual([changed.intact, changed.brokenSequence], [false, 12]);
    assert.match(changed.reason, /hash/);
    db.prepare('DELETE FROM records WHERE sequence = 7').run();
    const missing = queries.verify({ fromSequence: 0, toSequence: 0 });
    assert.deepEqual([missing.intact, missing.brokenSequence], [false, 7]);
  });

  it('takes a repeated event once, whether it is repeated in the log or across a reconnect', () => {
    const { store } = open();
    store.append([entryOf(1, eventOf(1)), entryOf(2, eventOf(1), eventOf(2))], 2);
    store.append([entryOf(2, eventOf(1), eventOf(2)), entryOf(3, eventOf(3))], 3);
    assert.equal(store.lastSequence, 3);
  });

  it('keeps node events over a restart until they come back through the log', () => {
    const directory = newDirectory();
    const first = open(directory);
    first.store.addPending([eventOf(1), eventOf(2)]);
    first.store.addPending([eventOf(2)]);
    databases.pop()?.close();
    const second = open(directory);
    assert.equal(second.store.pendingCount, 2);
    second.store.append([entryOf(9, eventOf(1))], 9);
    assert.deepEqual(second.store.pending(10), [eventOf(2)]);
    second.store.addPending([eventOf(1)]);
    assert.equal(second.store.pendingCount, 1);
    assert.equal(second.store.logIndex, 9);
  });

  it('shows node events that are not replicated yet at the newest end, with sequence 0', () => {
    const { store, queries } = open();
    store.append(entries(2), 2);
    store.addPending([eventOf(50, { action: 'leader.elected' })]);
    assert.deepEqual(sequences(queries.query(ask).records), [0, 2, 1]);
    assert.deepEqual(sequences(queries.query({ ...ask, oldestFirst: true }).records), [1, 2]);
  });

  it('pages in both directions without losing or repeating a record', () => {
    const { store, queries } = open();
    store.append(entries(25), 25);
    for (const oldestFirst of [true, false]) {
      const seen: number[] = [];
      let cursor = '';
      do {
        const page = queries.query({ ...ask, oldestFirst, limit: 10, cursor });
        seen.push(...sequences(page.records));
        cursor = page.nextCursor;
      } while (cursor !== '');
      const expected = Array.from({ length: 25 }, (_, at) => (oldestFirst ? at + 1 : 25 - at));
      assert.deepEqual(seen, expected);
    }
  });

  it('filters by time, actor, action, component, level, request, node and text', () => {
    const { store, queries } = open();
    const wanted = eventOf(3, {
      actorId: 'u-1',
      actorName: 'ana',
      action: 'login.failed',
      component: 'api-gateway',
      level: Level.LEVEL_WARNING,
      requestId: 'r-1',
      nodeId: 'agenda-2',
      target: 'user:Ana',
      detailJson: '{"why":"Wrong"}',
    });
    store.append([entryOf(1, eventOf(1)), entryOf(2, eventOf(2)), entryOf(3, wanted)], 3);
    const filters: Partial<Filter>[] = [
      { fromMs: 1_003 },
      { fromMs: 1_003, toMs: 1_004 },
      { actor: 'u-1' },
      { actor: 'ana' },
      { action: 'login.' },
      { action: 'login.failed' },
      { component: 'api-gateway' },
      { minimumLevel: Level.LEVEL_WARNING },
      { requestId: 'r-1' },
      { nodeId: 'agenda-2' },
      { text: 'user:ANA' },
      { text: 'wrong' },
    ];
    for (const filter of filters)
      assert.deepEqual(
        sequences(queries.query({ ...ask, filter: Filter.fromPartial(filter) }).records),
        [3],
        JSON.stringify(filter),
      );
    assert.deepEqual(queries.query({ ...ask, filter: Filter.fromPartial({ action: 'login' }) }).records, []);
  });

  it('refuses a wrong limit and a wrong cursor, saying what would be right', () => {
    const { queries } = open();
    assert.throws(() => queries.query({ ...ask, limit: 501 }), {
      code: 'invalid_argument',
      message: /1 to 500/,
    });
    assert.throws(() => queries.query({ ...ask, cursor: 'x' }), {
      code: 'invalid_argument',
      message: /nextCursor/,
    });
  });

  describe('over gRPC', () => {
    const closers: (() => Promise<void> | void)[] = [];

    afterEach(async () => {
      for (const close of closers.splice(0).reverse()) await close();
    });

    async function serve() {
      const audit = open();
      const logger = pino({ level: 'silent' });
      const server = new GrpcServer({ verifier: new Verifier([SECRET]), logger });
      server.addService(AuditServiceService, auditHandlers(audit.store, audit.queries));
      const port = await server.listen({ host: '127.0.0.1', port: 0 });
      closers.push(() => server.close(100));
      const signer = new Signer('agenda-1', [SECRET]);
      const channel = new GrpcChannel({ address: { host: '127.0.0.1', port }, signer, logger });
      closers.push(() => channel.close());
      return { ...audit, channel };
    }

    it('answers a record only when it is durable, and refuses one without an id', async () => {
      const { channel, store } = await serve();
      const client = channel.carried(AuditServiceService);
      await client.record({ events: [eventOf(1)] }, { deadlineMs: 2_000 });
      assert.equal(store.pendingCount, 1);
      const bad = client.record(
        { events: [{ ...eventOf(2), id: new Uint8Array(3) }] },
        { deadlineMs: 2_000 },
      );
      await assert.rejects(bad, { code: 'invalid_argument', message: /events\.0\.id/ });
    });

    it('tails from a position on and then live, matching the filter', async () => {
      const { channel, store } = await serve();
      store.append(entries(3), 3);
      const filter = Filter.fromPartial({ nodeId: 'agenda-1' });
      const stream = channel.serverStream(AuditServiceService, 'tail', { filter, afterSequence: 1 });
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

    it('exports everything as JSON lines and as CSV that no spreadsheet runs as a formula', async () => {
      const { channel, store } = await serve();
      store.append(
        [...entries(500), entryOf(501, eventOf(501, { actorName: '=1+1', target: 'a "b", c' }))],
        501,
      );
      const read = async (format: ExportRequest_Format): Promise<string> => {
        let text = '';
        for await (const { data } of channel.serverStream(AuditServiceService, 'export', {
          filter: undefined,
          format,
        }))
          text += Buffer.from(data).toString();
        return text;
      };
      const lines = (await read(ExportRequest_Format.FORMAT_JSON_LINES)).trim().split('\n');
      assert.equal(lines.length, 501);
      assert.equal(JSON.parse(lines[500] as string).actorName, '=1+1');
      const csv = await read(ExportRequest_Format.FORMAT_CSV);
      assert.equal(csv.trim().split('\r\n').length, 502);
      assert.match(csv, /,'=1\+1,/);
      assert.match(csv, /"a ""b"", c"/);
    });
  });
});
