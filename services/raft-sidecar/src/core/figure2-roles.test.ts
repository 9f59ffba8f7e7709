/** Figure 2 of the Raft paper, the rules for followers, candidates and leaders, and Figure 8; see figure2.test.ts. */
import assert from 'node:assert/strict';
import {
  appendRequest,
  appendResponse,
  bytes,
  entry,
  ofKind,
  only,
  TestMember,
  TestNetwork,
  voteRequest,
} from './testing/member.ts';
import { TEST_OPTIONS } from './testing/memory-log.ts';
import type { VoteRequest } from './types.ts';

const { electionTicks } = TEST_OPTIONS;

describe('Figure 2: rules for followers', () => {
  it('answer candidates and leaders, and start nothing themselves before the timeout (§5.2)', () => {
    const member = new TestMember();
    assert.deepEqual(member.tick(electionTicks - 1).messages, []);
    assert.equal(member.step(appendRequest({})).messages.length, 1);
  });

  it('start an election when they hear no leader for their timeout (§5.2)', () => {
    const member = new TestMember();
    const { messages } = member.timeOut();
    assert.equal(member.status.role, 'preCandidate');
    assert.equal(ofKind(messages, 'preVoteRequest').length, 2);
  });

  it('wait anew after every message from the leader (§5.2)', () => {
    const member = new TestMember();
    for (let round = 1; round < 5; round++) {
      member.tick(electionTicks - 1);
      member.step({ kind: 'heartbeatRequest', from: 'b', to: 'a', term: 1, commitIndex: 1, round });
    }
    assert.equal(member.status.role, 'follower');
  });

  it('wait anew after a vote that they granted, not after one that they refused (§5.2)', () => {
    const ticksToElection = (candidate: Partial<VoteRequest> | undefined): number => {
      const member = new TestMember({ terms: [3], term: 4 });
      let ticks = 0;
      for (; member.status.role === 'follower'; ticks++) {
        if (candidate && ticks === electionTicks - 1) member.step(voteRequest({ term: 4, ...candidate }));
        member.core.tick();
      }
      return ticks;
    };
    const undisturbed = ticksToElection(undefined);
    assert.equal(ticksToElection({ lastIndex: 2, lastTerm: 3 }), undisturbed + electionTicks - 1);
    assert.equal(ticksToElection({ lastIndex: 1, lastTerm: 1 }), undisturbed);
  });
});

describe('Figure 2: rules for candidates', () => {
  it('raise the term, vote for themselves, start the timer anew and ask all others (§5.2)', () => {
    const member = new TestMember({ terms: [1, 3] });
    member.timeOut();
    const { messages } = member.step({
      kind: 'preVoteResponse',
      from: 'b',
      to: 'a',
      term: 4,
      granted: true,
    });
    assert.equal(member.status.role, 'candidate');
    assert.deepEqual(member.hardState, { term: 4, votedFor: 'a', commitIndex: 1 });
    assert.deepEqual(
      ofKind(messages, 'voteRequest').map(({ to, term, lastIndex, lastTerm }) => [
        to,
        term,
        lastIndex,
        lastTerm,
      ]),
      [
        ['b', 4, 3, 3],
        ['c', 4, 3, 3],
      ],
    );
    assert.deepEqual(member.tick(electionTicks - 1).messages, [], 'a whole timeout to win in');
  });

  it('lead once a majority voted for them, not before (§5.2)', () => {
    const member = new TestMember({ voters: ['a', 'b', 'c', 'd', 'e'] });
    member.core.campaign();
    member.step(
      ...['b', 'c'].map(
        (from) => ({ kind: 'preVoteResponse', from, to: 'a', term: 2, granted: true }) as const,
      ),
    );
    const vote = (from: string, granted: boolean) =>
      member.step({ kind: 'voteResponse', from, to: 'a', term: 2, granted });
    vote('b', true);
    vote('b', true);
    vote('d', false);
    assert.equal(member.status.role, 'candidate', 'a vote counts once');
    vote('c', true);
    assert.equal(member.status.role, 'leader');
  });

  it('follow a leader of their term (§5.2)', () => {
    const member = new TestMember();
    member.core.campaign();
    member.step({ kind: 'preVoteResponse', from: 'b', to: 'a', term: 2, granted: true });
    member.step(appendRequest({ term: 2, from: 'c' }));
    const { role, leader, term } = member.status;
    assert.deepEqual([role, leader, term], ['follower', 'c', 2]);
  });

  it('start another election when theirs ends without a winner (§5.2)', () => {
    const member = new TestMember();
    member.core.campaign();
    member.step({ kind: 'preVoteResponse', from: 'b', to: 'a', term: 2, granted: true });
    const { messages } = member.tick(2 * electionTicks);
    assert.ok(ofKind(messages, 'preVoteRequest').every(({ term }) => term === 3));
    assert.ok(ofKind(messages, 'preVoteRequest').length >= 2);
  });

  it('draw their timeout anew, anywhere in [T, 2T) (§5.2)', () => {
    const drawn = new Set<number>();
    const member = new TestMember();
    for (let election = 0; election < 200; election++) {
      let ticks = 0;
      do {
        member.core.tick();
        ticks += 1;
      } while (ofKind(member.drain().messages, 'preVoteRequest').length === 0);
      drawn.add(ticks);
    }
    assert.ok(Math.min(...drawn) >= electionTicks && Math.max(...drawn) < 2 * electionTicks);
    assert.equal(drawn.size, electionTicks, 'every value comes up');
  });
});

describe('Figure 2: rules for leaders', () => {
  it('say so to everybody at once, and again while nothing happens (§5.2)', () => {
    const member = new TestMember();
    const first = member.lead();
    assert.deepEqual(
      ofKind(first.messages, 'appendRequest').map(({ to, term }) => [to, term]),
      [
        ['b', 2],
        ['c', 2],
      ],
    );
    for (const id of ['b', 'c']) member.step(member.ack(id));
    const idle = member.tick(5);
    assert.equal(ofKind(idle.messages, 'heartbeatRequest').length, 10);
  });

  it('append a command, and hand it out only when a majority has it (§5.3)', () => {
    const member = new TestMember();
    member.leadCommitted();
    const proposed = member.propose('x');
    assert.deepEqual(
      proposed.readies[0]?.entries.map(({ index, payload }) => ({ index, payload })),
      [{ index: 3, payload: { kind: 'command', data: bytes('x') } }],
    );
    assert.deepEqual(proposed.committed, []);
    const { committed } = member.step(member.ack('b'));
    assert.deepEqual(
      committed.map(({ index }) => index),
      [3],
    );
  });

  it('count themselves only when their own disk has it (§5.3, thesis §10.2.1)', () => {
    const member = new TestMember();
    member.leadCommitted();
    member.core.propose([{ kind: 'command', data: bytes('x') }], 1);
    const ready = member.core.ready();
    assert.equal(ofKind(ready.messages, 'appendRequest').length, 2, 'followers write meanwhile');
    member.core.step(member.ack('b', 3));
    assert.equal(member.status.commitIndex, 2);
    member.write(ready);
    member.core.persisted({ lastIndex: 3, lastTerm: 2 });
    assert.equal(member.status.commitIndex, 3);
  });

  it('commit without their own disk once all others that are needed have it (thesis §10.2.1)', () => {
    const member = new TestMember();
    member.leadCommitted();
    member.core.propose([{ kind: 'command', data: bytes('x') }], 1);
    member.core.ready();
    member.core.step(member.ack('b', 3));
    member.core.step(member.ack('c', 3));
    assert.equal(member.status.commitIndex, 3);
  });

  it('send what a follower lacks, from nextIndex on (§5.3)', () => {
    const member = new TestMember({ terms: [1, 1] });
    const { messages } = member.lead();
    for (const { prevIndex, prevTerm, entries } of ofKind(messages, 'appendRequest'))
      assert.deepEqual([prevIndex, prevTerm, entries.map(({ index }) => index)], [3, 1, [4]]);
  });

  it('on success: note how far the follower is (§5.3)', () => {
    const member = new TestMember({ terms: [1, 1] });
    member.lead();
    member.step(member.ack('b', 4));
    const progress = member.status.members.find(({ id }) => id === 'b');
    assert.deepEqual([progress?.matchIndex, progress?.nextIndex], [4, 5]);
  });

  it('on refusal: go back and try again (§5.3)', () => {
    const member = new TestMember({ terms: [1, 1] });
    member.lead();
    const { messages } = member.step(
      appendResponse({ term: 2, rejected: true, index: 3, hintIndex: 1, hintTerm: 1 }),
    );
    const { prevIndex, entries } = only(messages, 'appendRequest');
    assert.deepEqual([prevIndex, entries.map(({ index }) => index)], [1, [2, 3, 4]]);
  });

  it('commit by counting only entries of their own term, and all before with them (§5.4.2)', () => {
    const member = new TestMember({ terms: [2, 2], term: 3 });
    member.lead();
    member.step(member.ack('b', 3));
    assert.equal(member.status.commitIndex, 1, 'a majority has entry 3, of an earlier term');
    const { committed } = member.step(member.ack('b', 4));
    assert.deepEqual(
      committed.map(({ index }) => index),
      [2, 3, 4],
    );
  });
});

describe('Figure 8 (§5.4.2)', () => {
  it('an entry of an earlier term on a majority may still be replaced, so it is not committed', () => {
    const voters = ['a', 'b', 'c', 'd', 'e'];
    // (c): a led term 2 and has its entry on a, b, c; e led term 3 and has its own entry at the same place.
    const net = new TestNetwork(
      new TestMember({ id: 'a', voters, terms: [2], term: 3 }),
      new TestMember({ id: 'b', voters, terms: [2], term: 3 }),
      new TestMember({ id: 'c', voters, term: 3 }),
      new TestMember({ id: 'd', voters, term: 3 }),
      new TestMember({ id: 'e', voters, terms: [3], term: 3 }),
    );
    // a leads term 4 and brings entry 2 to c; its own entry of term 4 reaches nobody.
    net.passes = (message) =>
      ![message.from, message.to].includes('e') &&
      !(message.kind === 'appendRequest' && message.entries.some(({ term }) => term === 4));
    const a = net.elect('a');
    a.step(appendResponse({ from: 'c', term: 4, rejected: true, index: 2, hintIndex: 1, hintTerm: 1 }));
    net.at('c').step(appendRequest({ from: 'a', to: 'c', term: 4, entries: [entry(2, 2)] }));
    a.step(a.ack('b', 2), a.ack('c', 2));
    assert.equal(a.status.commitIndex, 1, 'entry 2 is on a, b and c, and still not committed');
    // (d): e wins with the votes of c and d, whose last terms are earlier, and replaces it.
    net.passes = () => false;
    net.tick(electionTicks);
    net.cutOff('a');
    net.at('e').core.campaign();
    net.settle();
    assert.equal(net.at('e').status.term, 4, 'it learns the term');
    net.elect('e');
    for (const id of ['b', 'c', 'd', 'e']) {
      assert.equal(net.at(id).log.term(2), 3);
      assert.equal(net.at(id).status.commitIndex, 3);
    }
    net.passes = () => true;
    net.tick(electionTicks);
    assert.equal(a.log.term(2), 3);
  });

  it('an entry of the own term on a majority is committed, and whoever lacks it cannot win', () => {
    const voters = ['a', 'b', 'c'];
    const net = new TestNetwork(
      new TestMember({ id: 'a', voters, terms: [2], term: 2 }),
      new TestMember({ id: 'b', voters, terms: [2], term: 2 }),
      new TestMember({ id: 'c', voters, terms: [2], term: 2 }),
    );
    net.cutOff('c');
    const a = net.elect('a');
    assert.equal(a.status.commitIndex, 3);
    net.cutOff('a');
    net.tick(electionTicks);
    net.at('c').core.campaign();
    net.settle();
    assert.notEqual(net.at('c').status.role, 'leader');
    net.tick(4 * electionTicks);
    assert.equal(net.at('b').status.role, 'leader');
  });
});
