/**
 * The live connection: authenticates by its first message, knows the position up to which it has seen everything,
 * and resumes there on whichever pod it reaches next.
 */

import ReconnectingWebSocket from 'partysocket/ws';
import { Store } from '../store.ts';
import { ApiError } from './problem.ts';
import type { LiveItem, ServerMessage } from './types.ts';

const RECONNECT_MIN_MS = 500;
const RECONNECT_MAX_MS = 8_000;
const RECONNECT_GROWTH = 1.6;
const CONNECT_DEADLINE_MS = 5_000;
/** A connection that lived as long as this starts over with the shortest pause. */
const STABLE_AFTER_MS = 3_000;
/** After the first message the server must say `ready`. */
const READY_DEADLINE_MS = 8_000;

/** The server closes when the token expires; it is replaced before, on the open connection. */
const RENEW_EVERY_MS = 240_000;
const RENEW_LIFE_MS = 360_000;

const CLOSED_BAD_MESSAGE = 4400;
const CLOSED_NOT_AUTHENTICATED = 4401;

/** `connecting`: never been live since it was started; `offline`: was live, tries again. */
export type LiveStatus = 'stopped' | 'connecting' | 'live' | 'offline';

export interface LivePorts {
  /** ws(s)://host/ws */
  readonly url: string;
  /** @param lifeMs How long the token must be good for, at least. */
  readonly accessToken: (lifeMs?: number) => Promise<string>;
  /** A token other than the one the server refused. */
  readonly replaceToken: (refused: string) => Promise<string>;
  readonly onItems: (items: readonly LiveItem[]) => void;
  /** Changes may have been missed: fetch everything again. Also called when first connected. */
  readonly onReset: () => void;
}

export class LiveConnection {
  readonly status = new Store<LiveStatus>('stopped');
  readonly #ports: LivePorts;
  readonly #renewEveryMs: number;
  #socket: ReconnectingWebSocket | null = null;
  #readyTimer: ReturnType<typeof setTimeout> | undefined;
  #renewTimer: ReturnType<typeof setInterval> | undefined;
  #token = '';
  #tokenRefused = false;
  /** The log index up to which everything has been seen; null: nothing yet. */
  #position: number | null = null;

  constructor(ports: LivePorts, renewEveryMs = RENEW_EVERY_MS) {
    this.#ports = ports;
    this.#renewEveryMs = renewEveryMs;
  }

  start(): void {
    if (this.#socket !== null) return;
    this.status.set('connecting');
    this.#position = null;
    const socket = new ReconnectingWebSocket(() => this.#prepare(), undefined, {
      minReconnectionDelay: RECONNECT_MIN_MS * (1 + Math.random()),
      maxReconnectionDelay: RECONNECT_MAX_MS,
      reconnectionDelayGrowFactor: RECONNECT_GROWTH,
      connectionTimeout: CONNECT_DEADLINE_MS,
      minUptime: STABLE_AFTER_MS,
      maxEnqueuedMessages: 0,
    });
    socket.addEventListener('open', () => this.#authenticate(socket));
    socket.addEventListener('message', (event) => this.#receive(socket, String(event.data)));
    socket.addEventListener('close', (event) => this.#closed(event.code));
    this.#socket = socket;
    this.#renewTimer = setInterval(() => this.#renew(socket), this.#renewEveryMs);
  }

  stop(): void {
    clearTimeout(this.#readyTimer);
    clearInterval(this.#renewTimer);
    this.#socket?.close(1000);
    this.#socket = null;
    this.status.set('stopped');
  }

  /** The pod does not answer elsewhere: a connection that looks alive may not be. Also used to skip a pause. */
  retryNow(): void {
    this.#socket?.reconnect();
  }

  /** Runs before each connection, so that the server's wait for the first message is not spent on renewing a token. */
  async #prepare(): Promise<string> {
    try {
      this.#token = this.#tokenRefused
        ? await this.#ports.replaceToken(this.#token)
        : await this.#ports.accessToken();
      this.#tokenRefused = false;
    } catch (error) {
      if (error instanceof ApiError && error.code === 'session_ended') this.stop();
      throw error;
    }
    return this.#ports.url;
  }

  #authenticate(socket: ReconnectingWebSocket): void {
    const since = this.#position === null ? {} : { sinceIndex: this.#position };
    socket.send(JSON.stringify({ type: 'auth', token: this.#token, ...since }));
    clearTimeout(this.#readyTimer);
    this.#readyTimer = setTimeout(() => socket.reconnect(), READY_DEADLINE_MS);
  }

  async #renew(socket: ReconnectingWebSocket): Promise<void> {
    if (this.status.get() !== 'live') return;
    try {
      const token = await this.#ports.accessToken(RENEW_LIFE_MS);
      if (token === this.#token || this.status.get() !== 'live') return;
      this.#token = token;
      socket.send(JSON.stringify({ type: 'auth', token }));
    } catch (error) {
      console.warn('the live connection keeps its token for now', error);
    }
  }

  #receive(socket: ReconnectingWebSocket, data: string): void {
    const message = parseMessage(data);
    if (message === null) return;
    switch (message.type) {
      case 'ready':
        clearTimeout(this.#readyTimer);
        if (this.#position === null) this.#startOver(message.index);
        if (this.#socket === socket) this.status.set('live');
        return;
      case 'events':
        this.#apply(message.items, message.index);
        return;
      case 'reset':
        this.#startOver(message.index);
    }
  }

  #apply(items: readonly LiveItem[], index: number): void {
    const seen = this.#position ?? -1;
    const fresh = items.filter((item) => item.index > seen);
    this.#position = Math.max(seen, index);
    if (fresh.length > 0) this.#ports.onItems(fresh);
  }

  #startOver(index: number): void {
    this.#position = index;
    this.#ports.onReset();
  }

  #closed(code: number): void {
    clearTimeout(this.#readyTimer);
    if (code === CLOSED_NOT_AUTHENTICATED) this.#tokenRefused = true;
    if (code === CLOSED_BAD_MESSAGE) this.#position = null;
    if (this.status.get() === 'live') this.status.set('offline');
  }
}

function parseMessage(data: string): ServerMessage | null {
  try {
    const message = JSON.parse(data) as ServerMessage;
    return typeof message === 'object' && message !== null && Number.isSafeInteger(message.index)
      ? message
      : null;
  } catch (error) {
    console.error('the server sent a message that is not JSON', error);
    return null;
  }
}
