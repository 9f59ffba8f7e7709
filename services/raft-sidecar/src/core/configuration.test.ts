/** Who votes, as the log says (thesis §4). */
import assert from 'node:assert/strict';
import {
  appendRequest,
  bytes,
  configurationEntry,
  entriesOf,
  entry,
  ofKind,
  only,
  TestMember,
  TestNetwork,
} from './testing/member.ts';
import { TEST_OPTIONS } from './testing/memory-log.ts';
import type { MembershipChange } from './types.ts';

const { electionTicks } = TEST_OPTIONS;

const add = (id: string): MembershipChange => ({ kind: 'addVoter', id });
const learn = (id: string): MembershipChange => ({ kind: 'addLearner', id });
const remove = (id: string): MembershipChange => ({ kind: 'remove', id });

function network(voters: readonly string[], blank: readonly string[] = []): TestNetwork {
  return new TestNetwork(
    ...voters.map((id) => new TestMember({ id, voters })),
    ...blank.map((id) => new TestMember({ id, voters: [] })),
  );
}

function changeMembers(net: TestNetwork, leader: TestMember, ...changes: MembershipChange[]): void {
  const result = leader.core.proposeMembership(changes, 1);
  assert.ok(result.ok, JSON.stringify(result));
  net.settle();
}

describe('a configuration', () => {
  it('is in force as soon as it is appended (thesis §4.1)', () => {
    const member = new TestMember({ voters: ['a'] });
    member.core.campaign();
    member.drain();
    assert.ok(member.core.proposeMembership([add('b')], 1).ok);
    assert.deepEqual(member.status.configuration.voters, ['a', 'b']);
    member.drain();
    assert.equal(member.status.commitIndex, 2, 'the new majority has to agree already');
    member.step(member.ack('b'));
    assert.equal(member.status.commitIndex, 3);
  });

  it('is in force at a follower before it is committed, and gone when it is truncated (thesis §4.1)', () => {
    const follower = new TestMember({ terms: [1] });
    const larger = { voters: ['a', 'b', 'c', 'd'] };
    follower.step(appendRequest({ prevIndex: 2, entries: [configurationEntry(3, 1, larger)] }));
    assert.deepEqual(follower.status.configuration.voters, ['a', 'b', 'c', 'd']);
    assert.equal(follower.status.configurationIndex, 3);
    follower.step(appendRequest({ from: 'c', term: 2, prevIndex: 2, entries: [entry(3, 2)] }));
    assert.deepEqual(follower.status.configuration.voters, ['a', 'b', 'c']);
    assert.equal(follower.status.configurationIndex, 1);
  });

  it('that is uncommitted is in force after a restart too, and truncation still goes back', () => {
    const follower = new TestMember({ terms: [1] });
    const larger = { voters: ['a', 'b', 'c', 'd'] };
    follower.step(appendRequest({ prevIndex: 2, entries: [configurationEntry(3, 1, larger)] }));
    follower.restart();
    assert.deepEqual(follower.status.configuration.voters, ['a', 'b', 'c', 'd']);
    follower.step(appendRequest({ from: 'c', term: 2, prevIndex: 2, entries: [entry(3, 2)] }));
    assert.deepEqual(follower.status.configuration.voters, ['a', 'b', 'c']);
  });

  it('is learned by a blank member from its first leader, with the log', () => {
    const net = network(['a'], ['b']);
    const leader = net.elect('a');
    changeMembers(net, leader, learn('b'));
    assert.deepEqual(net.at('b').status.configuration, leader.status.configuration);
    assert.equal(net.at('b').status.commitIndex, leader.status.commitIndex);
    assert.deepEqual(
      net.at('b').applied.map(({ index }) => index),
      [1, 2, 3],
      'the founding entry too',
    );
  });
});

describe('a membership change', () => {
  it('grows a founder into three voters, one after the other', () => {
    const net = network(['a'], ['b', 'c']);
    const leader = net.elect('a');
    for (const id of ['b', 'c']) {
      changeMembers(net, leader, learn(id));
      changeMembers(net, leader, add(id));
    }
    assert.deepEqual(leader.status.configuration.voters, ['a', 'b', 'c']);
    net.cutOff('a');
    net.tick(5 * electionTicks);
    assert.ok(['b', 'c'].some((id) => net.at(id).status.role === 'leader'));
  });

  it('is refused until the first entry of the term is committed (thesis §4.1, correction of 2015)', () => {
    const member = new TestMember();
    member.lead();
    const pending = { ok: false, refusal: 'membershipChangePending' };
    assert.deepEqual(member.core.proposeMembership([remove('c')], 1), pending);
    member.step(member.ack('b'));
    assert.equal(member.core.proposeMembership([remove('c')], 1).ok, true);
  });

  it('is refused while another one is not committed (thesis §4.1)', () => {
    const member = new TestMember();
    member.leadCommitted();
    assert.ok(member.core.proposeMembership([learn('d')], 1).ok);
    member.drain();
    const pending = { ok: false, refusal: 'membershipChangePending' };
    assert.deepEqual(member.core.proposeMembership([learn('e')], 1), pending);
    member.step(member.ack('b'));
    assert.equal(member.core.proposeMembership([learn('e')], 1).ok, true);
  });

  it('is refused where no voter would be left, and by followers', () => {
    const member = new TestMember({ voters: ['a'] });
    assert.deepEqual(member.core.proposeMembership([remove('a')], 1), { ok: false, refusal: 'notLeader' });
    member.core.campaign();
    member.drain();
    const refused = { ok: false, refusal: 'membershipChangeInvalid' };
    assert.deepEqual(member.core.proposeMembership([remove('a')], 1), refused);
    assert.deepEqual(member.core.proposeMembership([learn('a')], 1), refused);
  });

  it('of several voters goes through a joint configuration, which is left by itself (thesis §4.3)', () => {
    const net = network(['a', 'b', 'c'], ['d', 'e']);
    const leader = net.elect('a');
    changeMembers(net, leader, learn('d'), learn('e'));
    changeMembers(net, leader, add('d'), add('e'), remove('b'), remove('c'));
    const { configuration, configurationIndex, commitIndex } = leader.status;
    assert.deepEqual(configuration.voters, ['a', 'd', 'e']);
    assert.deepEqual(configuration.votersOutgoing, []);
    assert.ok(configurationIndex <= commitIndex);
    const kinds = leader.applied.filter(({ payload }) => payload.kind === 'configuration');
    assert.equal(kinds.length, 3, 'the learners, the joint configuration and the one after it');
  });

  it('commits in the joint configuration only with both majorities (thesis §4.3)', () => {
    const member = new TestMember();
    member.leadCommitted();
    assert.ok(member.core.proposeMembership([add('d'), add('e'), remove('b'), remove('c')], 1).ok);
    member.drain();
    const index = member.status.lastIndex;
    member.step(member.ack('d', index), member.ack('e', index));
    assert.equal(member.status.commitIndex, 2, 'the old majority has not agreed');
    member.step(member.ack('b', index));
    assert.equal(member.status.commitIndex, index);
    assert.equal(member.status.lastIndex, index + 1, 'it is left at once');
    assert.deepEqual(member.status.configuration.votersOutgoing, []);
  });

  it('is finished by the next leader if the one that began it is lost in between (thesis §4.3)', () => {
    const net = network(['a', 'b', 'c'], ['d', 'e']);
    const leader = net.elect('a');
    changeMembers(net, leader, learn('d'), learn('e'));
    // The joint configuration reaches everybody; nobody's answer reaches the leader.
    net.passes = ({ from, to, kind }) => !(to === 'a' && kind === 'appendResponse') && from !== to;
    assert.ok(leader.core.proposeMembership([add('d'), add('e'), remove('b'), remove('c')], 1).ok);
    net.settle();
    net.cutOff('a');
    net.tick(6 * electionTicks);
    const successor = [...net.members.values()].find(
      ({ id, status }) => id !== 'a' && status.role === 'leader',
    );
    assert.ok(successor, 'someone of d, e, or of b, c while they still vote');
    assert.deepEqual(successor.status.configuration.voters, ['a', 'd', 'e']);
    assert.deepEqual(successor.status.configuration.votersOutgoing, []);
  });

  it('that demotes a voter of the outgoing half makes it a learner only when the joint phase ends', () => {
    const member = new TestMember();
    member.leadCommitted();
    assert.ok(member.core.proposeMembership([learn('c'), add('d'), add('e')], 1).ok);
    assert.deepEqual(member.status.configuration.learnersNext, ['c']);
    assert.deepEqual(member.status.configuration.learners, []);
    member.drain();
    const index = member.status.lastIndex;
    for (const id of ['b', 'c', 'd', 'e']) member.step(member.ack(id, index));
    assert.deepEqual(member.status.configuration.learners, ['c']);
    assert.equal(
      member.status.members.find(({ id }) => id === 'c')?.matchIndex,
      index,
      'what is known stays',
    );
  });

  it('that removes a member ends what is sent to it', () => {
    const member = new TestMember();
    member.leadCommitted();
    assert.ok(member.core.proposeMembership([remove('c')], 1).ok);
    const { messages } = member.propose('x');
    assert.deepEqual([...new Set(ofKind(messages, 'appendRequest').map(({ to }) => to))], ['b']);
    assert.deepEqual(
      member.status.members.map(({ id }) => id),
      ['b'],
    );
  });

  it('that removes the leader makes it step down once it is committed, not before (thesis §4.2.2)', () => {
    const net = network(['a', 'b', 'c']);
    const leader = net.elect('a');
    net.passes = () => false;
    assert.ok(leader.core.proposeMembership([remove('a')], 1).ok);
    net.settle();
    assert.equal(leader.status.role, 'leader', 'it manages a cluster that it is not part of');
    leader.step(leader.ack('b'));
    assert.equal(leader.status.role, 'leader', 'its own disk does not count');
    const { messages } = leader.step(leader.ack('c'));
    assert.equal(leader.status.role, 'follower');
    assert.equal(leader.status.commitIndex, leader.status.lastIndex);
    assert.ok(
      ofKind(messages, 'appendRequest').some(({ commitIndex }) => commitIndex === leader.status.lastIndex),
      'it still tells the others that it is committed',
    );
    assert.deepEqual(leader.tick(5 * electionTicks).messages, [], 'and never campaigns again');
  });

  it('lets the rest elect a leader after the leader removed itself', () => {
    const net = network(['a', 'b', 'c']);
    changeMembers(net, net.elect('a'), remove('a'));
    net.tick(5 * electionTicks);
    assert.ok(['b', 'c'].some((id) => net.at(id).status.role === 'leader'));
    assert.equal(net.at('a').status.role, 'follower');
  });

  it('that removes a voter does not keep it from campaigning until it is committed (thesis §4.2.2)', () => {
    const net = network(['a', 'b']);
    const leader = net.elect('a');
    net.cutOff('a');
    assert.ok(leader.core.proposeMembership([remove('a')], 1).ok);
    net.tick(3 * electionTicks);
    assert.notEqual(leader.status.role, 'leader');
    // Only a has the entry that removes it, and b cannot win against its longer log.
    net.passes = () => true;
    net.tick(6 * electionTicks);
    assert.equal(net.at('b').status.role, 'leader');
    assert.deepEqual(net.at('b').status.configuration.voters, ['b']);
    assert.equal(leader.status.role, 'follower');
  });

  it('that removed a voter keeps it from campaigning after a restart too', () => {
    const net = network(['a', 'b', 'c']);
    const leader = net.elect('a');
    changeMembers(net, leader, remove('a'));
    leader.restart();
    assert.deepEqual(leader.tick(5 * electionTicks).messages, []);
  });

  it('brings a removed member back as a learner, from what it still has', () => {
    const net = network(['a', 'b', 'c']);
    const leader = net.elect('a');
    changeMembers(net, leader, remove('c'));
    leader.core.propose([{ kind: 'command', data: bytes('x') }], 1);
    net.settle();
    changeMembers(net, leader, learn('c'));
    assert.deepEqual(net.at('c').terms, leader.terms);
    assert.deepEqual(net.at('c').status.configuration.learners, ['c']);
  });

  it('that did not reach a majority is lost with its leader', () => {
    const net = network(['a', 'b', 'c']);
    const leader = net.elect('a');
    net.cutOff('a');
    assert.ok(leader.core.proposeMembership([remove('b')], 1).ok);
    net.settle();
    assert.deepEqual(leader.status.configuration.voters, ['a', 'c']);
    net.tick(5 * electionTicks);
    net.passes = () => true;
    net.tick(5 * electionTicks);
    for (const { status } of net.members.values())
      assert.deepEqual(status.configuration.voters, ['a', 'b', 'c']);
  });
});

describe('a learner', () => {
  it('gets all entries and never votes itself into office', () => {
    const net = network(['a', 'b', 'c'], ['d']);
    const leader = net.elect('a');
    changeMembers(net, leader, learn('d'));
    assert.equal(leader.status.members.find(({ id }) => id === 'd')?.isLearner, true);
    assert.deepEqual(net.at('d').terms, leader.terms);
    net.cutOff('a', 'b', 'c');
    net.tick(5 * electionTicks);
    assert.deepEqual([net.at('d').status.role, net.at('d').status.term], ['follower', 2]);
  });

  it('may be asked to vote by a candidate that knows it as a voter already (thesis §4.2.1)', () => {
    const learner = new TestMember({
      id: 'd',
      configuration: { voters: ['a', 'b', 'c'], learners: ['d'] },
      terms: entriesOf([1], 2).map(({ term }) => term),
    });
    const { messages } = learner.step({
      kind: 'voteRequest',
      from: 'b',
      to: 'd',
      term: 2,
      lastIndex: 3,
      lastTerm: 1,
      transfer: false,
    });
    assert.equal(only(messages, 'voteResponse').granted, true);
  });
});
