/** Typed, MACed messages over one gRPC stream, the same on both of its ends. */
import type { Duplex, Readable, Writable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ServiceError, toServiceError } from './errors.ts';
import type { StreamOpener, StreamSealer } from './signature.ts';

/** What this end sends. */
export interface OutboundStream<Out> {
  /** False: the other end does not read fast enough; wait for drained() before more. No-op once ended or closed. */
  write(message: Out): boolean;
  /** Resolves when more may be written, or when the stream has closed. */
  drained(): Promise<void>;
  /** Nothing more will be written; what is queued is still sent. */
  end(): void;
  /** Aborts when the stream is over, for whatever reason. */
  readonly closed: AbortSignal;
  /** Bytes written and not yet taken by the transport. */
  readonly queuedBytes: number;
}

/** What this end receives: by callback (hot streams) or as an async iteration with back-pressure. Choose one. */
export interface InboundStream<In> extends AsyncIterable<In> {
  onMessage(callback: (message: In) => void): void;
  /** Called once, when no more will come; with an error unless the other end ended its side in good order. */
  onEnd(callback: (error?: ServiceError) => void): void;
}

interface Ends<Out, In> {
  readonly raw: Partial<Pick<Readable, 'read'>> & (Duplex | Readable | Writable);
  readonly outbound?: { readonly encode: (message: Out) => Uint8Array; readonly sealer: StreamSealer };
  readonly inbound?: { readonly decode: (bytes: Buffer) => In; readonly opener: StreamOpener };
  /** The server may go on writing when the client has ended its side; for a client the server's end is the end. */
  readonly side: 'server' | 'client';
  /** How this end breaks the stream off: a status on the server, a cancellation on the client. */
  readonly breakOff: (error: ServiceError) => void;
}

export class MessageStream<Out, In> implements OutboundStream<Out>, InboundStream<In> {
  readonly #raw: Duplex;
  readonly #ends: Ends<Out, In>;
  readonly #closing = new AbortController();
  #endListeners: ((error?: ServiceError) => void)[] = [];
  #inboundEnded = false;
  #queuedBytes = 0;
  #outcome: { error?: ServiceError } | undefined;

  constructor(ends: Ends<Out, In>) {
    this.#ends = ends;
    // A server-streaming call is readable or writable only; the half that is missing is never touched.
    this.#raw = ends.raw as Duplex;
    this.#raw.on('error', (error) => this.#finish(toServiceError(error)));
    this.#raw.on('cancelled', () =>
      this.#finish(new ServiceError('unavailable', 'the other end cancelled the stream')),
    );
    this.#raw.on('end', () => this.#onRawEnd());
    this.#raw.on('finish', () => ends.side === 'server' && this.#finish());
    this.#raw.on('close', () => this.#finish());
  }

  get closed(): AbortSignal {
    return this.#closing.signal;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  write(message: Out): boolean {
    if (this.#outcome || this.#raw.writableEnded) return true;
    const { encode, sealer } = this.#ends.outbound as NonNullable<Ends<Out, In>['outbound']>;
    const sealed = sealer.seal(encode(message));
    this.#queuedBytes += sealed.length;
    return this.#raw.write(sealed, () => {
      this.#queuedBytes -= sealed.length;
    });
  }

  drained(): Promise<void> {
    if (this.#outcome || !this.#raw.writableNeedDrain) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        this.#raw.removeListener('drain', done);
        this.closed.removeEventListener('abort', done);
        resolve();
      };
      this.#raw.once('drain', done);
      this.closed.addEventListener('abort', done, { once: true });
    });
  }

  end(): void {
    if (!this.#outcome) this.#raw.end();
  }

  /** Breaks the stream off; the other end sees an error. */
  fail(error: ServiceError): void {
    if (this.#outcome) return;
    // First, because breaking off makes the stream report the same error once more, in gRPC's words.
    this.#finish(error);
    this.#ends.breakOff(error);
  }

  /** Breaks the stream off because it is no longer needed here. */
  cancel(): void {
    this.fail(new ServiceError('unavailable', 'the stream was cancelled'));
  }

  onMessage(callback: (message: In) => void): void {
    this.#raw.on('data', (sealed: Buffer) => {
      if (this.#outcome) return;
      let message: In;
      try {
        message = this.#open(sealed);
      } catch (error) {
        this.fail(toServiceError(error));
        return;
      }
      callback(message);
    });
  }

  onEnd(callback: (error?: ServiceError) => void): void {
    if (this.#inboundEnded) callback(this.#outcome?.error);
    else this.#endListeners.push(callback);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<In> {
    try {
      for await (const sealed of this.#raw.iterator({ destroyOnReturn: false }))
        yield this.#open(sealed as Buffer);
      await nextTurn();
      if (this.#outcome?.error) throw this.#outcome.error;
    } catch (error) {
      const failure = this.#outcome?.error ?? toServiceError(error);
      this.fail(failure);
      throw failure;
    }
  }

  #open(sealed: Buffer): In {
    const { decode, opener } = this.#ends.inbound as NonNullable<Ends<Out, In>['inbound']>;
    const body = opener.open(sealed);
    try {
      return decode(body);
    } catch (error) {
      throw new ServiceError('invalid_argument', 'the message cannot be decoded', { cause: error });
    }
  }

  #onRawEnd(): void {
    if (this.#ends.side === 'client') return this.#finish();
    // On a server, Node ends a stream that was cancelled or cut off before grpc-js says so: a turn later it is known.
    setImmediate(() => this.#endInbound());
  }

  #finish(error?: ServiceError): void {
    if (this.#outcome) return;
    this.#outcome = error ? { error } : {};
    this.#closing.abort();
    this.#endInbound(error);
  }

  #endInbound(error?: ServiceError): void {
    if (this.#inboundEnded) return;
    this.#inboundEnded = true;
    const listeners = this.#endListeners;
    this.#endListeners = [];
    for (const listener of listeners) listener(error);
  }
}
