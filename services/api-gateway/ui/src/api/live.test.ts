import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type WebSocket as ServerSocket, WebSocketServer } from 'ws';
import { LiveConnection, type LivePorts } from './live.ts';
import { clientError } from './problem.ts';
import type { LiveItem } from './types.ts';

interface Auth {
  readonly type: string;
  readonly token: string;
  readonly sinceIndex?: number;
}

function removal(index: number): LiveItem {
  return {
    index,
    ordinal: 0,
    at: '2026-01-01T00:00:00.000Z',
    kind: 'appointment_removed',
    appointmentId: `a${index}`,
    version: 1,
  };
}

describe('the live connection', () => {
  let server: WebSocketServer;
  let live: LiveConnection;
  let items: number[];
  let resets: number;
  let refused: string[];
  let renewal: () => Promise<string>;
  let token: string;
  let ports: LivePorts;

  beforeEach(async () => {
    server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    [items, resets, refused] = [[], 0, []];
    renewal = async () => 'token-2';
    token = 'token-1';
    ports = {
      url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/ws`,
      accessToken: async () => token,
      replaceToken: (old) => {
        refused.push(old);
        return renewal();
      },
      onItems: (fresh) => items.push(...fresh.map(({ index }) => index)),
      onReset: () => {
        resets += 1;
      },
    };
    live = new LiveConnection(ports);
  });

  afterEach(async () => {
    live.stop();
    for (const socket of server.clients) socket.terminate();
    await new Promise((resolve) => server.close(resolve));
  });

  /** The next connection and its first message. */
  async function accepted(): Promise<{ socket: ServerSocket; auth: Auth }> {
    const [socket] = (await once(server, 'connection')) as [ServerSocket];
    const [data] = await once(socket, 'message');
    return { socket, auth: JSON.parse(String(data)) };
  }

  const send = (socket: ServerSocket, message: unknown) => socket.send(JSON.stringify(message));

  function status(wanted: string): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        if (live.status.get() !== wanted) return;
        stop();
        resolve();
      };
      const stop = live.status.subscribe(check);
      check();
    });
  }

  it('authenticates by its first message and asks for everything once it is ready', async () => {
    live.start();
    const { socket, auth } = await accepted();
    assert.deepEqual(auth, { type: 'auth', token: 'token-1' });
    send(socket, { type: 'ready', index: 5 });
    await status('live');
    assert.equal(resets, 1);
  });

  it('resumes where it was after the connection was lost, and misses and repeats nothing', async () => {
    live.start();
    const first = await accepted();
    send(first.socket, { type: 'ready', index: 5 });
    send(first.socket, { type: 'events', index: 7, items: [removal(6), removal(7)] });
    await status('live');
    while (items.length < 2) await echoed(first.socket);
    const again = accepted();
    first.socket.close(1001);
    await status('offline');
    const second = await again;
    assert.equal(second.auth.sinceIndex, 7);
    send(second.socket, { type: 'ready', index: 9 });
    send(second.socket, { type: 'events', index: 9, items: [removal(7), removal(8), removal(9)] });
    await status('live');
    while (items.length < 4) await echoed(second.socket);
    assert.deepEqual(items, [6, 7, 8, 9]);
    assert.equal(resets, 1);
  });

  it('asks for everything again when its position is no longer kept', async () => {
    live.start();
    const first = await accepted();
    send(first.socket, { type: 'ready', index: 5 });
    await status('live');
    const again = accepted();
    first.socket.close(1001);
    const second = await again;
    send(second.socket, { type: 'ready', index: 90 });
    send(second.socket, { type: 'reset', index: 90 });
    while (resets < 2) await echoed(second.socket);
    const third = accepted();
    second.socket.close(1001);
    assert.equal((await third).auth.sinceIndex, 90);
  });

  it('comes back with another token when the server refuses the one it has', async () => {
    live.start();
    const first = await accepted();
    const again = accepted();
    first.socket.close(4401);
    const second = await again;
    assert.deepEqual(refused, ['token-1']);
    assert.equal(second.auth.token, 'token-2');
  });

  it('hands the server a new token on the open connection, before the old one expires', async () => {
    const RENEW_EVERY_MS = 20;
    live = new LiveConnection(ports, RENEW_EVERY_MS);
    live.start();
    const { socket } = await accepted();
    send(socket, { type: 'ready', index: 5 });
    await status('live');
    token = 'token-2';
    const [data] = await once(socket, 'message');
    assert.deepEqual(JSON.parse(String(data)), { type: 'auth', token: 'token-2' });
    send(socket, { type: 'ready', index: 5 });
    await echoed(socket);
    assert.equal(resets, 1);
  });

  it('stops for good when the session has ended', async () => {
    renewal = async () => {
      throw clientError('session_ended', 'ended');
    };
    live.start();
    const first = await accepted();
    first.socket.close(4401);
    await status('stopped');
    assert.equal(server.clients.size, 0);
  });
});

/** The client has read what was sent before. */
async function echoed(socket: ServerSocket): Promise<void> {
  const pong = once(socket, 'pong');
  socket.ping();
  await pong;
}
