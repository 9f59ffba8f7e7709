import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { PeerService } from '@agenda/proto/raft/v1/peer';
import { ServiceError } from '@agenda/service-kit/errors';
import { GrpcChannel } from '@agenda/service-kit/grpc-client';
import { GrpcServer } from '@agenda/service-kit/grpc-server';
import { createLogger } from '@agenda/service-kit/logger';
import { receiverOf } from '@agenda/service-kit/nonces';
import { Signer, Verifier } from '@agenda/service-kit/signature';
import { type PeerDoor, peerHandlers } from '../api/peer-service.ts';
import type { Message } from '../core/types.ts';
import { Proposals } from '../runtime/proposals.ts';
import { Reads } from '../runtime/reads.ts';
import { removeDirectory, temporaryDirectory } from '../testing/directories.ts';
import { DriverBench } from '../testing/driver.ts';
import { eventually } from '../testing/eventually.ts';
import { nodeIdOf } from './conversions.ts';
import { PeerTransport } from './peer-transport.ts';

const SECRET = 's'.repeat(32);
const SELF = 'b#1';
const logger = createLogger({ component: 'raft-sidecar', nodeId: 'test', level: 'silent' });

describe('the peer port', () => {
  let directory: string;
  let bench: DriverBench;
  let received: Message[];
  let address: string | undefined;
  let unreachable: number;
  let door: PeerDoor;
  let transport: PeerTransport;
  const servers: GrpcServer[] = [];

  beforeEach(async () => {
    directory = temporaryDirectory();
    bench = new DriverBench(directory, SELF);
    received = [];
    bench.driver.receive = (messages) => void received.push(...messages);
    unreachable = 0;
    door = { closed: '', open: () => undefined, heard: () => undefined, promised: () => {} };
    address = await serve();
    transport = new PeerTransport({
      clusterId: () => 'x',
      addressOf: () => address,
      opening: () => ({ memberId: 'a#1', incarnation: 5, start: undefined, address: 'a:7000' }),
      channelTo: (to, member) =>
        new GrpcChannel({
          address: to,
          receiver: receiverOf(nodeIdOf(member), 'raft-sidecar'),
          signer: new Signer('a', [SECRET]),
          logger,
        }),
      logger,
      onUnreachable: () => {
        unreachable += 1;
      },
    });
  });

  afterEach(async () => {
    transport.close();
    for (const server of servers.splice(0)) await server.close(0);
    bench.close();
    removeDirectory(directory);
  });

  async function serve(): Promise<string> {
    const { driver } = bench;
    const nobody = { forward: () => Promise.reject(), readIndex: () => Promise.reject() };
    const server = new GrpcServer({
      verifier: new Verifier(receiverOf(nodeIdOf(SELF), 'raft-sidecar'), [SECRET]),
      logger,
    });
    const proposals = new Proposals(driver, nobody);
    const reads = new Reads(driver, nobody);
    const snapshots = { serve: () => Promise.reject() };
    const checkpoints = { onReport: () => {} };
    server.addService(PeerService, peerHandlers({ driver, proposals, reads, door, snapshots, checkpoints }));
    servers.push(server);
    return `127.0.0.1:${await server.listen({ host: '127.0.0.1', port: 0 })}`;
  }

  async function restart(): Promise<void> {
    const [first] = servers.splice(0);
    address = await serve();
    await first?.close(0);
  }

  function heartbeat(round: number, changes: Partial<{ from: string; to: string }> = {}): Message {
    return { kind: 'heartbeatRequest', from: 'a#1', to: SELF, term: 1, commitIndex: 0, round, ...changes };
  }

  async function refused(message: Message): Promise<void> {
    transport.send([message]);
    await eventually(() => unreachable > 0, 'the stream is refused');
    assert.deepEqual(received, []);
  }

  it('brings messages over in order, and a blank member into the cluster that speaks to it', async () => {
    for (let round = 1; round <= 100; round++) transport.send([heartbeat(round)]);
    await eventually(() => received.length === 100, 'all have arrived');
    assert.deepEqual(
      received,
      Array.from({ length: 100 }, (_, at) => heartbeat(at + 1)),
    );
    assert.equal(bench.store.clusterId, 'x');
  });

  it('refuses another cluster', async () => {
    bench.driver.joinCluster('y');
    await refused(heartbeat(1));
  });

  it('refuses what is meant for another member at its address', async () => {
    await refused(heartbeat(1, { to: 'b#2' }));
    assert.equal(bench.store.clusterId, '', 'and is not drawn into a cluster by it');
  });

  it('is tried again at growing intervals while it accepts the stream and refuses what comes on it', async () => {
    const startedAtMs = performance.now();
    for (const retries of [1, 2, 3, 4]) {
      await eventually(() => {
        transport.send([heartbeat(1, { to: 'b#2' })]);
        return unreachable >= retries;
      }, `refusal ${retries}`);
    }
    assert.ok(performance.now() - startedAtMs >= 50 + 100 + 200);
  });

  it('refuses a node that speaks for another', async () => {
    await refused(heartbeat(1, { from: 'c#1' }));
  });

  it('refuses a process that may not speak for its member, at once or in the middle of a stream', async () => {
    door.open = ({ memberId, incarnation }) =>
      new ServiceError('unprocessable', `${memberId} ${incarnation}`);
    await refused(heartbeat(1));
    door.open = () => undefined;
    await eventually(() => {
      transport.send([heartbeat(2)]);
      return received.length > 0;
    }, 'it may speak');
    const { length } = received;
    unreachable = 0;
    door.heard = () => new ServiceError('unprocessable', 'a younger process speaks for it');
    transport.send([heartbeat(3)]);
    await eventually(() => unreachable > 0, 'its stream has ended');
    assert.equal(received.length, length);
  });

  it('listens to nobody while this process takes no part itself', async () => {
    door = { ...door, closed: 'the elder to be silent' };
    await restart();
    await refused(heartbeat(1));
  });

  it('notes what a member promised: its votes, and what it acknowledged', async () => {
    const promises: unknown[] = [];
    door.promised = (...promise) => void promises.push(promise);
    const common = { from: 'a#1', to: SELF, term: 4 };
    const answer = {
      kind: 'appendResponse',
      ...common,
      index: 9,
      hintIndex: 0,
      hintTerm: 0,
      round: 1,
    } as const;
    transport.send([
      { kind: 'voteResponse', ...common, granted: true },
      { kind: 'voteResponse', ...common, granted: false },
      { kind: 'preVoteResponse', ...common, granted: true },
      { ...answer, rejected: false },
      { ...answer, rejected: true },
    ]);
    await eventually(() => received.length === 5, 'all have arrived');
    assert.deepEqual(promises, [
      ['a#1', 4, 0, true],
      ['a#1', 4, 9, false],
    ]);
  });

  it('goes to a new address as soon as it hears of it, though the old one still answers', async () => {
    transport.send([heartbeat(1)]);
    await eventually(() => received.length === 1, 'the first has arrived');
    transport.moved(SELF);
    assert.equal(unreachable, 0, 'it did not move');
    address = await serve();
    transport.moved(SELF);
    assert.equal(unreachable, 1);
    transport.send([heartbeat(2)]);
    await eventually(() => received.length === 2, 'the second has arrived');
  });

  it('finds a peer again at its new address', async () => {
    transport.send([heartbeat(1)]);
    await eventually(() => received.length === 1, 'the first has arrived');
    await restart();
    await eventually(() => {
      transport.send([heartbeat(2)]);
      return received.some((message) => message.kind === 'heartbeatRequest' && message.round === 2);
    }, 'one arrives at the new address');
    assert.ok(unreachable > 0, 'the core was told that messages may be lost');
  });

  it('is left and tried anew where it takes the connection and then says nothing', async () => {
    const taken: Socket[] = [];
    const silent = createServer((socket) => taken.push(socket)).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const served = address;
    address = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
    transport.send([heartbeat(1)]);
    await eventually(() => unreachable > 0, 'it is left');
    address = served;
    await eventually(() => {
      transport.send([heartbeat(2)]);
      return received.length > 0;
    }, 'a heartbeat arrives at the new address');
    for (const socket of taken) socket.destroy();
    silent.close();
  });

  it('says that nothing was sent to a leader without an address', async () => {
    address = undefined;
    await assert.rejects(transport.forward(SELF, Buffer.from('x'), 1_000), {
      code: 'unavailable',
      nothingDone: true,
    });
  });

  it('refuses to append for a caller who means another member, or while it is no leader', async () => {
    const call = transport.forward('b#2', Buffer.from('x'), 1_000);
    await assert.rejects(call, { code: 'no_leader', message: 'this is b#1, not b#2' });
    const appended = transport.forward(SELF, Buffer.from('x'), 1_000);
    await eventually(() => bench.scheduler.step(), 'it reached the driver');
    await assert.rejects(appended, { code: 'no_leader', message: 'this node is not the leader' });
  });
});
