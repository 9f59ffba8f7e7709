/** One authenticated socket: what it is sent, in log order, without gap or repeat. */
import type { Event } from '@agenda/proto/agenda/v1/event';
import type { WebSocket } from 'ws';
import type { Principal } from '../tokens.ts';
import type { EventHub, Subscriber } from './event-hub.ts';
import { itemText } from './items.ts';

/** What a client has not read yet; beyond it the client is let go and may resume by index. */
const OUTGOING_BYTES_MAX = 1024 * 1024;
/** Live events kept while the history is still being sent; beyond it the client is let go. */
const WAITING_EVENTS_MAX = 10_000;
/** A client that does not read its close frame either. */
const TERMINATE_MS = 5_000;

export const CLOSE = {
  goingAway: [1001, 'this node stops; connect to another one'],
  badMessage: [4400, 'bad message'],
  unauthenticated: [4401, 'not authenticated, or the session has ended'],
  noAuthInTime: [4408, 'no authentication in time'],
  tooSlow: [4413, 'reads too slowly; resume with the last index'],
  tryLater: [1013, 'not possible right now; try again later'],
} as const;

export function closeSocket(socket: WebSocket, [code, reason]: readonly [number, string]): void {
  // Once is enough: what a client goes on sending until it is gone must not pile up timers.
  if (socket.readyState === socket.CLOSING || socket.readyState === socket.CLOSED) return;
  socket.close(code, reason);
  const timer = setTimeout(() => socket.terminate(), TERMINATE_MS);
  timer.unref();
  socket.once('close', () => clearTimeout(timer));
}

export class Connection implements Subscriber {
  readonly socket: WebSocket;
  readonly #hub: EventHub;
  principal: Principal;
  /** Everything up to here has been sent. */
  #position = 0;
  /** The client knows that. */
  #told = 0;
  #begun = false;
  /** The hub tells everything after it; undefined: not yet. */
  #liveFrom: number | undefined;
  /** Live events that wait until what was before them has been sent; undefined: live. */
  #waiting: Event[] | undefined = [];
  #waitingUpTo = 0;
  #endHistory: (() => void) | undefined;

  constructor(socket: WebSocket, principal: Principal, hub: EventHub) {
    this.socket = socket;
    this.principal = principal;
    this.#hub = hub;
  }

  get userId(): string {
    return this.principal.userId;
  }

  /** Nothing is sent yet, but what happens from now on is not missed. */
  watch(): void {
    this.#hub.add(this);
  }

  /** Says `ready`, sends what came after `position`, then what comes. */
  begin(position: number): void {
    const { userId, username } = this.principal;
    this.#begun = true;
    this.#position = position;
    this.#told = position;
    this.#send({ type: 'ready', index: position, user: { id: userId, username } });
    this.#follow();
  }

  onLive(index: number): void {
    this.#liveFrom = index;
    this.#follow();
  }

  end(): void {
    this.#hub.remove(this);
    this.#endHistory?.();
  }

  onEvents(events: readonly Event[], upToIndex: number): void {
    if (!this.#waiting) {
      this.#deliver(events, upToIndex);
      return;
    }
    if (this.#waiting.length + events.length > WAITING_EVENTS_MAX) closeSocket(this.socket, CLOSE.tooSlow);
    else {
      this.#waiting.push(...events);
      this.#waitingUpTo = upToIndex;
    }
  }

  onReset(index: number): void {
    if (!this.#begun) {
      // What was lost is missed by the history as well, which then says so.
      if (this.#liveFrom !== undefined) this.#liveFrom = index;
      return;
    }
    this.#position = Math.max(this.#position, index);
    this.#told = index;
    this.#send({ type: 'reset', index });
  }

  /** For one who had nothing to see for a while: a later resume need not read what was not for it. */
  tellPosition(): void {
    if (this.#waiting) return;
    this.#position = Math.max(this.#position, this.#hub.position ?? 0);
    if (this.#position > this.#told) this.#tell([]);
  }

  #follow(): void {
    if (!this.#begun || this.#liveFrom === undefined) return;
    if (this.#position >= this.#liveFrom) this.#goLive();
    else this.#readHistory(this.#liveFrom);
  }

  /** The hub hands on what comes after `live`; the history goes up to there. */
  #readHistory(live: number): void {
    this.#endHistory = this.#hub.history(
      this.userId,
      this.#position,
      ({ events, upToIndex, reset }) => {
        if (reset) this.onReset(upToIndex);
        else this.#deliver(events, upToIndex);
        if (this.#position >= live) this.#goLive();
      },
      () => closeSocket(this.socket, CLOSE.tryLater),
    );
  }

  #goLive(): void {
    const waiting = this.#waiting;
    if (!waiting) return;
    this.#waiting = undefined;
    this.#endHistory?.();
    this.#deliver(waiting, this.#waitingUpTo);
  }

  #deliver(events: readonly Event[], upToIndex: number): void {
    const fresh = events.filter((event) => event.logIndex > this.#position);
    this.#position = Math.max(this.#position, upToIndex);
    const ended = fresh.some(
      ({ body }) =>
        body?.$case === 'sessionsEnded' && body.value.sessionIds.includes(this.principal.sessionId),
    );
    const items = fresh.map(itemText).filter((text) => text !== '');
    if (items.length > 0) this.#tell(items);
    if (ended) closeSocket(this.socket, CLOSE.unauthenticated);
  }

  /** @param items as JSON. */
  #tell(items: readonly string[]): void {
    this.#told = this.#position;
    this.#sendText(`{"type":"events","index":${this.#position},"items":[${items.join(',')}]}`);
  }

  #send(message: unknown): void {
    this.#sendText(JSON.stringify(message));
  }

  #sendText(text: string): void {
    if (this.socket.readyState !== this.socket.OPEN) return;
    if (this.socket.bufferedAmount > OUTGOING_BYTES_MAX) {
      this.#hub.remove(this);
      closeSocket(this.socket, CLOSE.tooSlow);
      return;
    }
    this.socket.send(text);
  }
}
