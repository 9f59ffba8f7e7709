/** Takes the audit records that apply wrote out of the pod's agenda, in log order, into the chain. */
import { AgendaServiceService, type AuditBatch } from '@agenda/proto/agenda/v1/agenda';
import type { GrpcChannel } from '@agenda/service-kit/grpc-client';
import type { Logger } from '@agenda/service-kit/logger';
import type { MessageStream } from '@agenda/service-kit/message-stream';
import type { AuditStore } from './store.ts';

const BACK_OFF_MIN_MS = 50;
const BACK_OFF_MAX_MS = 2_000;

export class Feed {
  readonly #agenda: GrpcChannel;
  readonly #store: AuditStore;
  readonly #logger: Logger;
  #stream: MessageStream<never, AuditBatch> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #backOffMs = BACK_OFF_MIN_MS;
  #stopped = false;

  constructor(agenda: GrpcChannel, store: AuditStore, logger: Logger) {
    this.#agenda = agenda;
    this.#store = store;
    this.#logger = logger;
  }

  start(): void {
    const fromIndex = this.#store.logIndex;
    const stream = this.#agenda.serverStream(AgendaServiceService, 'auditFeed', { fromIndex });
    this.#stream = stream;
    stream.onMessage((batch) => {
      this.#backOffMs = BACK_OFF_MIN_MS;
      this.#take(batch);
    });
    stream.onEnd((error) => {
      if (this.#stopped) return;
      if (error)
        this.#logger.info({ reason: error.message, fromIndex }, 'the audit feed broke off; connecting again');
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
  #take(batch: AuditBatch): void {
    try {
      this.#store.append(batch.entries, batch.upToIndex);
    } catch (error) {
      this.#logger.error({ err: error, upToIndex: batch.upToIndex }, 'audit records could not be stored');
      this.#stream?.cancel();
    }
  }
}
