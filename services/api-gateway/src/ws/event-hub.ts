/**
 * One event stream from the agenda for all sockets of this gateway, about the users who have one; it resumes by log
 * index, so it misses nothing.
 */
import { AgendaServiceService, type WatchEventsRequest } from '@agenda/proto/agenda/v1/agenda';
import type { Event, EventBatch } from '@agenda/proto/agenda/v1/event';
import type { GrpcChannel } from '@agenda/service-kit/grpc-client';
import type { Logger } from '@agenda/service-kit/logger';
import type { MessageStream } from '@agenda/service-kit/message-stream';
import { Turns } from './turns.ts';
import { type WholeBatch, WholeEntries } from './whole-entries.ts';

const BACK_OFF_MIN_MS = 50;
const BACK_OFF_MAX_MS = 2_000;
const STATUS_DEADLINE_MS = 2_000;
/**
 * The agenda offers 16 streams to everybody together; who else wants to catch up waits for a turn. A stream that is
 * cancelled here counts over there until the next one has been answered, so that there may be twice as many, and ours.
 */
const HISTORIES_MAX = 6;

const MAC_COMES_LATER = new Uint8Array(0);

export interface Subscriber {
  readonly userId: string;
  /** Called once, maybe at once: everything after this index will be told; some of it may have been told already. */
  onLive(index: number): void;
  /** Events of one batch that this user may see, in log order; everything up to `upToIndex` has been told. */
  onEvents(events: readonly Event[], upToIndex: number): void;
  /** Events were lost for good up to this index. */
  onReset(index: number): void;
}

/** A user with sockets here. */
interface Watched {
  readonly userId: string;
  readonly subscribers: Set<Subscriber>;
  /** The request that has to be seen before this user's events are complete; 0: they are. */
  awaitedRequest: number;
}

/** There is no stream to make a request on: the next one begins with everybody. */
const NEXT_STREAM = Number.POSITIVE_INFINITY;

export class EventHub {
  readonly #agenda: GrpcChannel;
  readonly #logger: Logger;
  readonly #watched = new Map<string, Watched>();
  readonly #awaiting = new Set<Watched>();
  readonly #histories = new Turns(HISTORIES_MAX);
  #stream: MessageStream<WatchEventsRequest, EventBatch> | undefined;
  /** Made on the stream that stands. */
  #requests = 0;
  #retry: NodeJS.Timeout | undefined;
  #backOffMs = BACK_OFF_MIN_MS;
  #stopped = false;
  /** Everything up to here has been handed on; undefined: not known yet. */
  #position: number | undefined;

  constructor(agenda: GrpcChannel, logger: Logger) {
    this.#agenda = agenda;
    this.#logger = logger;
  }

  /** Undefined until the agenda has first said where it is. */
  get position(): number | undefined {
    return this.#position;
  }

  start(): void {
    void this.#connect();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#retry);
    this.#stream?.cancel();
  }

  add(subscriber: Subscriber): void {
    const { userId } = subscriber;
    const known = this.#watched.get(userId);
    if (known) {
      known.subscribers.add(subscriber);
      if (known.awaitedRequest === 0) subscriber.onLive(this.#position ?? 0);
      return;
    }
    const watched = { userId, subscribers: new Set([subscriber]), awaitedRequest: NEXT_STREAM };
    this.#watched.set(userId, watched);
    this.#awaiting.add(watched);
    if (this.#stream) watched.awaitedRequest = this.#request(this.#stream, { addedUserIds: [userId] });
  }

  remove(subscriber: Subscriber): void {
    const { userId } = subscriber;
    const watched = this.#watched.get(userId);
    if (!watched?.subscribers.delete(subscriber) || watched.subscribers.size > 0) return;
    this.#watched.delete(userId);
    this.#awaiting.delete(watched);
    if (this.#stream) this.#request(this.#stream, { removedUserIds: [userId] });
  }

  countOf(userId: string): number {
    return this.#watched.get(userId)?.subscribers.size ?? 0;
  }

  /**
   * What a user may see of what was there after an index, and then of what comes, for one who resumes; it may have to
   * wait for its turn.
   *
   * @param onLost called when it ends by itself.
   * @returns to be called when no more is wanted.
   */
  history(
    userId: string,
    fromIndex: number,
    onBatch: (batch: WholeBatch) => void,
    onLost: () => void,
  ): () => void {
    let stream: MessageStream<never, EventBatch> | undefined;
    let over = false;
    const giveBack = this.#histories.take(() => {
      const whole = new WholeEntries();
      const request = { fromIndex, liveOnly: false, userIds: [userId] };
      stream = this.#agenda.serverStream(AgendaServiceService, 'events', request);
      stream.onMessage((batch) => {
        if (!over) onBatch(whole.take(batch));
      });
      stream.onEnd(() => {
        giveBack();
        if (!over) onLost();
        over = true;
      });
    });
    return () => {
      over = true;
      stream?.cancel();
      giveBack();
    };
  }

  async #connect(): Promise<void> {
    if (this.#position === undefined)
      try {
        const agenda = this.#agenda.carried(AgendaServiceService);
        this.#position = (await agenda.getStatus({}, { deadlineMs: STATUS_DEADLINE_MS })).lastApplied;
      } catch (error) {
        this.#logger.debug({ err: error }, 'the agenda does not answer yet');
        this.#reconnectLater();
        return;
      }
    if (this.#stopped) return;
    this.#watch(this.#position);
  }

  /** For everybody who is here, from where the last stream ended. */
  #watch(fromIndex: number): void {
    const stream = this.#agenda.bidiStream(AgendaServiceService, 'watchEvents');
    const whole = new WholeEntries();
    stream.onMessage((batch) => {
      this.#backOffMs = BACK_OFF_MIN_MS;
      this.#onBatch(whole.take(batch));
      this.#onSeen(batch.requestsSeen);
    });
    stream.onEnd((error) => {
      this.#stream = undefined;
      this.#await(NEXT_STREAM);
      if (this.#stopped) return;
      this.#logger.info(
        { reason: error?.message, position: this.#position },
        'the event stream ended; resuming',
      );
      this.#reconnectLater();
    });
    this.#stream = stream;
    this.#requests = 0;
    this.#await(this.#request(stream, { fromIndex, addedUserIds: [...this.#watched.keys()] }));
  }

  /** @returns its number. */
  #request(
    stream: MessageStream<WatchEventsRequest, EventBatch>,
    request: Partial<Omit<WatchEventsRequest, 'mac'>>,
  ): number {
    stream.write({ fromIndex: 0, addedUserIds: [], removedUserIds: [], ...request, mac: MAC_COMES_LATER });
    this.#requests += 1;
    return this.#requests;
  }

  #await(request: number): void {
    for (const watched of this.#awaiting) watched.awaitedRequest = request;
  }

  #onSeen(request: number): void {
    for (const watched of this.#awaiting) {
      if (watched.awaitedRequest > request) continue;
      watched.awaitedRequest = 0;
      this.#awaiting.delete(watched);
      for (const subscriber of [...watched.subscribers]) subscriber.onLive(this.#position ?? 0);
    }
  }

  #reconnectLater(): void {
    if (this.#stopped) return;
    this.#retry = setTimeout(() => void this.#connect(), this.#backOffMs);
    this.#backOffMs = Math.min(2 * this.#backOffMs, BACK_OFF_MAX_MS);
  }

  #onBatch({ events, upToIndex, reset }: WholeBatch): void {
    this.#position = Math.max(this.#position ?? 0, upToIndex);
    if (reset) {
      for (const { subscribers } of this.#watched.values())
        for (const subscriber of [...subscribers]) subscriber.onReset(upToIndex);
      return;
    }
    for (const [userId, own] of byUser(events))
      for (const subscriber of [...(this.#watched.get(userId)?.subscribers ?? [])])
        subscriber.onEvents(own, upToIndex);
  }
}

function byUser(events: readonly Event[]): Map<string, Event[]> {
  const users = new Map<string, Event[]>();
  for (const event of events)
    for (const userId of event.userIds) {
      const own = users.get(userId);
      if (own) own.push(event);
      else users.set(userId, [event]);
    }
  return users;
}
