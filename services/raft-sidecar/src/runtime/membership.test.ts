import assert from 'node:assert/strict';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { formatHostPort } from '@agenda/service-kit/environment';
import { openStorage } from '../storage/storage.ts';
import { TestCluster } from '../testing/cluster.ts';
import { removeDirectory, temporaryDirectory } from '../testing/directories.ts';
import { DnsServer } from '../testing/dns-server.ts';
import { eventually } from '../testing/eventually.ts';
import { freePort } from '../testing/free-port.ts';

const NAMES = ['agenda-1', 'agenda-2', 'agenda-3'];

describe('a cluster whose nodes come and go', () => {
  let cluster: TestCluster;

  afterEach(() => cluster.destroy());

  async function startThree(config = {}): Promise<void> {
    cluster = new TestCluster(3, config);
    await cluster.start(3);
    await cluster.voters(...NAMES);
  }

  it('replaces a member that lost its disk, without a voter less at any time', async () => {
    await startThree();
    const at = await cluster.followerAt();
    const lost = cluster.node(at).context.driver.memberId;
    await cluster.crashNode(at);
    rmSync(cluster.directory(at), { recursive: true });
    await cluster.commit('without it');
    const back = await cluster.startNode(at);
    await eventually(
      async () => (await cluster.status(back)).waitingFor.includes(lost),
      'it says for whom it waits',
    );
    await eventually(
      async () => {
        const voters = await cluster.voters(...NAMES);
        return voters.includes(back.context.driver.memberId) && !voters.includes(lost);
      },
      'it votes in the place of the lost one',
      10_000,
    );
    await cluster.commit('with the new one');
    const sizes = cluster.audit.events
      .filter(({ action }) => action === 'raft.membership_changed')
      .map(({ detailJson }) => JSON.parse(detailJson).voters.length);
    assert.deepEqual(
      sizes.slice(sizes.indexOf(3)).filter((size) => size !== 3),
      [],
    );
  });

  it('fences a disk that was restored from an old copy; its node comes back as another member', async () => {
    await startThree();
    const at = await cluster.followerAt();
    const copied = cluster.node(at).context.driver.memberId;
    await cluster.commit('before the copy');
    await cluster.stopNode(at);
    const copy = temporaryDirectory();
    cpSync(cluster.directory(at), copy, { recursive: true });
    await cluster.startNode(at);
    await cluster.commit('acknowledged after the copy');
    await cluster.stopNode(at);
    removeDirectory(cluster.directory(at));
    cpSync(copy, cluster.directory(at), { recursive: true });
    removeDirectory(copy);

    const restored = await cluster.startNode(at);
    await eventually(() => restored.fatal.length > 0, 'it is told that it must not go on');
    await cluster.stopNode(at);
    const anew = await cluster.startNode(at);
    const voters = await eventually(
      async () => {
        const voters = await cluster.voters(...NAMES);
        return voters.includes(anew.context.driver.memberId) && voters;
      },
      'it votes as another member',
      10_000,
    );
    assert.ok(!voters.includes(copied));
    await cluster.commit('with all three again');
  });

  it('takes an old disk of a former member back under its own id', async () => {
    await startThree();
    const at = await cluster.followerAt();
    const former = cluster.node(at).context.driver.memberId;
    await cluster.crashNode(at);
    const elsewhere = temporaryDirectory();
    const latter = await cluster.startNode(at, { directory: elsewhere });
    await eventually(
      async () => (await cluster.voters(...NAMES)).includes(latter.context.driver.memberId),
      'the new instance votes',
      10_000,
    );
    await cluster.commit('while the old disk was away');
    await cluster.crashNode(at);
    removeDirectory(elsewhere);
    const back = await cluster.startNode(at);
    assert.equal(back.context.driver.memberId, former);
    await eventually(
      async () => (await cluster.voters(...NAMES)).includes(former),
      'the former member votes again',
      10_000,
    );
    await cluster.commit('with the old disk');
    assert.deepEqual(back.fatal, []);
  });

  it('forms though its founder lost its disk when only one other had joined', async () => {
    cluster = new TestCluster(3);
    const configuration = {
      voters: ['agenda-1#lost', 'agenda-2#1'],
      votersOutgoing: [],
      learners: [],
      learnersNext: [],
      autoLeave: false,
    };
    const directory = join(cluster.directory(1), 'raft');
    const { log } = openStorage({ directory, nodeId: 'agenda-2', nowMs: 1, mintInstanceId: () => '1' });
    log.write({
      hardState: { term: 1, votedFor: '', commitIndex: 1 },
      entries: [{ index: 1, term: 1, timestampMs: 1, payload: { kind: 'configuration', configuration } }],
      clusterId: 'x',
    });
    log.close();
    await cluster.startNode(0);
    const joined = await cluster.startNode(1);
    await cluster.startNode(2);
    await eventually(() => joined.fatal.length > 0, 'the one that had joined gives it up');
    await cluster.stopNode(1);
    await cluster.startNode(1);
    await cluster.voters(...NAMES);
    await cluster.commit('in a cluster that formed');
  });

  it('does not listen to a second process with a copy of a living member’s disk', async () => {
    await startThree();
    const at = await cluster.followerAt();
    const elder = cluster.node(at);
    const directory = temporaryDirectory();
    cpSync(cluster.directory(at), directory, { recursive: true });
    const twin = await cluster.startNode(10, { nodeId: `agenda-${at + 1}`, directory });
    assert.equal(twin.context.driver.memberId, elder.context.driver.memberId);
    await eventually(async () => {
      const { waitingFor } = await cluster.status(twin);
      return waitingFor.includes(`another process of ${elder.context.driver.memberId}`);
    }, 'it waits for the elder to stop');
    const leader = await cluster.leader();
    await eventually(
      async () => (await cluster.status(leader)).alarms.some(({ code }) => code === 'duplicate_member'),
      'its peers raise an alarm',
    );
    cluster.nodes.delete(10);
    await cluster.commit('with the elder');
    assert.ok(twin.context.discovery.probation.active);
    assert.deepEqual(elder.fatal, []);
    assert.ok(!twin.commands().includes('with the elder'));
    await twin.crash();
    removeDirectory(directory);
  });

  it('lets the fourth and fifth step back when they stop, and promotes who is started again', async () => {
    cluster = new TestCluster(3, { DEAD_AFTER: 2_000 });
    await cluster.start(5);
    await cluster.voters(...NAMES, 'agenda-4', 'agenda-5');
    await Promise.all([cluster.stopNode(3), cluster.stopNode(4)]);
    await cluster.voters(...NAMES);
    await cluster.commit('with three');
    await cluster.startNode(3);
    await cluster.voters(...NAMES, 'agenda-4');
    const { learners } = await eventually(async () => {
      const { committedConfiguration } = (await cluster.leader()).context.driver;
      return committedConfiguration.learners.length === 0 && committedConfiguration;
    }, 'the one that stays away is removed');
    assert.deepEqual(learners, []);
  });

  it('finds its members by DNS alone, is not moved by what an answer leaves out, and follows addresses', async () => {
    const dns = new DnsServer();
    const [host, port] = (await dns.start()).split(':') as [string, string];
    const peerPort = await freePort([1, 2, 3, 9].map((last) => `127.0.0.${last}`));
    const addressed = (at: number) => ({ host: `127.0.0.${at}`, port: peerPort });
    const at = (last: number) => ({
      config: { ADVERTISE_ADDR: addressed(last), PEER_ADDR: addressed(last) },
    });
    cluster = new TestCluster(3, {
      DISCOVERY_DNS_NAME: 'agenda.test',
      DISCOVERY_DNS_SERVERS: [{ host, port: Number(port) }],
    });
    try {
      dns.set('agenda.test', ['127.0.0.1', '127.0.0.2', '127.0.0.3']);
      for (let node = 0; node < 3; node++) await cluster.startNode(node, { seeds: [], ...at(node + 1) });
      await cluster.voters(...NAMES);
      await eventually(async () => {
        const { nodes } = await cluster.status(cluster.node(0));
        return (
          nodes
            .map(({ source }) => source)
            .sort()
            .join() === 'dns,dns,self'
        );
      }, 'both others are known by DNS');

      dns.set('agenda.test', ['127.0.0.1']);
      await cluster.commit('while DNS leaves two out');
      const moved = await cluster.followerAt();
      await cluster.crashNode(moved);
      await cluster.startNode(moved, { seeds: [], ...at(9) });
      await cluster.commit('at another address');
      const leader = await cluster.leader();
      const { nodes } = await cluster.status(leader);
      assert.equal(
        nodes.find(({ nodeId }) => nodeId === `agenda-${moved + 1}`)?.address,
        formatHostPort(addressed(9)),
      );
    } finally {
      await dns.stop();
    }
  });
});

describe('a cluster in the middle of an upgrade', () => {
  let cluster: TestCluster;

  afterEach(() => cluster.destroy());

  const OLD = { featureLevel: 1 };
  const NEW = { featureLevel: 2 };

  async function level(expected: number): Promise<void> {
    for (const node of cluster.nodes.values())
      await eventually(
        () => node.clusterFeatureLevel === expected,
        `level ${expected} on every node`,
        10_000,
      );
  }

  it('lets new commands in once the last node knows them, never earlier, and never forgets that it did', async () => {
    cluster = new TestCluster(3);
    await cluster.startNode(0, NEW);
    await cluster.startNode(1, NEW);
    await cluster.startNode(2, OLD);
    await cluster.voters(...NAMES);
    await cluster.commit('of level 1');
    await level(1);

    await cluster.stopNode(2);
    await cluster.startNode(2, NEW);
    await level(2);

    // A roll back: the level stays, and who cannot follow says so.
    await cluster.stopNode(2);
    const old = await cluster.startNode(2, OLD);
    await eventually(
      async () => (await cluster.status(old)).alarms.some(({ code }) => code === 'feature_level'),
      'the old one raises an alarm',
    );
    await level(2);
    const late = await cluster.startNode(3, OLD);
    await eventually(
      async () => (await cluster.status(late)).waitingFor.includes('feature level 1'),
      'a late old one says why it is not taken in',
    );
    assert.equal((await cluster.leader()).context.driver.committedConfiguration.learners.length, 0);
    await cluster.stopNode(3);
    await cluster.startNode(3, NEW);
    await cluster.voters(...NAMES, 'agenda-4');
  });
});
