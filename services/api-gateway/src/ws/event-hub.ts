/** One event stream from the agenda for all sockets of this gateway; it resumes by log index, so it misses nothing. */
import { AgendaServiceService } from '@agenda/proto/agenda/v1/agenda';
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

export interface Subscriber {
  readonly userId: string;
  /** Events of one batch that this user may see, in log order; everything up to `upToIndex` has been told. */
  onEvents(events: readonly Event[], upToIndex: number): void;
  /** Events were lost for good up to this index. */
  onReset(index: number): void;
}

export class EventHub {
  readonly #agenda: GrpcChannel;
  readonly #logger: Logger;
  readonly #subscribers = new Map<string, Set<Subscriber>>();
  readonly #histories = new Turns(HISTORIES_MAX);
  #stream: MessageStream<never, EventBatch> | undefined;
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
    const others = this.#subscribers.get(subscriber.userId);
    if (others) others.add(subscriber);
    else this.#subscribers.set(subscriber.userId, new Set([subscriber]));
  }

  remove(subscriber: Subscriber): void {
    const others = this.#subscribers.get(subscriber.userId);
    others?.delete(subscriber);
    if (others?.size === 0) this.#subscribers.delete(subscriber.userId);
  }

  countOf(userId: string): number {
    return this.#subscribers.get(userId)?.size ?? 0;
  }

  /**
   * What was there after an index, and then what comes, for one who resumes; it may have to wait for its turn.
   *
   * @param onLost called when it ends by itself.
   * @returns to be called when no more is wanted.
   */
  history(fromIndex: number, onBatch: (batch: WholeBatch) => void, onLost: () => void): () => void {
    let stream: MessageStream<never, EventBatch> | undefined;
    let over = false;
    const giveBack = this.#histories.take(() => {
      stream = this.#open(fromIndex, (batch) => {
        if (!over) onBatch(batch);
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

  #open(fromIndex: number, onBatch: (batch: WholeBatch) => void): MessageStream<never, EventBatch> {
    const stream = this.#agenda.serverStream(AgendaServiceService, 'events', { fromIndex, liveOnly: false });
    const whole = new WholeEntries();
    stream.onMessage((batch) => onBatch(whole.take(batch)));
    return stream;
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
    const stream = this.#open(this.#position, (batch) => {
      this.#backOffMs = BACK_OFF_MIN_MS;
      this.#onBatch(batch);
    });
    this.#stream = stream;
    stream.onEnd((error) => {
      if (this.#stopped) return;
      this.#logger.info(
        { reason: error?.message, position: this.#position },
        'the event stream ended; resuming',
      );
      this.#reconnectLater();
    });
  }

  #reconnectLater(): void {
    if (this.#stopped) return;
    this.#retry = setTimeout(() => void this.#connect(), this.#backOffMs);
    this.#backOffMs = Math.min(2 * this.#backOffMs, BACK_OFF_MAX_MS);
  }

  #onBatch({ events, upToIndex, reset }: WholeBatch): void {
    this.#position = Math.max(this.#position ?? 0, upToIndex);
    if (reset) {
      for (const subscribers of this.#subscribers.values())
        for (const subscriber of [...subscribers]) subscriber.onReset(upToIndex);
      return;
    }
    for (const [userId, own] of byUser(events))
      for (const subscriber of [...(this.#subscribers.get(userId) ?? [])])
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
