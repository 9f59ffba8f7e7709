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
