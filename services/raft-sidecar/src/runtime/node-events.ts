/** What happens to this node, for the audit trail. It never holds up consensus: what cannot be told in time is counted. */
import { type AuditEvent, type AuditServiceService, Level } from '@agenda/proto/audit/v1/audit';
import { toServiceError } from '@agenda/service-kit/errors';
import type { UnaryClient } from '@agenda/service-kit/grpc-client';
import { uuidv7Bytes } from '@agenda/service-kit/ids';
import type { Logger } from '@agenda/service-kit/logger';
import type { Clock } from './ports.ts';

/** At the bound new ones are dropped and counted. */
const QUEUED_MAX = 1_000;
const BATCH_MAX = 100;
const CALL_DEADLINE_MS = 5_000;
/** For what is queued when this process stops; then the rest is given up. */
const STOP_WAIT_MS = 500;
const RETRY_MIN_MS = 500;
const RETRY_MAX_MS = 30_000;
/** Of one action: so many at once, and one more each second; others are only counted. */
const BURST_MAX = 20;
const REFILL_MS = 1_000;

export interface NodeEvent {
  /** Dotted: "raft.leader_elected". */
  readonly action: string;
  readonly level?: Level;
  /** "member:agenda-1#…". */
  readonly target?: string;
  readonly address?: string;
  readonly outcome?: string;
  readonly detail?: Readonly<Record<string, unknown>>;
  /** Of one that may be told again after a restart; by default it is new and happened now. */
  readonly told?: { readonly id: Uint8Array; readonly atMs: number };
}

interface Allowance {
  tokens: number;
  refilledAtMs: number;
  suppressed: number;
}

export interface NodeEventsOptions {
  readonly nodeId: string;
  readonly audit: Pick<UnaryClient<typeof AuditServiceService>, 'record'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class NodeEvents {
  readonly #options: NodeEventsOptions;
  readonly #allowances = new Map<string, Allowance>();
  #queue: AuditEvent[] = [];
  #sending: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #retryMs = RETRY_MIN_MS;
  #dropped = 0;
  #stopping = false;

  constructor(options: NodeEventsOptions) {
    this.#options = options;
  }

  /** Events that found the queue full, since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  record(event: NodeEvent): void {
    const suppressed = this.#admit(event.action);
    if (suppressed === undefined) return;
    if (this.#queue.length >= QUEUED_MAX) {
      this.#dropped += 1;
      return;
    }
    this.#queue.push(this.#auditEvent(event, suppressed));
    this.#send();
  }

  /** Tells what is queued, in bounded time and without a second try. */
  async stop(): Promise<void> {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#stopping = true;
    this.#send();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        this.#queue = [];
        this.#sending = undefined;
        resolve();
      }, STOP_WAIT_MS);
    });
    while (this.#sending) await Promise.race([this.#sending, late]);
    clearTimeout(timer);
  }

  /** @returns how many of that action were suppressed before; undefined: this one is. */
  #admit(action: string): number | undefined {
    const now = this.#options.clock.monotonicMs();
    let allowance = this.#allowances.get(action);
    if (!allowance) {
      allowance = { tokens: BURST_MAX, refilledAtMs: now, suppressed: 0 };
      this.#allowances.set(action, allowance);
    }
    const refill = Math.floor((now - allowance.refilledAtMs) / REFILL_MS);
    allowance.tokens = Math.min(BURST_MAX, allowance.tokens + refill);
    allowance.refilledAtMs += refill * REFILL_MS;
    if (allowance.tokens === 0) {
      allowance.suppressed += 1;
      return undefined;
    }
    allowance.tokens -= 1;
    const { suppressed } = allowance;
    allowance.suppressed = 0;
    return suppressed;
  }

  #auditEvent(event: NodeEvent, suppressed: number): AuditEvent {
    const atMs = event.told?.atMs ?? this.#options.clock.wallMs();
    const detail = suppressed > 0 ? { ...event.detail, suppressedBefore: suppressed } : event.detail;
    return {
      id: event.told?.id ?? uuidv7Bytes(atMs),
      atMs,
      level: event.level ?? Level.LEVEL_INFO,
      component: 'raft-sidecar',
      nodeId: this.#options.nodeId,
      actorId: '',
      actorName: '',
      action: event.action,
      target: event.target ?? '',
      requestId: '',
      address: event.address ?? '',
      detailJson: JSON.stringify(detail ?? {}),
      outcome: event.outcome ?? 'ok',
    };
  }

  #send(): void {
    if (this.#sending || this.#retry || this.#queue.length === 0) return;
    const events = this.#queue.slice(0, BATCH_MAX);
    this.#sending = this.#options.audit.record({ events }, { deadlineMs: CALL_DEADLINE_MS }).then(
      () => this.#sent(events.length),
      (error) => this.#failed(toServiceError(error).message),
    );
  }

  #sent(count: number): void {
    this.#queue.splice(0, count);
    this.#retryMs = RETRY_MIN_MS;
    this.#sending = undefined;
    this.#send();
  }

  /** Records are told apart by id, so that telling them again is safe. */
  #failed(reason: string): void {
    this.#sending = undefined;
    this.#options.logger.debug({ reason, queued: this.#queue.length }, 'the audit service cannot be told');
    if (this.#stopping) return;
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.#send();
    }, this.#retryMs);
    this.#retryMs = Math.min(2 * this.#retryMs, RETRY_MAX_MS);
  }
}
