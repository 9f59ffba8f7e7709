/** Brings the node events of this pod into the log, so that every replica's trail has them. */
import { createHash } from 'node:crypto';
import { AgendaServiceService } from '@agenda/proto/agenda/v1/agenda';
import type { AuditEvent } from '@agenda/proto/audit/v1/audit';
import { toServiceError } from '@agenda/service-kit/errors';
import type { GrpcChannel, UnaryClient } from '@agenda/service-kit/grpc-client';
import type { Logger } from '@agenda/service-kit/logger';
import type { AuditStore } from './store.ts';

const BATCH_MAX = 500;
const INTERVAL_MS = 250;
const BACK_OFF_MAX_MS = 5_000;
const DEADLINE_MS = 5_000;
const COMMAND_ID_BYTES = 16;

/**
 * Sends the oldest pending events as one command whose id derives from the events: a repeat is the same command. They
 * stop being pending only when they come back through the feed.
 */
export class Submitter {
  readonly #agenda: UnaryClient<typeof AgendaServiceService>;
  readonly #store: AuditStore;
  readonly #logger: Logger;
  #timer: NodeJS.Timeout | undefined;
  #backOffMs = INTERVAL_MS;
  #stopped = false;
  #underWay: Promise<void> = Promise.resolve();

  constructor(agenda: GrpcChannel, store: AuditStore, logger: Logger) {
    this.#agenda = agenda.carried(AgendaServiceService);
    this.#store = store;
    this.#logger = logger;
  }

  start(): void {
    this.#schedule(INTERVAL_MS);
  }

  /** Waits for the submission under way. */
  stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    return this.#underWay;
  }

  #schedule(delayMs: number): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#underWay = this.#submit().then((nextMs) => this.#schedule(nextMs));
    }, delayMs);
  }

  /** @returns when to look again. */
  async #submit(): Promise<number> {
    const events = this.#store.pendingCount === 0 ? [] : this.#store.pending(BATCH_MAX);
    if (events.length === 0) return INTERVAL_MS;
    try {
      await this.#agenda.recordNodeEvents(
        { context: writeContext(events), events },
        { deadlineMs: DEADLINE_MS },
      );
      this.#backOffMs = INTERVAL_MS;
    } catch (error) {
      const { code, message } = toServiceError(error);
      this.#logger.debug({ code, reason: message, events: events.length }, 'node events wait for a quorum');
      this.#backOffMs = Math.min(2 * this.#backOffMs, BACK_OFF_MAX_MS);
    }
    return this.#backOffMs;
  }
}

function writeContext(events: readonly AuditEvent[]) {
  const digest = createHash('sha256').update('agenda node events');
  for (const event of events) digest.update(event.id);
  return {
    caller: { userId: '', sessionId: '', username: '', address: '', tool: 'audit' },
    commandId: digest.digest().subarray(0, COMMAND_ID_BYTES),
    fingerprint: new Uint8Array(0),
  };
}
