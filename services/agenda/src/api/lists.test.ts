import assert from 'node:assert/strict';
import type { Caller, FindFreeSlotsRequest } from '@agenda/proto/agenda/v1/agenda';
import { AppointmentFields } from '@agenda/proto/agenda/v1/command';
import { GroupKind } from '@agenda/proto/agenda/v1/model';
import { AgendaUnderTest, DEADLINE, write } from '../testing/agenda-under-test.ts';

const NINE = Date.parse('2037-03-02T09:00:00Z');
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const READ = { consistency: 0, minIndex: 0 } as const;
const RANGE = { startMs: NINE - DAY, endMs: NINE + DAY, limit: 0, cursor: '' };

describe('lists for people and groups', () => {
  const agenda = new AgendaUnderTest();
  let ana: Caller;
  let bob: Caller;
  let eve: Caller;
  let groupId: string;

  before(async () => {
    await agenda.start();
    ana = await agenda.person('ana');
    bob = await agenda.person('bob');
    eve = await agenda.person('eve');
    const kind = GroupKind.GROUP_KIND_NON_HIERARCHICAL;
    const made = await agenda.client.createGroup(
      { context: write(ana), name: 'Family', description: '', kind },
      DEADLINE,
    );
    groupId = made.group?.id ?? '';
    await agenda.client.putGroupMember(
      { context: write(ana), groupId, userId: bob.userId, rank: 0 },
      DEADLINE,
    );
    const fields = AppointmentFields.fromPartial({
      title: 'Dentist',
      startMs: NINE,
      endMs: NINE + HOUR,
      privacy: 2,
    });
    await agenda.client.createAppointment(
      { context: write(bob), fields, groupId: '', participants: [], allowConflict: false },
      DEADLINE,
    );
  });

  after(() => agenda.stop());

  const list = (caller: Caller, of: { userId?: string; groupId?: string }) =>
    agenda.client.listAgenda(
      { context: { ...READ, caller }, ...RANGE, userId: '', groupId: '', ...of },
      DEADLINE,
    );

  const free = (caller: Caller, change: Partial<FindFreeSlotsRequest>) =>
    agenda.client.findFreeSlots(
      {
        context: { ...READ, caller },
        userIds: [],
        groupId: '',
        optionalUserIds: [],
        startMs: NINE - HOUR,
        endMs: NINE + 3 * HOUR,
        durationMinutes: 60,
        workingStartMinutes: 0,
        workingEndMinutes: 0,
        workingDays: [],
        bufferMinutes: 0,
        limit: 0,
        ...change,
      },
      DEADLINE,
    );

  it('show the agenda of someone in a group with oneself, and of the group, as far as one may see', async () => {
    const { occurrences } = await list(ana, { userId: bob.userId });
    assert.deepEqual(
      occurrences.map(({ appointment, startMs, userId }) => [
        appointment?.busyOnly,
        appointment?.title,
        startMs,
        userId,
      ]),
      [[true, '', NINE, bob.userId]],
    );
    assert.equal((await list(ana, { groupId })).occurrences.length, 1);
    assert.equal((await list(bob, { groupId })).occurrences[0]?.appointment?.title, 'Dentist');
  });

  it('refuse the agenda of a stranger, and do not tell a stranger of a group', async () => {
    await assert.rejects(list(eve, { userId: bob.userId }), { code: 'forbidden' });
    await assert.rejects(list(eve, { groupId }), { code: 'not_found' });
    await assert.rejects(list(ana, { groupId, userId: bob.userId }), { code: 'invalid_argument' });
    const context = { ...READ, caller: eve };
    await assert.rejects(agenda.client.getGroup({ context, groupId }, DEADLINE), { code: 'not_found' });
    const page = { context, groupId, limit: 0, cursor: '' };
    await assert.rejects(agenda.client.listGroupMembers(page, DEADLINE), { code: 'not_found' });
  });

  it('name the groups that one is in, and their members', async () => {
    const context = { ...READ, caller: bob };
    const { groups } = await agenda.client.listGroups({ context, limit: 0, cursor: '' }, DEADLINE);
    assert.deepEqual(
      groups.map(({ name, memberCount }) => [name, memberCount]),
      [['Family', 2]],
    );
    const { members } = await agenda.client.listGroupMembers(
      { context, groupId, limit: 1, cursor: '' },
      DEADLINE,
    );
    assert.deepEqual(
      members.map(({ username }) => username),
      ['ana'],
    );
  });

  it('find times at which everybody is free, without saying why not at others', async () => {
    const { slots } = await free(ana, { groupId });
    assert.deepEqual(
      slots.map(({ startMs, reason }) => [startMs, reason]),
      [
        [NINE + HOUR, 'all 2 people are free'],
        [NINE + 2 * HOUR, 'all 2 people are free'],
      ],
    );
    const optional = await free(ana, { groupId, optionalUserIds: [bob.userId], limit: 3 });
    assert.deepEqual(optional.slots.find(({ startMs }) => startMs === NINE)?.missingUserIds, [bob.userId]);
  });

  it('proposes no time that has begun already', async () => {
    const now = Date.now();
    const anyHour = { workingEndMinutes: 24 * 60, workingDays: [1, 2, 3, 4, 5, 6, 7] };
    const around = await free(ana, { startMs: now - DAY, endMs: now + DAY, limit: 50, ...anyHour });
    assert.ok(around.slots.length > 0);
    assert.ok(around.slots.every(({ startMs }) => startMs >= now));
    const past = await free(ana, { startMs: now - 2 * DAY, endMs: now - DAY, ...anyHour });
    assert.deepEqual(past.slots, []);
  });

  it('answer about people in one’s groups only, and name the others', async () => {
    await assert.rejects(free(ana, { userIds: [eve.userId] }), (error: Error) =>
      error.message.includes(eve.userId),
    );
    const busy = (userIds: string[]) =>
      agenda.client.getFreeBusy(
        { context: { ...READ, caller: ana }, userIds, startMs: NINE, endMs: NINE + DAY },
        DEADLINE,
      );
    assert.deepEqual((await busy([bob.userId])).people, [
      { userId: bob.userId, busy: [{ startMs: NINE, endMs: NINE + HOUR }] },
    ]);
    await assert.rejects(busy([eve.userId]), { code: 'forbidden' });
  });

  it('refuse what cannot be: too long, too many, the wrong way round', async () => {
    const wrong: Partial<FindFreeSlotsRequest>[] = [
      { endMs: NINE - HOUR },
      { endMs: NINE + 63 * DAY },
      { durationMinutes: 0 },
      { durationMinutes: 1_441 },
      { bufferMinutes: 241 },
      { limit: 51 },
      { workingStartMinutes: 600, workingEndMinutes: 600 },
      { workingDays: [8] },
      { userIds: Array.from({ length: 201 }, (_, at) => `u${at}`) },
    ];
    wrong.push({ optionalUserIds: [ana.userId] });
    for (const change of wrong) await assert.rejects(free(ana, change), { code: 'invalid_argument' });
  });

  it('sync tells what is new, and asks to begin again with an index that is not known', async () => {
    const context = { ...READ, caller: bob };
    const first = await agenda.client.sync({ context, sinceIndex: 0, limit: 0 }, DEADLINE);
    assert.deepEqual(
      first.changed.map(({ title }) => title),
      ['Dentist'],
    );
    const then = await agenda.client.sync({ context, sinceIndex: first.index, limit: 0 }, DEADLINE);
    assert.deepEqual([then.changed, then.removedIds, then.more], [[], [], false]);
    assert.equal(
      (await agenda.client.sync({ context, sinceIndex: 1_000_000, limit: 0 }, DEADLINE)).reset,
      true,
    );
  });

  it('search finds by words, and lists the trash', async () => {
    const search = (query: string, deleted: boolean) =>
      agenda.client.searchAppointments(
        { context: { ...READ, caller: bob }, query, deleted, limit: 0, cursor: '' },
        DEADLINE,
      );
    assert.equal((await search('dent', false)).occurrences[0]?.appointment?.title, 'Dentist');
    assert.deepEqual((await search('', true)).occurrences, []);
    await assert.rejects(search('', false), { code: 'invalid_argument' });
  });
});
