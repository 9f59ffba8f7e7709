import assert from 'node:assert/strict';
import type { Group, GroupKind, GroupMember } from '../../api/groups-api.ts';
import {
  groupIsAsked,
  inOrder,
  mayAdd,
  mayChangeRank,
  mayHandOverTo,
  mayLeave,
  mayRemove,
  rankError,
  rankGivenMax,
} from './group-rules.ts';

function group(kind: GroupKind, myRank: number | null, creatorId = 'boss'): Group {
  return { id: 'g', name: 'G', description: '', kind, creatorId, memberCount: 3, myRank, version: 1 };
}

function member(userId: string, rank = 0): GroupMember {
  return { groupId: 'g', userId, username: userId, displayName: '', rank, joinedAt: '' };
}

describe('an appointment for a group', () => {
  it('is entered for those of lower rank, and everyone else is invited', () => {
    assert.match(groupIsAsked(group('hierarchical', 5)), /at once .* lower rank .* invited/);
    assert.match(groupIsAsked(group('non_hierarchical', null)), /^All other members are invited/);
  });
});

describe('what is offered in a group', () => {
  it('with ranks: to add, change and remove who is strictly below, with ranks below the own', () => {
    const middle = group('hierarchical', 500);
    assert.equal(mayAdd(middle, 'me'), true);
    for (const [rank, may] of [
      [499, true],
      [500, false],
      [1000, false],
    ] as const) {
      assert.equal(mayChangeRank(middle, member('other', rank)), may, `change ${rank}`);
      assert.equal(mayRemove(middle, member('other', rank), 'me'), may, `remove ${rank}`);
    }
    assert.equal(rankGivenMax(middle), 499);
    assert.equal(rankGivenMax(group('hierarchical', 1000)), 999);
  });

  it('with ranks: nothing to the lowest', () => {
    assert.equal(mayAdd(group('hierarchical', 1), 'me'), false);
    assert.equal(mayRemove(group('hierarchical', 1), member('other', 1), 'me'), false);
  });

  it('among equals: to the creator alone, and no ranks', () => {
    const flat = group('non_hierarchical', null);
    assert.deepEqual([mayAdd(flat, 'boss'), mayAdd(flat, 'me')], [true, false]);
    assert.deepEqual(
      [mayRemove(flat, member('x'), 'boss'), mayRemove(flat, member('x'), 'me')],
      [true, false],
    );
    assert.equal(mayChangeRank(flat, member('x')), false);
  });

  it('to hand over and to leave: the one to the creator, the other to everybody else', () => {
    const flat = group('non_hierarchical', null);
    assert.deepEqual([mayLeave(flat, 'boss'), mayLeave(flat, 'me')], [false, true]);
    assert.equal(mayHandOverTo(flat, member('x'), 'boss'), true);
    assert.equal(mayHandOverTo(flat, member('boss'), 'boss'), false);
    assert.equal(mayHandOverTo(flat, member('x'), 'me'), false);
    assert.equal(mayRemove(flat, member('boss'), 'boss'), false);
  });

  it('says which ranks can be given', () => {
    const middle = group('hierarchical', 10);
    for (const text of ['1', '9', ' 5 ']) assert.equal(rankError(text, middle), undefined, text);
    for (const text of ['', '0', '10', '-1', '2.5', '1e0', 'x'])
      assert.equal(rankError(text, middle), 'A whole number from 1 to 9.', text);
    assert.match(rankError('2', group('hierarchical', 2)) ?? '', /only rank below your own is 1/);
  });

  it('lists the highest rank first, then by user name', () => {
    const names = inOrder([member('c', 5), member('b', 5), member('a', 1), member('d', 9)]);
    assert.deepEqual(
      names.map(({ userId }) => userId),
      ['d', 'b', 'c', 'a'],
    );
  });
});
