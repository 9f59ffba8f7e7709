/** Takes the audit records that apply wrote out of the pod's agenda, in log order, into the chain. */
import { AgendaServiceService, type AuditBatch } from '@agenda/proto/agenda/v1/agenda';
import type { GrpcChannel } from '@agenda/service-kit/grpc-client';
import type { Logger } from '@agenda/service-kit/logger';
import type { MessageStream } from '@agenda/service-kit/message-stream';
import type { AuditStore } from './store.ts';
import type { TrailCopier } from './trail-copier.ts';

const BACK_OFF_MIN_MS = 50;
const BACK_OFF_MAX_MS = 2_000;

export interface FeedOptions {
  readonly agenda: GrpcChannel;
  readonly store: AuditStore;
  readonly copier: Pick<TrailCopier, 'copy'>;
  readonly logger: Logger;
  /** Told once: the trail cannot go on, as long as no other replica's can be had. */
  readonly onTrailBehind: (logIndex: number, reason: string) => void;
}

export class Feed {
  readonly #options: FeedOptions;
  #stream: MessageStream<never, AuditBatch> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #backOffMs = BACK_OFF_MIN_MS;
  /** The trail must be another replica's up to this log index before the feed can go on; undefined: it can. */
  #resetUpTo: number | undefined;
  #compared = false;
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
      compared: this.#compared,
    });
    this.#stream = stream;
    stream.onMessage((batch) => this.#take(batch, stream));
    stream.onEnd((error) => {
      if (this.#stopped) return;
      if (error)
        this.#options.logger.info(
          { reason: error.message, fromIndex },
          'the audit feed broke off; connecting again',
        );
      this.#later(() => (this.#resetUpTo === undefined ? this.start() : void this.#copy(this.#resetUpTo)));
    });
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#retry);
    this.#stream?.cancel();
  }

  #later(run: () => void): void {
    if (this.#stopped) return;
    this.#retry = setTimeout(run, this.#backOffMs);
    this.#backOffMs = Math.min(2 * this.#backOffMs, BACK_OFF_MAX_MS);
  }

  /** What cannot be stored is asked for again from the last position that was. */
  #take(batch: AuditBatch, stream: MessageStream<never, AuditBatch>): void {
    if (batch.reset) {
      this.#resetUpTo = batch.upToIndex;
      return;
    }
    try {
      this.#options.store.append(batch.entries, batch.upToIndex);
      this.#compared = false;
      this.#backOffMs = BACK_OFF_MIN_MS;
    } catch (error) {
      const { upToIndex } = batch;
      this.#options.logger.error({ err: error, upToIndex }, 'audit records could not be stored');
      stream.cancel();
    }
  }

  /** Until it succeeds. */
  async #copy(upToIndex: number): Promise<void> {
    try {
      await this.#options.copier.copy(upToIndex);
      this.#compared = true;
      this.#behind = false;
      this.#resetUpTo = undefined;
      this.#backOffMs = BACK_OFF_MIN_MS;
      if (!this.#stopped) this.start();
    } catch (error) {
      this.#report(upToIndex, (error as Error).message);
      this.#later(() => void this.#copy(upToIndex));
    }
  }

  #report(upToIndex: number, reason: string): void {
    if (this.#behind || this.#stopped) return;
    this.#behind = true;
    this.#options.logger.error({ reason, upToIndex }, 'the audit trail of this node cannot go on yet');
    this.#options.onTrailBehind(upToIndex, reason);
  }
}
