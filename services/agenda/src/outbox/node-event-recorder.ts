import { type AuditEvent, type AuditServiceService, Level } from '@agenda/proto/audit/v1/audit';
import { toServiceError } from '@agenda/service-kit/errors';
import type { UnaryClient } from '@agenda/service-kit/grpc-client';
import { uuidv7Bytes } from '@agenda/service-kit/ids';
import type { Logger } from '@agenda/service-kit/logger';

/** Events that wait for the audit service; beyond it new ones are dropped, counted, and the count is recorded. */
export const BUFFERED_MAX = 1_000;
/** Likewise: whoever guesses passwords or signatures must not be able to fill the log. */
export const EVENTS_PER_SECOND_MAX = 20;
const BATCH_MAX = 200;
const FLUSH_MS = 500;
const RECORD_DEADLINE_MS = 2_000;
/** Of the last attempt, when this process stops. */
const LAST_DEADLINE_MS = 500;
const RETRY_MS = 2_000;

export interface NodeEvent {
  /** Stable, dotted: "login.failed". */
  readonly action: string;
  readonly level: Level;
  readonly outcome: string;
  readonly actorId?: string;
  readonly actorName?: string;
  readonly target?: string;
  readonly requestId?: string;
  readonly address?: string;
  readonly detail?: Readonly<Record<string, string | number>>;
}

export interface NodeEventRecorderOptions {
  readonly audit: Pick<UnaryClient<AuditServiceService>, 'record'>;
  readonly nodeId: string;
  readonly logger: Logger;
}

/** Hands what happened on this node, outside the log, to the pod's audit service; in batches, without ever waiting. */
export class NodeEventRecorder {
  readonly #options: NodeEventRecorderOptions;
  readonly #buffer: AuditEvent[] = [];
  #dropped = 0;
  #thisSecond = 0;
  #secondEndsAtMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;
  #closed = false;

  constructor(options: NodeEventRecorderOptions) {
    this.#options = options;
  }

  record(event: NodeEvent): void {
    if (this.#closed) return;
    if (this.#buffer.length < BUFFERED_MAX && this.#withinRate()) this.#keep(event);
    else this.#dropped += 1;
  }

  /** Sends what is buffered, as long as the audit service takes it. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#sending;
    let before: number;
    do {
      before = this.#buffer.length;
      await this.#flush();
    } while (this.#buffer.length > 0 && this.#buffer.length < before);
  }

  #keep(event: NodeEvent): void {
    this.#buffer.push(auditEvent(event, this.#options.nodeId));
    this.#schedule(FLUSH_MS);
  }

  #withinRate(): boolean {
    const now = performance.now();
    if (now >= this.#secondEndsAtMs) {
      this.#secondEndsAtMs = now + 1_000;
      this.#thisSecond = 0;
    }
    this.#thisSecond += 1;
    return this.#thisSecond <= EVENTS_PER_SECOND_MAX;
  }

  #schedule(delayMs: number): void {
    if (this.#sending) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#sending = this.#flush().then((nextMs) => {
        this.#sending = undefined;
        if (this.#buffer.length > 0 && !this.#closed) this.#schedule(nextMs);
      });
    }, delayMs);
  }

  /**
   * Never rejects. Repeats are harmless: the audit service tells events apart by id.
   *
   * @returns when to send what is left.
   */
  async #flush(): Promise<number> {
    const events = this.#buffer.slice(0, BATCH_MAX);
    if (events.length === 0) return FLUSH_MS;
    try {
      await this.#options.audit.record(
        { events },
        { deadlineMs: this.#closed ? LAST_DEADLINE_MS : RECORD_DEADLINE_MS },
      );
    } catch (error) {
      const { code, message } = toServiceError(error);
      this.#options.logger.warn(
        { code, reason: message, waiting: this.#buffer.length },
        'node events not recorded yet',
      );
      return RETRY_MS;
    }
    this.#buffer.splice(0, events.length);
    this.#reportDropped();
    return 0;
  }

  #reportDropped(): void {
    if (this.#dropped === 0) return;
    const count = this.#dropped;
    this.#dropped = 0;
    this.#options.logger.error({ count }, 'node events were dropped: too many at once');
    this.#keep({
      action: 'audit.events_dropped',
      level: Level.LEVEL_WARNING,
      outcome: 'overloaded',
      detail: { count },
    });
  }
}

function auditEvent(event: NodeEvent, nodeId: string): AuditEvent {
  return {
    id: uuidv7Bytes(),
    atMs: Date.now(),
    level: event.level,
    component: 'agenda',
    nodeId,
    actorId: event.actorId ?? '',
    actorName: event.actorName ?? '',
    action: event.action,
    target: event.target ?? '',
    requestId: event.requestId ?? '',
    address: event.address ?? '',
    detailJson: event.detail ? JSON.stringify(event.detail) : '',
    outcome: event.outcome,
  };
}
