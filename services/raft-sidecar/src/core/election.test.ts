import assert from 'node:assert/strict';
import { appendRequest, ofKind, only, TestMember, TestNetwork } from './testing/member.ts';
import { TEST_OPTIONS } from './testing/memory-log.ts';
import type { PreVoteRequest, VoteRequest } from './types.ts';

const { electionTicks } = TEST_OPTIONS;

function preVoteRequest(parts: Partial<PreVoteRequest>): PreVoteRequest {
  return { kind: 'preVoteRequest', from: 'b', to: 'a', term: 2, lastIndex: 1, lastTerm: 1, ...parts };
}

function voteRequest(parts: Partial<VoteRequest>): VoteRequest {
  return { ...preVoteRequest({}), kind: 'voteRequest', transfer: false, ...parts };
}

function threeMembers(): TestNetwork {
  return new TestNetwork(...['a', 'b', 'c'].map((id) => new TestMember({ id })));
}

describe('pre-vote (thesis §9.6)', () => {
  it('asks for the next term without taking it, and changes nothing at those who agree', () => {
    const net = threeMembers();
    net.passes = ({ kind }) => kind === 'preVoteRequest';
    const request = only(
      net
        .at('a')
        .timeOut()
        .messages.filter(({ to }) => to === 'b'),
      'preVoteRequest',
    );
    assert.equal(request.term, 2);
    assert.equal(net.at('a').status.term, 1);
    const { messages, readies } = net.at('b').step(request);
    const { granted, term } = only(messages, 'preVoteResponse');
    assert.deepEqual([granted, term], [true, 2]);
    assert.ok(readies.every(({ hardState }) => hardState === undefined || hardState.votedFor === ''));
    assert.equal(net.at('b').status.term, 1);
  });

  it('may be granted to several at once', () => {
    const member = new TestMember();
    for (const from of ['b', 'c'])
      assert.ok(only(member.step(preVoteRequest({ from })).messages, 'preVoteResponse').granted);
  });

  it('is refused to a log that is behind, and to a term that is no later', () => {
    const member = new TestMember({ terms: [1, 3] });
    for (const parts of [
      { term: 4, lastIndex: 9, lastTerm: 2 },
      { term: 4, lastIndex: 2, lastTerm: 3 },
      { term: 3, lastIndex: 9, lastTerm: 3 },
      { term: 2, lastIndex: 9, lastTerm: 2 },
    ]) {
      const { granted, term } = only(member.step(preVoteRequest(parts)).messages, 'preVoteResponse');
      assert.deepEqual([granted, term], [false, 3]);
    }
  });

  it('keeps the term of a member that is cut off, so that its return disturbs nobody', () => {
    const net = threeMembers();
    const leader = net.elect('a');
    net.cutOff('c');
    net.tick(20 * electionTicks);
    assert.equal(net.at('c').status.term, 2);
    assert.equal(net.at('c').status.role, 'preCandidate');
    net.passes = () => true;
    net.tick(3 * electionTicks);
    assert.deepEqual([leader.status.role, leader.status.term, net.at('c').status.leader], ['leader', 2, 'a']);
  });

  it('ignores grants for another term than it asks for, and those of an earlier try', () => {
    const member = new TestMember({ term: 4 });
    member.core.campaign();
    member.step({ kind: 'preVoteResponse', from: 'b', to: 'a', term: 4, granted: true });
    member.step({ kind: 'preVoteResponse', from: 'b', to: 'a', term: 9, granted: true });
    assert.deepEqual([member.status.role, member.status.term], ['preCandidate', 4]);
  });

  it('ends when a majority refuses, and a refusal brings a later term along', () => {
    const member = new TestMember({ term: 2 });
    member.core.campaign();
    for (const from of ['b', 'c'])
      member.step({ kind: 'preVoteResponse', from, to: 'a', term: 2, granted: false });
    assert.deepEqual([member.status.role, member.status.term], ['follower', 2]);
    member.core.campaign();
    member.step({ kind: 'preVoteResponse', from: 'b', to: 'a', term: 6, granted: false });
    assert.deepEqual([member.status.role, member.status.term], ['follower', 6]);
  });

  it('elects the one with the longer log though it knew an earlier term, when it alone can win', () => {
    const net = new TestNetwork(
      new TestMember({ id: 'a', terms: [2], term: 2 }),
      new TestMember({ id: 'b', term: 7 }),
    );
    net.tick(6 * electionTicks);
    assert.equal(net.at('a').status.role, 'leader');
  });
});

describe('the lease (thesis §4.2.3)', () => {
  it('of a leader that was just heard makes followers ignore candidates, whatever their term', () => {
    const member = new TestMember();
    member.step(appendRequest({ from: 'c' }));
    member.tick(electionTicks - 1);
    for (const request of [voteRequest({ term: 9 }), preVoteRequest({ term: 9 })])
      assert.deepEqual(member.step(request).messages, []);
    assert.equal(member.status.term, 1);
  });

  it('is over when the leader was silent for an election timeout', () => {
    const member = new TestMember();
    member.step(appendRequest({ from: 'c' }));
    member.tick(electionTicks);
    const { messages } = member.step(voteRequest({ term: 9 }));
    assert.equal(only(messages, 'voteResponse').granted, true);
  });

  it('holds for the leader itself too', () => {
    const member = new TestMember();
    member.leadCommitted();
    assert.deepEqual(member.step(voteRequest({ term: 9, lastIndex: 9, lastTerm: 8 })).messages, []);
    assert.equal(member.status.role, 'leader');
  });

  it('does not hold up an election that the leader asked for', () => {
    const member = new TestMember();
    member.step(appendRequest({ from: 'c' }));
    const { messages } = member.step(voteRequest({ term: 2, transfer: true }));
    assert.equal(only(messages, 'voteResponse').granted, true);
  });

  it('keeps a member that was removed, and does not know it, from deposing the leader', () => {
    const net = threeMembers();
    const leader = net.elect('a');
    net.passes = ({ from, to, kind }) => to !== 'c' && (from !== 'c' || kind === 'voteRequest');
    net.tick(2 * electionTicks);
    net.at('a').step(voteRequest({ from: 'c', to: 'a', term: 50 }));
    net.at('b').step(voteRequest({ from: 'c', to: 'b', term: 50 }));
    assert.deepEqual([leader.status.role, leader.status.term], ['leader', 2]);
  });
});

describe('the quorum check (thesis §6.2)', () => {
  it('makes a leader step down that no majority answered for an election timeout', () => {
    const net = threeMembers();
    const leader = net.elect('a');
    net.cutOff('a');
    net.tick(2 * electionTicks);
    assert.deepEqual([leader.status.role, leader.status.leader, leader.status.term], ['follower', '', 2]);
  });

  it('is content with one other of three', () => {
    const net = threeMembers();
    const leader = net.elect('a');
    net.cutOff('c');
    net.tick(10 * electionTicks);
    assert.equal(leader.status.role, 'leader');
  });

  it('does not count learners', () => {
    const member = new TestMember({ configuration: { voters: ['a', 'b', 'c'], learners: ['d', 'e'] } });
    member.leadCommitted();
    for (let tick = 0; tick < 2 * electionTicks; tick++) {
      member.tick();
      for (const from of ['d', 'e'])
        member.step({ kind: 'heartbeatResponse', from, to: 'a', term: 2, round: 1 });
    }
    assert.notEqual(member.status.role, 'leader');
  });

  it('asks both halves of a joint configuration', () => {
    const run = (heard: readonly string[]): string => {
      const member = new TestMember({
        configuration: { voters: ['a', 'b', 'c'], votersOutgoing: ['a', 'd', 'e'] },
      });
      member.leadCommitted();
      for (let tick = 0; tick < 2 * electionTicks; tick++) {
        member.tick();
        for (const from of heard)
          member.step({ kind: 'heartbeatResponse', from, to: 'a', term: 2, round: 1 });
      }
      return member.status.role;
    };
    assert.equal(run(['b', 'd']), 'leader');
    assert.notEqual(run(['b', 'c']), 'leader');
  });
});

describe('elections', () => {
  it('are won at once by an only voter', () => {
    const member = new TestMember({ voters: ['a'] });
    member.core.campaign();
    assert.equal(member.status.role, 'leader');
    const { committed } = member.drain();
    assert.deepEqual(
      committed.map(({ payload }) => payload.kind),
      ['noop'],
    );
  });

  it('need a majority of both halves of a joint configuration', () => {
    const member = new TestMember({
      configuration: { voters: ['a', 'b', 'c'], votersOutgoing: ['d', 'e', 'f'] },
    });
    member.core.campaign();
    const requests = ofKind(member.drain().messages, 'preVoteRequest').map(({ to }) => to);
    assert.deepEqual(requests, ['b', 'c', 'd', 'e', 'f']);
    const agree = (from: string) =>
      member.step({ kind: 'preVoteResponse', from, to: 'a', term: 2, granted: true });
    for (const id of ['b', 'c', 'd']) agree(id);
    assert.equal(member.status.role, 'preCandidate');
    agree('e');
    assert.equal(member.status.role, 'candidate');
  });

  it('are not started by learners and blank members, which vote for those who do', () => {
    const learner = new TestMember({ id: 'd', configuration: { voters: ['a', 'b'], learners: ['d'] } });
    const blank = new TestMember({ id: 'e', voters: [] });
    for (const member of [learner, blank]) {
      member.core.campaign();
      assert.deepEqual(member.tick(5 * electionTicks).messages, []);
      assert.deepEqual([member.status.role, member.status.term], ['follower', member === blank ? 0 : 1]);
      const { messages } = member.step(voteRequest({ to: member.id }));
      assert.equal(only(messages, 'voteResponse').granted, true, 'it may have become a voter meanwhile');
    }
  });

  it('refuse messages for another member', () => {
    const member = new TestMember();
    assert.deepEqual(member.step(voteRequest({ to: 'x', term: 8 })).messages, []);
    assert.equal(member.status.term, 1);
  });

  it('hold a new leader’s messages back until its term is on disk', () => {
    const member = new TestMember({ configuration: { voters: ['a'], learners: ['b'] } });
    member.core.campaign();
    const ready = member.core.ready();
    assert.deepEqual(ready.messages, []);
    assert.deepEqual([ready.hardState?.term, ready.hardState?.votedFor], [2, 'a']);
    assert.equal(only(ready.messagesAfterPersist, 'appendRequest').term, 2);
  });

  it('tell role and leader once for each change', () => {
    const member = new TestMember();
    member.core.campaign();
    assert.deepEqual(member.core.ready().softState, { role: 'preCandidate', leader: '' });
    member.step(appendRequest({ from: 'c' }));
    member.step(appendRequest({ from: 'c' }));
    assert.deepEqual([member.status.role, member.status.leader], ['follower', 'c']);
    member.core.tick();
    assert.equal(member.drain().readies.filter(({ softState }) => softState).length, 0);
  });

  it('repeat exactly from the same seed', () => {
    const run = (): unknown[] => {
      const net = threeMembers();
      const seen: unknown[] = [];
      for (let tick = 0; tick < 100; tick++) {
        net.tick();
        if (tick % 30 === 29)
          net.cutOff([...net.members.values()].find((m) => m.status.role === 'leader')?.id ?? '');
        seen.push([...net.members.values()].map(({ status }) => [status.role, status.term]));
      }
      return seen;
    };
    assert.deepEqual(run(), run());
  });
});
