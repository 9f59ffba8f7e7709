import { once } from 'node:events';
import WebSocket from 'ws';

// biome-ignore lint/suspicious/noExplicitAny: whatever JSON the server sent; tests assert its shape.
type Message = any;

/** A WebSocket that keeps what it is sent, in order, so that a test can wait for what it wants to see. */
export class WsClient {
  readonly socket: WebSocket;
  readonly messages: Message[] = [];
  readonly #closed: Promise<{ code: number; reason: string }>;
  readonly #watchers = new Set<() => void>();
  #isClosed = false;

  constructor(url: string, protocols: string[] = [], headers: Record<string, string> = {}) {
    this.socket = new WebSocket(url, protocols, { headers });
    this.socket.on('message', (data) => {
      this.messages.push(JSON.parse(String(data)));
      for (const watcher of [...this.#watchers]) watcher();
    });
    this.socket.on('error', () => {});
    this.#closed = new Promise((resolve) => {
      this.socket.once('close', (code, reason) => {
        this.#isClosed = true;
        for (const watcher of [...this.#watchers]) watcher();
        resolve({ code, reason: String(reason) });
      });
    });
  }

  /** Opens and authenticates by the first message. Resolves with the server's `ready`. */
  static async ready(url: string, token: string, sinceIndex?: number): Promise<WsClient> {
    const client = new WsClient(url);
    await client.opened();
    client.send({ type: 'auth', token, ...(sinceIndex === undefined ? {} : { sinceIndex }) });
    await client.message((message) => message.type === 'ready');
    return client;
  }

  async opened(): Promise<void> {
    if (this.socket.readyState === WebSocket.CONNECTING) await once(this.socket, 'open');
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** The first message, old or new, of which that holds. @throws Error when the socket closes without it. */
  message(holds: (message: Message) => boolean): Promise<Message> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const found = this.messages.find(holds);
        if (!found && !this.#isClosed) return;
        this.#watchers.delete(look);
        if (found) resolve(found);
        else reject(new Error(`closed without it; there came ${JSON.stringify(this.messages)}`));
      };
      this.#watchers.add(look);
      look();
    });
  }

  /** Every item of every `events` message so far. */
  get items(): Message[] {
    return this.messages.filter((message) => message.type === 'events').flatMap((message) => message.items);
  }

  closed(): Promise<{ code: number; reason: string }> {
    return this.#closed;
  }

  /** The HTTP status with which the server refused the upgrade. */
  async refused(): Promise<number> {
    const [, response] = (await once(this.socket, 'unexpected-response')) as [
      unknown,
      { statusCode: number },
    ];
    return response.statusCode;
  }

  async close(): Promise<void> {
    this.socket.close(1000);
    await this.#closed;
  }
}
