import assert from 'node:assert/strict';
import { AppointmentField } from '@agenda/proto/agenda/v1/command';
import { PeopleLog } from '../state-machine/testing/people.ts';
import {
  asked,
  bookWith,
  createAppointment,
  dailyFields,
  deleteAppointment,
  HOUR_MS,
  updateAppointment,
} from '../state-machine/testing.ts';
import { Queries } from './queries.ts';

const ANA = 'u-ana';
const BEN = 'u-ben';

describe('what changed for a person since a log index', () => {
  let log: PeopleLog;
  let queries: Queries;

  beforeEach(() => {
    log = new PeopleLog('ana', 'ben');
    queries = new Queries(log.db);
  });

  function book(id: string, hour: number, participants = asked()): number {
    const range = [hour * HOUR_MS, (hour + 1) * HOUR_MS] as const;
    return log.as('ana', bookWith(id, ANA, ...range, { participants })).index;
  }

  function changes(
    userId: string,
    since: number,
    limit = 100,
  ): { items: string[]; index: number; more: boolean } {
    const { items, index, more } = queries.sync.changesOf(
      userId,
      since,
      limit,
      log.machine.lastApplied().index,
    );
    return {
      items: items.map(({ appointmentId, gone }) => `${gone ? '-' : '+'}${appointmentId}`),
      index,
      more,
    };
  }

  it('is each appointment once, as it is now, in the order of its last change', () => {
    book('a1', 1);
    book('a2', 2);
    log.as('ana', updateAppointment('a1'));
    assert.deepEqual(changes(ANA, 0).items, ['+a2', '+a1']);
  });

  it('is nothing after what is applied', () => {
    const index = book('a1', 1);
    assert.deepEqual(changes(ANA, index), { items: [], index, more: false });
  });

  it('tells what was deleted, and where one takes no part any more', () => {
    book('a1', 1);
    const index = book('a2', 2, asked(BEN));
    log.as('ana', deleteAppointment('a1'));
    const change = { changed: [AppointmentField.APPOINTMENT_FIELD_PARTICIPANTS], participants: [] };
    log.as('ana', updateAppointment('a2', change));
    assert.deepEqual(changes(ANA, index).items, ['-a1', '+a2']);
    assert.deepEqual(changes(BEN, index).items, ['-a2']);
  });

  it('comes in pages that end between log entries, and together are everything', () => {
    for (let at = 0; at < 10; at++) book(`a${at}`, at);
    log.as('ben', createAppointment('b', BEN, 0, HOUR_MS));
    for (const at of [3, 0]) log.as('ana', updateAppointment(`a${at}`));
    const seen: string[] = [];
    let since = 0;
    for (let pages = 0; pages < 20; pages++) {
      const page = changes(ANA, since, 3);
      assert.ok(page.items.length <= 3);
      seen.push(...page.items);
      since = page.index;
      if (!page.more) break;
    }
    assert.deepEqual(
      seen,
      [1, 2, 4, 5, 6, 7, 8, 9, 3, 0].map((at) => `+a${at}`),
    );
    assert.equal(since, log.machine.lastApplied().index);
  });

  it('tells a series once, however many occurrences it has', () => {
    const fields = dailyFields(HOUR_MS, 30);
    const index = log.as('ana', bookWith('daily', ANA, HOUR_MS, 2 * HOUR_MS, { fields })).index;
    assert.deepEqual(changes(ANA, index - 1, 3), { items: ['+daily'], index, more: false });
    assert.deepEqual(changes(ANA, index).items, []);
  });
});
