/** WebSockets at /ws: upgrade, authentication, heartbeat, bounds. The protocol is in docs/API.md. */
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { Consistency } from '@agenda/proto/agenda/v1/agenda';
import { DeadlineSweeper } from '@agenda/service-kit/deadline';
import { toServiceError } from '@agenda/service-kit/errors';
import type { Logger } from '@agenda/service-kit/logger';
import { newRequestId } from '@agenda/service-kit/request-context';
import type { Gauge } from 'prom-client';
import { type WebSocket, WebSocketServer } from 'ws';
import { z } from 'zod';
import type { AgendaCalls } from '../clients/agenda.ts';
import type { AuditReporter } from '../clients/audit-reporter.ts';
import { ForgedToken, type Principal, type Tokens } from '../tokens.ts';
import { CLOSE, Connection, closeSocket } from './connection.ts';
import type { EventHub } from './event-hub.ts';
import type { Tickets } from './tickets.ts';

const PATH = '/ws';
const PROTOCOL = 'agenda.v1';
const BEARER_PREFIX = 'bearer.';
const AUTH_MS_MAX = 5_000;
const MESSAGE_BYTES_MAX = 16 * 1024;
const CONNECTIONS_MAX = 10_000;
const CONNECTIONS_PER_USER_MAX = 50;
const CHECK_DEADLINE_MS = 3_000;

const authMessage = z.object({
  type: z.literal('auth'),
  token: z.string().min(1),
  sinceIndex: z.int().min(0).optional(),
});

export interface SocketServerOptions {
  readonly hub: EventHub;
  readonly tokens: Tokens;
  readonly tickets: Tickets;
  readonly agenda: AgendaCalls;
  readonly reporter: Pick<AuditReporter, 'reportForgedToken'>;
  readonly logger: Logger;
  readonly connections: Gauge;
  readonly heartbeatMs: number;
}

interface Client {
  readonly socket: WebSocket;
  readonly address: string;
  connection: Connection | undefined;
  /** Set while a token is being checked; a second one at the same time is refused. */
  authenticating: boolean;
  alive: boolean;
  expiry: { readonly deadlineAtMs: number; readonly client: Client } | undefined;
}

export class SocketServer {
  readonly #options: SocketServerOptions;
  readonly #server = new WebSocketServer({
    noServer: true,
    maxPayload: MESSAGE_BYTES_MAX,
    perMessageDeflate: false,
    handleProtocols: (protocols) => (protocols.has(PROTOCOL) ? PROTOCOL : false),
  });
  readonly #clients = new Set<Client>();
  readonly #expiries = new DeadlineSweeper<{ readonly deadlineAtMs: number; readonly client: Client }>(
    ({ client }) => closeSocket(client.socket, CLOSE.unauthenticated),
  );
  #ping: NodeJS.Timeout | undefined;

  constructor(options: SocketServerOptions) {
    this.#options = options;
  }

  attach(server: Server): void {
    server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    this.#ping = setInterval(() => this.#heartbeat(), this.#options.heartbeatMs);
  }

  /** Says goodbye to everybody; they resume elsewhere. */
  close(): void {
    clearInterval(this.#ping);
    for (const { socket } of this.#clients) closeSocket(socket, CLOSE.goingAway);
    this.#expiries.close();
    this.#server.close();
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', (error) => this.#options.logger.debug({ err: error }, 'a socket broke'));
    const { path, query } = targetOf(request);
    if (path !== PATH) return refuse(socket, 404, 'Not Found');
    if (!sameOrigin(request)) return refuse(socket, 403, 'Forbidden');
    if (this.#clients.size >= CONNECTIONS_MAX) return refuse(socket, 503, 'Service Unavailable');
    const ticket = query.get('ticket');
    const ticketHolder = ticket === null ? undefined : this.#options.tickets.redeem(ticket);
    if (ticket !== null && !ticketHolder) return refuse(socket, 401, 'Unauthorized');
    const since = sinceOf(query.get('since'));
    this.#server.handleUpgrade(request, socket, head, (accepted) => {
      this.#accept(accepted, request, ticketHolder, since);
    });
  }

  #accept(
    socket: WebSocket,
    request: IncomingMessage,
    holder: Principal | undefined,
    since: number | undefined,
  ): void {
    const address = request.socket.remoteAddress ?? '';
    const client: Client = {
      socket,
      address,
      connection: undefined,
      authenticating: false,
      alive: true,
      expiry: undefined,
    };
    this.#clients.add(client);
    this.#options.connections.set(this.#clients.size);
    const authTimer = setTimeout(() => {
      if (!client.connection) closeSocket(socket, CLOSE.noAuthInTime);
    }, AUTH_MS_MAX);
    socket.on('pong', () => {
      client.alive = true;
    });
    socket.on('error', (error) => this.#options.logger.debug({ err: error }, 'a socket broke'));
    socket.on('message', (data, isBinary) =>
      this.#onMessage(client, isBinary ? undefined : String(data), since),
    );
    socket.once('close', () => {
      clearTimeout(authTimer);
      if (client.expiry) this.#expiries.delete(client.expiry);
      client.connection?.end();
      this.#clients.delete(client);
      this.#options.connections.set(this.#clients.size);
    });
    const bearer = bearerOf(request);
    if (holder) void this.#begin(client, Promise.resolve(holder), since);
    else if (bearer !== undefined) void this.#begin(client, this.#options.tokens.verifyAccess(bearer), since);
  }

  #onMessage(client: Client, text: string | undefined, since: number | undefined): void {
    if (client.socket.readyState !== client.socket.OPEN) return;
    const message = parseMessage(text);
    if (!message) return closeSocket(client.socket, CLOSE.badMessage);
    const principal = this.#options.tokens.verifyAccess(message.token);
    if (client.connection) void this.#renew(client, client.connection, principal);
    else void this.#begin(client, principal, message.sinceIndex ?? since);
  }

  /** The token says who it is; the agenda says whether the session lives, and where the log is. */
  async #begin(client: Client, verified: Promise<Principal>, since: number | undefined): Promise<void> {
    if (!startChecking(client, verified)) return;
    let connection: Connection | undefined;
    try {
      const { hub } = this.#options;
      const principal = await verified;
      if (hub.countOf(principal.userId) >= CONNECTIONS_PER_USER_MAX)
        return closeSocket(client.socket, CLOSE.tryLater);
      connection = new Connection(client.socket, principal, hub);
      // Before the agenda is asked, so that its answer is hardly ever older than what comes live.
      connection.watch();
      const index = await this.#check(client, principal);
      if (client.socket.readyState !== client.socket.OPEN) return;
      if (hub.position === undefined) return closeSocket(client.socket, CLOSE.tryLater);
      client.connection = connection;
      this.#expireWith(client, principal);
      connection.begin(Math.min(since ?? index, index));
    } catch (error) {
      this.#onFailure(client, error);
    } finally {
      client.authenticating = false;
      if (!client.connection) connection?.end();
    }
  }

  /** A new token for the same user keeps the socket open. */
  async #renew(client: Client, connection: Connection, verified: Promise<Principal>): Promise<void> {
    if (!startChecking(client, verified)) return;
    try {
      const principal = await verified;
      if (principal.userId !== connection.userId) return closeSocket(client.socket, CLOSE.unauthenticated);
      await this.#check(client, principal);
      connection.principal = principal;
      this.#expireWith(client, principal);
    } catch (error) {
      this.#onFailure(client, error);
    } finally {
      client.authenticating = false;
    }
  }

  /** @returns the index at which the session was seen alive. */
  async #check({ address }: Client, principal: Principal): Promise<number> {
    const { userId, sessionId, username } = principal;
    const caller = { userId, sessionId, username, address, tool: '' };
    const { index } = await this.#options.agenda.getMe(
      { context: { caller, consistency: Consistency.CONSISTENCY_LINEARIZABLE, minIndex: 0 } },
      { deadlineMs: CHECK_DEADLINE_MS, requestId: newRequestId() },
    );
    return index;
  }

  #onFailure({ socket, address }: Client, error: unknown): void {
    const { code } = toServiceError(error);
    if (error instanceof ForgedToken) this.#options.reporter.reportForgedToken(address, '', error.message);
    if (code === 'internal')
      this.#options.logger.error({ err: error }, 'a socket could not be authenticated');
    closeSocket(
      socket,
      code === 'unauthenticated' || code === 'forbidden' ? CLOSE.unauthenticated : CLOSE.tryLater,
    );
  }

  #expireWith(client: Client, { expiresAtMs }: Principal): void {
    if (client.expiry) this.#expiries.delete(client.expiry);
    client.expiry = { deadlineAtMs: performance.now() + expiresAtMs - Date.now(), client };
    this.#expiries.add(client.expiry);
  }

  /** Who did not answer the last one is gone; the others learn how far the log is. */
  #heartbeat(): void {
    for (const client of this.#clients) {
      if (!client.alive) {
        client.socket.terminate();
        continue;
      }
      client.alive = false;
      client.socket.ping();
      client.connection?.tellPosition();
    }
  }
}

/** Each check asks the agenda; a client cannot have two of them under way. */
function startChecking(client: Client, verified: Promise<Principal>): boolean {
  if (client.authenticating) {
    // Whatever becomes of it, nobody waits for it.
    verified.catch(() => undefined);
    closeSocket(client.socket, CLOSE.badMessage);
    return false;
  }
  client.authenticating = true;
  return true;
}

/** Taken apart by hand: `new URL` throws at targets that a client may well send, such as "//". */
function targetOf({ url = '' }: IncomingMessage): { readonly path: string; readonly query: URLSearchParams } {
  const mark = url.indexOf('?');
  if (mark === -1) return { path: url, query: new URLSearchParams() };
  return { path: url.slice(0, mark), query: new URLSearchParams(url.slice(mark + 1)) };
}

/** Undefined: no message of this protocol. */
function parseMessage(text: string | undefined): z.output<typeof authMessage> | undefined {
  if (text === undefined) return undefined;
  try {
    return authMessage.safeParse(JSON.parse(text)).data;
  } catch {
    // Not JSON: the caller closes with "bad message".
    return undefined;
  }
}

/** Browsers send where the page came from; a page of another origin must not use its visitor's network. */
function sameOrigin({ headers }: IncomingMessage): boolean {
  if (headers.origin === undefined) return true;
  try {
    return new URL(headers.origin).host === headers.host;
  } catch {
    // "null", or nonsense: not this origin.
    return false;
  }
}

function bearerOf({ headers }: IncomingMessage): string | undefined {
  const protocols = (headers['sec-websocket-protocol'] ?? '').split(',').map((protocol) => protocol.trim());
  return protocols.find((protocol) => protocol.startsWith(BEARER_PREFIX))?.slice(BEARER_PREFIX.length);
}

function sinceOf(text: string | null): number | undefined {
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function refuse(socket: Duplex, status: number, reason: string): void {
  socket.end(`HTTP/1.1 ${status} ${reason}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
