import assert from 'node:assert/strict';
import type { AppointmentFields } from '@agenda/proto/agenda/v1/command';
import { GroupKind, ParticipantStatus, Privacy } from '@agenda/proto/agenda/v1/model';
import { PeopleLog } from '../state-machine/testing/people.ts';
import {
  asked,
  bookWith,
  createAppointment,
  createGroup,
  DAY_MS,
  deleteAppointment,
  HOUR_MS,
  putMember,
  registerUser,
  respond,
  SESSION_SECONDS,
  startSession,
  updateProfile,
} from '../state-machine/testing.ts';
import { encodeCursor, type Page } from './cursor.ts';
import { Queries } from './queries.ts';

const ANA = 'u-ana';

/** Every page, one after the other. */
function all<Item>(page: (cursor: string) => Page<Item>): Item[] {
  const seen: Item[] = [];
  let cursor = '';
  do {
    const { items, nextCursor } = page(cursor);
    seen.push(...items);
    cursor = nextCursor;
  } while (cursor !== '');
  return seen;
}

describe('the queries', () => {
  let log: PeopleLog;
  let queries: Queries;

  beforeEach(() => {
    log = new PeopleLog('ana', 'ben');
    queries = new Queries(log.db);
  });

  const book = (id: string, fromMs: number, toMs: number, actor = ANA): void => {
    log.apply(createAppointment(id, actor, fromMs, toMs, true), { actor });
  };
  const agenda = (fromMs: number, toMs: number, limit = 50): (string | undefined)[] =>
    all((cursor) => queries.agenda(ANA, fromMs, toMs, limit, cursor)).map((item) => item.appointment?.id);

  describe('of an agenda', () => {
    it('find what overlaps the range, touching ends not included, by start and id', () => {
      book('before', 8 * HOUR_MS, 9 * HOUR_MS);
      book('into', 8 * HOUR_MS, 9 * HOUR_MS + 1);
      book('within-b', 9 * HOUR_MS, 10 * HOUR_MS);
      book('within-a', 9 * HOUR_MS, 10 * HOUR_MS);
      book('out-of', 12 * HOUR_MS - 1, 20 * HOUR_MS);
      book('after', 12 * HOUR_MS, 13 * HOUR_MS);
      assert.deepEqual(agenda(9 * HOUR_MS, 12 * HOUR_MS), ['into', 'within-a', 'within-b', 'out-of']);
    });

    it('find long appointments that began long before', () => {
      book('year', 0, 366 * DAY_MS);
      book('month', 330 * DAY_MS, 362 * DAY_MS);
      book('day', 360 * DAY_MS, 361 * DAY_MS);
      assert.deepEqual(agenda(361 * DAY_MS - 1, 361 * DAY_MS), ['year', 'month', 'day']);
      assert.deepEqual(agenda(361 * DAY_MS, 361 * DAY_MS + 1), ['year', 'month']);
      assert.deepEqual(agenda(366 * DAY_MS, 367 * DAY_MS), []);
    });

    it('page in order without losing or repeating anything, whatever the lengths and equal starts', () => {
      for (let at = 0; at < 60; at++) {
        const days = [0.01, 1, 20, 100][at % 4] as number;
        const startMs = Math.floor(at / 5) * HOUR_MS;
        book(`a${String(at).padStart(2, '0')}`, startMs, startMs + days * DAY_MS);
      }
      const whole = agenda(0, 2 * DAY_MS, 200);
      assert.equal(whole.length, 60);
      for (const limit of [1, 7, 60]) assert.deepEqual(agenda(0, 2 * DAY_MS, limit), whole);
    });

    it("show a person's own appointments and no others, and to the owner only", () => {
      book('a1', 0, HOUR_MS);
      book('b1', 0, HOUR_MS, 'u-ben');
      assert.deepEqual(agenda(0, DAY_MS), ['a1']);
      assert.equal(queries.appointmentFor(ANA, 'b1'), undefined);
      assert.equal(queries.appointmentFor('u-ben', 'b1')?.id, 'b1');
      assert.equal(queries.appointmentFor(ANA, 'nothing'), undefined);
    });

    it('page through what all members of a group have, over any stretch of time, each entry once and in order', () => {
      log.apply(createGroup('g', GroupKind.GROUP_KIND_NON_HIERARCHICAL), { actor: ANA });
      log.apply(putMember('g', 'u-ben'), { actor: ANA });
      for (let at = 0; at < 40; at++) {
        const startMs = 10 * DAY_MS + at ** 2 * 5 * HOUR_MS;
        const days = [0.125, 0.5, 20, 100][at % 4] as number;
        book(`a${at}`, startMs, startMs + days * DAY_MS);
        book(`b${at}`, startMs, startMs + HOUR_MS, 'u-ben');
      }
      const range = { fromMs: 20 * DAY_MS, toMs: 300 * DAY_MS };
      const group = (limit: number): string[] =>
        all((cursor) => queries.agendas.ofGroup(ANA, 'g', { ...range, limit, cursor })).map(
          ({ startMs, endMs, userId }) => `${startMs} ${endMs} ${userId}`,
        );
      const person = (userId: string): string[] =>
        all((cursor) => queries.agendas.ofPerson(ANA, userId, { ...range, limit: 7, cursor })).map(
          ({ startMs, endMs }) => `${startMs} ${endMs} ${userId}`,
        );
      const whole = group(200);
      assert.deepEqual(whole.toSorted(), [...person(ANA), ...person('u-ben')].sort());
      const starts = whole.map((entry) => Number(entry.split(' ')[0]));
      assert.deepEqual(
        starts,
        starts.toSorted((one, other) => one - other),
      );
      for (const limit of [1, 7, 60]) assert.deepEqual(group(limit), whole);
    });

    it('do not tell by order or cursor which of the hidden entries of several people are one appointment', () => {
      const pagesWith = (
        meetings: readonly (readonly [id: string, owner: string, guest: string])[],
      ): unknown[] => {
        const people = new PeopleLog('ana', 'ben', 'cleo', 'dora', 'eve');
        people.as('eve', createGroup('g', GroupKind.GROUP_KIND_NON_HIERARCHICAL));
        for (const name of ['ana', 'ben', 'cleo', 'dora']) people.as('eve', putMember('g', `u-${name}`));
        for (const [id, owner, guest] of meetings) {
          const { fields } = (
            createAppointment(id, '', 0, HOUR_MS) as { value: { fields: AppointmentFields } }
          ).value;
          const hidden = { ...fields, privacy: Privacy.PRIVACY_FREEBUSY };
          const change = { fields: hidden, participants: asked(`u-${guest}`) };
          people.as(owner, bookWith(id, `u-${owner}`, 0, HOUR_MS, change));
          people.as(guest, respond(id, `u-${guest}`, ParticipantStatus.PARTICIPANT_STATUS_ACCEPTED));
        }
        const { agendas } = new Queries(people.db);
        const range = { fromMs: 0, toMs: DAY_MS, limit: 1 };
        return [...Array(4).keys()].reduce(
          ({ pages, cursor }, _) => {
            const page = agendas.ofGroup('u-eve', 'g', { ...range, cursor });
            return { pages: [...pages, page], cursor: page.nextCursor };
          },
          { pages: [] as unknown[], cursor: '' },
        ).pages;
      };
      assert.deepEqual(
        pagesWith([
          ['m1', 'ana', 'cleo'],
          ['m2', 'ben', 'dora'],
        ]),
        pagesWith([
          ['m8', 'ben', 'ana'],
          ['m9', 'dora', 'cleo'],
        ]),
      );
    });

    it('show nothing of somebody who is not in the group, whatever a cursor says', () => {
      log.register('cleo');
      log.apply(createGroup('g', GroupKind.GROUP_KIND_NON_HIERARCHICAL), { actor: ANA });
      book('c1', HOUR_MS, 2 * HOUR_MS, 'u-cleo');
      const cursor = encodeCursor([HOUR_MS, 'u-cleo', 0]);
      const page = queries.agendas.ofGroup(ANA, 'g', { fromMs: 0, toMs: DAY_MS, limit: 10, cursor });
      assert.deepEqual(page.items, []);
    });

    it('refuse a cursor that is none, or of another list', () => {
      for (let at = 0; at < 3; at++) book(`a${at}`, at * HOUR_MS, (at + 1) * HOUR_MS);
      const { nextCursor } = queries.agenda(ANA, 0, DAY_MS, 1, '');
      for (const wrong of [
        'nonsense',
        nextCursor.slice(1),
        'bnVsbA',
        'W10',
        encodeCursor([0, '', -1]),
        encodeCursor([0, '', 0.5]),
      ])
        assert.throws(() => queries.agenda(ANA, 0, DAY_MS, 1, wrong), { code: 'invalid_argument' });
      assert.throws(() => queries.notifications(ANA, false, 1, nextCursor), { code: 'invalid_argument' });
    });
  });

  describe('of users', () => {
    const names = (query: string): string[] =>
      all((cursor) => queries.searchUsers(query, 2, cursor)).map((user) => user.username);

    beforeEach(() => {
      const body = registerUser('x100', 'x@example.org');
      assert.ok(body.$case === 'registerUser');
      log.apply({ ...body, value: { ...body.value, displayName: 'Dr Who' } });
    });

    it('find by a prefix of the name or of a word of the display name, in either case', () => {
      assert.deepEqual(names('an'), ['ana']);
      assert.deepEqual(names('WHO'), ['x100']);
      assert.deepEqual(names('ho'), []);
      assert.deepEqual(names('tester'), ['ana', 'ben']);
    });

    it('find by several words, by the new name after a change, and nobody by the old one', () => {
      assert.deepEqual(names('dr w'), ['x100']);
      log.apply(updateProfile('u-x100', { displayName: 'Dr Strange  Who' }), { actor: 'u-x100' });
      assert.deepEqual(names('strange'), ['x100']);
      assert.deepEqual(names('who'), ['x100']);
      assert.deepEqual(names('dr w'), []);
      assert.deepEqual(
        log.db.prepare("SELECT count(*) FROM user_names WHERE name = 'dr who'").pluck().get(),
        0,
      );
    });

    it('find the same whether few or many are called so', () => {
      for (let at = 0; at < 1_100; at++) log.register(`many${at}`);
      assert.deepEqual(
        names('many5'),
        names('MANY').filter((name) => name.startsWith('many5')),
      );
      assert.equal(names('many').length, 1_100);
      assert.equal(names('t').length, 1_102);
    });

    it('take wildcards literally, and page through everybody', () => {
      assert.deepEqual(names('%'), []);
      assert.deepEqual(names('_na'), []);
      assert.deepEqual(names('\\'), []);
      assert.deepEqual(names(''), ['ana', 'ben', 'x100']);
    });

    it('show the e-mail address to its user only', () => {
      assert.equal(queries.searchUsers('x100', 10, '').items[0]?.email, '');
      assert.equal(queries.user('u-x100')?.email, 'x@example.org');
    });

    it('give what a login needs, and nothing for a name that nobody has', () => {
      const { passwordHash, passwordVersion } = queries.userForLogin('ana') ?? {};
      assert.deepEqual([passwordHash, passwordVersion], ['$argon2id$x', 1]);
      assert.equal(queries.userForLogin('ANA'), undefined);
    });

    it('know a session until it expires by log time', () => {
      log.apply(startSession('s1', ANA));
      log.passTime(SESSION_SECONDS * 1_000 - 1);
      log.register('zoe');
      assert.equal(queries.session('s1')?.userId, ANA);
      log.passTime(1);
      log.register('yan');
      assert.equal(queries.session('s1'), undefined);
    });
  });

  describe('of the outbox', () => {
    beforeEach(() => {
      book('a1', 0, HOUR_MS);
      book('a2', 0, HOUR_MS);
      log.apply(deleteAppointment('a1'), { actor: ANA });
    });

    it('give events and audit records page by page, and say how far a page reaches', () => {
      const pages: [number, string[]][] = [];
      let at = 0;
      while (at < 5) {
        const { items, upToIndex } = queries.eventsAfter(at, 2);
        pages.push([upToIndex, items.map(({ logIndex, body }) => `${logIndex} ${body?.$case}`)]);
        at = upToIndex;
      }
      assert.deepEqual(pages, [
        [2, []],
        [4, ['3 appointmentChanged', '4 notificationAdded', '4 appointmentChanged']],
        [5, ['5 appointmentRemoved']],
      ]);
      assert.deepEqual(
        queries.auditAfter(0, 3).items.map(({ logIndex }) => logIndex),
        [1, 2, 3],
      );
    });

    it('reach what is applied with a page that is not full, also over entries without a command', () => {
      const { index } = log.machine.lastApplied();
      log.machine.applyBatch([{ index: index + 1, term: 1, timestampMs: 0, command: undefined }]);
      assert.deepEqual(queries.eventsAfter(index, 10), { items: [], upToIndex: index + 1 });
      assert.equal(queries.auditAfter(2, 10).upToIndex, index + 1);
    });
  });
});
