import assert from 'node:assert/strict';
import type { ClusterNode, RaftHealth } from '../../api/cluster-api.ts';
import { clusterView, type MemberRow } from './cluster-view.ts';

const NOW_MS = Date.parse('2026-07-01T08:00:00.000Z');
const MEMBERS = ['agenda-1#a', 'agenda-2#b', 'agenda-3#c'];

function health(change: Partial<RaftHealth> = {}): RaftHealth {
  return {
    nodeId: 'agenda-1',
    memberId: 'agenda-1#a',
    role: 'follower',
    leaderId: 'agenda-2#b',
    term: 4,
    lastIndex: 105,
    commitIndex: 100,
    lastApplied: 98,
    snapshotIndex: 0,
    logBytes: 1_000,
    configuration: { voters: MEMBERS, votersOutgoing: [], learners: [] },
    progress: [],
    bootstrapped: true,
    waitingFor: null,
    alarms: [],
    ...change,
  };
}

function node(memberId: string, heardMsAgo: number, change: Partial<ClusterNode> = {}): ClusterNode {
  const nodeId = memberId.replace(/#.*/, '');
  return {
    nodeId,
    memberId,
    address: `${nodeId}:7000`,
    httpAddress: null,
    source: memberId === 'agenda-1#a' ? 'self' : 'gossip',
    lastSeen: new Date(NOW_MS - heardMsAgo).toISOString(),
    standing: { role: 'follower', term: 4, lastIndex: 104, commitIndex: 101, lastApplied: 95 },
    ...change,
  };
}

const ALL = MEMBERS.map((memberId) => node(memberId, memberId === 'agenda-1#a' ? 0 : 900));
const byName = (members: readonly MemberRow[], nodeId: string) =>
  members.find((member) => member.nodeId === nodeId)!;

describe('the view of the cluster', () => {
  it('is of all voters, each as it last spoke of itself', () => {
    const { verdict, members, leader } = clusterView({ health: health(), nodes: ALL });
    assert.equal(verdict.tone, 'good');
    assert.equal(leader, 'agenda-2');
    assert.deepEqual(
      members.map(({ nodeId, role, membership, alive, lag }) => [nodeId, role, membership, alive, lag]),
      [
        ['agenda-1', 'follower', 'voter', true, 3],
        ['agenda-2', 'leader', 'voter', true, 6],
        ['agenda-3', 'follower', 'voter', true, 6],
      ],
    );
  });

  it('takes from a leader exactly how far the others have stored its log', () => {
    const progress = [{ memberId: 'agenda-3#c', state: 'snapshot', matchIndex: 60, active: true }];
    const leading = health({ role: 'leader', leaderId: 'agenda-1#a', progress });
    const row = byName(clusterView({ health: leading, nodes: ALL }).members, 'agenda-3');
    assert.deepEqual([row.lag, row.catchingUp], [45, true]);
  });

  it('keeps a voter that was forgotten, and says that one more must not fail', () => {
    const { verdict, members } = clusterView({ health: health(), nodes: ALL.slice(0, 2) });
    assert.equal(verdict.tone, 'warning');
    assert.match(verdict.title, /agenda-3/);
    assert.match(verdict.detail, /If one more fails, nothing can be saved/);
    const row = byName(members, 'agenda-3');
    assert.deepEqual([row.alive, row.heardMsAgo, row.role, row.lag], [false, null, null, null]);
  });

  it('says plainly when there is no quorum, and how many are heard of how many', () => {
    const alone = health({ leaderId: null, role: 'preCandidate' });
    const nodes = [node('agenda-1#a', 0), node('agenda-2#b', 30_000), node('agenda-3#c', 31_000)];
    const { verdict, members } = clusterView({ health: alone, nodes });
    assert.deepEqual([verdict.tone, verdict.title], ['bad', 'No quorum']);
    assert.match(verdict.detail, /1 of 3 voters, itself included, and 2 are needed/);
    assert.equal(byName(members, 'agenda-1').role, 'pre-candidate');
    const { role, lastApplied, lag } = byName(members, 'agenda-2');
    assert.deepEqual([role, lastApplied, lag], [null, 95, null]);
  });

  it('tells an election from a lost quorum', () => {
    const { verdict } = clusterView({ health: health({ leaderId: null }), nodes: ALL });
    assert.deepEqual([verdict.tone, verdict.title], ['bad', 'No leader']);
  });

  it('shows learners and nodes that are no members yet, after those who vote', () => {
    const configuration = { voters: MEMBERS, learners: ['agenda-0#l'] };
    const nodes = [...ALL, node('agenda-0#l', 100), node('agenda-4#n', 100, { standing: null })];
    const { members } = clusterView({ health: health({ configuration }), nodes });
    assert.deepEqual(
      members.slice(3).map(({ nodeId, membership, lag }) => [nodeId, membership, lag]),
      [
        ['agenda-0', 'learner', 6],
        ['agenda-4', 'none', null],
      ],
    );
  });

  it('counts the voters of both configurations while they are exchanged', () => {
    const configuration = { voters: MEMBERS.slice(0, 2), votersOutgoing: MEMBERS, learners: [] };
    const { members } = clusterView({ health: health({ configuration }), nodes: ALL });
    assert.equal(byName(members, 'agenda-3').membership, 'voter');
  });

  it('says what a cluster that forms, or a node, waits for, and puts alarms before good news', () => {
    const forming = health({ bootstrapped: false, leaderId: null, waitingFor: '2 of 3 nodes' });
    assert.match(clusterView({ health: forming, nodes: ALL }).verdict.detail, /2 of 3 nodes\./);
    const waiting = clusterView({ health: health({ waitingFor: 'a to leave' }), nodes: ALL }).verdict;
    assert.deepEqual([waiting.title, waiting.detail], ['agenda-1 waits', 'A to leave.']);
    const alarms = [{ code: 'disk_stalled', message: 'slow', since: '2026-07-01T08:00:00.000Z' }];
    assert.match(clusterView({ health: health({ alarms }), nodes: ALL }).verdict.title, /alarm/);
  });
});
