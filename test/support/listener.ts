/** Somebody who listens to events, and goes on at the next pod with the last index that came. */
import WebSocket from 'ws';

export interface HeardItem {
  readonly index: number;
  readonly ordinal: number;
  readonly kind: string;
  readonly appointment?: { readonly id: string; readonly version: number };
}

/** Between two pods, of which one may be down. */
const PAUSE_MS = 50;
/** Of a connection on which nothing comes, not even the news that there is none. */
const SILENCE_MAX_MS = 10_000;

export class Listener {
  /** In the order in which they came. */
  readonly items: HeardItem[] = [];
  /** What a server should never send to somebody who is at most seconds behind. */
  readonly complaints: string[] = [];
  /** How often a pod took it in. */
  connections = 0;
  readonly #urls: readonly string[];
  readonly #token: string;
  readonly #itemsPerPod: number;
  #sinceIndex: number;
  #stopping = false;
  #running: Promise<void> | undefined;
  #socket: WebSocket | undefined;

  /** @param itemsPerPod moves on after so many. @param sinceIndex of which everything later is wanted. */
  constructor(urls: readonly string[], token: string, sinceIndex: number, itemsPerPod: number) {
    this.#urls = urls;
    this.#token = token;
    this.#sinceIndex = sinceIndex;
    this.#itemsPerPod = itemsPerPod;
  }

  /** Everything up to here has come. */
  get index(): number {
    return this.#sinceIndex;
  }

  start(): this {
    this.#running = this.#run();
    return this;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#socket?.terminate();
    await this.#running;
  }

  async #run(): Promise<void> {
    for (let turn = 0; !this.#stopping; turn++) {
      const url = this.#urls[turn % this.#urls.length] as string;
      await this.#listenAt(url);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  /** Until it has heard enough there, the connection breaks, or it is stopped. */
  #listenAt(url: string): Promise<void> {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`);
    this.#socket = socket;
    const heardBefore = this.items.length;
    return new Promise((resolve) => {
      const silence = setTimeout(() => socket.terminate(), SILENCE_MAX_MS);
      socket.on('error', () => socket.terminate());
      socket.on('close', () => {
        clearTimeout(silence);
        resolve();
      });
      const since = this.#sinceIndex;
      socket.on('open', () =>
        socket.send(JSON.stringify({ type: 'auth', token: this.#token, sinceIndex: since })),
      );
      socket.on('message', (data) => {
        // What still comes on a connection that was left is not taken: the next one brings it.
        if (socket.readyState !== WebSocket.OPEN) return;
        silence.refresh();
        this.#take(JSON.parse(String(data)));
        if (this.items.length - heardBefore >= this.#itemsPerPod) socket.terminate();
      });
    });
  }

  #take(message: { type: string; index: number; items?: HeardItem[] }): void {
    if (message.type === 'ready') this.connections++;
    else if (message.type === 'events') {
      this.items.push(...(message.items ?? []));
      this.#sinceIndex = message.index;
    } else this.complaints.push(JSON.stringify(message));
  }
}
