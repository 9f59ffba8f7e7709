import type { OutboundStream } from '@agenda/service-kit/message-stream';

/** What was written before: pages of it come out of the database. */
export interface FeedHistory<Item> {
  /** Items of the log entries after `index`, in order, a bounded number of them. */
  page(index: number): FeedPage<Item>;
  /** True if items after `index` have been deleted already. */
  isPruned(index: number): boolean;
  /** How far the log is applied. */
  readonly appliedIndex: number;
}

export interface FeedPage<Item> {
  readonly items: readonly Item[];
  /** The page holds everything up to this log index. */
  readonly upToIndex: number;
}

/** How items become messages of one stream. */
export interface FeedSubscriber<Item, Message> {
  readonly stream: Pick<OutboundStream<Message>, 'write' | 'drained' | 'closed'>;
  readonly fromIndex: number;
  /** Left out: all items. What it says may change between two messages. */
  readonly wants?: (item: Item) => boolean;
  readonly message: (items: readonly Item[], upToIndex: number) => Message;
  /** The position is no longer kept, or what was sent is not to be trusted: a message that says so. */
  readonly onPruned: (appliedIndex: number) => Message;
  /** The stream then goes on at `appliedIndex`, or it ends, because the reader must get what it lacks elsewhere. */
  readonly afterPruned: 'goOn' | 'end';
}

export interface LogFeedOptions<Item> {
  readonly history: FeedHistory<Item>;
  readonly indexOf: (item: Item) => number;
  /** What an item counts towards `messageWeightMax`. */
  readonly weightOf: (item: Item) => number;
  /** Of the items of one message; an item that weighs more has a message of its own. */
  readonly messageWeightMax: number;
}

/** Before everything, so no longer kept. */
const NOWHERE = -1;
/** A reader for whom there was nothing is told how far the log is this much later: a message for many batches. */
const QUIET_MS = 100;

interface Live<Item> {
  readonly stream: unknown;
  readonly wants: ((item: Item) => boolean) | undefined;
  position: number;
  /** It has not been told its position yet. */
  quiet: boolean;
  /** @returns false if the reader does not keep up. */
  readonly send: (items: readonly Item[], upToIndex: number) => boolean;
  readonly leave: () => void;
}

/**
 * One kind of outbox item as resumable streams in log order: backfill from the database → cut over → live.
 *
 * Applying is synchronous, and so is the cut-over: once the pages have reached the applied index, the stream joins the
 * live ones before anything else can be applied. Nothing is therefore left out or sent twice. A reader that does not keep
 * up leaves the live ones and reads pages again, so nothing is ever buffered for it beyond the transport's own buffer.
 */
export class LogFeed<Item> {
  readonly #history: FeedHistory<Item>;
  readonly #indexOf: (item: Item) => number;
  readonly #weightOf: (item: Item) => number;
  readonly #messageWeightMax: number;
  readonly #live = new Set<Live<Item>>();
  readonly #closing = new AbortController();
  #subscriberCount = 0;
  /** Counts how often what was sent before turned out to be wrong. */
  #revocations = 0;
  #quietTimer: NodeJS.Timeout | undefined;

  constructor(options: LogFeedOptions<Item>) {
    this.#history = options.history;
    this.#indexOf = options.indexOf;
    this.#weightOf = options.weightOf;
    this.#messageWeightMax = options.messageWeightMax;
  }

  get subscriberCount(): number {
    return this.#subscriberCount;
  }

  /** Nobody reads at the moment: gathering the items of a batch can be spared. */
  get idle(): boolean {
    return this.#live.size === 0;
  }

  /** To be called after each applied batch with its items; what is applied next must come with the next call. */
  publish(items: readonly Item[], upToIndex: number): void {
    for (const live of this.#live) {
      if (upToIndex <= live.position) continue;
      const { position } = live;
      const fresh =
        items.length > 0 && this.#indexOf(items[0] as Item) <= position
          ? items.filter((item) => this.#indexOf(item) > position)
          : items;
      live.position = upToIndex;
      const wanted = live.wants ? fresh.filter(live.wants) : fresh;
      live.quiet = live.wants !== undefined && wanted.length === 0;
      if (live.quiet) this.#quietTimer ??= setTimeout(() => this.#tellQuiet(), QUIET_MS);
      else if (!live.send(wanted, upToIndex)) live.leave();
    }
  }

  /** Tells a stream its position now. One that is not live yet is told soon in any case. */
  tell(stream: unknown): void {
    for (const live of this.#live) if (live.stream === stream) this.#tell(live);
  }

  /** The history is another one now: live streams go on from it, or are told that they cannot. */
  restored(): void {
    for (const live of [...this.#live]) live.leave();
  }

  /** What was sent before may be wrong, and every stream is told so. */
  revoke(): void {
    this.#revocations += 1;
    this.restored();
  }

  /** Serves one stream until it closes, the feed closes, or `until` aborts. */
  async serve<Message>(subscriber: FeedSubscriber<Item, Message>, until?: AbortSignal): Promise<void> {
    const { stream } = subscriber;
    const signals = [stream.closed, this.#closing.signal, ...(until ? [until] : [])];
    const over = AbortSignal.any(signals);
    this.#subscriberCount += 1;
    try {
      let position = subscriber.fromIndex;
      let revocations = this.#revocations;
      while (!over.aborted) {
        if (revocations !== this.#revocations) {
          revocations = this.#revocations;
          position = NOWHERE;
        }
        const reached = await this.#backfill(subscriber, position, over);
        if (over.aborted || reached === undefined) return;
        position = reached;
        if (position < this.#history.appliedIndex || revocations !== this.#revocations) continue;
        position = await this.#follow(subscriber, position, over);
        await stream.drained();
      }
    } finally {
      this.#subscriberCount -= 1;
    }
  }

  /** Ends all streams in good order. */
  close(): void {
    clearTimeout(this.#quietTimer);
    this.#closing.abort();
  }

  #tellQuiet(): void {
    this.#quietTimer = undefined;
    for (const live of this.#live) if (live.quiet) this.#tell(live);
  }

  #tell(live: Live<Item>): void {
    live.quiet = false;
    if (!live.send([], live.position)) live.leave();
  }

  /**
   * Sends pages until the applied index is reached. The first message goes out even if there is nothing to say.
   *
   * @returns undefined: the stream ends here.
   */
  async #backfill<Message>(
    subscriber: FeedSubscriber<Item, Message>,
    from: number,
    over: AbortSignal,
  ): Promise<number | undefined> {
    const history = this.#history;
    let position = from;
    do {
      if (position === NOWHERE || history.isPruned(position)) {
        position = history.appliedIndex;
        subscriber.stream.write(subscriber.onPruned(position));
        if (subscriber.afterPruned === 'end') return undefined;
      } else {
        const page = history.page(position);
        position = Math.max(position, page.upToIndex);
        const { wants } = subscriber;
        this.#send(subscriber, wants ? page.items.filter(wants) : page.items, position);
      }
      await subscriber.stream.drained();
      await new Promise(setImmediate);
    } while (position < history.appliedIndex && !over.aborted);
    return position;
  }

  /** Sends what is applied, as it is applied, until the reader falls behind. No await stands before the cut-over. */
  #follow<Message>(
    subscriber: FeedSubscriber<Item, Message>,
    position: number,
    over: AbortSignal,
  ): Promise<number> {
    return new Promise((resolve) => {
      const leave = (): void => {
        over.removeEventListener('abort', leave);
        this.#live.delete(live);
        resolve(live.position);
      };
      const live: Live<Item> = {
        stream: subscriber.stream,
        wants: subscriber.wants,
        position,
        quiet: false,
        send: (items, upToIndex) => this.#send(subscriber, items, upToIndex),
        leave,
      };
      this.#live.add(live);
      over.addEventListener('abort', leave, { once: true });
    });
  }

  #send<Message>(
    subscriber: FeedSubscriber<Item, Message>,
    items: readonly Item[],
    upToIndex: number,
  ): boolean {
    let keepsUp = true;
    let from = 0;
    let weight = 0;
    for (const [at, item] of items.entries()) {
      const itemWeight = this.#weightOf(item);
      if (at > from && weight + itemWeight > this.#messageWeightMax) {
        const message = subscriber.message(items.slice(from, at), this.#completeUpTo(items, at));
        keepsUp = subscriber.stream.write(message);
        from = at;
        weight = 0;
      }
      weight += itemWeight;
    }
    const rest = from === 0 ? items : items.slice(from);
    return subscriber.stream.write(subscriber.message(rest, upToIndex)) && keepsUp;
  }

  /** The last log index whose items all stand before `end`. */
  #completeUpTo(items: readonly Item[], end: number): number {
    const last = this.#indexOf(items[end - 1] as Item);
    return this.#indexOf(items[end] as Item) === last ? last - 1 : last;
  }
}
