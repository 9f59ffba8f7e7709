/** Groups and people: who is not in a group learns nothing of it, in whatever way it is asked for or changed. */
import assert from 'node:assert/strict';
import { AppointmentFields } from '@agenda/proto/agenda/v1/command';
import type { Method, Question } from './office.ts';
import { MEMBERS, NAMES, OWNER } from './table.ts';
import { allPages, assertLikeNothing, PAGE, type Walk } from './walk.ts';
import { groupsOf, NO_SUCH_ID, userOf } from './world.ts';

const NO_SUCH_VERSION = 999;

type Ask = { [M in Method]: readonly [M, (groupId: string) => Question<M>] }[Method];

const USER = { userId: userOf(OWNER) };
const VERSION = { expectedVersion: NO_SUCH_VERSION };
const ABOUT_A_GROUP: readonly Ask[] = [
  ['getGroup', (groupId) => ({ groupId })],
  ['listGroupMembers', (groupId) => ({ groupId, limit: 0, cursor: '' })],
  ['updateGroup', (groupId) => ({ groupId, name: 'Taken over', description: undefined, ...VERSION })],
  ['deleteGroup', (groupId) => ({ groupId, ...VERSION })],
  ['putGroupMember', (groupId) => ({ groupId, ...USER, rank: 1 })],
  ['removeGroupMember', (groupId) => ({ groupId, ...USER })],
  ['handOverGroup', (groupId) => ({ groupId, newCreatorId: USER.userId })],
  [
    'createAppointment',
    (groupId) => ({
      fields: AppointmentFields.fromPartial({ title: 'For them', startMs: 1, endMs: 2 }),
      ...{ groupId, participants: [], allowConflict: true },
    }),
  ],
];

export function walkGroups(walk: Walk): void {
  walk.everyViewer('knows the own groups only', async (viewer) => {
    const { groups } = await walk.office.answer(viewer, 'listGroups', { limit: 0, cursor: '' });
    const own = groupsOf(viewer).map((group) => `g-${group}`);
    assert.deepEqual(groups.map(({ id }) => id).sort(), own.sort());
    for (const [method, question] of ABOUT_A_GROUP) {
      const ask = (groupId: string) => walk.office.ask(viewer, method, question(groupId) as never);
      const nothing = await ask(NO_SUCH_ID);
      assert.equal(nothing.code, 'not_found');
      for (const id of [...Object.keys(MEMBERS), 'gone'].map((group) => `g-${group}`))
        if (!own.includes(id)) assertLikeNothing(await ask(id), id, nothing);
    }
    for (const groupId of own) {
      const { members } = await walk.office.answer(viewer, 'listGroupMembers', {
        groupId,
        limit: 0,
        cursor: '',
      });
      const names = MEMBERS[groupId.slice(2) as keyof typeof MEMBERS];
      assert.deepEqual(members.map(({ userId }) => userId).sort(), names.map(userOf).sort());
    }
  });

  walk.everyViewer('finds people, and nothing of theirs but how they are called', async (viewer) => {
    const found = await allPages(async (cursor) => {
      const question = { query: 'tester', limit: PAGE, cursor };
      const { users, nextCursor } = await walk.office.answer(viewer, 'searchUsers', question);
      return { items: users, nextCursor };
    });
    assert.deepEqual(found.map(({ id }) => id).sort(), NAMES.map(userOf).sort());
    assert.ok(found.every(({ email }) => email === ''));
    const { user } = await walk.office.answer(viewer, 'getMe', {});
    assert.equal(user?.id, userOf(viewer));
  });

  it('an import says the same whether somebody else has an appointment of that UID or nobody', async () => {
    const take = async (uid: string): Promise<string> => {
      const event = ['BEGIN:VEVENT', `UID:${uid}`, 'DTSTART:20270101T090000Z', 'DURATION:PT1H', 'END:VEVENT'];
      const lines = ['BEGIN:VCALENDAR', 'VERSION:2.0', ...event, 'END:VCALENDAR', ''];
      const ics = Buffer.from(lines.join('\r\n'));
      const { result } = await walk.office.answer('stranger', 'importCalendar', { ics });
      const [component] = result?.components ?? [];
      return JSON.stringify({ ...component, icalUid: '', appointmentId: component?.appointmentId !== '' });
    };
    assert.equal(await take('personal-hidden-single'), await take('nobody-has-it'));
  });
}
