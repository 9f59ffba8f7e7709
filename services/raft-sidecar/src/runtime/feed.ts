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
  SnapshotInstalled,
  SnapshotTaken,
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
import type { SuppliedSnapshot } from './snapshot-supply.ts';
import { restoreState, type StateSupply } from './state-restorer.ts';

/** Of the entries of one message. */
const PAGE_BYTES_MAX = 256 * 1024;
/** Without progress for so long, operators are told. */
const STALLED_AFTER_MS = 10_000;
const EMPTY = new Uint8Array(0);
const DETACHED = 'the agenda was detached';

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
  readonly supply: StateSupply;
}

interface Session {
  readonly stream: FeedStream;
  greeted: boolean;
  /** Undefined until it stands somewhere in the log. */
  window: FeedWindow | undefined;
  blocked: boolean;
  /** A snapshot is looked for, or installed. */
  restoring: boolean;
  onTaken: ((taken: SnapshotTaken) => void) | undefined;
  onInstalled: ((installed: SnapshotInstalled) => void) | undefined;
}

export class StateMachineFeed {
  readonly #options: FeedOptions;
  #session: Session | undefined;
  #appliedIndex = 0;
  #durableIndex = 0;
  /** Why the state was discarded and must come from another member; empty: it is good. */
  #discarded = '';
  #featureLevel = 0;
  #progressAtMs: number;
  #leadershipSent = '';
  readonly #appliedListeners: ((index: number, digest: Uint8Array) => void)[] = [];
  readonly #restoredListeners: (() => void)[] = [];

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

  /** Applied and on disk there, by its own word. */
  get durableIndex(): number {
    return this.#durableIndex;
  }

  /** The state was wrong, and is not yet rebuilt. */
  get discarded(): boolean {
    return this.#discarded !== '';
  }

  /** After each batch, with the state digest there. */
  onApplied(listener: (index: number, digest: Uint8Array) => void): void {
    this.#appliedListeners.push(listener);
  }

  /** A snapshot was installed. */
  onRestored(listener: () => void): void {
    this.#restoredListeners.push(listener);
  }

  /** A snapshot of the state as it stands then. @throws ServiceError `unavailable` */
  takeSnapshot(directory: string): Promise<SnapshotTaken> {
    const session = this.#session;
    if (!session?.window || session.onTaken)
      return Promise.reject(
        new ServiceError('unavailable', 'the agenda of this pod cannot take a snapshot now', {
          nothingDone: true,
        }),
      );
    session.stream.write({ body: { $case: 'takeSnapshot', value: { directory } }, mac: EMPTY });
    return new Promise((resolve) => {
      session.onTaken = resolve;
    });
  }

  /** The state is not that of the other members: it is given up, and rebuilt from a snapshot of theirs. */
  discardState(reason: string): void {
    this.#discarded = reason;
    const session = this.#session;
    if (!session?.greeted) return;
    session.window = undefined;
    session.stream.write({ body: { $case: 'discardState', value: { reason } }, mac: EMPTY });
  }

  /** 0 until a state machine has attached. */
  get featureLevel(): number {
    return this.#featureLevel;
  }

  /** Serves one attachment until it ends. The newest wins: an older one can only be a leftover. */
  attach(stream: FeedStream): Promise<void> {
    const session: Session = {
      stream,
      greeted: false,
      window: undefined,
      blocked: false,
      restoring: false,
      onTaken: undefined,
      onInstalled: undefined,
    };
    this.#session?.stream.fail(
      new ServiceError('unavailable', 'another attachment took the place of this one'),
    );
    this.#session = session;
    stream.onMessage((message) => this.#receive(session, message));
    return new Promise((resolve) => {
      stream.onEnd(() => {
        if (this.#session === session) this.#detached();
        session.onTaken?.({ path: '', index: 0, term: 0, digest: EMPTY, error: DETACHED });
        session.onInstalled?.({ index: 0, error: DETACHED });
        resolve();
      });
    });
  }

  /** Sends who leads, if that is news. */
  announceLeadership(): void {
    const { driver, clusterFeatureLevel } = this.#options;
    if (!this.#session?.greeted) return;
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
    if (idle) {
      this.#progressAtMs = clock.monotonicMs();
      alarms.clear('state_lost');
    }
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
    const first = !session.greeted;
    if (first !== (body?.$case === 'hello')) {
      this.#refuse(session, first ? 'the first message must be a hello' : 'only one hello is allowed');
      return;
    }
    if (body?.$case === 'hello') this.#welcome(session, body.value);
    else if (body?.$case === 'applied') this.#onApplied(session, body.value);
    else if (body?.$case === 'snapshotTaken') this.#onTaken(session, body.value);
    else if (body?.$case === 'snapshotInstalled') session.onInstalled?.(body.value);
  }

  #welcome(session: Session, hello: Hello): void {
    // Also of one that waits for a log: where that begins anew, the leader sends none before it knows the level.
    this.#featureLevel = hello.featureLevel;
    const mismatch = this.#mismatch(hello);
    if (mismatch !== '') {
      this.#options.alarms.raise('state_machine_refused', mismatch);
      this.#refuse(session, mismatch);
      return;
    }
    this.#options.alarms.clear('state_machine_refused');
    if (hello.stateLost !== '') this.#options.alarms.raise('state_lost', hello.stateLost);
    session.greeted = true;
    this.#appliedIndex = hello.lastApplied;
    this.#progressAtMs = this.#options.clock.monotonicMs();
    // What it has applied may not have reached its disk.
    this.#durableIndex = Math.min(this.#durableIndex, hello.lastApplied);
    this.#leadershipSent = '';
    this.#options.logger.info(
      { lastApplied: hello.lastApplied, featureLevel: hello.featureLevel },
      'the agenda is attached',
    );
    this.announceLeadership();
    if (this.#discarded !== '' && hello.lastApplied > 0) this.discardState(this.#discarded);
    else if (this.#discarded !== '') void this.#restore(session);
    else {
      session.window = new FeedWindow(hello.lastApplied);
      this.#pump();
    }
  }

  /** What the agenda applied must be in this log. What is committed here may be less: after a crash that is relearned. */
  #mismatch({ lastApplied, lastAppliedTerm }: Hello): string {
    const { store } = this.#options;
    // Whose log it was nobody can tell any more: it gets a snapshot.
    if (lastApplied < store.firstIndex() - 1 || lastApplied === 0) return '';
    const refused = `the agenda's database does not belong to this log: it applied entry ${lastApplied} of term ${lastAppliedTerm}, but the log`;
    if (lastApplied > store.lastIndex()) return `${refused} ends at ${store.lastIndex()}`;
    const term = store.term(lastApplied);
    return term === lastAppliedTerm ? '' : `${refused} has term ${term} there`;
  }

  #onApplied(session: Session, { index, durableIndex, digest }: Applied): void {
    // Said before it knew that another state takes its place.
    if (!session.window) return;
    if (!session.window.applied(index)) {
      this.#refuse(session, `entry ${index} was never sent, so it cannot be applied`);
      return;
    }
    this.#noteApplied(index, durableIndex);
    for (const listener of this.#appliedListeners) listener(index, digest);
    this.#pump();
  }

  #onTaken(session: Session, taken: SnapshotTaken): void {
    session.onTaken?.(taken);
    session.onTaken = undefined;
  }

  #noteApplied(index: number, durableIndex: number): void {
    this.#appliedIndex = index;
    this.#durableIndex = durableIndex;
    this.#progressAtMs = this.#options.clock.monotonicMs();
    this.#options.store.noteApplied(durableIndex);
  }

  #pump(): void {
    const session = this.#session;
    if (!session?.window || session.blocked) return;
    try {
      this.announceLeadership();
      if (session.window.sentIndex + 1 < this.#options.store.firstIndex()) {
        void this.#restore(session);
        return;
      }
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

  /** The log does not go on from where it stands. Never rejects. */
  async #restore(session: Session): Promise<void> {
    if (session.restoring) return;
    const { supply, store, logger } = this.#options;
    session.restoring = true;
    session.window = undefined;
    logger.warn(
      { applied: this.#appliedIndex, firstIndex: store.firstIndex() },
      'the agenda needs a snapshot',
    );
    const index = await restoreState({
      supply,
      indexMin: () => store.firstIndex() - 1,
      install: (snapshot) => this.#install(session, snapshot),
      isOver: () => this.#session !== session,
      logger,
    });
    session.restoring = false;
    if (index === undefined || this.#session !== session) return;
    session.window = new FeedWindow(index);
    this.#discarded = '';
    this.#noteApplied(index, index);
    this.#options.alarms.clear('state_lost');
    for (const listener of this.#restoredListeners) listener();
    this.#pump();
  }

  #install(session: Session, { path, metadata }: SuppliedSnapshot): Promise<SnapshotInstalled> {
    return new Promise((resolve) => {
      session.onInstalled = resolve;
      session.stream.write({ body: { $case: 'installSnapshot', value: { path, metadata } }, mac: EMPTY });
    });
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
