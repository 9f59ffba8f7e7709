import assert from 'node:assert/strict';
import type { Configuration, MemberStatus } from '../core/types.ts';
import { nodeIdOf } from '../transport/conversions.ts';
import {
  adviseMembership,
  type MembershipFacts,
  PROMOTION_LAG_MAX,
  VOTERS_MAX,
} from './membership-policy.ts';

const EMPTY: Configuration = {
  voters: [],
  votersOutgoing: [],
  learners: [],
  learnersNext: [],
  autoLeave: false,
};

function facts(changes: Partial<MembershipFacts>): MembershipFacts {
  return {
    clusterId: 'x',
    configuration: { ...EMPTY, voters: ['a#1'] },
    changePending: false,
    commitIndex: 1_000,
    members: [],
    candidates: [],
    removed: new Map(),
    nodeIdOf,
    ...changes,
  };
}

function learner(changes: Partial<MemberStatus> = {}): MemberStatus {
  return {
    id: 'b#1',
    state: 'replicate',
    matchIndex: 1_000,
    nextIndex: 1_001,
    recentlyActive: true,
    isLearner: true,
    ...changes,
  };
}

const candidate = (nodeId: string, clusterId = '', instance = '1') => ({
  nodeId,
  memberId: `${nodeId}#${instance}`,
  clusterId,
  incarnation: 5,
});
const withLearner: Configuration = { ...EMPTY, voters: ['a#1'], learners: ['b#1'] };

describe('the membership policy', () => {
  it('takes in blank nodes and those of this cluster, one at a time', () => {
    const candidates = [candidate('b'), candidate('c', 'x')];
    assert.deepEqual(adviseMembership(facts({ candidates })), { change: { kind: 'addLearner', id: 'b#1' } });
    const configuration = { ...EMPTY, voters: ['a#1', 'b#1'] };
    assert.deepEqual(adviseMembership(facts({ candidates, configuration })), {
      change: { kind: 'addLearner', id: 'c#1' },
    });
  });

  it('does not take a removed member back until it is started again', () => {
    const candidates = [candidate('b', 'x')];
    assert.deepEqual(adviseMembership(facts({ candidates, removed: new Map([['b#1', 5]]) })), {});
    assert.deepEqual(adviseMembership(facts({ candidates, removed: new Map([['b#1', 4]]) })), {
      change: { kind: 'addLearner', id: 'b#1' },
    });
  });

  it('leaves nodes of another cluster alone', () => {
    assert.deepEqual(adviseMembership(facts({ candidates: [candidate('b', 'y')] })), {});
  });

  it('waits while a change is pending or the configuration is joint', () => {
    const candidates = [candidate('b')];
    assert.deepEqual(adviseMembership(facts({ candidates, changePending: true })), {});
    const configuration = { ...EMPTY, voters: ['a#1'], votersOutgoing: ['a#1'] };
    assert.deepEqual(adviseMembership(facts({ candidates, configuration })), {});
  });

  it('promotes a learner that has caught up, before it takes in the next node', () => {
    const behind = 1_000 - PROMOTION_LAG_MAX;
    const advice = adviseMembership(
      facts({
        configuration: withLearner,
        members: [learner({ matchIndex: behind })],
        candidates: [candidate('c')],
      }),
    );
    assert.deepEqual(advice, { change: { kind: 'addVoter', id: 'b#1' } });
  });

  const notReady: [string, Partial<MemberStatus>][] = [
    ['is far behind', { matchIndex: 1_000 - PROMOTION_LAG_MAX - 1 }],
    ['is not heard', { recentlyActive: false }],
    ['is still probed', { state: 'probe' }],
    ['needs a snapshot', { state: 'snapshot' }],
  ];
  for (const [title, status] of notReady)
    it(`does not promote a learner that ${title}`, () => {
      const members = [learner(status)];
      assert.deepEqual(adviseMembership(facts({ configuration: withLearner, members })), {});
    });

  it('keeps further learners as such once there are enough voters', () => {
    const voters = Array.from({ length: VOTERS_MAX }, (_, at) => `v${at}#1`);
    const configuration = { ...EMPTY, voters, learners: ['b#1'] };
    assert.deepEqual(adviseMembership(facts({ configuration, members: [learner()] })), {});
  });

  it('does not take in a second instance of a member, but others meanwhile', () => {
    const configuration = { ...EMPTY, voters: ['a#1', 'b#1'] };
    const twin = candidate('b', '', '2');
    assert.deepEqual(adviseMembership(facts({ configuration, candidates: [twin] })), {
      duplicate: { candidate: twin, member: 'b#1' },
    });
    assert.deepEqual(adviseMembership(facts({ configuration, candidates: [twin, candidate('c')] })), {
      change: { kind: 'addLearner', id: 'c#1' },
    });
  });
});
