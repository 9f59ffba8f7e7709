/** A channel to one server: signed unary calls, carried calls, and streams. Every call names its deadline. */
import {
  type ChannelCredentials,
  Client,
  credentials,
  type ServiceError as GrpcFailure,
  type Metadata,
} from '@grpc/grpc-js';
import { CarrierClient } from './carrier-client.ts';
import {
  type AnyMethod,
  type BidiKeys,
  encodeRequest,
  REQUEST_BYTES_MAX,
  type RequestOf,
  type ResponseOf,
  type ServerStreamKeys,
  type ServiceDefinition,
  type UnaryKeys,
} from './definition.ts';
import { formatHostPort, type HostPort } from './environment.ts';
import { ERROR_TRAILER, type ErrorCode, ServiceError, toServiceError } from './errors.ts';
import { REQUEST_ID_KEY, type Tls } from './grpc-server.ts';
import type { Logger } from './logger.ts';
import { MessageStream } from './message-stream.ts';
import { type AnyReceiver, type Receiver, type ReceivingService, receiverOf } from './nonces.ts';
import { currentRequest } from './request-context.ts';
import { isAnswerTo, type SignedCall, type Signer, StreamOpener, StreamSealer } from './signature.ts';

const RESPONSE_BYTES_MAX = 16 * 1024 * 1024;
/** Of the receiving side: grpc-js's 64 KiB would stop a stream of large batches every round trip. */
const FLOW_CONTROL_WINDOW_BYTES = 4 * 1024 * 1024;
const RECONNECT_MIN_MS = 50;
const RECONNECT_MAX_MS = 1_000;
const KEEPALIVE_MS = 10_000;
const KEEPALIVE_TIMEOUT_MS = 5_000;
const CALLS_IN_FLIGHT_MAX = 20_000;
const TLS_SERVER_NAME = 'agenda-peer';
/** What a kit.v1.CallBatch adds to the request that it carries. */
const CALL_BATCH_OVERHEAD_BYTES = 1_024;
/**
 * What may be said without a signature: by grpc-js itself, and by a server that refused ours and so shares no secret
 * with us. Any other answer must be signed, also that nothing was done, or nothing is known of the call.
 */
const UNSIGNED_CODES: ReadonlySet<ErrorCode> = new Set([
  'unauthenticated',
  'overloaded',
  'unimplemented',
  'timeout',
  'unavailable',
]);

export interface CallOptions {
  /** From now. When it passes, the call rejects with `timeout`: the outcome is unknown. */
  readonly deadlineMs: number;
  /** By default that of the request for which the running code works. */
  readonly requestId?: string;
}

/** Unary methods as functions. They reject with ServiceError only. */
export type UnaryClient<D> = {
  readonly [K in UnaryKeys<D>]: (request: RequestOf<D[K]>, options: CallOptions) => Promise<ResponseOf<D[K]>>;
};

export interface GrpcChannelOptions {
  readonly address: HostPort;
  readonly signer: Signer;
  /** Who must listen at the address: anybody else refuses the calls. */
  readonly receiver: Receiver | AnyReceiver;
  readonly logger: Logger;
  /** Carried calls under way; beyond it they are refused as `overloaded`. */
  readonly callsInFlightMax?: number;
  /** Of one request; what is larger is refused here as `payload_too_large`. Not above the server's own bound. */
  readonly requestBytesMax?: number;
  readonly tls?: Tls;
}

/** How to reach the processes of one pod. */
export function podChannels(
  nodeId: string,
  common: Pick<GrpcChannelOptions, 'signer' | 'logger'>,
): (service: ReceivingService, address: HostPort) => GrpcChannel {
  return (service, address) => new GrpcChannel({ address, receiver: receiverOf(nodeId, service), ...common });
}

export class GrpcChannel {
  readonly #client: Client;
  readonly #signer: Signer;
  readonly #receiver: Receiver | AnyReceiver;
  readonly #requestBytesMax: number;
  readonly #carrier: CarrierClient;

  constructor(options: GrpcChannelOptions) {
    this.#client = new Client(formatHostPort(options.address), channelCredentials(options.tls), {
      'grpc.max_receive_message_length': RESPONSE_BYTES_MAX,
      'grpc.max_send_message_length': RESPONSE_BYTES_MAX,
      'grpc.initial_reconnect_backoff_ms': RECONNECT_MIN_MS,
      'grpc.min_reconnect_backoff_ms': RECONNECT_MIN_MS,
      'grpc.max_reconnect_backoff_ms': RECONNECT_MAX_MS,
      'grpc.keepalive_time_ms': KEEPALIVE_MS,
      'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
      'grpc-node.flow_control_window': FLOW_CONTROL_WINDOW_BYTES,
      // Channels to one address would otherwise share a connection, and one stream's window with it.
      'grpc.use_local_subchannel_pool': 1,
      // We retry by ourselves, where it is safe; the library would keep every message of a stream for it.
      'grpc.enable_retries': 0,
      // An address is no server name in TLS, and nodes are known by no other (see channelCredentials).
      ...(options.tls ? { 'grpc.ssl_target_name_override': TLS_SERVER_NAME } : {}),
    });
    this.#signer = options.signer;
    this.#receiver = options.receiver;
    this.#requestBytesMax = options.requestBytesMax ?? REQUEST_BYTES_MAX;
    this.#carrier = new CarrierClient({
      openStream: (definition, onOpen) => this.bidiStream(definition, 'carry', onOpen),
      callsInFlightMax: options.callsInFlightMax ?? CALLS_IN_FLIGHT_MAX,
      requestBytesMax: this.#requestBytesMax - CALL_BATCH_OVERHEAD_BYTES,
      logger: options.logger,
    });
  }

  /** One gRPC call each; for what is called now and then. */
  client<D extends ServiceDefinition>(definition: D): UnaryClient<D> {
    return clientOf(definition, (method, request, options) => this.#unary(method, request, options));
  }

  /** The same calls in batches over one stream; for the hot path. */
  carried<D extends ServiceDefinition>(definition: D): UnaryClient<D> {
    return clientOf(definition, (method, request, options) => this.#carrier.call(method, request, options));
  }

  serverStream<D extends ServiceDefinition, K extends ServerStreamKeys<D>>(
    definition: D,
    name: K,
    request: RequestOf<D[K]>,
  ): MessageStream<never, ResponseOf<D[K]>> {
    const method = definition[name] as AnyMethod;
    const body = method.requestSerialize(request);
    const { metadata, call } = this.#signer.sign(method.path, this.#receiver, body);
    addRequestId(metadata);
    const raw = this.#client.makeServerStreamRequest(method.path, same, same, body, metadata);
    return new MessageStream<never, ResponseOf<D[K]>>({
      raw,
      side: 'client',
      inbound: { decode: method.responseDeserialize, opener: new StreamOpener(call, 'to-client') },
      breakOff: () => raw.cancel(),
    });
  }

  /** @param onOpen called when the server has accepted the stream. */
  bidiStream<D extends ServiceDefinition, K extends BidiKeys<D>>(
    definition: D,
    name: K,
    onOpen?: () => void,
  ): MessageStream<RequestOf<D[K]>, ResponseOf<D[K]>> {
    const method = definition[name] as AnyMethod;
    const { metadata, call } = this.#signer.sign(method.path, this.#receiver);
    addRequestId(metadata);
    const raw = this.#client.makeBidiStreamRequest(method.path, same, same, metadata);
    if (onOpen) raw.once('metadata', onOpen);
    return new MessageStream<RequestOf<D[K]>, ResponseOf<D[K]>>({
      raw,
      side: 'client',
      outbound: { encode: method.requestSerialize, sealer: new StreamSealer(call, 'to-server') },
      inbound: { decode: method.responseDeserialize, opener: new StreamOpener(call, 'to-client') },
      breakOff: () => raw.cancel(),
    });
  }

  close(): void {
    this.#carrier.close();
    this.#client.close();
  }

  #unary(method: AnyMethod, request: unknown, options: CallOptions): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const body = encodeRequest(method, request, this.#requestBytesMax);
      const { metadata, call } = this.#signer.sign(method.path, this.#receiver, body);
      addRequestId(metadata, options.requestId);
      let response: Buffer | undefined;
      const onAnswer = (error: GrpcFailure | null, bytes?: Buffer): void => {
        if (error) reject(failureOf(call, error));
        else response = bytes;
      };
      const deadline = Date.now() + options.deadlineMs;
      const unary = this.#client.makeUnaryRequest(
        method.path,
        same,
        same,
        body,
        metadata,
        { deadline },
        onAnswer,
      );
      // The trailer with the signature comes with the status, after the callback.
      unary.on('status', ({ metadata: trailer }) => {
        if (!response) return;
        if (isAnswerTo(call, 'response', trailer, response)) settle(method, response, resolve, reject);
        else reject(unsigned('the answer is not signed by one of us'));
      });
    });
  }
}

function settle(
  method: AnyMethod,
  bytes: Buffer,
  resolve: (value: unknown) => void,
  reject: (error: ServiceError) => void,
): void {
  try {
    resolve(method.responseDeserialize(bytes));
  } catch (error) {
    reject(new ServiceError('internal', `the reply is no message of ${method.path}`, { cause: error }));
  }
}

function failureOf(call: SignedCall, error: GrpcFailure): ServiceError {
  const failure = toServiceError(error);
  const detail = error.metadata?.get(ERROR_TRAILER)[0];
  if (detail instanceof Uint8Array && isAnswerTo(call, 'error', error.metadata, detail)) return failure;
  return UNSIGNED_CODES.has(failure.code) && !failure.nothingDone
    ? failure
    : unsigned(failure.message, error);
}

/** The outcome is unknown, whatever the answer says. */
function unsigned(reason: string, cause?: unknown): ServiceError {
  return new ServiceError('unavailable', `an answer without a valid signature: ${reason}`, { cause });
}

function clientOf<D extends ServiceDefinition>(
  definition: D,
  invoke: (method: AnyMethod, request: unknown, options: CallOptions) => Promise<unknown>,
): UnaryClient<D> {
  const client: Record<string, (request: unknown, options: CallOptions) => Promise<unknown>> = {};
  for (const [name, method] of Object.entries(definition)) {
    if (method.requestStream || method.responseStream) continue;
    client[name] = (request, options) => invoke(method, request, options);
  }
  return client as UnaryClient<D>;
}

function same(bytes: Buffer): Buffer {
  return bytes;
}

function addRequestId(metadata: Metadata, requestId = currentRequest()?.requestId): void {
  if (requestId) metadata.set(REQUEST_ID_KEY, requestId);
}

function channelCredentials(tls: Tls | undefined): ChannelCredentials {
  // The authority is the cluster's own: its certificate is what counts, addresses change with every start, and each call
  // is signed by the node that answers.
  const checkServerIdentity = (): undefined => undefined;
  return tls
    ? credentials.createSsl(tls.ca, tls.key, tls.cert, { checkServerIdentity })
    : credentials.createInsecure();
}
