/** Takes the audit records that apply wrote out of the pod's agenda, in log order, into the chain. */
import { AgendaServiceService, type AuditBatch } from '@agenda/proto/agenda/v1/agenda';
import type { ServiceError } from '@agenda/service-kit/errors';
import type { GrpcChannel } from '@agenda/service-kit/grpc-client';
import type { Logger } from '@agenda/service-kit/logger';
import type { MessageStream } from '@agenda/service-kit/message-stream';
import type { AuditStore } from './store.ts';

const BACK_OFF_MIN_MS = 50;
const BACK_OFF_MAX_MS = 2_000;

export interface FeedOptions {
  readonly agenda: GrpcChannel;
  readonly store: AuditStore;
  readonly logger: Logger;
  /** Told once: records after that log index are no longer kept, so that this trail cannot go on by itself. */
  readonly onTrailBehind: (logIndex: number) => void;
}

export class Feed {
  readonly #options: FeedOptions;
  #stream: MessageStream<never, AuditBatch> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #backOffMs = BACK_OFF_MIN_MS;
  #behind = false;
  #stopped = false;

  constructor(options: FeedOptions) {
    this.#options = options;
  }

  start(): void {
    // The agenda takes this position for an acknowledgement, and may delete what stands before it.
    this.#options.store.flush();
    const fromIndex = this.#options.store.logIndex;
    const stream = this.#options.agenda.serverStream(AgendaServiceService, 'auditFeed', {
      fromIndex,
      compared: false,
    });
    this.#stream = stream;
    stream.onMessage((batch) => this.#take(batch, stream));
    stream.onEnd((error) => {
      if (this.#stopped) return;
      if (error) this.#report(error, fromIndex);
      this.#retry = setTimeout(() => this.start(), this.#backOffMs);
      this.#backOffMs = Math.min(2 * this.#backOffMs, BACK_OFF_MAX_MS);
    });
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#retry);
    this.#stream?.cancel();
  }

  /** What cannot be stored is asked for again from the last position that was. */
  #take(batch: AuditBatch, stream: MessageStream<never, AuditBatch>): void {
    try {
      this.#options.store.append(batch.entries, batch.upToIndex);
      this.#backOffMs = BACK_OFF_MIN_MS;
    } catch (error) {
      const { upToIndex } = batch;
      this.#options.logger.error({ err: error, upToIndex }, 'audit records could not be stored');
      stream.cancel();
    }
  }

  #report({ code, message }: ServiceError, fromIndex: number): void {
    if (code !== 'unprocessable') {
      this.#options.logger.info({ reason: message, fromIndex }, 'the audit feed broke off; connecting again');
      return;
    }
    if (this.#behind) return;
    this.#behind = true;
    this.#options.logger.error({ reason: message, fromIndex }, 'the audit trail of this node cannot go on');
    this.#options.onTrailBehind(fromIndex);
  }
}
