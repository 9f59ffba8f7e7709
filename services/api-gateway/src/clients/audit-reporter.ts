/** What the gateway itself has to say for the audit trail: batched, bounded, never in the way of a request. */
import { type AuditEvent, AuditServiceService, Level } from '@agenda/proto/audit/v1/audit';
import { toServiceError } from '@agenda/service-kit/errors';
import type { GrpcChannel, UnaryClient } from '@agenda/service-kit/grpc-client';
import { uuidv7Bytes } from '@agenda/service-kit/ids';
import type { Logger } from '@agenda/service-kit/logger';
import type { Counter } from 'prom-client';

/** While the audit service is away; beyond it events are dropped and counted. */
const QUEUE_MAX = 1_000;
/** Of one action with one outcome; likewise: whoever makes up tokens must not fill the log, nor crowd others out of it. */
export const PER_SECOND_MAX = 20;
const BATCH_MAX = 100;
const FLUSH_MS = 200;
const RETRY_MS = 2_000;
const DEADLINE_MS = 3_000;

export interface Report {
  readonly action: string;
  readonly outcome: string;
  readonly level?: Level;
  readonly actorId?: string;
  readonly actorName?: string;
  readonly target?: string;
  readonly requestId?: string;
  readonly address?: string;
  readonly detail?: Readonly<Record<string, string | number | boolean>>;
}

export class AuditReporter {
  readonly #audit: UnaryClient<typeof AuditServiceService>;
  readonly #nodeId: string;
  readonly #logger: Logger;
  readonly #dropped: Counter;
  #queue: AuditEvent[] = [];
  readonly #inSecond = new Map<string, number>();
  #second = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(channel: GrpcChannel, nodeId: string, logger: Logger, dropped: Counter) {
    this.#audit = channel.carried(AuditServiceService);
    this.#nodeId = nodeId;
    this.#logger = logger;
    this.#dropped = dropped;
  }

  report(report: Report): void {
    if (this.#queue.length >= QUEUE_MAX || !this.#withinRate(`${report.action} ${report.outcome}`)) {
      this.#dropped.inc();
      return;
    }
    this.#queue.push({
      id: uuidv7Bytes(),
      atMs: Date.now(),
      level: report.level ?? Level.LEVEL_INFO,
      component: 'api-gateway',
      nodeId: this.#nodeId,
      actorId: report.actorId ?? '',
      actorName: report.actorName ?? '',
      action: report.action,
      target: report.target ?? '',
      requestId: report.requestId ?? '',
      address: report.address ?? '',
      detailJson: report.detail ? JSON.stringify(report.detail) : '',
      outcome: report.outcome,
    });
    this.#timer ??= setTimeout(() => this.#flush(), FLUSH_MS);
  }

  /** Somebody showed a token that was never ours. */
  reportForgedToken(address: string, requestId: string, reason: string): void {
    this.report({
      action: 'token.refused',
      outcome: 'unauthenticated',
      level: Level.LEVEL_WARNING,
      requestId,
      address,
      detail: { reason },
    });
  }

  /** @param kind one of the few that this program knows. */
  #withinRate(kind: string): boolean {
    const second = Math.floor(performance.now() / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#inSecond.clear();
    }
    const count = (this.#inSecond.get(kind) ?? 0) + 1;
    this.#inSecond.set(kind, count);
    return count <= PER_SECOND_MAX;
  }

  /** Hands over what is left. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#send();
  }

  #flush(): void {
    void this.#send().then((sent) => {
      this.#timer = this.#queue.length > 0 ? setTimeout(() => this.#flush(), sent ? 0 : RETRY_MS) : undefined;
    });
  }

  /** @returns false if the audit service did not take them; they stay queued. */
  async #send(): Promise<boolean> {
    const events = this.#queue.slice(0, BATCH_MAX);
    if (events.length === 0) return true;
    try {
      await this.#audit.record({ events }, { deadlineMs: DEADLINE_MS });
      // Told apart by id over there, so that a repeat after an unknown outcome is harmless.
      this.#queue = this.#queue.slice(events.length);
      return true;
    } catch (error) {
      const { code, message } = toServiceError(error);
      this.#logger.warn(
        { code, reason: message, events: this.#queue.length },
        'the audit service takes no events',
      );
      return false;
    }
  }
}
