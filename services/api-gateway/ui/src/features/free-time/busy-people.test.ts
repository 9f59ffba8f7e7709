import assert from 'node:assert/strict';
import type { GroupMember } from '../../api/groups-api.ts';
import type { Person } from '../../api/people-api.ts';
import { busiestOf, whoHasToCome, withOptional } from './busy-people.ts';
import { newFreeTimeForm } from './free-time-form.ts';

function person(id: string): Person {
  return { id, username: id, displayName: '', timeZone: '' };
}

function member(userId: string): GroupMember {
  return { groupId: 'g', userId, username: userId, displayName: '', rank: 0, joinedAt: '' };
}

function ids(people: readonly Person[]): string[] {
  return people.map(({ id }) => id);
}

const form = { ...newFreeTimeForm(0, 'UTC'), people: [person('ben')], optional: [person('cleo')] };

describe('who is in the way of a time', () => {
  it('is looked for among all who have to come, each once, and not the viewer', () => {
    const members = ['me', 'ben', 'cleo', 'dan'].map(member);
    assert.deepEqual(ids(whoHasToCome(form, members, 'me')), ['ben', 'dan']);
    assert.deepEqual(ids(whoHasToCome(form, [], 'me')), ['ben']);
  });

  it('is whoever is busy longest in that range, and nobody who is free', () => {
    const at = (hour: number) => new Date(hour * 3_600_000).toISOString();
    const busy = (userId: string, ...hours: [number, number][]) => ({
      userId,
      busy: hours.map(([start, end]) => ({ start: at(start), end: at(end) })),
    });
    const answer = [busy('ben', [8, 10], [11, 12]), busy('dan', [0, 24]), busy('eva'), busy('fay', [20, 22])];
    const found = busiestOf(['ben', 'dan', 'eva', 'fay'].map(person), answer, { start: at(9), end: at(17) });
    assert.deepEqual(
      found.map(({ person: { id }, minutes }) => [id, minutes]),
      [
        ['dan', 480],
        ['ben', 120],
      ],
    );
  });

  it('becomes optional, whether chosen or of the group', () => {
    const chosen = withOptional(form, person('ben'));
    assert.deepEqual([ids(chosen.people), ids(chosen.optional)], [[], ['cleo', 'ben']]);
    const ofGroup = withOptional(form, person('dan'));
    assert.deepEqual([ids(ofGroup.people), ids(ofGroup.optional)], [['ben'], ['cleo', 'dan']]);
  });
});
