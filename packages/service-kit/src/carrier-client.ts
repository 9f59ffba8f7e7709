/** The sending end of kit.v1.Carrier: many calls, one stream (docs/adr/0002). */
import {
  type Call,
  type CallBatch,
  CarrierService,
  type Reply,
  type ReplyBatch,
} from '@agenda/proto/kit/v1/carrier';
import { Coalescer } from './coalesce.ts';
import { DeadlineSweeper } from './deadline.ts';
import { type AnyMethod, encodeRequest, wireDeadlineMs } from './definition.ts';
import { fromErrorDetail, ServiceError } from './errors.ts';
import type { CallOptions } from './grpc-client.ts';
import type { Logger } from './logger.ts';
import type { MessageStream } from './message-stream.ts';
import { currentRequest } from './request-context.ts';

/** grpc-js gives servers a flow-control window of 64 KiB; larger messages would wait a round trip in the middle. */
const BATCH_BYTES_MAX = 48 * 1024;
const CALLS_PER_BATCH_MAX = 1_000;
/** Upper bound of the tags, lengths and numbers of one kit.v1.Call. */
const CALL_OVERHEAD_BYTES = 40;
const BACK_OFF_MIN_MS = 20;
const BACK_OFF_MAX_MS = 1_000;
const EMPTY = new Uint8Array(0);

type CarrierStream = MessageStream<CallBatch, ReplyBatch>;

export interface CarrierClientOptions {
  readonly openStream: (definition: typeof CarrierService, onOpen: () => void) => CarrierStream;
  readonly callsInFlightMax: number;
  readonly requestBytesMax: number;
  readonly logger: Logger;
}

interface PendingCall {
  readonly call: Call;
  readonly method: AnyMethod;
  readonly deadlineAtMs: number;
  readonly resolve: (response: unknown) => void;
  readonly reject: (error: ServiceError) => void;
  sent: boolean;
}

/**
 * Before the first connection stands, calls wait for it until their deadlines (the processes of a pod start in any
 * order). Once it has stood and is lost, calls that were written reject as `unavailable` with an unknown outcome, and
 * calls that cannot be written reject at once, saying that nothing was done.
 */
export class CarrierClient {
  readonly #options: CarrierClientOptions;
  readonly #pending = new Map<number, PendingCall>();
  readonly #deadlines = new DeadlineSweeper<PendingCall>((pending) => this.#expire(pending));
  readonly #queue: Coalescer<PendingCall>;
  readonly #waiting = new Set<PendingCall>();
  #stream: CarrierStream | undefined;
  #open = false;
  #everOpen = false;
  #closed = false;
  #nextId = 1;
  #backOffMs = BACK_OFF_MIN_MS;
  #retry: NodeJS.Timeout | undefined;

  constructor(options: CarrierClientOptions) {
    this.#options = options;
    this.#queue = new Coalescer<PendingCall>((batch) => this.#write(batch), {
      itemsMax: CALLS_PER_BATCH_MAX,
      bytesMax: BATCH_BYTES_MAX,
      sizeOf: callBytes,
    });
  }

  call(method: AnyMethod, request: unknown, options: CallOptions): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(unsent('the channel is closed'));
      if (this.#pending.size >= this.#options.callsInFlightMax)
        return reject(new ServiceError('overloaded', 'too many calls under way', { retryAfterMs: 1_000 }));
      if (!(options.deadlineMs > 0)) return reject(unsent(`no time is left for ${method.path}`));
      const pending: PendingCall = {
        call: {
          id: this.#nextId++,
          method: method.path,
          // Encoded here, so that what is too large or malformed fails its own caller and not the whole batch.
          request: encodeRequest(method, request, this.#options.requestBytesMax),
          deadlineMs: 0,
          requestId: options.requestId ?? currentRequest()?.requestId ?? '',
        },
        method,
        deadlineAtMs: performance.now() + options.deadlineMs,
        resolve,
        reject,
        sent: false,
      };
      this.#pending.set(pending.call.id, pending);
      this.#deadlines.add(pending);
      this.#submit(pending);
    });
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#queue.close();
    this.#stream?.cancel();
    this.#failAll('the channel was closed');
    this.#deadlines.close();
  }

  #submit(pending: PendingCall): void {
    if (this.#open) this.#queue.push(pending);
    else if (this.#everOpen && this.#retry) this.#fail(pending, 'the connection is lost');
    else {
      this.#waiting.add(pending);
      this.#connect();
    }
  }

  #connect(): void {
    if (this.#stream || this.#retry || this.#closed) return;
    const stream = this.#options.openStream(CarrierService, () => this.#opened());
    this.#stream = stream;
    stream.onMessage((batch) => {
      for (const reply of batch.replies) this.#settle(reply);
    });
    stream.onEnd((error) => this.#lost(error));
  }

  #opened(): void {
    this.#open = true;
    this.#everOpen = true;
    this.#backOffMs = BACK_OFF_MIN_MS;
    for (const pending of this.#waiting) this.#queue.push(pending);
    this.#waiting.clear();
  }

  #lost(error: ServiceError | undefined): void {
    const wasOpen = this.#open;
    this.#stream = undefined;
    this.#open = false;
    if (this.#closed) return;
    if (wasOpen) this.#options.logger.debug({ err: error }, 'the carrier stream ended');
    const reason = error?.message ?? 'the server ended the stream';
    // Before the first connection those that wait go on waiting.
    if (this.#everOpen) this.#failAll(reason);
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      if (this.#pending.size > 0) this.#connect();
    }, this.#backOffMs);
    this.#backOffMs = Math.min(2 * this.#backOffMs, BACK_OFF_MAX_MS);
  }

  #write(batch: readonly PendingCall[]): void {
    const live = batch.filter((pending) => this.#pending.has(pending.call.id));
    if (live.length === 0) return;
    if (!this.#open || !this.#stream) {
      for (const pending of live) this.#fail(pending, 'the connection is lost');
      return;
    }
    const now = performance.now();
    for (const pending of live) {
      pending.sent = true;
      pending.call.deadlineMs = wireDeadlineMs(pending.deadlineAtMs - now);
    }
    this.#stream.write({ calls: live.map((pending) => pending.call), mac: EMPTY });
  }

  #settle(reply: Reply): void {
    const pending = this.#take(reply.id);
    // A reply after the deadline finds nobody waiting.
    if (!pending) return;
    if (reply.result?.$case === 'error') pending.reject(fromErrorDetail(reply.result.value));
    else if (reply.result) this.#decode(pending, reply.result.value);
    else pending.reject(new ServiceError('internal', `an empty reply to ${pending.method.path}`));
  }

  #decode(pending: PendingCall, bytes: Uint8Array): void {
    try {
      pending.resolve(pending.method.responseDeserialize(bytes as Buffer));
    } catch (error) {
      const message = `the reply is no message of ${pending.method.path}`;
      pending.reject(new ServiceError('internal', message, { cause: error }));
    }
  }

  #take(id: number): PendingCall | undefined {
    const pending = this.#pending.get(id);
    if (!pending) return undefined;
    this.#pending.delete(id);
    this.#deadlines.delete(pending);
    return pending;
  }

  #expire(pending: PendingCall): void {
    this.#pending.delete(pending.call.id);
    this.#waiting.delete(pending);
    if (pending.sent)
      pending.reject(new ServiceError('timeout', `no answer from ${pending.method.path} in time`));
    else pending.reject(unsent(`${pending.method.path} could not be reached in time`));
  }

  #fail(pending: PendingCall, reason: string): void {
    if (!this.#take(pending.call.id)) return;
    if (!pending.sent) pending.reject(unsent(reason));
    else pending.reject(new ServiceError('unavailable', `${reason}; the outcome is unknown`));
  }

  #failAll(reason: string): void {
    this.#waiting.clear();
    for (const pending of [...this.#pending.values()]) this.#fail(pending, reason);
  }
}

function callBytes({ call }: PendingCall): number {
  return CALL_OVERHEAD_BYTES + call.method.length + call.requestId.length + call.request.length;
}

function unsent(reason: string): ServiceError {
  return new ServiceError('unavailable', reason, { nothingDone: true });
}
