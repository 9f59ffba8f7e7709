import assert from 'node:assert/strict';
import { appendRequest, bytes, type Effects, ofKind, TestMember, TestNetwork } from './testing/member.ts';
import { TEST_OPTIONS } from './testing/memory-log.ts';
import type { HeartbeatRequest } from './types.ts';

const { electionTicks, heartbeatTicks, pendingReadsMax } = TEST_OPTIONS;

function read(member: TestMember, ...requestIds: number[]): Effects {
  for (const requestId of requestIds) assert.deepEqual(member.core.readIndex(requestId), { ok: true });
  return member.drain();
}

/** The round that the reads wait for. */
function roundOf(effects: Effects): number {
  const beats: HeartbeatRequest[] = ofKind(effects.messages, 'heartbeatRequest');
  const [first] = beats;
  assert.ok(first && beats.every(({ round }) => round === first.round));
  return first.round;
}

function answer(member: TestMember, from: string, round: number): Effects {
  return member.step({ kind: 'heartbeatResponse', from, to: member.id, term: member.status.term, round });
}

describe('read indexes (thesis §6.4)', () => {
  it('are given out once a quorum has confirmed the leader in a round that began after the read', () => {
    const member = new TestMember();
    member.leadCommitted();
    const earlier = roundOf(member.tick(heartbeatTicks));
    const round = roundOf(read(member, 7));
    assert.ok(round > earlier);
    assert.deepEqual(answer(member, 'b', earlier).reads, [], 'an answer from before the read proves nothing');
    assert.deepEqual(answer(member, 'b', round).reads, [{ requestId: 7, index: 2 }]);
  });

  it('are confirmed by answers to later rounds too, and by acknowledged entries', () => {
    const member = new TestMember();
    member.leadCommitted();
    read(member, 1);
    const later = roundOf(member.tick(heartbeatTicks));
    assert.deepEqual(answer(member, 'c', later).reads, [{ requestId: 1, index: 2 }]);
    const next = roundOf(read(member, 2));
    member.propose('x');
    const { reads } = member.step(member.ack('b', 3, next));
    assert.deepEqual(reads, [{ requestId: 2, index: 2 }]);
  });

  it('share a round when they come together', () => {
    const member = new TestMember();
    member.leadCommitted();
    const effects = read(member, 1, 2, 3);
    assert.equal(ofKind(effects.messages, 'heartbeatRequest').length, 2);
    assert.deepEqual(
      answer(member, 'b', roundOf(effects)).reads.map(({ requestId }) => requestId),
      [1, 2, 3],
    );
  });

  it('need a round of their own when they come after the others’ began', () => {
    const member = new TestMember();
    member.leadCommitted();
    const first = roundOf(read(member, 1));
    const second = roundOf(read(member, 2));
    assert.ok(second > first);
    assert.deepEqual(
      answer(member, 'b', first).reads.map(({ requestId }) => requestId),
      [1],
    );
    assert.deepEqual(
      answer(member, 'b', second).reads.map(({ requestId }) => requestId),
      [2],
    );
  });

  it('are the commit index of when they came, at least', () => {
    const member = new TestMember();
    member.leadCommitted();
    member.propose('x');
    member.step(member.ack('b'));
    const round = roundOf(read(member, 1));
    assert.deepEqual(answer(member, 'c', round).reads, [{ requestId: 1, index: 3 }]);
  });

  it('wait until the first entry of the term is committed', () => {
    const member = new TestMember({ terms: [1, 1] });
    member.lead();
    const round = roundOf(read(member, 1));
    assert.deepEqual(answer(member, 'b', round).reads, []);
    assert.deepEqual(member.step(member.ack('b', 4, 1)).reads, [{ requestId: 1, index: 4 }]);
  });

  it('need both halves of a joint configuration', () => {
    const member = new TestMember({
      configuration: { voters: ['a', 'b', 'c'], votersOutgoing: ['a', 'd', 'e'] },
    });
    member.leadCommitted();
    const round = roundOf(read(member, 1));
    answer(member, 'b', round);
    assert.deepEqual(answer(member, 'c', round).reads, []);
    assert.equal(answer(member, 'e', round).reads.length, 1);
  });

  it('are not confirmed by learners', () => {
    const member = new TestMember({ configuration: { voters: ['a', 'b', 'c'], learners: ['d', 'e'] } });
    member.leadCommitted();
    const round = roundOf(read(member, 1));
    answer(member, 'd', round);
    assert.deepEqual(answer(member, 'e', round).reads, []);
  });

  it('of an only voter need nobody else, but its first entry on disk', () => {
    const member = new TestMember({ voters: ['a'] });
    member.core.campaign();
    member.core.readIndex(1);
    assert.deepEqual(member.core.ready().readStates, []);
    const alone = new TestMember({ voters: ['a'] });
    alone.core.campaign();
    alone.drain();
    assert.deepEqual(read(alone, 2).reads, [{ requestId: 2, index: 2 }]);
  });

  it('do not hold up an only voter that has learners', () => {
    const member = new TestMember({ configuration: { voters: ['a'], learners: ['b'] } });
    member.core.campaign();
    member.drain();
    assert.deepEqual(read(member, 1).reads, [{ requestId: 1, index: 2 }]);
  });

  it('are refused by followers', () => {
    const member = new TestMember();
    assert.deepEqual(member.core.readIndex(1), { ok: false, refusal: 'notLeader' });
  });

  it('are refused at the bound of those that wait', () => {
    const member = new TestMember();
    member.leadCommitted();
    for (let requestId = 0; requestId < pendingReadsMax; requestId++) member.core.readIndex(requestId);
    assert.deepEqual(member.core.readIndex(pendingReadsMax), { ok: false, refusal: 'overloaded' });
    assert.equal(answer(member, 'b', roundOf(member.drain())).reads.length, pendingReadsMax);
    assert.deepEqual(member.core.readIndex(1), { ok: true });
  });

  it('are given up when leadership is lost', () => {
    const member = new TestMember();
    member.leadCommitted();
    read(member, 1, 2);
    const { aborted, reads } = member.step(appendRequest({ term: 3, prevIndex: 2, prevTerm: 2 }));
    assert.deepEqual(aborted, [1, 2]);
    assert.deepEqual(reads, []);
  });

  it('ignore what was answered to an earlier leadership', () => {
    const member = new TestMember();
    member.leadCommitted();
    for (let rounds = 0; rounds < 20; rounds++) member.tick(heartbeatTicks);
    const late = { kind: 'heartbeatResponse', from: 'b', to: 'a', term: 2, round: 19 } as const;
    member.step(appendRequest({ term: 3, prevIndex: 2, prevTerm: 2 }));
    member.lead();
    member.step(member.ack('b', 3, 1), member.ack('c', 3, 1));
    read(member, 1);
    assert.deepEqual(member.step(late).reads, []);
  });

  it('are never stale: a leader that was replaced, and does not know it, confirms none', () => {
    const net = new TestNetwork(...['a', 'b', 'c'].map((id) => new TestMember({ id })));
    const deposed = net.elect('a');
    net.cutOff('a');
    for (const id of ['b', 'c']) for (let tick = 0; tick < electionTicks; tick++) net.at(id).core.tick();
    const leader = net.elect('b');
    leader.core.propose([{ kind: 'command', data: bytes('x') }], 1);
    net.settle();
    assert.equal(deposed.status.role, 'leader');
    assert.ok(leader.status.commitIndex > deposed.status.commitIndex);
    read(deposed, 1);
    net.passes = () => true;
    const reads: unknown[] = [];
    const aborted: number[] = [];
    for (let tick = 0; tick < electionTicks; tick++) {
      const effects = deposed.tick();
      for (const message of effects.messages) {
        const back = net.at(message.to).step(message);
        const seen = deposed.step(...back.messages.filter(({ to }) => to === 'a'));
        reads.push(...seen.reads);
        aborted.push(...seen.aborted);
      }
    }
    assert.deepEqual(reads, []);
    assert.deepEqual(aborted, [1]);
  });
});
