import assert from 'node:assert/strict';
import { EMPTY_CONFIGURATION } from '../core/membership.ts';
import type { MemberStatus } from '../core/types.ts';
import { successorOf } from './operations.ts';

function member(id: string, matchIndex: number, recentlyActive: boolean): MemberStatus {
  const isLearner = id === 'learner';
  return { id, matchIndex, recentlyActive, isLearner, state: 'probe', nextIndex: matchIndex + 1 };
}

describe('the successor of a leader that names none', () => {
  const configuration = { ...EMPTY_CONFIGURATION, voters: ['me', 'a', 'b'], learners: ['learner'] };

  it('is the voter with the most advanced log of those that were heard lately', () => {
    const members = [member('a', 5, true), member('b', 7, true), member('learner', 9, true)];
    assert.equal(successorOf({ configuration, members }), 'b');
    assert.equal(successorOf({ configuration, members: [member('a', 5, true), member('b', 7, false)] }), 'a');
  });

  it('is found also by a leader that has just begun and has heard nobody', () => {
    assert.equal(
      successorOf({ configuration, members: [member('learner', 9, true), member('a', 0, false)] }),
      'a',
    );
  });

  it('is nobody where nobody else votes', () => {
    assert.equal(successorOf({ configuration, members: [member('learner', 9, true)] }), undefined);
  });
});
