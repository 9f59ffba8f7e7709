import type { Event, EventBatch } from '@agenda/proto/agenda/v1/event';

/** Events of whole log entries: those of one entry never come in two of these. */
export type WholeBatch = Pick<EventBatch, 'events' | 'upToIndex' | 'reset'>;

/**
 * The agenda may cut the events of a large log entry into several messages, of which only the last one counts the entry
 * as told (`upToIndex`). What is incomplete waits here for its rest, so that a position always lies between two entries
 * and a stream can be resumed or replaced there. At most one entry waits; a new stream starts with a new one of these.
 */
export class WholeEntries {
  #incomplete: Event[] = [];

  take({ events, upToIndex, reset }: EventBatch): WholeBatch {
    const before = reset ? [] : this.#incomplete;
    const all = before.length === 0 ? events : [...before, ...events];
    this.#incomplete = [];
    if ((all.at(-1)?.logIndex ?? 0) <= upToIndex) return { events: all, upToIndex, reset };
    const cut = all.findIndex((event) => event.logIndex > upToIndex);
    this.#incomplete = all.slice(cut);
    return { events: all.slice(0, cut), upToIndex, reset };
  }
}
