import assert from 'node:assert/strict';
import { PeerService } from '@agenda/proto/raft/v1/peer';
import { MemberChange_Kind } from '@agenda/proto/raft/v1/sidecar';
import { GrpcChannel } from '@agenda/service-kit/grpc-client';
import { createLogger } from '@agenda/service-kit/logger';
import { receiverOf } from '@agenda/service-kit/nonces';
import { Signer } from '@agenda/service-kit/signature';
import { AuditRecorder } from '../testing/audit.ts';
import { removeDirectory, temporaryDirectory } from '../testing/directories.ts';
import { eventually } from '../testing/eventually.ts';
import { SECRET, TestNode } from '../testing/node.ts';
import { parseAddress } from '../transport/addresses.ts';

const DEADLINE_MS = 3_000;

describe('three sidecars', () => {
  const nodes: TestNode[] = [];
  const directories: string[] = [];
  const audit = new AuditRecorder(SECRET);

  before(startCluster);

  after(async () => {
    for (const node of nodes) await node.stop();
    await audit.stop();
    for (const directory of directories) removeDirectory(directory);
  });

  async function startCluster(): Promise<void> {
    for (let at = 0; at < 3; at++) {
      directories[at] ??= temporaryDirectory();
      await startNode(at);
    }
  }

  async function startNode(at: number): Promise<TestNode> {
    const node = await TestNode.start({
      nodeId: `agenda-${at + 1}`,
      directory: directories[at] as string,
      expected: 3,
      seeds: nodes.flatMap((other, index) => (index === at ? [] : other.peerAddress)),
      audit,
    });
    nodes[at] = node;
    return node;
  }

  async function leader(): Promise<TestNode> {
    return eventually(() => nodes.find((node) => node.isLeader), 'a leader');
  }

  async function follower(): Promise<TestNode> {
    const leading = await leader();
    return nodes.find((node) => node !== leading) as TestNode;
  }

  function propose(node: TestNode, text: string): Promise<{ index: number; term: number }> {
    return node.sidecar.propose({ command: Buffer.from(text) }, { deadlineMs: DEADLINE_MS });
  }

  async function proposeUntilTaken(node: TestNode, text: string): Promise<void> {
    await eventually(
      () =>
        propose(node, text).then(
          () => true,
          () => false,
        ),
      `"${text}" is taken`,
    );
  }

  async function applied(node: TestNode, text: string): Promise<void> {
    await eventually(() => node.commands().includes(text), `${text} is applied`);
  }

  it('form one cluster in which all three vote, and then take writes', async () => {
    const statuses = await eventually(async () => {
      const all = await Promise.all(
        nodes.map((node) => node.sidecar.getStatus({}, { deadlineMs: DEADLINE_MS })),
      );
      return all.every((status) => status.bootstrapped && status.leaderId !== '') && all;
    }, 'all three are bootstrapped');
    assert.equal(new Set(statuses.map((status) => status.clusterId)).size, 1);
    for (const status of statuses) {
      assert.equal(status.configuration?.voters.length, 3);
      assert.equal(status.waitingFor, '');
      assert.equal(status.nodes.length, 3);
    }
  });

  it('commit a command that the leader takes, and feed it to every state machine', async () => {
    await propose(await leader(), 'from the leader');
    for (const node of nodes) await applied(node, 'from the leader');
  });

  it('forward a command from a follower to the leader', async () => {
    const { index, term } = await propose(await follower(), 'from a follower');
    for (const node of nodes) await applied(node, 'from a follower');
    const entry = (await leader()).applied.find((entry) => entry.text === 'from a follower');
    assert.deepEqual(entry, { index, term, text: 'from a follower' });
  });

  it('give a follower a read index that covers every write answered before', async () => {
    const { index } = await propose(await leader(), 'to be read');
    await applied(await leader(), 'to be read');
    const node = await follower();
    const reads = await Promise.all(
      Array.from({ length: 50 }, () => node.sidecar.readIndex({}, { deadlineMs: DEADLINE_MS })),
    );
    for (const read of reads) assert.ok(read.index >= index, `${read.index} is before ${index}`);
  });

  it('keep a thousand commands from all three in one order everywhere', async () => {
    const texts = Array.from({ length: 1_000 }, (_, at) => `many ${at}`);
    await Promise.all(texts.map((text, at) => propose(nodes[at % 3] as TestNode, text)));
    for (const node of nodes)
      await eventually(
        () => node.commands().filter((text) => text.startsWith('many')).length === texts.length,
        'all are applied',
      );
    const [first, ...others] = nodes.map((node) => node.applied);
    for (const other of others) assert.deepEqual(other, first);
  });

  it('refuse a command that is too large, whichever of them is asked', async () => {
    for (const node of [await leader(), await follower()])
      await assert.rejects(
        node.sidecar.propose({ command: new Uint8Array(1024 * 1024 + 1) }, { deadlineMs: DEADLINE_MS }),
        { code: 'payload_too_large' },
      );
  });

  it('hand leadership over when a follower is asked to', async () => {
    const before = await leader();
    const target = await follower();
    const answer = await target.sidecar.transferLeadership(
      { target: target.context.driver.memberId },
      { deadlineMs: DEADLINE_MS },
    );
    assert.equal(answer.leaderId, target.context.driver.memberId);
    assert.ok(!before.isLeader);
  });

  it('page through the stored log', async () => {
    const page = await (await follower()).sidecar.inspectLog(
      { fromIndex: 1, limit: 2, withPayload: false },
      { deadlineMs: DEADLINE_MS },
    );
    assert.deepEqual(
      page.entries.map((entry) => entry.index),
      [1, 2],
    );
    assert.equal(page.entries[0]?.payload?.$case, 'configuration');
    assert.ok(page.lastIndex > 1_000);
  });

  it('resume the feed of a state machine that comes back', async () => {
    const node = await follower();
    const stream = node.attach();
    await propose(node, 'after coming back');
    await applied(node, 'after coming back');
    const indexes = node.applied.map((entry) => entry.index);
    assert.deepEqual(
      indexes,
      indexes.map((_, at) => at + 1),
    );
    stream.detach();
    node.attach();
  });

  it('elect another leader when theirs is lost, and take the lost one back with its log', async () => {
    const lost = await leader();
    const at = nodes.indexOf(lost);
    await lost.crash();
    const survivors = nodes.filter((node) => node !== lost);
    const next = await eventually(() => survivors.find((node) => node.isLeader), 'another leader');
    await proposeUntilTaken(next, 'without the lost one');

    const back = await startNode(at);
    await applied(back, 'without the lost one');
    assert.deepEqual(
      back.commands().filter((text) => text.startsWith('many')).length,
      1_000,
      'it has what it had stored',
    );
    await proposeUntilTaken(back, 'with all three again');
  });

  it('remove a member on request, go on without it, and take it back when it is started again', async () => {
    const removed = await follower();
    const at = nodes.indexOf(removed);
    const configuration = await removed.sidecar.changeMembership(
      { changes: [{ kind: MemberChange_Kind.KIND_REMOVE, memberId: `agenda-${at + 1}` }] },
      { deadlineMs: DEADLINE_MS },
    );
    assert.equal(configuration.voters.length, 2);
    await propose(await leader(), 'with two');
    assert.ok(!removed.commands().includes('with two'));
    await removed.stop();
    const back = await startNode(at);
    await applied(back, 'with two');
    await eventually(
      () => back.context.driver.committedConfiguration.voters.length === 3,
      'it is a voter again',
    );
  });

  it('refuse a membership change that names no member', async () => {
    const change = { kind: MemberChange_Kind.KIND_REMOVE, memberId: 'agenda-7' };
    const call = (await leader()).sidecar.changeMembership(
      { changes: [change] },
      { deadlineMs: DEADLINE_MS },
    );
    await assert.rejects(call, {
      code: 'not_found',
      message: /"agenda-7" is no member; members are agenda-1#/,
    });
  });

  it('refuse a call that was signed for another of them, and tell the audit service', async () => {
    const leading = await leader();
    const other = await follower();
    const channel = new GrpcChannel({
      address: parseAddress(other.peerAddress),
      receiver: receiverOf(leading.nodeId, 'raft-sidecar'),
      signer: new Signer(nodes.find((node) => node !== leading && node !== other)?.nodeId ?? '', [SECRET]),
      logger: createLogger({ component: 'raft-sidecar', nodeId: 'test', level: 'silent' }),
    });
    const forward = { command: Buffer.from('replayed'), to: other.context.driver.memberId };
    const reason = `signature refused: the call is for ${leading.nodeId}/raft-sidecar, and this is ${other.nodeId}/raft-sidecar`;
    await assert.rejects(channel.client(PeerService).forward(forward, { deadlineMs: DEADLINE_MS }), {
      code: 'unauthenticated',
      message: reason,
    });
    channel.close();
    const told = await eventually(
      () => audit.events.find(({ action }) => action === 'signature.refused'),
      'the refusal is told',
    );
    assert.deepEqual(JSON.parse(told.detailJson), { method: PeerService.forward.path, reason });
  });

  it('tell the audit service who led, and how the membership grew', async () => {
    const told = (action: string): number => audit.events.filter((event) => event.action === action).length;
    await eventually(() => told('raft.leader_elected') >= 3, 'three elections are told');
    assert.equal(told('raft.cluster_founded'), 1);
    // Two are taken in and promoted at first; then one is removed, taken in and promoted.
    await eventually(() => told('raft.membership_changed') === 7, 'every change is told once');
  });

  it('still have everything after all of them restart', async () => {
    const before = (await leader()).commands();
    for (const node of nodes) await node.stop();
    nodes.length = 0;
    await startCluster();
    await leader();
    for (const node of nodes) {
      await eventually(() => node.commands().length >= before.length, 'all are applied again');
      assert.deepEqual(node.commands().slice(0, before.length), before);
    }
  });
});
