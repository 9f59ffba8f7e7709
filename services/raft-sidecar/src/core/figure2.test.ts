/** Figure 2 of the Raft paper (extended version), one test a rule, with the core driven as a function: for every server. */
import assert from 'node:assert/strict';
import {
  appendRequest,
  appendResponse,
  entriesOf,
  entry,
  ofKind,
  only,
  TestMember,
  voteRequest,
} from './testing/member.ts';
import type { Message } from './types.ts';

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
