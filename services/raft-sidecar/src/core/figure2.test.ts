/** Figure 2 of the Raft paper (extended version), one test a rule, with the core driven as a function. */
import assert from 'node:assert/strict';
import {
  appendRequest,
  appendResponse,
  bytes,
  entriesOf,
  entry,
  ofKind,
  only,
  TestMember,
  TestNetwork,
} from './testing/member.ts';
import { TEST_OPTIONS } from './testing/memory-log.ts';
import type { Message, VoteRequest } from './types.ts';

const { electionTicks } = TEST_OPTIONS;

function voteRequest(parts: Partial<VoteRequest>): VoteRequest {
  return {
    kind: 'voteRequest',
    from: 'b',
    to: 'a',
    term: 2,
    lastIndex: 1,
    lastTerm: 1,
    transfer: false,
    ...parts,
  };
}

describe('Figure 2: state', () => {
  it('currentTerm is 0 on first boot and rises only (§5.1)', () => {
    const member = new TestMember({ voters: [] });
    assert.equal(member.status.term, 0);
    member.step(appendRequest({ term: 5, prevIndex: 0, prevTerm: 0, commitIndex: 0 }));
    assert.equal(member.status.term, 5);
    member.step(appendRequest({ term: 3, prevIndex: 0, prevTerm: 0, commitIndex: 0 }));
    assert.equal(member.status.term, 5);
  });

  it('currentTerm and votedFor are on disk before the vote is told (§5.2)', () => {
    const member = new TestMember();
    member.core.step(voteRequest({}));
    const ready = member.core.ready();
    assert.deepEqual(ready.messages, []);
    assert.deepEqual(ready.hardState, { term: 2, votedFor: 'b', commitIndex: 1 });
    assert.equal(only(ready.messagesAfterPersist, 'voteResponse').granted, true);
  });

  it('a candidate’s own vote is on disk before it asks for others (§5.2)', () => {
    const member = new TestMember();
    member.core.campaign();
    member.drain();
    member.core.step({ kind: 'preVoteResponse', from: 'b', to: 'a', term: 2, granted: true });
    const ready = member.core.ready();
    assert.deepEqual(ready.messages, []);
    assert.deepEqual(ready.hardState, { term: 2, votedFor: 'a', commitIndex: 1 });
    assert.equal(ofKind(ready.messagesAfterPersist, 'voteRequest').length, 2);
  });

  it('log[] is on disk before its entries are acknowledged (§5.3)', () => {
    const member = new TestMember();
    member.core.step(appendRequest({ entries: entriesOf([1, 1], 2) }));
    const ready = member.core.ready();
    assert.deepEqual(
      ready.entries.map(({ index }) => index),
      [2, 3],
    );
    assert.deepEqual(ready.messages, []);
    assert.equal(only(ready.messagesAfterPersist, 'appendResponse').index, 3);
  });

  it('a vote and a term survive a crash (§5.2)', () => {
    const member = new TestMember();
    member.step(voteRequest({ from: 'b' }));
    member.restart();
    const { messages } = member.step(voteRequest({ from: 'c' }));
    assert.equal(only(messages, 'voteResponse').granted, false);
    assert.equal(member.status.term, 2);
  });

  it('commitIndex and lastApplied rise only (§5.3)', () => {
    const member = new TestMember({ terms: [1, 1, 1] });
    member.step(appendRequest({ prevIndex: 4, commitIndex: 4 }));
    assert.equal(member.status.commitIndex, 4);
    const { committed } = member.step(appendRequest({ prevIndex: 4, commitIndex: 2 }));
    assert.deepEqual(committed, []);
    assert.equal(member.status.commitIndex, 4);
  });

  it('nextIndex[] starts at the leader’s last index + 1 and matchIndex[] at 0, at every election (§5.3)', () => {
    const member = new TestMember({ terms: [1, 1] });
    for (const [term, nextIndex] of [
      [2, 4],
      [4, 5],
    ] as const) {
      member.lead();
      assert.equal(member.status.term, term);
      for (const progress of member.status.members)
        assert.deepEqual([progress.nextIndex, progress.matchIndex], [nextIndex, 0]);
      member.step(appendRequest({ term: term + 1, prevIndex: 3, prevTerm: 1 }));
    }
  });
});

describe('Figure 2: AppendEntries RPC', () => {
  it('1. replies false if term < currentTerm, and says its own (§5.1)', () => {
    const member = new TestMember({ terms: [1], term: 7 });
    const { messages } = member.step(
      appendRequest({ term: 6, prevIndex: 2, entries: [entry(3, 6)], commitIndex: 3 }),
    );
    assert.deepEqual(
      messages.map(({ kind, to, term }) => ({ kind, to, term })),
      [{ kind: 'heartbeatResponse', to: 'b', term: 7 }],
    );
    assert.equal(member.status.lastIndex, 2);
    assert.equal(member.status.commitIndex, 1);
    assert.equal(member.status.leader, '');
  });

  it('2. replies false if it has no entry at prevLogIndex (§5.3)', () => {
    const member = new TestMember({ terms: [1] });
    const { messages } = member.step(appendRequest({ prevIndex: 5, entries: [entry(6, 1)] }));
    const { rejected, index, hintIndex, hintTerm } = only(messages, 'appendResponse');
    assert.deepEqual([rejected, index, hintIndex, hintTerm], [true, 5, 2, 1]);
    assert.equal(member.status.lastIndex, 2);
  });

  it('2. replies false if its entry at prevLogIndex is of another term (§5.3)', () => {
    const member = new TestMember({ terms: [1, 2] });
    const { messages } = member.step(
      appendRequest({ term: 3, prevIndex: 3, prevTerm: 3, entries: [entry(4, 3)] }),
    );
    assert.equal(only(messages, 'appendResponse').rejected, true);
    assert.deepEqual(member.terms, [1, 1, 2]);
  });

  it('3. deletes a conflicting entry and all that follow it (§5.3)', () => {
    const member = new TestMember({ terms: [1, 2, 2, 2] });
    const { messages } = member.step(
      appendRequest({ term: 3, prevIndex: 2, prevTerm: 1, entries: [entry(3, 3)] }),
    );
    assert.deepEqual(member.terms, [1, 1, 3]);
    assert.equal(only(messages, 'appendResponse').index, 3);
  });

  it('4. appends what is new, and keeps what matches, also behind a late and shorter append (§5.3)', () => {
    const member = new TestMember({ terms: [1] });
    member.step(appendRequest({ prevIndex: 1, entries: entriesOf([1, 1, 1], 2) }));
    assert.deepEqual(member.terms, [1, 1, 1, 1]);
    const { messages } = member.step(appendRequest({ prevIndex: 1, entries: entriesOf([1], 2) }));
    assert.deepEqual(member.terms, [1, 1, 1, 1]);
    assert.equal(only(messages, 'appendResponse').index, 2, 'only what this append proves');
  });

  it('5. sets commitIndex to min(leaderCommit, index of the last new entry) (§5.3)', () => {
    const member = new TestMember({ terms: [1, 1, 1] });
    const request = appendRequest({ term: 2, prevIndex: 2, entries: entriesOf([1], 3) });
    const first = member.step({ ...request, commitIndex: 9 });
    assert.equal(member.status.commitIndex, 3, 'entry 4 may differ from the leader’s');
    assert.deepEqual(
      first.committed.map(({ index }) => index),
      [2, 3],
    );
    member.step(appendRequest({ term: 2, prevIndex: 4, commitIndex: 4 }));
    assert.equal(member.status.commitIndex, 4);
  });
});

describe('Figure 2: RequestVote RPC', () => {
  it('1. replies false if term < currentTerm, and says its own (§5.1)', () => {
    const member = new TestMember({ term: 5 });
    const { messages } = member.step(voteRequest({ term: 4 }));
    const { granted, term } = only(messages, 'voteResponse');
    assert.deepEqual([granted, term], [false, 5]);
    assert.equal(member.hardState.votedFor, '');
  });

  it('2. grants its vote if it has none given in this term, or gave it to the same candidate (§5.2)', () => {
    const member = new TestMember();
    for (const [from, granted] of [
      ['b', true],
      ['c', false],
      ['b', true],
    ] as const)
      assert.equal(only(member.step(voteRequest({ from })).messages, 'voteResponse').granted, granted);
  });

  const logs: readonly [string, number, number, boolean][] = [
    ['a later last term, though shorter', 1, 4, true],
    ['an earlier last term, though longer', 9, 2, false],
    ['the same last term and the same length', 3, 3, true],
    ['the same last term and longer', 4, 3, true],
    ['the same last term and shorter', 2, 3, false],
  ];
  for (const [what, lastIndex, lastTerm, granted] of logs)
    it(`2. ${granted ? 'grants' : 'refuses'} a log with ${what} (§5.4.1)`, () => {
      const member = new TestMember({ terms: [1, 3] });
      const { messages } = member.step(voteRequest({ term: 9, lastIndex, lastTerm }));
      assert.equal(only(messages, 'voteResponse').granted, granted);
      assert.equal(member.hardState.votedFor, granted ? 'b' : '');
    });
});

describe('Figure 2: rules for all servers', () => {
  it('commitIndex > lastApplied: applies entries in order, each once (§5.3)', () => {
    const member = new TestMember();
    member.step(appendRequest({ entries: entriesOf([1, 1, 1], 2), commitIndex: 3 }));
    member.step(appendRequest({ prevIndex: 4, commitIndex: 4 }));
    assert.deepEqual(
      member.applied.map(({ index }) => index),
      [2, 3, 4],
    );
  });

  const envelope = { from: 'b', to: 'a', term: 9 } as const;
  const metadata = {
    index: 5,
    term: 2,
    timestampMs: 0,
    configurationIndex: 1,
    configuration: new TestMember().status.configuration,
  };
  const laterTerm: readonly Message[] = [
    appendRequest(envelope),
    appendResponse(envelope),
    { ...envelope, kind: 'heartbeatRequest', commitIndex: 1, round: 1 },
    { ...envelope, kind: 'heartbeatResponse', round: 1 },
    { ...envelope, kind: 'snapshotOffer', metadata },
    { ...envelope, kind: 'snapshotResponse', index: 1, rejected: true },
    { ...envelope, kind: 'voteResponse', granted: false },
    { ...envelope, kind: 'preVoteResponse', granted: false },
    voteRequest({ ...envelope, transfer: true }),
  ];
  for (const message of laterTerm)
    it(`a later term in a ${message.kind} makes a leader a follower of that term (§5.1)`, () => {
      const member = new TestMember();
      member.leadCommitted();
      member.step(message);
      assert.equal(member.status.role, 'follower');
      assert.equal(member.status.term, 9);
      assert.equal(member.hardState.term, 9);
    });
});

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
