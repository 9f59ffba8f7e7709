import assert from 'node:assert/strict';
import {
  appendRequest,
  appendResponse,
  appendsTo,
  type Effects,
  entriesOf,
  founding,
  heartbeatAnswer,
  ofKind,
  only,
  progressOf,
  TestMember,
} from './testing/member.ts';
import { TEST_OPTIONS } from './testing/memory-log.ts';
import type { SnapshotMetadata } from './types.ts';

const { electionTicks, heartbeatTicks } = TEST_OPTIONS;

describe('snapshots (Raft paper §7)', () => {
  function snapshotOf(member: TestMember, index: number): SnapshotMetadata {
    const { configuration, configurationIndex } = member.status;
    const term = member.log.term(index) as number;
    return { index, term, timestampMs: 9, configuration, configurationIndex };
  }

  /** A leader whose log starts behind what b has. */
  function compactedLeader(): { leader: TestMember; metadata: SnapshotMetadata; offered: Effects } {
    const leader = new TestMember({ terms: [1, 1, 1, 1] });
    leader.leadCommitted();
    const metadata = snapshotOf(leader, 4);
    leader.log.compact(metadata);
    leader.core.reportUnreachable('b');
    leader.propose('x');
    const offered = leader.step(
      appendResponse({ term: 2, rejected: true, index: 6, hintIndex: 1, hintTerm: 1 }),
    );
    return { leader, metadata, offered };
  }

  function needsSnapshot(): ReturnType<typeof compactedLeader> {
    const leader = new TestMember({ terms: [1, 1, 1, 1] });
    leader.lead();
    leader.step(leader.ack('c'));
    const metadata = snapshotOf(leader, 4);
    leader.log.compact(metadata);
    const offered = leader.step(
      appendResponse({ term: 2, rejected: true, index: 5, hintIndex: 1, hintTerm: 1 }),
    );
    return { leader, metadata, offered };
  }

  it('are offered to a follower that needs what was compacted, which then gets nothing else', () => {
    const { leader, metadata, offered } = needsSnapshot();
    assert.deepEqual(only(offered.messages, 'snapshotOffer').metadata, metadata);
    assert.equal(progressOf(leader, 'b').state, 'snapshot');
    assert.deepEqual(appendsTo('b', leader.propose('y')), []);
    assert.equal(ofKind(leader.tick(heartbeatTicks).messages, 'heartbeatRequest').length, 2);
  });

  it('are offered again after an election timeout, in case the offer was lost', () => {
    const { leader } = needsSnapshot();
    let offers = 0;
    for (let tick = 0; tick < 3 * electionTicks; tick++) {
      offers += ofKind(leader.tick().messages, 'snapshotOffer').length;
      heartbeatAnswer(leader, 'b');
      heartbeatAnswer(leader, 'c');
    }
    assert.ok(offers >= 2 && offers <= 3, `${offers} offers`);
  });

  it('are not offered to a member that does not answer', () => {
    const { leader } = needsSnapshot();
    let offers = 0;
    for (let tick = 0; tick < 5 * electionTicks; tick++) {
      offers += ofKind(leader.tick().messages, 'snapshotOffer').length;
      heartbeatAnswer(leader, 'c');
    }
    assert.ok(offers <= 1, `${offers} offers`);
  });

  it('that could not be fetched are offered again with the next heartbeat, not at once', () => {
    const { leader, metadata } = needsSnapshot();
    const failed = leader.step({
      kind: 'snapshotResponse',
      from: 'b',
      to: 'a',
      term: 2,
      index: metadata.index,
      rejected: true,
    });
    assert.deepEqual(failed.messages, []);
    leader.tick(heartbeatTicks);
    assert.equal(ofKind(heartbeatAnswer(leader, 'b', 2).messages, 'snapshotOffer').length, 1);
  });

  it('once installed let entries flow on from there', () => {
    const { leader, metadata } = needsSnapshot();
    const appends = appendsTo('b', leader.step(leader.ack('b', metadata.index)));
    assert.deepEqual(
      appends.map(({ prevIndex, prevTerm, entries }) => [prevIndex, prevTerm, entries.length]),
      [[4, 1, 2]],
    );
    assert.equal(progressOf(leader, 'b').state, 'replicate');
  });

  it('are not needed by a follower that only lost some messages', () => {
    const { leader, offered } = compactedLeader();
    assert.deepEqual(ofKind(offered.messages, 'snapshotOffer'), []);
    assert.notEqual(progressOf(leader, 'b').state, 'snapshot');
  });

  it('are fetched by the follower, installed, and acknowledged', () => {
    const { metadata } = needsSnapshot();
    const follower = new TestMember({ id: 'b', voters: [] });
    const offer = { kind: 'snapshotOffer', from: 'a', to: 'b', term: 2, metadata } as const;
    const { readies, messages } = follower.step(offer);
    assert.deepEqual(
      readies.map(({ snapshotToFetch }) => snapshotToFetch),
      [{ from: 'a', metadata }],
    );
    assert.deepEqual(messages, []);
    const installed = follower.install(metadata);
    assert.equal(only(installed.messages, 'appendResponse').index, 4);
    const { lastIndex, commitIndex, configuration, configurationIndex } = follower.status;
    assert.deepEqual([lastIndex, commitIndex, configurationIndex], [4, 4, 1]);
    assert.deepEqual(configuration, metadata.configuration);
    const { committed } = follower.step(
      appendRequest({
        from: 'a',
        to: 'b',
        term: 2,
        prevIndex: 4,
        entries: entriesOf([1], 5),
        commitIndex: 5,
      }),
    );
    assert.deepEqual(
      committed.map(({ index }) => index),
      [5],
      'what the snapshot holds is not handed out',
    );
  });

  it('that hold nothing new are answered at once', () => {
    const { metadata } = needsSnapshot();
    const follower = new TestMember({ id: 'b', terms: [1, 1, 1, 1], commitIndex: 5 });
    const { readies, messages } = follower.step({
      kind: 'snapshotOffer',
      from: 'a',
      to: 'b',
      term: 2,
      metadata,
    });
    assert.ok(readies.every(({ snapshotToFetch }) => snapshotToFetch === undefined));
    assert.equal(only(messages, 'appendResponse').index, 5);
  });

  it('that the log already continues only commit it', () => {
    const { metadata } = needsSnapshot();
    const follower = new TestMember({ id: 'b', terms: [1, 1, 1, 1] });
    const { committed } = follower.step({ kind: 'snapshotOffer', from: 'a', to: 'b', term: 2, metadata });
    assert.deepEqual(
      committed.map(({ index }) => index),
      [2, 3, 4],
    );
    assert.equal(follower.status.lastIndex, 5, 'the entries behind it stay');
  });

  it('replace a log that conflicts with them, and its configurations', () => {
    const { metadata } = needsSnapshot();
    const follower = new TestMember({ id: 'b', terms: [1, 1] });
    follower.step(
      appendRequest({
        to: 'b',
        from: 'c',
        prevIndex: 3,
        entries: [{ ...founding({ voters: ['x'] }), index: 4 }],
      }),
    );
    assert.deepEqual(follower.status.configuration.voters, ['x']);
    const { readies } = follower.step({
      kind: 'snapshotOffer',
      from: 'a',
      to: 'b',
      term: 2,
      metadata: { ...metadata, term: 2 },
    });
    assert.ok(readies.some(({ snapshotToFetch }) => snapshotToFetch));
    follower.install({ ...metadata, term: 2 });
    assert.deepEqual(follower.status.configuration.voters, ['a', 'b', 'c']);
  });

  it('are not wanted any more once the log has come that far by itself', () => {
    const { metadata } = needsSnapshot();
    const follower = new TestMember({ id: 'b' });
    follower.step({ kind: 'snapshotOffer', from: 'a', to: 'b', term: 2, metadata });
    assert.equal(follower.core.wantsSnapshot(metadata), true);
    follower.step(appendRequest({ from: 'c', to: 'b', term: 3, entries: entriesOf([1, 1, 1, 1], 2) }));
    assert.equal(follower.core.wantsSnapshot(metadata), false, 'entry 5 is promised to c');
  });

  it('survive a restart', () => {
    const { metadata } = needsSnapshot();
    const follower = new TestMember({ id: 'b', voters: [] });
    follower.step({ kind: 'snapshotOffer', from: 'a', to: 'b', term: 2, metadata });
    follower.install(metadata);
    follower.restart();
    const { lastIndex, commitIndex, configuration } = follower.status;
    assert.deepEqual([lastIndex, commitIndex, configuration], [4, 4, metadata.configuration]);
    assert.deepEqual(follower.drain().committed, []);
  });

  it('that failed to be fetched are reported to the leader', () => {
    const { metadata } = needsSnapshot();
    const follower = new TestMember({ id: 'b', voters: [] });
    follower.step({ kind: 'snapshotOffer', from: 'a', to: 'b', term: 2, metadata });
    follower.core.snapshotFailed(metadata);
    const { to, index, rejected } = only(follower.drain().messages, 'snapshotResponse');
    assert.deepEqual([to, index, rejected], ['a', 4, true]);
  });
});
