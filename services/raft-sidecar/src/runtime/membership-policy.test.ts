import assert from 'node:assert/strict';
import { change, isJoint, leaveJoint, membersOf } from '../core/membership.ts';
import { Random } from '../core/random.ts';
import type { Configuration, MemberId, MemberStatus, MembershipChange } from '../core/types.ts';
import { nodeIdOf } from '../transport/conversions.ts';
import {
  adviseMembership,
  type Candidate,
  MEMBERS_MAX,
  type MembershipFacts,
  PROMOTION_LAG_MAX,
  VOTERS_MAX,
  VOTERS_MIN,
} from './membership-policy.ts';

const EMPTY: Configuration = {
  voters: [],
  votersOutgoing: [],
  learners: [],
  learnersNext: [],
  autoLeave: false,
};
const timing = { aliveWithinMs: 1_000, replaceAfterMs: 10_000, deadAfterMs: 600_000 };

function facts({
  silent = {},
  levels = {},
  ...changes
}: Partial<MembershipFacts> & {
  silent?: Readonly<Record<MemberId, number>>;
  levels?: Readonly<Record<MemberId, number>>;
}): MembershipFacts {
  return {
    clusterId: 'x',
    configuration: voting('a#1'),
    changePending: false,
    commitIndex: 1_000,
    members: [],
    silentMs: (member) => silent[member] ?? 0,
    featureLevelOf: (member) => levels[member] ?? 1,
    candidates: [],
    isResting: () => false,
    incarnationOf: () => 5,
    nodeIdOf,
    timing,
    ...changes,
  };
}

function voting(...voters: MemberId[]): Configuration {
  return { ...EMPTY, voters };
}

function learner(id: MemberId, changes: Partial<MemberStatus> = {}): MemberStatus {
  return {
    id,
    state: 'replicate',
    matchIndex: 1_000,
    nextIndex: 1_001,
    recentlyActive: true,
    isLearner: true,
    ...changes,
  };
}

function candidate(memberId: MemberId, changes: Partial<Candidate> = {}): Candidate {
  return { nodeId: nodeIdOf(memberId), memberId, clusterId: '', incarnation: 5, featureLevel: 1, ...changes };
}

function advised(changes: Parameters<typeof facts>[0]): readonly MembershipChange[] {
  return adviseMembership(facts(changes)).changes;
}

const add = (id: MemberId): MembershipChange => ({ kind: 'addVoter', id });
const learn = (id: MemberId): MembershipChange => ({ kind: 'addLearner', id });
const remove = (id: MemberId): MembershipChange => ({ kind: 'remove', id });

describe('the membership policy', () => {
  it('takes in blank nodes and those of this cluster, one at a time', () => {
    const candidates = [candidate('b#1'), candidate('c#1', { clusterId: 'x' })];
    assert.deepEqual(advised({ candidates }), [learn('b#1')]);
    assert.deepEqual(advised({ candidates, configuration: voting('a#1', 'b#1') }), [learn('c#1')]);
  });

  it('leaves nodes of another cluster alone', () => {
    assert.deepEqual(advised({ candidates: [candidate('b#1', { clusterId: 'y' })] }), []);
  });

  it('waits while a change is pending or the configuration is joint', () => {
    const candidates = [candidate('b#1')];
    assert.deepEqual(advised({ candidates, changePending: true }), []);
    const configuration = { ...voting('a#1'), votersOutgoing: ['a#1'] };
    assert.deepEqual(advised({ candidates, configuration }), []);
  });

  it('lets nobody in beyond its bound', () => {
    const learners = Array.from({ length: MEMBERS_MAX - 1 }, (_, at) => `l${at}#1`);
    const advice = adviseMembership(
      facts({ configuration: { ...voting('a#1'), learners }, candidates: [candidate('z#1')] }),
    );
    assert.deepEqual(advice.changes, []);
    assert.match(advice.waiting.join(), /^z#1 waits: there are 32 members already$/);
  });

  describe('on learners', () => {
    const configuration = { ...voting('a#1'), learners: ['b#1'] };

    it('promotes one that has caught up, before it takes in the next node', () => {
      const members = [learner('b#1', { matchIndex: 1_000 - PROMOTION_LAG_MAX })];
      assert.deepEqual(advised({ configuration, members, candidates: [candidate('c#1')] }), [add('b#1')]);
    });

    const notReady: [string, Partial<MemberStatus>][] = [
      ['is far behind', { matchIndex: 1_000 - PROMOTION_LAG_MAX - 1 }],
      ['is not heard', { recentlyActive: false }],
      ['is still probed', { state: 'probe' }],
      ['needs a snapshot', { state: 'snapshot' }],
    ];
    for (const [title, status] of notReady)
      it(`does not promote one that ${title}`, () => {
        assert.deepEqual(advised({ configuration, members: [learner('b#1', status)] }), []);
      });

    it('keeps further ones as such once there are enough voters', () => {
      const voters = Array.from({ length: VOTERS_MAX }, (_, at) => `v${at}#1`);
      assert.deepEqual(
        advised({ configuration: { ...configuration, voters }, members: [learner('b#1')] }),
        [],
      );
    });

    it('leaves who left on purpose out until it is started again', () => {
      const isResting = (member: MemberId, incarnation: number) => member === 'b#1' && incarnation <= 5;
      const members = [learner('b#1')];
      assert.deepEqual(advised({ configuration, members, isResting }), []);
      assert.deepEqual(advised({ configuration, members, isResting, incarnationOf: () => 6 }), [add('b#1')]);
      assert.deepEqual(advised({ candidates: [candidate('b#1')], isResting }), []);
      assert.deepEqual(advised({ candidates: [candidate('b#1', { incarnation: 6 })], isResting }), [
        learn('b#1'),
      ]);
    });
  });

  describe('on a node that comes back as another instance', () => {
    const three = voting('a#1', 'b#1', 'c#1');
    const twin = candidate('b#2');

    it('lets it wait while the former one lives, and takes in others meanwhile', () => {
      const advice = adviseMembership(
        facts({ configuration: three, candidates: [twin], silent: { 'b#1': 9_999 } }),
      );
      assert.deepEqual(advice.changes, []);
      assert.match(advice.waiting.join(), /^b#2 waits: b#1, the member of its node, was heard 9999 ms ago/);
      const candidates = [twin, candidate('d#1')];
      assert.deepEqual(advised({ configuration: three, candidates }), [learn('d#1')]);
    });

    it('takes it in beside a silent one, and lets it take over the vote in one change', () => {
      const silent = { 'b#1': 10_000 };
      assert.deepEqual(advised({ configuration: three, candidates: [twin], silent }), [learn('b#2')]);
      const configuration = { ...three, learners: ['b#2'] };
      const members = [learner('b#2')];
      assert.deepEqual(advised({ configuration, members, silent }), [remove('b#1'), add('b#2')]);
      const swapped = change(configuration, [remove('b#1'), add('b#2')]);
      assert.ok(swapped.ok && isJoint(swapped.configuration));
    });

    it('keeps both if the former one comes back before that', () => {
      const configuration = { ...three, learners: ['b#2'] };
      const advice = adviseMembership(facts({ configuration, members: [learner('b#2')] }));
      assert.deepEqual(advice.changes, []);
      assert.match(advice.waiting.join(), /^b#2 waits: b#1/);
    });

    it('takes the place of a silent learner at once', () => {
      const configuration = { ...voting('a#1'), learners: ['b#1'] };
      const silent = { 'b#1': 10_000 };
      assert.deepEqual(advised({ configuration, candidates: [twin], silent }), [remove('b#1'), learn('b#2')]);
    });
  });

  describe('on the dead', () => {
    const dead = 600_000;
    const four = voting('a#1', 'b#1', 'c#1', 'd#1');

    it('removes a voter that was silent for long if the rest is healthy, the longest silent first', () => {
      assert.deepEqual(advised({ configuration: four, silent: { 'd#1': dead } }), [remove('d#1')]);
      const five = voting(...four.voters, 'e#1');
      const silent = { 'd#1': dead, 'e#1': dead + 1 };
      assert.deepEqual(advised({ configuration: five, silent }), [remove('e#1')]);
    });

    it('does not remove one before its time, nor if fewer than three voters would be left', () => {
      assert.deepEqual(advised({ configuration: four, silent: { 'd#1': dead - 1 } }), []);
      const three = voting('a#1', 'b#1', 'c#1');
      assert.deepEqual(advised({ configuration: three, silent: { 'c#1': dead } }), []);
    });

    it('does not remove one while the rest has no healthy majority', () => {
      const silent = { 'b#1': 2_000, 'c#1': 2_000, 'd#1': dead };
      assert.deepEqual(advised({ configuration: four, silent }), []);
    });

    it('removes learners that were silent for long, however few vote', () => {
      const configuration = { ...voting('a#1'), learners: ['b#1'] };
      assert.deepEqual(advised({ configuration, silent: { 'b#1': dead } }), [remove('b#1')]);
    });
  });

  describe('on feature levels', () => {
    const configuration = { ...voting('a#1', 'b#1'), learners: ['c#1'], featureLevel: 2 };

    it('raises the level once all members, learners too, know the commands up to it', () => {
      const raise = (level: number) => [{ kind: 'raiseFeatureLevel', level }];
      assert.deepEqual(advised({ configuration, levels: { 'a#1': 4, 'b#1': 3, 'c#1': 3 } }), raise(3));
      assert.deepEqual(advised({ configuration, levels: { 'a#1': 4, 'b#1': 3, 'c#1': 2 } }), []);
      assert.deepEqual(advised({ configuration, levels: { 'a#1': 4, 'b#1': 3, 'c#1': 0 } }), []);
    });

    it('never lowers it when a member comes back with less', () => {
      assert.deepEqual(advised({ configuration, levels: { 'a#1': 2, 'b#1': 1, 'c#1': 2 } }), []);
    });

    it('neither takes in nor promotes a node that knows less than it, and says why', () => {
      const levels = { 'a#1': 2, 'b#1': 2, 'c#1': 1 };
      const members = [learner('c#1')];
      const candidates = [candidate('d#1', { featureLevel: 0 }), candidate('e#1')];
      assert.deepEqual(adviseMembership(facts({ configuration, levels, members, candidates })), {
        changes: [],
        waiting: [
          'c#1 waits: it knows feature level 1, and the cluster has reached 2',
          'd#1 waits: it has not said its feature level yet, and the cluster has reached 2',
          'e#1 waits: it knows feature level 1, and the cluster has reached 2',
        ],
      });
    });
  });

  it('never leaves fewer than three voters of more, nor a minority of the living, whatever happens', () => {
    const seed = Math.floor(Math.random() * 2 ** 30);
    const random = new Random(seed);
    for (let run = 0; run < 200; run++) {
      let configuration = voting('n0#1');
      for (let step = 0; step < 60; step++) {
        const next = randomStep(configuration, random);
        const before = configuration.voters.length;
        configuration = next.configuration;
        const { voters } = configuration;
        const where = `seed ${seed}, run ${run}, step ${step}`;
        assert.ok(voters.length >= Math.min(before, VOTERS_MIN), `${where}: ${voters}`);
        assert.ok(new Set(voters.map(nodeIdOf)).size === voters.length, `${where}: ${voters}`);
        if (voters.length < before) assert.ok(next.alive(voters) * 2 > voters.length, where);
      }
    }
  });
});

/** Eight nodes with up to three instances each, silent or not as chance will have it; the leader is never silent. */
function randomStep(configuration: Configuration, random: Random) {
  const silences = [0, 0, 0, 5_000, 20_000, 600_000] as const;
  const silent = new Map<MemberId, number>();
  for (const id of membersOf(configuration))
    silent.set(id, silences[random.below(silences.length)] as number);
  silent.set(configuration.voters[0] as MemberId, 0);
  const silentMs = (id: MemberId) => silent.get(id) ?? 0;
  const candidates = [candidate(`n${random.below(8)}#${1 + random.below(3)}`)];
  const members = [...membersOf(configuration)].map((id) =>
    learner(id, { isLearner: configuration.learners.includes(id), recentlyActive: silentMs(id) === 0 }),
  );
  const changes = adviseMembership({ ...facts({ configuration, candidates, members }), silentMs }).changes;
  const alive = (voters: readonly MemberId[]) =>
    voters.filter((id) => silentMs(id) < timing.aliveWithinMs).length;
  if (changes.length === 0) return { configuration, alive };
  const changed = change(configuration, changes);
  assert.ok(changed.ok, JSON.stringify({ configuration, changes }));
  const left = isJoint(changed.configuration) ? leaveJoint(changed.configuration) : changed;
  assert.ok(left.ok);
  return { configuration: left.configuration, alive };
}
