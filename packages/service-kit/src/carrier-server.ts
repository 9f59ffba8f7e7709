/** The receiving end of kit.v1.Carrier: unpacks batches of calls and packs the answers (docs/adr/0002). */
import type { Call, CallBatch, Reply, ReplyBatch } from '@agenda/proto/kit/v1/carrier';
import { CallContext } from './call-context.ts';
import { Coalescer } from './coalesce.ts';
import { DeadlineSweeper } from './deadline.ts';
import { type BoundMethod, decodeRequest, encodeResponse } from './definition.ts';
import { ServiceError, toErrorDetail } from './errors.ts';
import type { Logger } from './logger.ts';
import type { MessageStream } from './message-stream.ts';
import { newRequestId, runWithRequest } from './request-context.ts';

/** Open calls of one stream; beyond it they are answered `overloaded`. */
const CALLS_PER_STREAM_MAX = 20_000;
const REPLIES_PER_BATCH_MAX = 1_000;
const BATCH_BYTES_MAX = 256 * 1024;
const REPLY_OVERHEAD_BYTES = 32;
/** Answers that the other end has not read; beyond it its stream is broken off. */
const UNREAD_BYTES_MAX = 32 * 1024 * 1024;
const EMPTY = new Uint8Array(0);

export interface CarrierServerOptions {
  readonly logger: Logger;
  /** @throws ServiceError `overloaded` */
  readonly admit: () => void;
  readonly release: () => void;
  /** Of one answer. */
  readonly replyBytesMax: number;
}

type CarrierStream = MessageStream<ReplyBatch, CallBatch>;

export class CarrierServer {
  readonly #methods: ReadonlyMap<string, BoundMethod>;
  readonly #options: CarrierServerOptions;
  /** A caller that gave up is no longer waiting: the handler is told through its signal. */
  readonly #deadlines = new DeadlineSweeper<CallContext>((context) => context.abort());
  #open = 0;
  #onIdle: (() => void) | undefined;

  constructor(methods: ReadonlyMap<string, BoundMethod>, options: CarrierServerOptions) {
    this.#methods = methods;
    this.#options = options;
  }

  /** Serves one stream until it ends. */
  serve(stream: CarrierStream, streamContext: CallContext): Promise<void> {
    const replies = new Coalescer<Reply>((batch) => stream.write({ replies: batch, mac: EMPTY }), {
      itemsMax: REPLIES_PER_BATCH_MAX,
      bytesMax: BATCH_BYTES_MAX,
      sizeOf: replyBytes,
    });
    const contexts = new Set<CallContext>();
    stream.onMessage((batch) => {
      if (stream.queuedBytes > UNREAD_BYTES_MAX)
        return stream.fail(new ServiceError('overloaded', 'the answers on this stream are not read'));
      for (const call of batch.calls) this.#take(call, streamContext, contexts, replies);
    });
    return new Promise((resolve) => {
      stream.onEnd(() => {
        replies.close();
        for (const context of contexts) context.abort();
        resolve();
      });
    });
  }

  /** Waits until no call is open and every answer is written, at most `graceMs`. */
  async drain(graceMs: number): Promise<void> {
    if (this.#open > 0)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, graceMs);
        this.#onIdle = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    // The answers of this turn are written by an immediate that is already queued before this one.
    await new Promise((resolve) => setImmediate(resolve));
  }

  #take(call: Call, streamContext: CallContext, contexts: Set<CallContext>, replies: Coalescer<Reply>): void {
    const bound = this.#methods.get(call.method);
    try {
      if (!bound) throw new ServiceError('unimplemented', `${call.method} is not offered here`);
      if (contexts.size >= CALLS_PER_STREAM_MAX)
        throw new ServiceError('overloaded', 'too many calls on one stream', { retryAfterMs: 1_000 });
      this.#options.admit();
    } catch (error) {
      replies.push(errorReply(call.id, error));
      return;
    }
    const context = new CallContext(
      streamContext.nodeId,
      call.requestId || newRequestId(),
      performance.now() + call.deadlineMs,
      streamContext.peer,
    );
    contexts.add(context);
    this.#deadlines.add(context);
    this.#open += 1;
    this.#run(call, bound, context).then((reply) => {
      contexts.delete(context);
      this.#deadlines.delete(context);
      this.#open -= 1;
      this.#options.release();
      replies.push(reply);
      if (this.#open === 0) this.#onIdle?.();
    });
  }

  /** Never rejects. */
  async #run(call: Call, { method, handler }: BoundMethod, context: CallContext): Promise<Reply> {
    try {
      const request = decodeRequest(method, call.request);
      const response = await runWithRequest(context, () => handler(request, context));
      const value = encodeResponse(method, response, this.#options.replyBytesMax);
      return { id: call.id, result: { $case: 'response', value } };
    } catch (error) {
      if (!(error instanceof ServiceError))
        this.#options.logger.error({ err: error, method: method.path }, 'handler failed');
      return errorReply(call.id, error);
    }
  }
}

function errorReply(id: number, error: unknown): Reply {
  return { id, result: { $case: 'error', value: toErrorDetail(error) } };
}

function replyBytes(reply: Reply): number {
  if (reply.result?.$case === 'response') return REPLY_OVERHEAD_BYTES + reply.result.value.length;
  const { value } = reply.result as Extract<Reply['result'], { $case: 'error' }>;
  return REPLY_OVERHEAD_BYTES + value.message.length + value.payload.length;
}
