import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppointmentField } from '@agenda/proto/agenda/v1/command';
import { Queries } from '../queries/queries.ts';
import {
  asked,
  bookWith,
  createAppointment,
  deleteAppointment,
  fieldsOf,
  HOUR_MS,
  restoreAppointment,
  TestLog,
  updateAppointment,
} from '../state-machine/testing.ts';
import { SearchIndex, type SearchQuestion } from './search-index.ts';

const ANA = 'u-ana';
const BEN = 'u-ben';
const SOON = Number.MAX_SAFE_INTEGER;

describe('the search index', () => {
  let directory: string;
  let log: TestLog;
  let queries: Queries;
  let index: SearchIndex;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'agenda-search-'));
    log = new TestLog();
    queries = new Queries(log.db);
    log.register('ana');
    log.register('ben');
    index = open();
  });

  afterEach(() => {
    index.close();
    rmSync(directory, { recursive: true });
  });

  function open(): SearchIndex {
    return new SearchIndex(directory, {
      changesOf: (userId, since, limit) =>
        queries.sync.changesOf(userId, since, limit, log.machine.lastApplied().index),
      appointmentOf: (userId, id) =>
        queries.appointmentFor(userId, id) ?? queries.agendas.deletedAppointment(userId, id),
    });
  }

  function book(
    id: string,
    hour: number,
    title: string,
    more: { location?: string; description?: string } = {},
  ): void {
    const range = [hour * HOUR_MS, (hour + 1) * HOUR_MS] as const;
    const fields = { ...fieldsOf(...range, title), ...more };
    log.apply(bookWith(id, ANA, ...range, { fields }), { actor: ANA });
  }

  async function find(query: string, change: Partial<SearchQuestion> = {}): Promise<string[]> {
    const question = { userId: ANA, query, deleted: false, limit: 50, cursor: '', ...change };
    return (await index.search(question, SOON)).items.map(({ id }) => id);
  }

  it('finds by the beginnings of words in title, description and location, whatever the case and accents', async () => {
    book('a1', 1, 'Café with Zoë');
    book('a2', 2, 'Dentist', { location: 'Rua do Café 3' });
    book('a3', 3, 'Budget', { description: 'bring the numbers' });
    assert.deepEqual(await find('cafe'), ['a2', 'a1']);
    assert.deepEqual(await find('ZOE caf'), ['a1']);
    assert.deepEqual(await find('numb'), ['a3']);
    assert.deepEqual(await find('umbers'), []);
  });

  it('knows what was changed, deleted and brought back before it answers', async () => {
    book('a1', 1, 'Dentist');
    assert.deepEqual(await find('dentist'), ['a1']);
    log.apply(updateAppointment('a1', { changed: [AppointmentField.APPOINTMENT_FIELD_TITLE] }), {
      actor: ANA,
    });
    assert.deepEqual([await find('dentist'), await find('new tit')], [[], ['a1']]);
    log.apply(deleteAppointment('a1'), { actor: ANA });
    assert.deepEqual(
      [await find('new'), await find('new', { deleted: true }), await find('', { deleted: true })],
      [[], ['a1'], ['a1']],
    );
    log.apply(restoreAppointment('a1'), { actor: ANA });
    assert.deepEqual([await find('new'), await find('', { deleted: true })], [['a1'], []]);
  });

  it('finds for each person what that person takes part in', async () => {
    const range = [HOUR_MS, 2 * HOUR_MS] as const;
    log.apply(bookWith('shared', ANA, ...range, { participants: asked(BEN) }), { actor: ANA });
    log.apply(createAppointment('own', ANA, 3 * HOUR_MS, 4 * HOUR_MS), { actor: ANA });
    assert.deepEqual(
      [await find('title'), await find('title', { userId: BEN })],
      [['own', 'shared'], ['shared']],
    );
    const change = { changed: [AppointmentField.APPOINTMENT_FIELD_PARTICIPANTS], participants: [] };
    log.apply(updateAppointment('shared', change), { actor: ANA });
    assert.deepEqual(await find('title', { userId: BEN }), []);
  });

  it('pages, the latest first, over more than it takes in at once', async () => {
    for (let at = 0; at < 450; at++) book(`a${String(at).padStart(3, '0')}`, at, 'Standup');
    const seen: string[] = [];
    for (let cursor = '', pages = 0; pages < 100; pages++) {
      const page = await index.search(
        { userId: ANA, query: 'stand', deleted: false, limit: 60, cursor },
        SOON,
      );
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor;
      if (cursor === '') break;
    }
    assert.equal(seen.length, 450);
    assert.deepEqual(seen, [...seen].sort().reverse());
  });

  it('takes everything but letters and digits for space: no question is a program', async () => {
    book('a1', 1, 'Dentist "NEAR" river');
    assert.deepEqual(await find('dentist OR" NEAR("'), []);
    assert.deepEqual(await find('"NEAR"'), ['a1']);
    await assert.rejects(find('"*"'), { code: 'invalid_argument' });
    await assert.rejects(find('a b c d e f g h i j k'), { code: 'invalid_argument' });
    await assert.rejects(find('x'.repeat(201)), { code: 'invalid_argument' });
  });

  it('says that it is still being built when there is no time left, and goes on from there', async () => {
    for (let at = 0; at < 450; at++) book(`a${at}`, at, 'Standup');
    const question = { userId: ANA, query: 'stand', deleted: false, limit: 1, cursor: '' };
    await assert.rejects(index.search(question, 0), { code: 'timeout' });
    await assert.rejects(index.search(question, 0), { code: 'timeout' });
    assert.equal((await index.search(question, 0)).items.length, 1);
  });

  it('is made again when its file is damaged, or the agenda was replaced', async () => {
    book('a1', 1, 'Dentist');
    assert.deepEqual(await find('dentist'), ['a1']);
    index.close();
    writeFileSync(
      join(directory, 'search.db'),
      'this is no database, and it is long enough to be looked at as one',
    );
    index = open();
    assert.deepEqual(await find('dentist'), ['a1']);
    index.rebuild();
    assert.deepEqual(await find('dentist'), ['a1']);
  });
});
