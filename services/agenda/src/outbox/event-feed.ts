import type { EventsRequest, WatchEventsRequest } from '@agenda/proto/agenda/v1/agenda';
import type { Event, EventBatch } from '@agenda/proto/agenda/v1/event';
import { ServiceError } from '@agenda/service-kit/errors';
import type { InboundStream, OutboundStream } from '@agenda/service-kit/message-stream';
import type { AppliedPosition } from '../apply/applied-position.ts';
import type { Queries } from '../queries/queries.ts';
import type { AppliedEntry } from '../state-machine/machine.ts';
import { LogFeed } from './log-feed.ts';

/** Of one message; fewer than the contract's 500, so that a message of the largest appointments stays below 5 MB. */
const EVENTS_PER_MESSAGE_MAX = 128;
/** Log entries read from the database at a time. */
const PAGE_ENTRIES = 256;
/** Of one stream; a gateway has at most half as many sockets. */
const USERS_WATCHED_MAX = 20_000;
const MAC_COMES_LATER = new Uint8Array(0);

type WatchRequests = Pick<InboundStream<WatchEventsRequest>, 'onMessage' | 'onEnd'>;

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

  serve({ fromIndex, liveOnly, userIds }: EventsRequest, stream: OutboundStream<EventBatch>): Promise<void> {
    const users = new Set(userIds);
    return this.#serve(
      stream,
      liveOnly ? this.#position.index : fromIndex,
      users.size > 0 ? users : undefined,
    );
  }

  /** Serves whom the requests on the stream name, as they come. */
  watch(stream: OutboundStream<EventBatch> & WatchRequests): Promise<void> {
    const users = new Set<string>();
    let requests = 0;
    return new Promise((resolve, reject) => {
      stream.onMessage(({ fromIndex, addedUserIds, removedUserIds }) => {
        requests += 1;
        for (const userId of removedUserIds) users.delete(userId);
        for (const userId of addedUserIds) users.add(userId);
        if (users.size > USERS_WATCHED_MAX) reject(tooMany());
        else if (requests === 1) this.#serve(stream, fromIndex, users, () => requests).then(resolve, reject);
        else this.#feed.tell(stream);
      });
      stream.onEnd(() => resolve());
    });
  }

  #serve(
    stream: OutboundStream<EventBatch>,
    fromIndex: number,
    users: ReadonlySet<string> | undefined,
    requestsSeen = () => 0,
  ): Promise<void> {
    const batch = (events: readonly Event[], upToIndex: number, reset: boolean): EventBatch => ({
      events: events as Event[],
      upToIndex,
      reset,
      requestsSeen: requestsSeen(),
      mac: MAC_COMES_LATER,
    });
    return this.#feed.serve({
      stream,
      fromIndex,
      ...(users && { wants: ({ userIds }: Event) => userIds.some((userId) => users.has(userId)) }),
      message: (events, upToIndex) => batch(events, upToIndex, false),
      onPruned: (appliedIndex) => batch([], appliedIndex, true),
      afterPruned: 'goOn',
    });
  }

  close(): void {
    this.#feed.close();
  }
}

function tooMany(): ServiceError {
  return new ServiceError('overloaded', `one stream is about at most ${USERS_WATCHED_MAX} users`, {
    retryAfterMs: 1_000,
  });
}
