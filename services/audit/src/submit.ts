/** Brings the node events of this pod into the log, so that every replica's trail has them. */

import { createHash } from 'node:crypto';
import { AgendaServiceService } from '@agenda/proto/agenda/v1/agenda';
import { AuditEvent } from '@agenda/proto/audit/v1/audit';
import { encodeMessage } from '@agenda/proto/encode';
import { type ErrorCode, type ServiceError, toServiceError } from '@agenda/service-kit/errors';
import type { GrpcChannel, UnaryClient } from '@agenda/service-kit/grpc-client';
import type { Logger } from '@agenda/service-kit/logger';
import type { AuditStore, PendingEvent } from './store.ts';

const BATCH_EVENTS_MAX = 500;
/** Encoded; far below what the log takes as one command. The first event goes in any case. */
const BATCH_BYTES_MAX = 256 * 1024;
const INTERVAL_MS = 250;
const BACK_OFF_MAX_MS = 5_000;
const DEADLINE_MS = 5_000;
/** What is in the log and has not come back after this long is submitted again; repeats are told apart by id. */
const RESUBMIT_MS = 10_000;
const COMMAND_ID_BYTES = 16;
/** Reasons that pass by themselves. */
const TRANSIENT: ReadonlySet<ErrorCode> = new Set(['no_leader', 'overloaded', 'timeout', 'unavailable']);

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
  /** Up to there the events are in the log, as far as the agenda said. */
  #submittedPosition = 0;
  #startOverAtMs = 0;

  constructor(agenda: GrpcChannel, store: AuditStore, logger: Logger) {
    this.#agenda = agenda.carried(AgendaServiceService);
    this.#store = store;
    this.#logger = logger;
  }

  start(): void {
    this.#schedule(INTERVAL_MS);
  }

  /** A submission under way is left to itself: its events stay pending until they come back. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #schedule(delayMs: number): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => void this.#submit().then((nextMs) => this.#schedule(nextMs)), delayMs);
  }

  /** @returns when to look again. */
  async #submit(): Promise<number> {
    const batch = this.#nextBatch();
    const last = batch.at(-1);
    if (!last) return INTERVAL_MS;
    const events = batch.map(({ event }) => event);
    try {
      await this.#agenda.recordNodeEvents(
        { context: writeContext(events), events },
        { deadlineMs: DEADLINE_MS },
      );
      this.#submittedPosition = last.position;
      this.#backOffMs = INTERVAL_MS;
    } catch (error) {
      if (!this.#stopped) this.#report(toServiceError(error), events.length);
      this.#backOffMs = Math.min(2 * this.#backOffMs, BACK_OFF_MAX_MS);
    }
    return this.#backOffMs;
  }

  #nextBatch(): PendingEvent[] {
    if (this.#store.pendingCount === 0) return [];
    const now = performance.now();
    if (now >= this.#startOverAtMs) {
      this.#submittedPosition = 0;
      this.#startOverAtMs = now + RESUBMIT_MS;
    }
    const pending = this.#store.pendingBeside(this.#submittedPosition, true, BATCH_EVENTS_MAX);
    let bytes = 0;
    const fitting = pending.findIndex(({ event }) => {
      bytes += encodeMessage(AuditEvent, event).length;
      return bytes > BATCH_BYTES_MAX;
    });
    return fitting === -1 ? pending : pending.slice(0, Math.max(1, fitting));
  }

  #report({ code, message }: ServiceError, events: number): void {
    const details = { code, reason: message, events };
    if (TRANSIENT.has(code)) this.#logger.debug(details, 'node events wait for a quorum');
    else this.#logger.error(details, 'node events are refused; they stay on this node');
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
