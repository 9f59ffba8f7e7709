import assert from 'node:assert/strict';
import {
  type AuditEvent,
  type AuditRecord,
  Filter,
  Level,
  type QueryRequest,
} from '@agenda/proto/audit/v1/audit';
import { matches } from './filter.ts';
import type { AuditQueries } from './query.ts';
import { entries, entryOf, eventOf, sequences, Trails } from './testing/trail.ts';

describe('a query of the trail', () => {
  const trails = new Trails();
  const ask = { filter: undefined, limit: 0, cursor: '', oldestFirst: false };

  afterEach(() => trails.remove());

  async function pages(queries: AuditQueries, request: Partial<QueryRequest>): Promise<AuditRecord[][]> {
    const found: AuditRecord[][] = [];
    let cursor = '';
    do {
      const page = await queries.query({ ...ask, ...request, cursor });
      found.push(page.records);
      cursor = page.nextCursor;
    } while (cursor !== '');
    return found;
  }

  it('pages in both directions without losing or repeating a record', async () => {
    const { store, queries } = trails.open();
    store.append(entries(25), 25);
    for (const oldestFirst of [true, false]) {
      const seen = (await pages(queries, { oldestFirst, limit: 10 })).flatMap(sequences);
      const expected = Array.from({ length: 25 }, (_, at) => (oldestFirst ? at + 1 : 25 - at));
      assert.deepEqual(seen, expected);
    }
  });

  it('gives no cursor when the last record stands on a full page', async () => {
    const { store, queries } = trails.open();
    store.append(entries(20), 20);
    for (const oldestFirst of [true, false])
      assert.equal((await pages(queries, { oldestFirst, limit: 10 })).length, 2);
  });

  it('has 100 records on a page when no limit is asked for', async () => {
    const { store, queries } = trails.open();
    store.append(entries(150), 150);
    assert.deepEqual(
      (await pages(queries, {})).map((page) => page.length),
      [100, 50],
    );
  });

  it('shows what is not replicated yet at the newest end, with sequence 0, over as many pages as it takes', async () => {
    const { store, queries } = trails.open();
    store.append(entries(3), 3);
    store.addPending([11, 12, 13].map((number) => eventOf(number, { action: 'leader.elected' })));
    const newestFirst = await pages(queries, { limit: 2 });
    assert.deepEqual(newestFirst.map(sequences), [
      [0, 0],
      [0, 3],
      [2, 1],
    ]);
    assert.deepEqual(
      newestFirst.flat().map(({ event }) => event?.atMs),
      [1_013, 1_012, 1_011, 1_003, 1_002, 1_001],
    );
    const oldestFirst = await pages(queries, { limit: 2, oldestFirst: true });
    assert.deepEqual(
      oldestFirst.flat().map(({ event }) => event?.atMs),
      [1_001, 1_002, 1_003, 1_011, 1_012, 1_013],
    );
  });

  it('misses no event that is replicated while the pages are turned', async () => {
    const { store, queries } = trails.open();
    store.append(entries(2), 2);
    const events = [11, 12, 13].map((number) => eventOf(number));
    store.addPending(events);
    const first = await queries.query({ ...ask, limit: 2 });
    store.append([entryOf(3, ...events)], 3);
    const rest = await queries.query({ ...ask, cursor: first.nextCursor });
    const seen = new Set([...first.records, ...rest.records].map(({ event }) => event?.atMs));
    assert.deepEqual([...seen].sort(), [1_001, 1_002, 1_011, 1_012, 1_013]);
  });

  it('finds the only match however many records lie before it', async () => {
    const { store, queries } = trails.open();
    const many = entries(12_000);
    many[0] = entryOf(1, eventOf(1, { action: 'cluster.formed' }));
    store.append(many, 12_000);
    const filter = Filter.fromPartial({ action: 'cluster.formed' });
    for (const oldestFirst of [true, false])
      assert.deepEqual((await pages(queries, { filter, oldestFirst })).map(sequences), [[1]]);
  });

  it('ends a page early that would not fit in a message', async () => {
    const { store, queries } = trails.open();
    const detailJson = JSON.stringify({ text: 'x'.repeat(8_000) });
    const large = Array.from({ length: 500 }, (_, at) => eventOf(at + 1, { detailJson }));
    store.append([entryOf(1, ...large)], 1);
    const found = await pages(queries, { limit: 500 });
    assert.equal(found.length, 2);
    assert.equal(new Set(found.flatMap(sequences)).size, 500);
  });

  it('refuses a wrong limit and a wrong cursor, saying what would be right', async () => {
    const { queries } = trails.open();
    await assert.rejects(queries.query({ ...ask, limit: 501 }), {
      code: 'invalid_argument',
      message: /1 to 500/,
    });
    for (const cursor of ['x', 'p', '-1', '1.5', "1' OR 1"])
      await assert.rejects(queries.query({ ...ask, cursor }), {
        code: 'invalid_argument',
        message: /nextCursor/,
      });
  });

  describe('with a filter', () => {
    const wanted: Partial<AuditEvent> = {
      actorId: 'u-1',
      actorName: 'ana',
      action: 'login.failed',
      component: 'api-gateway',
      level: Level.LEVEL_WARNING,
      requestId: 'r-1',
      nodeId: 'agenda-2',
      target: 'user:Ana',
      detailJson: '{"why":"Wrong %_ \'quoted\'"}',
    };
    const matching: Partial<Filter>[] = [
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
      { text: "wrong %_ 'Quoted'" },
    ];
    const other: Partial<Filter>[] = [
      { fromMs: 1_004 },
      { toMs: 1_001 },
      { actor: 'an' },
      { action: 'login' },
      { action: 'gin.' },
      { component: 'api' },
      { minimumLevel: Level.LEVEL_ALARM },
      { requestId: 'r' },
      { nodeId: 'agenda' },
      { text: 'w%g' },
    ];

    for (const filter of matching)
      it(`finds ${JSON.stringify(filter)}, replicated or not`, async () => {
        const { store, queries } = trails.open();
        store.append([entryOf(1, eventOf(1)), entryOf(2, eventOf(2)), entryOf(3, eventOf(3, wanted))], 3);
        const request = { ...ask, filter: Filter.fromPartial(filter) };
        const { records } = await queries.query(request);
        assert.deepEqual(sequences(records), [3]);
        assert.ok(matches(request.filter, records[0] as AuditRecord));
      });

    for (const filter of other)
      it(`finds nothing for ${JSON.stringify(filter)}`, async () => {
        const { store, queries } = trails.open();
        store.append([entryOf(1, eventOf(3, wanted))], 1);
        store.addPending([eventOf(4, { ...wanted, atMs: 1_003 })]);
        const { records } = await queries.query({ ...ask, filter: Filter.fromPartial(filter) });
        assert.deepEqual(records, []);
      });
  });
});
