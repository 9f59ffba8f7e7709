import assert from 'node:assert/strict';
import { openRaftDatabase, type RaftDatabase } from '../storage/database.ts';
import { removeDirectory, temporaryDirectory } from '../testing/directories.ts';
import { ManualClock } from '../testing/manual.ts';
import { MemberStarts, type Start } from './member-starts.ts';
import { FORGET_AFTER_MS, PEERS_MAX, type PeerReport, PeerStore } from './peer-store.ts';
import { PeerTable } from './peer-table.ts';
import { StartTable } from './start-table.ts';

describe('the peer store', () => {
  let directory: string;
  let database: RaftDatabase;
  let clock: ManualClock;
  let store: PeerStore;

  beforeEach(() => {
    directory = temporaryDirectory();
    database = openRaftDatabase(directory);
    clock = new ManualClock();
    store = newStore();
  });

  afterEach(() => {
    database.close();
    removeDirectory(directory);
  });

  function newStore(): PeerStore {
    const starts = new MemberStarts('a#1', new StartTable(database), clock);
    return new PeerStore('a#1', new PeerTable(database), starts, clock);
  }

  /** Of a process that certainly succeeded those before it. */
  function start(incarnation: number): Start {
    return {
      incarnation,
      previousIncarnation: incarnation - 1,
      sameDiskSince: 1,
      term: 0,
      votedFor: '',
      lastIndex: 0,
    };
  }

  function report({
    incarnation = 5,
    ...changes
  }: Partial<PeerReport> & { incarnation?: number } = {}): PeerReport {
    return {
      start: start(incarnation),
      cluster: { featureLevel: 0, expectedVoters: 3, formed: false, founder: '' },
      nodeId: 'b',
      memberId: 'b#1',
      address: 'b:7000',
      clusterId: '',
      ageMs: 0,
      featureLevel: 1,
      httpAddress: 'b:8080',
      standing: undefined,
      ...changes,
    };
  }

  it('takes the address of the latest start of a node, and never that of an earlier one', () => {
    store.report(report(), 'gossip', false);
    store.report(report({ incarnation: 6, address: 'b:7001' }), 'gossip', false);
    store.report(report({ incarnation: 5, address: 'b:7000' }), 'gossip', false);
    assert.equal(store.get('b#1')?.address, 'b:7001');
  });

  it('keeps where a node stands as the node itself told it, whatever others heard of it', () => {
    const standing = { role: 'follower', term: 3, lastIndex: 9, commitIndex: 8, lastApplied: 7 };
    store.report(report({ standing }), 'gossip', true);
    store.report(report({ standing: { ...standing, term: 2 } }), 'gossip', false);
    assert.deepEqual(store.get('b#1')?.standing, standing);
  });

  it('tells at once that a node has another address, and nothing when it has the same', () => {
    const moved: string[] = [];
    store.onMove((member) => moved.push(`${member} ${store.get(member)?.address}`));
    store.report(report(), 'gossip', true);
    store.report(report({ incarnation: 6 }), 'gossip', true);
    store.report(report({ incarnation: 7, address: 'b:7001' }), 'gossip', false);
    assert.deepEqual(moved, ['b#1 b:7001']);
    store.moved('b#1', 8, 'b:7002');
    store.moved('b#1', 8, 'b:7002');
    assert.deepEqual(moved, ['b#1 b:7001', 'b#1 b:7002']);
  });

  it('keeps nothing of what a process says that may not speak for its member', () => {
    store.report(report({ incarnation: 6 }), 'gossip', true);
    assert.equal(store.report(report({ incarnation: 5, address: 'b:1' }), 'gossip', true), 'superseded');
    assert.equal(store.get('b#1')?.address, 'b:7000');
  });

  it('does not let hearsay change an address within one start', () => {
    store.report(report(), 'gossip', true);
    store.report(report({ address: 'evil:1' }), 'gossip', false);
    assert.equal(store.get('b#1')?.address, 'b:7000');
  });

  it('does not forget that a node belongs to a cluster', () => {
    store.report(report({ clusterId: 'x' }), 'gossip', true);
    store.report(report({ clusterId: '' }), 'gossip', false);
    assert.equal(store.get('b#1')?.clusterId, 'x');
  });

  it('tells nodes that spoke here apart from those it was only told of', () => {
    store.report(report(), 'gossip', false);
    assert.deepEqual(store.spokenWithin(1_000), []);
    store.report(report(), 'gossip', true);
    assert.equal(store.spokenWithin(1_000).length, 1);
    clock.nowMs += 2_000;
    store.report(report(), 'gossip', false);
    assert.deepEqual(store.spokenWithin(1_000), []);
    assert.equal(store.heardWithin(1_000).length, 1);
  });

  it('keeps two instances of one node apart', () => {
    store.report(report(), 'gossip', true);
    store.report(report({ memberId: 'b#2', address: 'b:7002' }), 'gossip', true);
    assert.equal(store.get('b#1')?.address, 'b:7000');
    assert.equal(store.get('b#2')?.address, 'b:7002');
  });

  it('leaves this node itself out', () => {
    store.report(report({ nodeId: 'a', memberId: 'a#1' }), 'gossip', false);
    assert.deepEqual(store.list(), []);
  });

  it('forgets who was not heard of for two minutes, by anybody', () => {
    store.report(report(), 'gossip', true);
    store.report(report({ nodeId: 'c', memberId: 'c#1', ageMs: FORGET_AFTER_MS + 1 }), 'gossip', false);
    assert.equal(store.get('c#1'), undefined, 'too old to be taken in');
    clock.nowMs += FORGET_AFTER_MS + 1;
    store.tidy();
    assert.deepEqual(store.list(), []);
  });

  it('makes room for new nodes by forgetting the one that was silent for longest', () => {
    for (let at = 0; at <= PEERS_MAX; at++) {
      clock.nowMs += 1;
      store.report(report({ nodeId: `n${at}`, memberId: `n${at}#1` }), 'gossip', false);
    }
    assert.equal(store.list().length, PEERS_MAX);
    assert.equal(store.get('n0#1'), undefined);
  });

  it('knows the addresses again after a restart, however long it was', () => {
    store.report(report({ clusterId: 'x' }), 'seed', true);
    store.store();
    clock.nowMs += 10 * FORGET_AFTER_MS;
    const again = newStore();
    again.tidy();
    const peer = again.get('b#1');
    assert.equal(peer?.address, 'b:7000');
    assert.equal(peer?.source, 'seed');
    assert.equal(peer?.clusterId, '', 'that must be heard anew');
    assert.deepEqual(again.spokenWithin(1_000), []);
  });
});
