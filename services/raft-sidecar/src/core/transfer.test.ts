/** Handing leadership over (thesis §3.10). */
import assert from 'node:assert/strict';
import { bytes, ofKind, only, TestMember, TestNetwork } from './testing/member.ts';
import { TEST_OPTIONS } from './testing/memory-log.ts';

const { electionTicks } = TEST_OPTIONS;

function threeMembers(): TestNetwork {
  return new TestNetwork(...['a', 'b', 'c'].map((id) => new TestMember({ id })));
}

describe('a transfer of leadership', () => {
  it('makes the target leader at once, leases notwithstanding', () => {
    const net = threeMembers();
    const before = net.elect('a');
    assert.equal(before.core.transferLeadership('b'), true);
    net.settle();
    const { role, term } = net.at('b').status;
    assert.deepEqual([role, term], ['leader', 3]);
    assert.deepEqual([before.status.role, before.status.leader], ['follower', 'b']);
  });

  it('waits until the target has the whole log', () => {
    const member = new TestMember();
    member.leadCommitted();
    member.propose('x');
    assert.equal(member.core.transferLeadership('b'), true);
    assert.deepEqual(ofKind(member.drain().messages, 'timeoutNow'), []);
    const { to, term } = only(member.step(member.ack('b', 3)).messages, 'timeoutNow');
    assert.deepEqual([to, term], ['b', 2]);
  });

  it('refuses proposals and membership changes meanwhile', () => {
    const member = new TestMember();
    member.leadCommitted();
    member.core.transferLeadership('b');
    const refused = { ok: false, refusal: 'transferring' };
    assert.deepEqual(member.core.propose([{ kind: 'command', data: bytes('x') }], 1), [refused]);
    assert.deepEqual(member.core.proposeMembership([{ kind: 'remove', id: 'c' }], 1), refused);
  });

  it('is given up after an election timeout, and proposals are taken again', () => {
    const net = threeMembers();
    const leader = net.elect('a');
    net.cutOff('b');
    leader.core.transferLeadership('b');
    net.tick(electionTicks - 1);
    assert.equal(leader.status.transferTarget, 'b');
    net.tick();
    assert.deepEqual([leader.status.role, leader.status.transferTarget], ['leader', '']);
    assert.ok(leader.core.propose([{ kind: 'command', data: bytes('x') }], 1)[0]?.ok);
  });

  it('that is asked for again and again is given up all the same, and does not hold the quorum check up', () => {
    const member = new TestMember();
    member.leadCommitted();
    member.propose('x');
    for (let tick = 0; tick < 2 * electionTicks; tick++) {
      if (member.status.role === 'leader') member.core.transferLeadership('b');
      member.tick();
    }
    assert.notEqual(member.status.role, 'leader');
  });

  it('may be turned to another target', () => {
    const net = threeMembers();
    const leader = net.elect('a');
    net.cutOff('b');
    leader.core.transferLeadership('b');
    net.settle();
    assert.equal(leader.core.transferLeadership('c'), true);
    net.settle();
    assert.equal(net.at('c').status.role, 'leader');
  });

  it('is refused by followers, and for targets that cannot lead', () => {
    const follower = new TestMember();
    assert.equal(follower.core.transferLeadership('b'), false);
    const leader = new TestMember({
      configuration: { voters: ['a', 'b'], votersOutgoing: ['a', 'd'], learners: ['c'] },
    });
    leader.leadCommitted();
    for (const target of ['a', 'c', 'd', 'x']) assert.equal(leader.core.transferLeadership(target), false);
  });

  it('starts no election at a member that may not vote', () => {
    const learner = new TestMember({ id: 'd', configuration: { voters: ['a', 'b'], learners: ['d'] } });
    assert.deepEqual(learner.step({ kind: 'timeoutNow', from: 'a', to: 'd', term: 1 }).messages, []);
    assert.equal(learner.status.role, 'follower');
  });

  it('loses nothing that was committed or proposed before', () => {
    const net = threeMembers();
    const before = net.elect('a');
    before.core.propose([{ kind: 'command', data: bytes('x') }], 1);
    before.core.transferLeadership('c');
    net.settle();
    net.tick(2);
    assert.equal(net.at('c').status.role, 'leader');
    for (const { applied } of net.members.values())
      assert.deepEqual(
        applied.map(({ payload }) => payload.kind),
        ['noop', 'command', 'noop'],
      );
  });
});
