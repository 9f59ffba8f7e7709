/** A gRPC server on which every call is signed, and verified before it is decoded. */

import { CarrierService } from '@agenda/proto/kit/v1/carrier';
import {
  type ServiceDefinition as GrpcServiceDefinition,
  type handleBidiStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type UntypedHandleCall,
} from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { CallContext } from './call-context.ts';
import { CarrierServer } from './carrier-server.ts';
import { deadlineAt, remainingMs } from './deadline.ts';
import {
  type AnyMethod,
  type Bidirectional,
  type BoundMethod,
  decodeRequest,
  encodeResponse,
  REQUEST_BYTES_MAX,
  type RequestOf,
  type ResponseOf,
  rawDefinition,
  type ServerStreaming,
  type ServiceDefinition,
  type Unary,
  type UnaryHandler,
} from './definition.ts';
import { formatHostPort, type HostPort } from './environment.ts';
import { fromErrorDetail, ServiceError, toErrorDetail, toServiceError } from './errors.ts';
import { grpcStatus, signAnswer } from './grpc-status.ts';
import type { Logger } from './logger.ts';
import { MessageStream } from './message-stream.ts';
import { addReflection } from './reflection.ts';
import { newRequestId, runWithRequest } from './request-context.ts';
import { type SignedCall, SkewedClockError, StreamOpener, StreamSealer, type Verifier } from './signature.ts';

export { CallContext } from './call-context.ts';
export type { UnaryHandler } from './definition.ts';
export type { InboundStream, OutboundStream } from './message-stream.ts';

export const REQUEST_ID_KEY = 'agenda-request-id';
const REQUEST_ID_CHARS_MAX = 128;
const CALLS_MAX = 10_000;
const STREAMS_MAX = 1_000;
/** HTTP/2 streams of one connection, signed or not; the other end waits for a free one. */
const STREAMS_PER_CONNECTION_MAX = 1_000;
/** What a kit.v1.ReplyBatch adds to the answer that it carries. */
const REPLY_BATCH_OVERHEAD_BYTES = 1_024;
/** For a unary call whose caller named no deadline. */
const DEADLINE_MS_DEFAULT = 30_000;
const STOPPING = 'this service is stopping';
const KEEPALIVE_MS = 10_000;
const KEEPALIVE_TIMEOUT_MS = 5_000;

export type ServerStreamHandler<Q, S> = (
  request: Q,
  stream: MessageStream<S, never>,
  context: CallContext,
) => Promise<void>;
/** The stream stays open until the handler's promise settles. */
export type BidiHandler<Q, S> = (stream: MessageStream<S, Q>, context: CallContext) => Promise<void>;

/** By method name; a method that is missing answers `unimplemented`. */
export type Handlers<D> = { [K in keyof D]?: HandlerOf<D[K]> };

type HandlerOf<M> = M extends Unary
  ? UnaryHandler<RequestOf<M>, ResponseOf<M>>
  : M extends ServerStreaming
    ? ServerStreamHandler<RequestOf<M>, ResponseOf<M>>
    : M extends Bidirectional
      ? BidiHandler<RequestOf<M>, ResponseOf<M>>
      : never;

export interface Tls {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** Of the other nodes; they must show a certificate of it. */
  readonly ca: Buffer;
}

export interface RefusedCall {
  readonly method: string;
  readonly reason: string;
  readonly peer: string;
  /** The clock of the node that signed is why; negative: it is ahead of this one. */
  readonly skewed?: { readonly nodeId: string; readonly ageMs: number };
}

export interface GrpcServerOptions {
  readonly verifier: Verifier;
  readonly logger: Logger;
  /** Of one message, either way. */
  readonly requestBytesMax?: number;
  /** Unary calls under way, carried ones included; beyond it they are refused as `overloaded`. */
  readonly callsMax?: number;
  /** Streams that are open at once; beyond it they are refused as `overloaded`. */
  readonly streamsMax?: number;
  /** Told of every refused signature; the callee limits the rate. */
  readonly onRefused?: (refused: RefusedCall) => void;
  /** Offer gRPC reflection of all our contracts, for internal tools. */
  readonly reflection?: boolean;
  readonly tls?: Tls;
}

export class GrpcServer {
  readonly #server: Server;
  readonly #options: GrpcServerOptions;
  readonly #health = new HealthImplementation({ '': 'NOT_SERVING' });
  readonly #unary = new Map<string, BoundMethod>();
  readonly #openStreams = new Set<MessageStream<unknown, unknown>>();
  readonly #carrier: CarrierServer;
  readonly #messageBytesMax: number;
  #callsUnderWay = 0;
  #closing = false;

  constructor(options: GrpcServerOptions) {
    this.#options = options;
    const bytesMax = options.requestBytesMax ?? REQUEST_BYTES_MAX;
    this.#messageBytesMax = bytesMax;
    this.#server = new Server({
      'grpc.max_receive_message_length': bytesMax,
      'grpc.max_send_message_length': bytesMax,
      'grpc.max_concurrent_streams': STREAMS_PER_CONNECTION_MAX,
      'grpc.keepalive_time_ms': KEEPALIVE_MS,
      'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
    });
    this.#health.addToServer(this.#server);
    if (options.reflection) addReflection(this.#server);
    this.#carrier = new CarrierServer(this.#unary, {
      logger: options.logger,
      admit: () => this.#admit(),
      release: () => {
        this.#callsUnderWay -= 1;
      },
      replyBytesMax: bytesMax - REPLY_BATCH_OVERHEAD_BYTES,
    });
    this.addService(CarrierService, { carry: (stream, context) => this.#carrier.serve(stream, context) });
  }

  addService<D extends ServiceDefinition>(definition: D, handlers: Handlers<NoInfer<D>>): void {
    const raw: Record<string, ReturnType<typeof rawDefinition>> = {};
    const bound: Record<string, UntypedHandleCall> = {};
    for (const [name, method] of Object.entries(definition)) {
      const handler = (handlers as Record<string, unknown>)[name] ?? unimplemented(method);
      raw[name] = rawDefinition(method);
      if (!method.requestStream && !method.responseStream) {
        this.#unary.set(method.path, { method, handler: handler as UnaryHandler<unknown, unknown> });
        bound[name] = this.#unaryHandler(method, handler as UnaryHandler<unknown, unknown>);
      } else if (!method.requestStream)
        bound[name] = this.#serverStreamHandler(method, handler as ServerStreamHandler<unknown, unknown>);
      else bound[name] = this.#bidiHandler(method, handler as BidiHandler<unknown, unknown>);
    }
    this.#server.addService(raw as GrpcServiceDefinition, bound);
  }

  /** @returns the port, which matters when 0 was asked for. */
  listen(address: HostPort): Promise<number> {
    const { tls } = this.#options;
    const credentials = tls
      ? ServerCredentials.createSsl(tls.ca, [{ cert_chain: tls.cert, private_key: tls.key }], true)
      : ServerCredentials.createInsecure();
    return new Promise((resolve, reject) => {
      this.#server.bindAsync(formatHostPort(address), credentials, (error, port) => {
        if (error)
          reject(
            new Error(`cannot listen on ${formatHostPort(address)}: ${error.message}`, { cause: error }),
          );
        else resolve(port);
      });
    });
  }

  /** What grpc.health.v1 answers. */
  setServing(serving: boolean): void {
    this.#health.setStatus('', serving ? 'SERVING' : 'NOT_SERVING');
  }

  /** Takes no more calls, gives those under way `graceMs` to end, ends the streams, then breaks off what is left. */
  async close(graceMs: number): Promise<void> {
    this.setServing(false);
    this.#closing = true;
    const graceEndsAtMs = deadlineAt(graceMs);
    await this.#carrier.drain(graceMs);
    for (const stream of this.#openStreams) stream.fail(new ServiceError('unavailable', STOPPING));
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        this.#server.forceShutdown();
        resolve();
      }, remainingMs(graceEndsAtMs));
      this.#server.tryShutdown(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #admit(): void {
    if (this.#closing) throw new ServiceError('unavailable', STOPPING, { nothingDone: true });
    if (this.#callsUnderWay >= (this.#options.callsMax ?? CALLS_MAX))
      throw new ServiceError('overloaded', 'too many calls under way', { retryAfterMs: 1_000 });
    this.#callsUnderWay += 1;
  }

  #admitStream(): void {
    if (this.#closing) throw new ServiceError('unavailable', STOPPING, { nothingDone: true });
    if (this.#openStreams.size >= (this.#options.streamsMax ?? STREAMS_MAX))
      throw new ServiceError('overloaded', 'too many open streams', { retryAfterMs: 1_000 });
  }

  #verify(method: AnyMethod, metadata: Metadata, body: Uint8Array | undefined, peer: string): SignedCall {
    try {
      return this.#options.verifier.verify(method.path, metadata, body);
    } catch (error) {
      const refusal = toServiceError(error);
      this.#refused(method, refusal, peer);
      throw refusal;
    }
  }

  #refused(method: AnyMethod, refusal: ServiceError, peer: string): void {
    if (refusal.code !== 'unauthenticated') return;
    const skewed =
      refusal instanceof SkewedClockError ? { nodeId: refusal.nodeId, ageMs: refusal.ageMs } : undefined;
    const refused = { method: method.path, reason: refusal.message, peer };
    this.#options.onRefused?.(skewed ? { ...refused, skewed } : refused);
  }

  #unaryHandler(method: AnyMethod, handler: UnaryHandler<unknown, unknown>): handleUnaryCall<Buffer, Buffer> {
    return (call, callback) => {
      this.#answerUnary(method, handler, call).then(
        ({ bytes, trailer }) => callback(null, bytes, trailer),
        (error) => callback(error),
      );
    };
  }

  /** Rejects with a {@link GrpcStatus} only. */
  async #answerUnary(
    method: AnyMethod,
    handler: UnaryHandler<unknown, unknown>,
    call: ServerUnaryCall<Buffer, Buffer>,
  ): Promise<{ bytes: Buffer; trailer: Metadata }> {
    let signed: SignedCall | undefined;
    try {
      signed = this.#verify(method, call.metadata, call.request, call.getPeer());
      const bytes = await this.#runUnary(method, handler, call, signed);
      const trailer = new Metadata();
      signAnswer(trailer, signed, 'response', bytes);
      return { bytes, trailer };
    } catch (error) {
      throw grpcStatus(this.#failure(method, error), signed);
    }
  }

  async #runUnary(
    method: AnyMethod,
    handler: UnaryHandler<unknown, unknown>,
    call: ServerUnaryCall<Buffer, Buffer>,
    signed: SignedCall,
  ): Promise<Buffer> {
    this.#admit();
    try {
      const request = decodeRequest(method, call.request);
      const context = contextOf(call, signed, DEADLINE_MS_DEFAULT);
      call.on('cancelled', () => context.abort());
      const response = await runWithRequest(context, () => handler(request, context));
      return encodeResponse(method, response, this.#messageBytesMax);
    } finally {
      this.#callsUnderWay -= 1;
    }
  }

  #serverStreamHandler(
    method: AnyMethod,
    handler: ServerStreamHandler<unknown, unknown>,
  ): handleServerStreamingCall<Buffer, Buffer> {
    return (call) => {
      this.#serve(method, call, call.request, (stream, context) => {
        handler(decodeRequest(method, call.request), stream as MessageStream<unknown, never>, context).then(
          () => stream.end(),
          (error) => stream.fail(this.#failure(method, error)),
        );
      });
    };
  }

  #bidiHandler(
    method: AnyMethod,
    handler: BidiHandler<unknown, unknown>,
  ): handleBidiStreamingCall<Buffer, Buffer> {
    return (call) => {
      this.#serve(method, call, undefined, (stream, context) => {
        handler(stream, context).then(
          () => stream.end(),
          (error) => stream.fail(this.#failure(method, error)),
        );
      });
    };
  }

  #serve(
    method: AnyMethod,
    call: ServerDuplexStream<Buffer, Buffer> | ServerWritableStream<Buffer, Buffer>,
    body: Buffer | undefined,
    run: (stream: MessageStream<unknown, unknown>, context: CallContext) => void,
  ): void {
    let signed: SignedCall;
    try {
      signed = this.#verify(method, call.metadata, body, call.getPeer());
      this.#admitStream();
    } catch (error) {
      call.emit('error', grpcStatus(this.#failure(method, error)));
      return;
    }
    const stream = this.#messageStream(method, call, signed);
    // Tells the client that the stream stands, before there is anything to say on it.
    call.sendMetadata(new Metadata());
    const context = contextOf(call, signed, Number.POSITIVE_INFINITY);
    stream.closed.addEventListener('abort', () => context.abort());
    runWithRequest(context, () => {
      try {
        run(stream, context);
      } catch (error) {
        stream.fail(this.#failure(method, error));
      }
    });
  }

  #messageStream(
    method: AnyMethod,
    call: ServerDuplexStream<Buffer, Buffer> | ServerWritableStream<Buffer, Buffer>,
    signed: SignedCall,
  ): MessageStream<unknown, unknown> {
    const stream = new MessageStream<unknown, unknown>({
      raw: call as ServerDuplexStream<Buffer, Buffer>,
      side: 'server',
      outbound: { encode: method.responseSerialize, sealer: new StreamSealer(signed, 'to-client') },
      inbound: { decode: method.requestDeserialize, opener: new StreamOpener(signed, 'to-server') },
      breakOff: (error) => {
        this.#refused(method, error, call.getPeer());
        call.emit('error', grpcStatus(error));
      },
    });
    this.#openStreams.add(stream);
    stream.closed.addEventListener('abort', () => this.#openStreams.delete(stream));
    return stream;
  }

  #failure(method: AnyMethod, error: unknown): ServiceError {
    if (error instanceof ServiceError) return error;
    this.#options.logger.error({ err: error, method: method.path }, 'handler failed');
    return fromErrorDetail(toErrorDetail(error));
  }
}

function unimplemented(method: AnyMethod): () => never {
  return () => {
    throw new ServiceError('unimplemented', `${method.path} is not offered by this version`);
  };
}

function contextOf(
  call: { metadata: Metadata; getPeer(): string; getDeadline(): Date | number },
  signed: SignedCall,
  deadlineMsDefault: number,
): CallContext {
  const deadline = Number(call.getDeadline());
  const leftMs = Number.isFinite(deadline) ? deadline - Date.now() : deadlineMsDefault;
  const given = String(call.metadata.get(REQUEST_ID_KEY)[0] ?? '').slice(0, REQUEST_ID_CHARS_MAX);
  return new CallContext(signed.nodeId, given || newRequestId(), deadlineAt(leftMs), call.getPeer());
}
