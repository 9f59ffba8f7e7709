import type { AuditBatch, AuditEntry, AuditFeedRequest } from '@agenda/proto/agenda/v1/agenda';
import { ServiceError } from '@agenda/service-kit/errors';
import type { OutboundStream } from '@agenda/service-kit/message-stream';
import type { AppliedPosition } from '../apply/applied-position.ts';
import type { Queries } from '../queries/queries.ts';
import type { AppliedEntry } from '../state-machine/machine.ts';
import { LogFeed } from './log-feed.ts';

/** Of one message: at most 4 MiB, as records have at most 8 KiB (a batch of node events is never divided). */
const RECORDS_PER_MESSAGE_MAX = 512;
/**
 * How long records are gathered for one message, which the audit service stores in one transaction. Nobody's
 * request waits for it.
 */
const GATHER_MS = 100;
const GATHERED_ENTRIES_MAX = 1_000;
const PAGE_ENTRIES = 256;
/**
 * After this a stream is ended in good order. The audit service connects again from what it has stored, and that
 * position is its acknowledgement: it is the only thing by which records are ever released for pruning.
 */
const STREAM_LIFETIME_MS = 10 * 60_000;
const MAC_COMES_LATER = new Uint8Array(0);

/** Whether what was handed out before can be trusted (docs/adr/0012). */
export interface TrailMark {
  /** The state that brought it was another one than that of the other replicas. */
  readonly trailUnsure: boolean;
  /** The audit service has compared its trail with another replica's. */
  trailCompared(): void;
}

/** Audit records that apply wrote, for the pod's own audit service. */
export class AuditFeed {
  readonly #nodeId: string;
  readonly #position: AppliedPosition;
  readonly #queries: Pick<Queries, 'auditAfter' | 'oldestKeptIndex'>;
  readonly #mark: TrailMark;
  readonly #feed: LogFeed<AuditEntry>;
  #acknowledgedIndex = 0;
  #gathered: AuditEntry[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(
    queries: Pick<Queries, 'auditAfter' | 'oldestKeptIndex'>,
    position: AppliedPosition,
    nodeId: string,
    mark: TrailMark,
  ) {
    this.#nodeId = nodeId;
    this.#position = position;
    this.#queries = queries;
    this.#mark = mark;
    this.#feed = new LogFeed({
      history: {
        page: (index) => queries.auditAfter(index, PAGE_ENTRIES),
        isPruned: (index) => mark.trailUnsure || index < queries.oldestKeptIndex(),
        get appliedIndex() {
          return position.index;
        },
      },
      indexOf: (entry) => entry.logIndex,
      weightOf: (entry) => entry.events.length,
      messageWeightMax: RECORDS_PER_MESSAGE_MAX,
    });
  }

  /** The audit service holds everything up to this log index durably. */
  get acknowledgedIndex(): number {
    return this.#acknowledgedIndex;
  }

  onApplied(applied: readonly AppliedEntry[]): void {
    if (this.#feed.idle) return;
    for (const { index, audit } of applied)
      if (audit.length > 0) this.#gathered.push({ logIndex: index, events: [...audit] });
    if (this.#gathered.length >= GATHERED_ENTRIES_MAX) this.#publish();
    else this.#timer ??= setTimeout(() => this.#publish(), GATHER_MS);
  }

  /** A snapshot took the state's place. @param revoked what was sent before may be wrong. */
  onRestored(revoked: boolean): void {
    this.#gathered = [];
    if (revoked) this.#feed.revoke();
    else this.#feed.restored();
  }

  /** @param callerNodeId who signed the call. @throws ServiceError `forbidden`. */
  serve(
    { fromIndex, compared }: AuditFeedRequest,
    stream: OutboundStream<AuditBatch>,
    callerNodeId: string,
  ): Promise<void> {
    if (callerNodeId !== this.#nodeId)
      throw new ServiceError(
        'forbidden',
        `the audit feed of ${this.#nodeId} is for its own audit service; ask the audit service instead`,
      );
    if (compared) this.#mark.trailCompared();
    // Nothing is released by a trail that may hold something else.
    this.#acknowledgedIndex = this.#mark.trailUnsure ? 0 : Math.min(fromIndex, this.#position.index);
    return this.#feed.serve(
      {
        stream,
        fromIndex,
        message: (entries, upToIndex) => ({
          entries: entries as AuditEntry[],
          upToIndex,
          reset: false,
          mac: MAC_COMES_LATER,
        }),
        onPruned: () => ({
          entries: [],
          upToIndex: this.#queries.oldestKeptIndex(),
          reset: true,
          mac: MAC_COMES_LATER,
        }),
        afterPruned: 'end',
      },
      AbortSignal.timeout(STREAM_LIFETIME_MS),
    );
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#feed.close();
  }

  #publish(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const entries = this.#gathered;
    this.#gathered = [];
    this.#feed.publish(entries, this.#position.index);
  }
}
