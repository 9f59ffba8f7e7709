/**
 * The network between pods on one machine, with faults: every pod is reached by the others through a listener here, which
 * finds out who connects. What flows from one pod to another, on connections that either of them has opened, is a
 * directed link, and can be open, slow, black (nothing arrives, nobody is told, and what was sent arrives when it opens
 * again, as with TCP after a partition), or cut (connections are reset, new ones refused).
 */
import { createConnection, createServer, type Server, type Socket } from 'node:net';

export type LinkState = 'open' | 'black' | 'cut' | { readonly delayMs: number };

export interface Endpoint {
  readonly name: string;
  /** Where the others are told that it is. */
  readonly advertisedPort: number;
  /** Where it is. */
  readonly port: number;
}

/** Connects; undefined: no pod, say a tool. Those are let through. */
export type Whois = (fromPort: number, toPort: number) => string | undefined;

const OPEN: LinkState = 'open';

export class FaultNetwork {
  readonly #whois: Whois;
  readonly #links = new Map<string, LinkState>();
  readonly #servers: Server[] = [];
  readonly #connections = new Set<Connection>();

  private constructor(whois: Whois) {
    this.#whois = whois;
  }

  static async start(endpoints: readonly Endpoint[], whois: Whois): Promise<FaultNetwork> {
    const network = new FaultNetwork(whois);
    await Promise.all(endpoints.map((endpoint) => network.#listen(endpoint)));
    return network;
  }

  /** From one pod to another, in this direction only; `cut` takes the other one with it: a connection has two. */
  set(from: string, to: string, state: LinkState): void {
    this.#links.set(`${from}>${to}`, state);
    for (const connection of this.#connections) connection.linksChanged();
  }

  /** Each of these groups hears only itself. */
  partition(state: LinkState, ...groups: readonly (readonly string[])[]): void {
    for (const group of groups)
      for (const other of groups)
        if (group !== other) for (const from of group) for (const to of other) this.set(from, to, state);
  }

  heal(): void {
    this.#links.clear();
    for (const connection of this.#connections) connection.linksChanged();
  }

  async close(): Promise<void> {
    for (const connection of this.#connections) connection.destroy();
    await Promise.all(
      this.#servers.map((server) => new Promise((resolve) => server.close(() => resolve(undefined)))),
    );
  }

  link(from: string, to: string): LinkState {
    return this.#links.get(`${from}>${to}`) ?? OPEN;
  }

  #listen({ name, advertisedPort, port }: Endpoint): Promise<void> {
    const server = createServer((socket) => {
      const from = this.#whois(socket.remotePort ?? 0, advertisedPort) ?? '';
      if (this.link(from, name) === 'cut' || this.link(name, from) === 'cut') {
        socket.resetAndDestroy();
        return;
      }
      const connection = new Connection(socket, createConnection({ host: '127.0.0.1', port }), {
        forth: () => this.link(from, name),
        back: () => this.link(name, from),
        onEnd: () => this.#connections.delete(connection),
      });
      this.#connections.add(connection);
      connection.linksChanged();
    });
    this.#servers.push(server);
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port: advertisedPort, host: '127.0.0.1' }, () => resolve());
    });
  }
}

interface ConnectionOptions {
  readonly forth: () => LinkState;
  readonly back: () => LinkState;
  readonly onEnd: () => void;
}

class Connection {
  readonly #sockets: readonly [Socket, Socket];
  readonly #flows: readonly [Flow, Flow];
  readonly #options: ConnectionOptions;

  constructor(caller: Socket, callee: Socket, options: ConnectionOptions) {
    this.#options = options;
    this.#sockets = [caller, callee];
    this.#flows = [new Flow(caller, callee, options.forth), new Flow(callee, caller, options.back)];
    for (const socket of this.#sockets) {
      socket.setNoDelay(true);
      // That a connection breaks is what this is for; both ends see it as the end.
      socket.on('error', () => {});
      socket.on('close', () => this.#closed());
    }
  }

  linksChanged(): void {
    if (this.#options.forth() === 'cut' || this.#options.back() === 'cut') this.destroy();
    else {
      for (const flow of this.#flows) flow.pump();
      if (this.#sockets.some((socket) => socket.destroyed)) this.#closed();
    }
  }

  destroy(): void {
    this.#options.onEnd();
    for (const socket of this.#sockets) socket.resetAndDestroy();
    for (const flow of this.#flows) flow.stop();
  }

  /** That one end is gone does not get through a black link. */
  #closed(): void {
    if (this.#options.forth() === 'black' || this.#options.back() === 'black') return;
    this.destroy();
  }
}

/** One direction of a connection. What waits is bounded by pausing the sender. */
class Flow {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #state: () => LinkState;
  #waiting: { readonly chunk: Buffer; readonly atMs: number }[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(from: Socket, to: Socket, state: () => LinkState) {
    this.#from = from;
    this.#to = to;
    this.#state = state;
    from.on('data', (chunk: Buffer) => {
      this.#waiting.push({ chunk, atMs: performance.now() });
      this.pump();
    });
    to.on('drain', () => this.pump());
  }

  pump(): void {
    clearTimeout(this.#timer);
    const state = this.#state();
    const delayMs = typeof state === 'object' ? state.delayMs : 0;
    while (state !== 'black' && !this.#to.writableNeedDrain) {
      const [first] = this.#waiting;
      if (!first) break;
      const waitMs = first.atMs + delayMs - performance.now();
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.pump(), waitMs);
        break;
      }
      this.#waiting.shift();
      this.#to.write(first.chunk);
    }
    const blocked = state === 'black' || this.#to.writableNeedDrain;
    if (blocked) this.#from.pause();
    else this.#from.resume();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#waiting = [];
  }
}
