import assert from 'node:assert/strict';
import { entryBytes } from './log.ts';
import {
  appendRequest,
  appendResponse,
  appendsTo,
  bytes,
  entriesOf,
  entry,
  founding,
  heartbeatAnswer,
  ofKind,
  only,
  progressOf,
  TestMember,
  TestNetwork,
} from './testing/member.ts';
import { TEST_OPTIONS } from './testing/memory-log.ts';

const { heartbeatTicks, appendBytesMax, inflightMessagesMax } = TEST_OPTIONS;

describe('conflict back-off (Raft paper §5.3)', () => {
  /** How many refusals until the follower has the leader's log. */
  function rounds(leaderTerms: number[], followerTerms: number[]): number {
    const net = new TestNetwork(
      new TestMember({ id: 'a', voters: ['a', 'b', 'c'], terms: leaderTerms }),
      new TestMember({
        id: 'b',
        voters: ['a', 'b', 'c'],
        terms: followerTerms,
        term: leaderTerms.at(-1) ?? 1,
      }),
      new TestMember({ id: 'c', voters: ['a', 'b', 'c'], terms: leaderTerms }),
    );
    let refused = 0;
    net.passes = (message) => {
      if (message.kind === 'appendResponse' && message.rejected) refused += 1;
      return true;
    };
    net.elect('a');
    assert.deepEqual(net.at('b').terms, net.at('a').terms);
    return refused;
  }

  it('takes one round for a follower that is only behind', () => {
    assert.equal(rounds([1, 1, 1, 2, 2, 3, 3], []), 1);
  });

  it('takes one round to skip all entries of a term that only the follower has', () => {
    assert.equal(rounds([1, 1, 5, 5, 5, 5], [1, 1, 2, 2, 2, 2]), 1);
    assert.equal(rounds([1, 1, 5, 5, 5, 5], [1, 1, 2, 2, 3, 3, 4, 4]), 1);
  });

  it('takes one round to skip all entries of terms that only the leader has', () => {
    assert.equal(rounds([1, 1, 2, 3, 4, 5, 6, 7], [1, 1]), 1);
  });

  it('takes a round for each conflicting term where the logs interleave', () => {
    assert.ok(rounds([1, 3, 3, 5, 5, 7, 7], [1, 2, 2, 4, 4, 6, 6]) <= 4);
  });

  it('ignores a refusal that is older than what is known since', () => {
    const member = new TestMember({ terms: [1, 1, 1] });
    member.lead();
    member.step(member.ack('b', 5));
    const late = appendResponse({ term: 2, rejected: true, index: 4, hintIndex: 1, hintTerm: 1 });
    assert.deepEqual(member.step(late).messages, []);
    assert.deepEqual([progressOf(member, 'b').state, progressOf(member, 'b').nextIndex], ['replicate', 6]);
  });

  it('never goes back behind what the follower has acknowledged', () => {
    const member = new TestMember({ terms: [1, 1, 1] });
    member.lead();
    member.step(member.ack('b', 4));
    member.propose('x', 'y');
    member.step(appendResponse({ term: 2, rejected: true, index: 6, hintIndex: 1, hintTerm: 1 }));
    assert.equal(appendsTo('b', member.tick(0)).length, 0);
    assert.equal(progressOf(member, 'b').nextIndex >= 5, true);
  });
});

describe('pipelining (thesis §10.2.1)', () => {
  it('sends one probe at a time until a follower is known to match', () => {
    const member = new TestMember();
    member.lead();
    assert.equal(progressOf(member, 'b').state, 'probe');
    assert.deepEqual(appendsTo('b', member.propose('x')), []);
    const answered = appendsTo('b', member.step(member.ack('b', 2)));
    assert.deepEqual(
      answered.map(({ entries }) => entries.map(({ index }) => index)),
      [[3]],
    );
    assert.equal(progressOf(member, 'b').state, 'replicate');
  });

  it('sends on before the acknowledgements, up to the bound of messages under way', () => {
    const member = new TestMember();
    member.leadCommitted();
    for (let sent = 1; sent <= inflightMessagesMax + 3; sent++) {
      const appends = appendsTo('b', member.propose(`${sent}`));
      assert.equal(appends.length, sent <= inflightMessagesMax ? 1 : 0);
    }
    const freed = appendsTo('b', member.step(member.ack('b', 3)));
    assert.deepEqual(
      freed.map(({ entries }) => entries.map(({ index }) => index)),
      [[7, 8, 9]],
      'what has waited travels together',
    );
  });

  it('sends on up to the bound of bytes under way', () => {
    const options = { inflightMessagesMax: 100, inflightBytesMax: 500, appendBytesMax: 1_000 };
    const member = new TestMember({ options });
    member.leadCommitted();
    const text = 'x'.repeat(200);
    let appends = 0;
    for (let sent = 0; sent < 6; sent++) appends += appendsTo('b', member.propose(text)).length;
    assert.equal(appends, 3, 'the bound is reached with the third');
  });

  it('cuts appends to their bound of bytes, and lets a larger entry travel alone', () => {
    const member = new TestMember({ options: { inflightMessagesMax: 100 } });
    member.leadCommitted();
    const large = 'x'.repeat(2 * appendBytesMax);
    const appends = appendsTo('b', member.propose('1', '2', '3', large, '4', '5'));
    assert.deepEqual(
      appends.map(({ entries }) => entries.map(({ index }) => index)),
      [[3, 4, 5], [6], [7, 8]],
    );
    for (const { entries } of appends)
      if (entries.length > 1)
        assert.ok(entries.reduce((sum, each) => sum + entryBytes(each), 0) <= appendBytesMax);
  });

  it('keeps to that bound where the stored log ends and the unwritten tail begins', () => {
    const member = new TestMember({ terms: [1, 1], options: { inflightMessagesMax: 100 } });
    member.lead();
    member.step(appendResponse({ term: 2, rejected: true, index: 3, hintIndex: 1, hintTerm: 1 }));
    member.core.propose([{ kind: 'command', data: new Uint8Array(appendBytesMax - 40) }], 1);
    member.core.step(member.ack('b', 2));
    const sent = appendsTo('b', member.drain()).map(({ entries }) => entries.map(({ index }) => index));
    assert.deepEqual(sent, [[3, 4], [5]]);
  });

  it('probes again when messages may have been lost', () => {
    const member = new TestMember();
    member.leadCommitted();
    member.propose('x', 'y');
    member.core.reportUnreachable('b');
    assert.equal(progressOf(member, 'b').state, 'probe');
    const [probe] = appendsTo('b', member.tick(heartbeatTicks));
    assert.deepEqual(probe?.prevIndex, 2);
    member.core.reportUnreachable('nobody');
  });

  it('finds out with the next heartbeat what was lost on the way', () => {
    const net = new TestNetwork(...['a', 'b', 'c'].map((id) => new TestMember({ id })));
    const leader = net.elect('a');
    net.passes = ({ kind, to }) => kind !== 'appendRequest' || to !== 'b';
    for (const text of ['1', '2', '3']) {
      leader.core.propose([{ kind: 'command', data: bytes(text) }], 1);
      net.settle();
    }
    assert.equal(net.at('b').status.lastIndex, 2);
    net.passes = () => true;
    net.tick(heartbeatTicks);
    assert.equal(net.at('b').status.lastIndex, 5);
    assert.equal(net.at('b').status.commitIndex, 5);
  });

  it('repeats a probe that was lost, also to a follower that has all there is', () => {
    const net = new TestNetwork(...['a', 'b', 'c'].map((id) => new TestMember({ id })));
    const leader = net.elect('a');
    net.passes = ({ kind, to }) => kind !== 'appendRequest' || to !== 'b';
    leader.core.reportUnreachable('b');
    net.tick(heartbeatTicks);
    assert.equal(progressOf(leader, 'b').matchIndex, leader.status.lastIndex);
    assert.equal(progressOf(leader, 'b').state, 'probe');
    net.passes = () => true;
    net.tick(heartbeatTicks);
    assert.equal(progressOf(leader, 'b').state, 'replicate');
  });

  it('opens a full window again whose acknowledgements were lost', () => {
    const net = new TestNetwork(...['a', 'b', 'c'].map((id) => new TestMember({ id })));
    const leader = net.elect('a');
    net.passes = ({ kind, from }) => kind !== 'appendResponse' || from !== 'b';
    for (let sent = 0; sent < 2 * inflightMessagesMax; sent++) {
      leader.core.propose([{ kind: 'command', data: bytes(`${sent}`) }], 1);
      net.settle();
    }
    net.passes = () => true;
    net.tick(2 * heartbeatTicks);
    assert.equal(net.at('b').status.lastIndex, leader.status.lastIndex);
    assert.equal(progressOf(leader, 'b').matchIndex, leader.status.lastIndex);
  });

  it('checks for losses once a heartbeat, however many rounds reads make', () => {
    const member = new TestMember();
    member.leadCommitted();
    member.propose('x');
    member.tick(heartbeatTicks);
    assert.equal(appendsTo('b', heartbeatAnswer(member, 'b', 2)).length, 1);
    for (let round = 3; round < 20; round++)
      assert.equal(appendsTo('b', heartbeatAnswer(member, 'b', round)).length, 0);
  });
});

describe('the commit index', () => {
  it('travels to idle followers at once, and they need not answer', () => {
    const member = new TestMember();
    member.leadCommitted();
    member.propose('x');
    const told = ofKind(member.step(member.ack('b')).messages, 'appendRequest');
    assert.deepEqual(
      told.map(({ to, entries, commitIndex, round }) => [to, entries.length, commitIndex, round]),
      [
        ['b', 0, 3, 0],
        ['c', 0, 3, 0],
      ],
    );
    const follower = new TestMember({ id: 'b', terms: [2, 2] });
    const { messages, committed } = follower.step(...told.filter(({ to }) => to === 'b'));
    assert.deepEqual(messages, []);
    assert.deepEqual(
      committed.map(({ index }) => index),
      [2, 3],
    );
    const behind = new TestMember({ id: 'c', term: 2 });
    assert.equal(
      only(behind.step(...told.filter(({ to }) => to === 'c')).messages, 'appendResponse').rejected,
      true,
    );
  });

  it('travels with the next entries where there are some', () => {
    const member = new TestMember();
    member.leadCommitted();
    member.propose('x');
    member.core.step(member.ack('b'));
    const appends = appendsTo('b', member.propose('y'));
    assert.deepEqual(
      appends.map(({ entries, commitIndex }) => [entries.length, commitIndex]),
      [[1, 3]],
    );
  });

  it('in a heartbeat is never beyond what the follower is known to hold', () => {
    const member = new TestMember();
    member.leadCommitted();
    member.propose('x');
    member.step(member.ack('b'));
    const beats = ofKind(member.tick(heartbeatTicks).messages, 'heartbeatRequest');
    assert.deepEqual(
      beats.map(({ to, commitIndex }) => [to, commitIndex]),
      [
        ['b', 3],
        ['c', 2],
      ],
    );
  });

  it('is taken by a follower from a heartbeat, as far as its own log goes', () => {
    const member = new TestMember({ terms: [1, 1] });
    member.step({ kind: 'heartbeatRequest', from: 'b', to: 'a', term: 1, commitIndex: 3, round: 4 });
    assert.equal(member.status.commitIndex, 3);
  });

  it('needs a majority of voters; learners do not count', () => {
    const member = new TestMember({ configuration: { voters: ['a', 'b', 'c'], learners: ['d', 'e'] } });
    member.leadCommitted();
    member.propose('x');
    member.step(member.ack('d'), member.ack('e'));
    assert.equal(member.status.commitIndex, 2);
    member.step(member.ack('b'));
    assert.equal(member.status.commitIndex, 3);
  });

  it('is where a follower stands by its log: an append from before it is answered with it', () => {
    const member = new TestMember({ terms: [1, 1, 1], commitIndex: 3 });
    const { messages } = member.step(
      appendRequest({ term: 2, prevIndex: 1, entries: [entry(2, 2), entry(3, 2)], commitIndex: 3 }),
    );
    const { rejected, index } = only(messages, 'appendResponse');
    assert.deepEqual([rejected, index], [false, 3]);
    assert.deepEqual(member.terms, [1, 1, 1, 1]);
  });

  it('ignores a report of what was written in another term', () => {
    const member = new TestMember();
    member.leadCommitted();
    member.core.propose([{ kind: 'command', data: bytes('x') }], 1);
    member.core.step(member.ack('b', 3));
    member.core.persisted({ lastIndex: 3, lastTerm: 1 });
    assert.equal(member.status.commitIndex, 2);
  });

  it('is handed out in pages of a bounded size', () => {
    const member = new TestMember({ options: { committedBytesMax: 100 } });
    const { readies } = member.step(
      appendRequest({ entries: entriesOf([1, 1, 1, 1, 1], 2), commitIndex: 6 }),
    );
    const pages = readies.map(({ committed }) => committed.map(({ index }) => index));
    assert.deepEqual(pages, [[2, 3], [4, 5], [6]]);
  });

  it('is not handed out again after a restart', () => {
    const member = new TestMember({ terms: [1, 1, 1], commitIndex: 3 });
    member.restart(2);
    assert.deepEqual(
      member.drain().committed.map(({ index }) => index),
      [3],
    );
  });
});

describe('proposals', () => {
  const command = (length: number) => ({ kind: 'command', data: new Uint8Array(length) }) as const;

  it('are refused by all but the leader', () => {
    const member = new TestMember();
    assert.deepEqual(member.core.propose([command(1), command(1)], 1), [
      { ok: false, refusal: 'notLeader' },
      { ok: false, refusal: 'notLeader' },
    ]);
  });

  it('carry the leader’s clock, which never goes back in the log', () => {
    const member = new TestMember();
    member.leadCommitted();
    const times = [5_000, 4_000, 6_000].map((nowMs) => {
      member.core.propose([command(1)], nowMs);
      return member.drain().readies[0]?.entries[0]?.timestampMs;
    });
    assert.deepEqual(times, [5_000, 5_000, 6_000]);
  });

  it('follow the clock of the log, not of entries that were replaced', () => {
    const member = new TestMember();
    const [future] = entriesOf([1], 2);
    member.step(appendRequest({ entries: [{ ...(future as typeof future & object), timestampMs: 9e12 }] }));
    member.step(appendRequest({ term: 2, entries: [{ ...entry(2, 2), timestampMs: 500 }], commitIndex: 2 }));
    member.leadCommitted();
    member.core.propose([command(1)], 700);
    assert.equal(member.drain().readies[0]?.entries[0]?.timestampMs, 700);
  });

  it('are refused while too many bytes are uncommitted, and taken again once they are', () => {
    const member = new TestMember({ options: { uncommittedBytesMax: 300 } });
    member.leadCommitted();
    const results = member.core.propose([command(200), command(200), command(20)], 1);
    assert.deepEqual(results, [
      { ok: true, index: 3, term: 2 },
      { ok: false, refusal: 'overloaded' },
      { ok: true, index: 4, term: 2 },
    ]);
    member.drain();
    member.step(member.ack('b'));
    assert.equal(member.core.propose([command(200)], 1)[0]?.ok, true);
  });

  it('of more than the bound are taken while nothing else is uncommitted', () => {
    const member = new TestMember({ options: { uncommittedBytesMax: 300 } });
    member.leadCommitted();
    assert.equal(member.core.propose([command(1_000)], 1)[0]?.ok, true);
  });

  it('are commands and checkpoints; what is the core’s own is a bug of the caller', () => {
    const member = new TestMember();
    member.leadCommitted();
    assert.equal(member.core.propose([{ kind: 'checkpoint', data: bytes('d') }], 1)[0]?.ok, true);
    assert.throws(() => member.core.propose([{ kind: 'noop' }], 1), /I9/);
    const { payload } = founding({ voters: ['x'] });
    assert.throws(() => member.core.propose([payload], 1), /I9/);
  });
});
