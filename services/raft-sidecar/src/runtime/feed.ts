/**
 * Hands committed entries to the pod's state machine, in order, from the first one it has not applied.
 *
 * Entries come out of the log store, whose newest part is in memory. So a state machine that attaches late or falls
 * behind is served like one that keeps up; only the window decides how much is under way.
 */
import type {
  Applied,
  AttachRequest,
  AttachResponse,
  Hello,
  Leadership as WireLeadership,
} from '@agenda/proto/raft/v1/state_machine';
import { ServiceError } from '@agenda/service-kit/errors';
import type { Logger } from '@agenda/service-kit/logger';
import { entryBytes } from '../core/log.ts';
import type { LogStore } from '../storage/log-store.ts';
import { entryToWire } from '../transport/conversions.ts';
import type { Alarms } from './alarms.ts';
import type { Driver } from './driver.ts';
import { FeedWindow } from './feed-window.ts';
import type { Clock } from './ports.ts';

/** Of the entries of one message. */
const PAGE_BYTES_MAX = 256 * 1024;
/** Without progress for so long, operators are told. */
const STALLED_AFTER_MS = 10_000;
const EMPTY = new Uint8Array(0);

/** The server's end of `StateMachine.Attach`. */
export interface FeedStream {
  write(message: AttachResponse): boolean;
  drained(): Promise<void>;
  fail(error: ServiceError): void;
  onMessage(callback: (message: AttachRequest) => void): void;
  onEnd(callback: (error?: ServiceError) => void): void;
}

export interface FeedOptions {
  readonly driver: Driver;
  readonly store: LogStore;
  readonly alarms: Alarms;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Commands up to it may be in the log. */
  readonly clusterFeatureLevel: () => number;
}

interface Session {
  readonly stream: FeedStream;
  /** Undefined until it has said hello. */
  window: FeedWindow | undefined;
  blocked: boolean;
}

export class StateMachineFeed {
  readonly #options: FeedOptions;
  #session: Session | undefined;
  #appliedIndex = 0;
  #featureLevel = 0;
  #progressAtMs: number;
  #leadershipSent = '';

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#progressAtMs = options.clock.monotonicMs();
    options.driver.onCommit(() => this.#pump());
    options.driver.onLeadership(() => this.announceLeadership());
  }

  /** By the state machine, as far as it has told since this process started. */
  get appliedIndex(): number {
    return this.#appliedIndex;
  }

  /** 0 until a state machine has attached. */
  get featureLevel(): number {
    return this.#featureLevel;
  }

  /** Serves one attachment until it ends. The newest wins: an older one can only be a leftover. */
  attach(stream: FeedStream): Promise<void> {
    const session: Session = { stream, window: undefined, blocked: false };
    this.#session?.stream.fail(
      new ServiceError('unavailable', 'another attachment took the place of this one'),
    );
    this.#session = session;
    stream.onMessage((message) => this.#receive(session, message));
    return new Promise((resolve) => {
      stream.onEnd(() => {
        if (this.#session === session) this.#detached();
        resolve();
      });
    });
  }

  /** Sends who leads, if that is news. */
  announceLeadership(): void {
    const { driver, clusterFeatureLevel } = this.#options;
    if (!this.#session?.window) return;
    const { leader, term } = driver.leadership;
    const leadership: WireLeadership = {
      leaderId: leader,
      term,
      isLeader: driver.isLeader,
      acceptsWrites: driver.formation.complete,
      featureLevel: clusterFeatureLevel(),
    };
    const text = JSON.stringify(leadership);
    if (text === this.#leadershipSent) return;
    this.#leadershipSent = text;
    this.#session.stream.write({ body: { $case: 'leadership', value: leadership }, mac: EMPTY });
  }

  /** Called now and then: raises and clears the alarms about a state machine that does not get on. */
  watch(): void {
    this.#watchFeatureLevel();
    const { alarms, clock, driver } = this.#options;
    const idle = this.#session?.window && this.#appliedIndex >= driver.commitIndex;
    if (idle) this.#progressAtMs = clock.monotonicMs();
    const stuck = clock.monotonicMs() - this.#progressAtMs > STALLED_AFTER_MS;
    if (stuck && !this.#session)
      alarms.raise('state_machine_detached', 'the agenda of this pod is not attached to its sidecar');
    else if (stuck)
      alarms.raise(
        'state_machine_stalled',
        `the agenda of this pod does not get beyond ${this.#appliedIndex}`,
      );
    else {
      alarms.clear('state_machine_detached');
      alarms.clear('state_machine_stalled');
    }
  }

  #watchFeatureLevel(): void {
    const { alarms, clusterFeatureLevel } = this.#options;
    const reached = clusterFeatureLevel();
    if (this.#featureLevel === 0 || this.#featureLevel >= reached) alarms.clear('feature_level');
    else
      alarms.raise(
        'feature_level',
        `the agenda of this pod knows commands up to feature level ${this.#featureLevel}, and its cluster has reached ${reached}: it stops at the first newer one; upgrade this pod`,
      );
  }

  #detached(): void {
    this.#session = undefined;
    this.#progressAtMs = this.#options.clock.monotonicMs();
    this.#options.logger.warn('the agenda is detached');
  }

  #receive(session: Session, { body }: AttachRequest): void {
    if (this.#session !== session) return;
    const first = session.window === undefined;
    if (first !== (body?.$case === 'hello')) {
      this.#refuse(session, first ? 'the first message must be a hello' : 'only one hello is allowed');
      return;
    }
    if (body?.$case === 'hello') this.#welcome(session, body.value);
    else if (body?.$case === 'applied') this.#onApplied(session, body.value);
    else this.#refuse(session, 'snapshots were not asked for');
  }

  #welcome(session: Session, hello: Hello): void {
    const mismatch = this.#mismatch(hello);
    if (mismatch !== '') {
      this.#options.alarms.raise('state_machine_refused', mismatch);
      this.#refuse(session, mismatch);
      return;
    }
    this.#options.alarms.clear('state_machine_refused');
    session.window = new FeedWindow(hello.lastApplied);
    this.#featureLevel = hello.featureLevel;
    this.#noteApplied(hello.lastApplied, hello.lastApplied);
    this.#leadershipSent = '';
    this.#options.logger.info(
      { lastApplied: hello.lastApplied, featureLevel: hello.featureLevel },
      'the agenda is attached',
    );
    this.announceLeadership();
    this.#pump();
  }

  /** What the agenda applied must be in this log. What is committed here may be less: after a crash that is relearned. */
  #mismatch({ lastApplied, lastAppliedTerm }: Hello): string {
    const { store } = this.#options;
    if (lastApplied === 0) return '';
    const refused = `the agenda's database does not belong to this log: it applied entry ${lastApplied} of term ${lastAppliedTerm}, but the log`;
    if (lastApplied > store.lastIndex()) return `${refused} ends at ${store.lastIndex()}`;
    const term = store.term(lastApplied);
    if (term === undefined) return `${refused} starts at ${store.firstIndex()}`;
    return term === lastAppliedTerm ? '' : `${refused} has term ${term} there`;
  }

  #onApplied(session: Session, { index, durableIndex }: Applied): void {
    if (!session.window?.applied(index)) {
      this.#refuse(session, `entry ${index} was never sent, so it cannot be applied`);
      return;
    }
    this.#noteApplied(index, durableIndex);
    this.#pump();
  }

  #noteApplied(index: number, durableIndex: number): void {
    this.#appliedIndex = index;
    this.#progressAtMs = this.#options.clock.monotonicMs();
    this.#options.store.noteApplied(durableIndex);
  }

  #pump(): void {
    const session = this.#session;
    if (!session?.window || session.blocked) return;
    try {
      this.announceLeadership();
      while (!session.blocked && this.#sendPage(session, session.window));
    } catch (error) {
      this.#options.driver.fail(error as Error);
    }
  }

  /** @returns false if there is nothing that may be sent. */
  #sendPage(session: Session, window: FeedWindow): boolean {
    const { driver, store } = this.#options;
    const to = Math.min(driver.commitIndex, window.sendableIndex);
    const entries = store.entries(window.sentIndex + 1, to, PAGE_BYTES_MAX);
    const last = entries.at(-1);
    if (!last) return false;
    let bytes = 0;
    for (const entry of entries) bytes += entryBytes(entry);
    window.sent(last.index, bytes);
    const taken = session.stream.write({
      body: { $case: 'committed', value: { entries: entries.map(entryToWire) } },
      mac: EMPTY,
    });
    if (!taken) this.#waitForDrain(session);
    return true;
  }

  #waitForDrain(session: Session): void {
    session.blocked = true;
    session.stream.drained().then(() => {
      session.blocked = false;
      if (this.#session === session) this.#pump();
    });
  }

  #refuse(session: Session, reason: string): void {
    this.#options.logger.error({ reason }, 'the attachment of the agenda is refused');
    session.stream.fail(new ServiceError('unprocessable', reason));
  }
}
