/** Servers and channels of one test, closed after it; and clients that know neither signatures nor manners. */

import { once } from 'node:events';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { Client, type ClientDuplexStream, credentials, Metadata } from '@grpc/grpc-js';
import pino from 'pino';
import type { ServiceDefinition } from '../definition.ts';
import { GrpcChannel, type GrpcChannelOptions } from '../grpc-client.ts';
import { GrpcServer, type GrpcServerOptions, type Handlers } from '../grpc-server.ts';
import { receiverOf } from '../nonces.ts';
import { Signer, Verifier } from '../signature.ts';

export const SECRET = 'a'.repeat(32);
/** Of the servers. */
export const RECEIVER = receiverOf('agenda-1', 'raft-sidecar');
const HOST = '127.0.0.1';
const logger = pino({ level: 'silent' });
const same = (bytes: Buffer): Buffer => bytes;

export class GrpcBed {
  readonly #closers: (() => Promise<void> | void)[] = [];

  async serve<D extends ServiceDefinition>(
    definition: D,
    handlers: Handlers<D>,
    options: Partial<GrpcServerOptions> = {},
    port = 0,
  ): Promise<{ server: GrpcServer; port: number }> {
    const server = new GrpcServer({ verifier: new Verifier(RECEIVER, [SECRET]), logger, ...options });
    server.addService(definition, handlers);
    const bound = await server.listen({ host: HOST, port });
    this.#closers.push(() => server.close(100));
    return { server, port: bound };
  }

  channel(port: number, options: Partial<GrpcChannelOptions> = {}): GrpcChannel {
    const signer = new Signer('agenda-9', [SECRET]);
    const channel = new GrpcChannel({
      address: { host: HOST, port },
      receiver: RECEIVER,
      signer,
      logger,
      ...options,
    });
    this.#closers.push(() => channel.close());
    return channel;
  }

  /** Sends bytes as they are. */
  rawClient(port: number): RawClient {
    const client = new Client(`${HOST}:${port}`, credentials.createInsecure());
    this.#closers.push(() => client.close());
    return new RawClient(client);
  }

  /** A TCP relay whose connections can be cut. */
  async relay(port: number): Promise<Relay> {
    const relay = new Relay(port);
    await relay.listen();
    this.#closers.push(() => relay.close());
    return relay;
  }

  /** A port at which every connection is cut at once. */
  async refuser(): Promise<Refuser> {
    const refuser = new Refuser();
    await refuser.listen();
    this.#closers.push(() => refuser.close());
    return refuser;
  }

  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close();
  }
}

export class RawClient {
  readonly #client: Client;
  constructor(client: Client) {
    this.#client = client;
  }

  unary(path: string, body: Buffer, metadata = new Metadata()): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(path, same, same, body, metadata, (error, bytes) => {
        if (error || !bytes) reject(error);
        else resolve(bytes);
      });
    });
  }

  bidi(path: string, metadata = new Metadata()): ClientDuplexStream<Buffer, Buffer> {
    return this.#client.makeBidiStreamRequest(path, same, same, metadata);
  }
}

export class Relay {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(port: number) {
    this.#server = createServer((inbound) => {
      const outbound = createConnection(port, HOST);
      for (const [socket, other] of [
        [inbound, outbound],
        [outbound, inbound],
      ] as const) {
        this.#sockets.add(socket);
        socket.pipe(other);
        // A cut connection ends both of its halves.
        socket.on('error', () => other.destroy());
        socket.on('close', () => {
          this.#sockets.delete(socket);
          other.destroy();
        });
      }
    });
  }

  async listen(): Promise<void> {
    this.#server.listen(0, HOST);
    await once(this.#server, 'listening');
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

export class Refuser {
  readonly #watchers = new Set<() => void>();
  #count = 0;
  #server: Server | undefined = createServer((socket) => {
    socket.destroy();
    this.#count += 1;
    for (const watch of this.#watchers) watch();
  });
  #port = 0;

  get port(): number {
    return this.#port;
  }

  async listen(): Promise<void> {
    const server = this.#server as Server;
    server.listen(0, HOST);
    await once(server, 'listening');
    this.#port = (server.address() as { port: number }).port;
  }

  /** Resolves when so many connections were tried. */
  refused(count: number): Promise<void> {
    return new Promise((resolve) => {
      const watch = (): void => {
        if (this.#count >= count) resolve();
      };
      this.#watchers.add(watch);
      watch();
    });
  }

  /** The port is free afterwards. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    server.close();
    await once(server, 'close');
  }
}
