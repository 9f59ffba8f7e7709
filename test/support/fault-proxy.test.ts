import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { freePorts } from '@agenda/pod/ports';
import { FaultNetwork } from './fault-proxy.ts';
import { KNOWS_SOCKET_OWNERS, ownerOf } from './socket-owner.ts';
import { until } from './until.ts';

const WAIT_MS = 5_000;

describe('the network with faults', () => {
  let network: FaultNetwork;
  let server: Server;
  let caller: Socket;
  let accepted: Socket;
  let advertisedPort: number;
  const heard = { forth: '', back: '' };

  async function connect(): Promise<void> {
    const accepting = once(server, 'connection');
    caller = createConnection({ host: '127.0.0.1', port: advertisedPort });
    await once(caller, 'connect');
    [accepted] = (await accepting) as [Socket];
    accepted.on('data', (chunk) => {
      heard.forth += chunk;
    });
    caller.on('data', (chunk) => {
      heard.back += chunk;
    });
    for (const socket of [caller, accepted]) socket.on('error', () => {});
  }

  const hears = (direction: 'forth' | 'back', text: string): Promise<unknown> =>
    until(`${text} to arrive`, WAIT_MS, async () => (heard[direction] === text ? true : undefined));

  /** However it comes to it. */
  const closed = (socket: Socket): Promise<void> =>
    new Promise((resolve) => {
      socket.once('close', () => resolve());
    });

  beforeEach(async () => {
    const [first, second] = (await freePorts(2)) as [number, number];
    advertisedPort = first;
    server = createServer();
    await new Promise<void>((resolve) => server.listen({ port: second, host: '127.0.0.1' }, resolve));
    network = await FaultNetwork.start([{ name: 'b', advertisedPort, port: second }], () => 'a');
    Object.assign(heard, { forth: '', back: '' });
    await connect();
  });
  afterEach(async () => {
    caller.destroy();
    await network.close();
    server.close();
  });

  it('lets everything through while a link is open', async () => {
    caller.write('ping');
    await hears('forth', 'ping');
    accepted.write('pong');
    await hears('back', 'pong');
  });

  it('holds one direction back while it is black, and delivers it after', async () => {
    network.set('a', 'b', 'black');
    caller.write('late');
    accepted.write('now');
    await hears('back', 'now');
    assert.equal(heard.forth, '');
    network.heal();
    await hears('forth', 'late');
  });

  it('delays', async () => {
    network.set('a', 'b', { delayMs: 100 });
    const sentAt = performance.now();
    caller.write('slow');
    await hears('forth', 'slow');
    assert.ok(performance.now() - sentAt >= 100);
  });

  it('resets connections that are cut, and refuses new ones until it is healed', async () => {
    network.set('b', 'a', 'cut');
    await closed(caller);
    caller = createConnection({ host: '127.0.0.1', port: advertisedPort });
    caller.on('error', () => {});
    await closed(caller);
    network.heal();
    await connect();
    caller.write('again');
    await hears('forth', 'again');
  });

  it('does not let an end through a black link', async () => {
    network.partition('black', ['a'], ['b']);
    let ended = false;
    caller.on('close', () => {
      ended = true;
    });
    accepted.destroy();
    await closed(accepted);
    assert.equal(ended, false);
    network.heal();
    await until('the end to arrive', WAIT_MS, async () => ended || undefined);
  });

  it('is told who connects by the system', function () {
    if (!KNOWS_SOCKET_OWNERS) {
      console.log('      skipped: this system does not tell whose a socket is');
      this.skip();
    }
    assert.equal(ownerOf(caller.localPort as number, advertisedPort, [process.pid]), process.pid);
    assert.equal(ownerOf(1, advertisedPort, [process.pid]), undefined);
  });
});
