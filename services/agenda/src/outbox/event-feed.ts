import type { EventsRequest } from '@agenda/proto/agenda/v1/agenda';
import type { Event, EventBatch } from '@agenda/proto/agenda/v1/event';
import type { OutboundStream } from '@agenda/service-kit/message-stream';
import type { AppliedPosition } from '../apply/applied-position.ts';
import type { Queries } from '../queries/queries.ts';
import type { AppliedEntry } from '../state-machine/machine.ts';
import { LogFeed } from './log-feed.ts';

/** Of one message; fewer than the contract's 500, so that a message of the largest appointments stays below 5 MB. */
const EVENTS_PER_MESSAGE_MAX = 128;
/** Log entries read from the database at a time. */
const PAGE_ENTRIES = 256;
const MAC_COMES_LATER = new Uint8Array(0);

/** What changed, for the gateways. */
export class EventFeed {
  readonly #position: AppliedPosition;
  readonly #feed: LogFeed<Event>;

  constructor(queries: Pick<Queries, 'eventsAfter' | 'oldestKeptIndex'>, position: AppliedPosition) {
    this.#position = position;
    this.#feed = new LogFeed({
      history: {
        page: (index) => queries.eventsAfter(index, PAGE_ENTRIES),
        isPruned: (index) => index < queries.oldestKeptIndex(),
        get appliedIndex() {
          return position.index;
        },
      },
      indexOf: (event) => event.logIndex,
      weightOf: () => 1,
      messageWeightMax: EVENTS_PER_MESSAGE_MAX,
    });
  }

  get subscriberCount(): number {
    return this.#feed.subscriberCount;
  }

  onApplied(applied: readonly AppliedEntry[]): void {
    if (this.#feed.idle) return;
    const events = applied.flatMap((entry) => (entry.duplicate ? [] : entry.events));
    this.#feed.publish(events, this.#position.index);
  }

  /** A snapshot took the state's place. @param revoked what was sent before may be wrong. */
  onRestored(revoked: boolean): void {
    if (revoked) this.#feed.revoke();
    else this.#feed.restored();
  }

  serve({ fromIndex, liveOnly }: EventsRequest, stream: OutboundStream<EventBatch>): Promise<void> {
    return this.#feed.serve({
      stream,
      fromIndex: liveOnly ? this.#position.index : fromIndex,
      message: (events, upToIndex) => batchOf(events, upToIndex, false),
      onPruned: (appliedIndex) => batchOf([], appliedIndex, true),
      afterPruned: 'goOn',
    });
  }

  close(): void {
    this.#feed.close();
  }
}

function batchOf(events: readonly Event[], upToIndex: number, reset: boolean): EventBatch {
  return { events: events as Event[], upToIndex, reset, mac: MAC_COMES_LATER };
}
