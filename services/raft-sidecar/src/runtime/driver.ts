/**
 * The one loop around the core. Inputs (ticks, messages, proposals, reads, membership) are queued and drained in one
 * turn; then the core's Ready is carried out in the order that its type demands, whole, before the next turn.
 *
 * A synchronous SQLite commit holds up socket writes that are queued behind it. So where a Ready has both messages and
 * something to write, the messages go first and the write follows one turn later: the followers write meanwhile.
 */
import { EMPTY_CONFIGURATION } from '../core/membership.ts';
import { type CoreStatus, RaftCore } from '../core/raft.ts';
import type {
  Configuration,
  CoreOptions,
  Entry,
  MemberId,
  MembershipChange,
  Message,
  Payload,
  ProposalResult,
  Ready,
  Role,
  SnapshotMetadata,
} from '../core/types.ts';
import type { LogStore, LogWrite } from '../storage/log-store.ts';
import { Formation } from './formation.ts';
import { Inputs, type ProposalOutcome, type ReadOutcome } from './inputs.ts';
import type { Clock, MessageSender, Scheduler, SnapshotFetcher } from './ports.ts';

export interface Leadership {
  readonly role: Role;
  /** Empty: none known. */
  readonly leader: MemberId;
  readonly term: number;
}

export interface DriverOptions {
  readonly core: CoreOptions;
  readonly tickMs: number;
  /** BOOTSTRAP_EXPECT. */
  readonly votersExpected: number;
  readonly store: LogStore;
  readonly sender: MessageSender;
  readonly snapshots: SnapshotFetcher;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly disk: DiskWatch;
  /** Called once, when the node must not go on. */
  readonly onFatal: (error: Error) => void;
}

/** Looks at how long writes take. */
export interface DiskWatch {
  /** @returns true if that is longer than a leader may be held up. */
  wrote(tookMs: number): boolean;
}

/** The entries are those from the last call on; the store has them too. None: a snapshot took their place. */
type CommitListener = (commitIndex: number, entries: readonly Entry[]) => void;
type LeadershipListener = (now: Leadership, before: Leadership) => void;

const STOPPED = 'the driver has stopped';

export class Driver {
  readonly formation: Formation;
  readonly #options: DriverOptions;
  readonly #store: LogStore;
  readonly #inputs = new Inputs();
  #core: RaftCore;
  #leadership: Leadership;
  #commitIndex: number;
  #committedConfiguration: Configuration;
  /** A turn is scheduled, or a Ready is being carried out. */
  #busy = false;
  #stopped = false;
  #stopTicking: () => void = () => {};
  /** Whoever waits for a task that has not run. */
  readonly #unsettled = new Set<(error: Error) => void>();
  readonly #commitListeners: CommitListener[] = [];
  readonly #leadershipListeners: LeadershipListener[] = [];

  constructor(options: DriverOptions) {
    this.#options = options;
    this.#store = options.store;
    this.formation = new Formation(options.store, options.votersExpected);
    this.#core = this.#newCore(options.core.seed);
    const { commitIndex, term } = options.store.hardState;
    this.#commitIndex = commitIndex;
    const committed = options.store.configurations().filter(({ index }) => index <= commitIndex);
    this.#committedConfiguration = committed.at(-1)?.configuration ?? EMPTY_CONFIGURATION;
    this.#leadership = { role: 'follower', leader: '', term };
  }

  get memberId(): MemberId {
    return this.#options.core.id;
  }

  /** Empty until the node belongs to a cluster. */
  get clusterId(): string {
    return this.#store.clusterId;
  }

  get leadership(): Leadership {
    return this.#leadership;
  }

  get isLeader(): boolean {
    return this.#leadership.role === 'leader';
  }

  /** It was told to stop, or could not go on. */
  get stopped(): boolean {
    return this.#stopped;
  }

  get commitIndex(): number {
    return this.#commitIndex;
  }

  get committedConfiguration(): Configuration {
    return this.#committedConfiguration;
  }

  /** Raft messages that found the queue full, since the start. */
  get messagesDropped(): number {
    return this.#inputs.messagesDropped;
  }

  status(): CoreStatus {
    return this.#core.status();
  }

  onCommit(listener: CommitListener): void {
    this.#commitListeners.push(listener);
  }

  onLeadership(listener: LeadershipListener): void {
    this.#leadershipListeners.push(listener);
  }

  start(): void {
    // A loop that was held up gets one tick for all it missed: an election must not start because this node slept.
    this.#stopTicking = this.#options.scheduler.every(this.#options.tickMs, () => {
      this.#inputs.addTick();
      this.#wake();
    });
    this.#wake();
  }

  /** Whatever still waits is refused. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#stopTicking();
    this.#inputs.refuseAll();
    for (const reject of this.#unsettled) reject(new Error(STOPPED));
    this.#unsettled.clear();
  }

  /** The node must not go on: what it says next might not be true. */
  fail(error: Error): void {
    if (this.#stopped) return;
    this.stop();
    this.#options.onFatal(error);
  }

  receive(messages: readonly Message[]): void {
    this.#inputs.addMessages(messages);
    this.#wake();
  }

  propose(payload: Payload, outcome: ProposalOutcome): void {
    if (this.#stopped) return outcome.refused('stopped');
    this.#inputs.addProposal(payload, outcome);
    this.#wake();
  }

  readIndex(outcome: ReadOutcome): void {
    if (this.#stopped) return outcome.refused('stopped');
    this.#inputs.addRead(outcome);
    this.#wake();
  }

  proposeMembership(changes: readonly MembershipChange[]): Promise<ProposalResult> {
    return this.#run((core) => core.proposeMembership(changes, this.#options.clock.wallMs()));
  }

  /** @returns false if this is not the leader, or the target no voter. */
  transferLeadership(target: MemberId): Promise<boolean> {
    return this.#run((core) => core.transferLeadership(target));
  }

  /**
   * That snapshot is complete and synced on this disk: the log gives way to it, if it has not come that far by itself.
   *
   * @returns false if it is not wanted any more.
   */
  snapshotFetched(metadata: SnapshotMetadata): Promise<boolean> {
    return this.#run((core) => {
      if (!core.wantsSnapshot(metadata)) return false;
      this.#store.write({ restored: metadata });
      core.snapshotInstalled(metadata);
      this.#restored(metadata);
      return true;
    });
  }

  /** It cannot be had from there; the leader will offer one again. */
  snapshotFailed(metadata: SnapshotMetadata): void {
    this.#inputs.addTask((core) => core.snapshotFailed(metadata));
    this.#wake();
  }

  /** This node has a snapshot of its own state machine at hand. */
  snapshotTaken(metadata: SnapshotMetadata): Promise<void> {
    return this.#run(() => {
      if (metadata.index > (this.#store.snapshot()?.index ?? 0)) this.#store.write({ snapshot: metadata });
    });
  }

  /** What the newest snapshot holds and nobody here needs any more. */
  compact(throughIndex: number): Promise<void> {
    return this.#run(() => this.#store.compact(throughIndex));
  }

  reportUnreachable(id: MemberId): void {
    this.#inputs.addTask((core) => core.reportUnreachable(id));
    this.#wake();
  }

  /** Starts a cluster with this blank member as its only voter: the first entry of the log says so. */
  found(clusterId: string): void {
    if (this.#store.clusterId !== '' || this.#store.lastIndex() > 0)
      throw new Error('only a blank member may found a cluster');
    const { core, clock } = this.#options;
    const configuration: Configuration = { ...EMPTY_CONFIGURATION, voters: [core.id] };
    const first: Entry = {
      index: 1,
      term: 1,
      timestampMs: clock.wallMs(),
      payload: { kind: 'configuration', configuration },
    };
    this.#guard(() => {
      this.#store.write({
        hardState: { term: 1, votedFor: '', commitIndex: 1 },
        entries: [first],
        clusterId,
      });
      this.#core = this.#newCore(core.seed + 1);
      this.#committed([first]);
      this.#core.campaign();
    });
    this.#wake();
  }

  /** A leader of that cluster speaks to this blank member: it belongs there from now on. */
  joinCluster(clusterId: string): void {
    this.#guard(() => this.#store.write({ clusterId }));
  }

  #newCore(seed: number): RaftCore {
    const { hardState } = this.#store;
    return new RaftCore({ ...this.#options.core, seed }, this.#store, {
      hardState,
      configurations: this.#store.configurations(),
      // What was committed before is read from the store by those who still need it.
      appliedIndex: hardState.commitIndex,
    });
  }

  #run<T>(task: (core: RaftCore) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#stopped) return reject(new Error(STOPPED));
      this.#unsettled.add(reject);
      this.#inputs.addTask((core) => {
        // If it throws, the driver stops, and says so to whoever waits.
        resolve(task(core));
        this.#unsettled.delete(reject);
      });
      this.#wake();
    });
  }

  #wake(): void {
    if (this.#busy || this.#stopped) return;
    this.#busy = true;
    this.#options.scheduler.defer(() => this.#guard(() => this.#turn()));
  }

  #guard(step: () => void): void {
    if (this.#stopped) return;
    try {
      step();
    } catch (error) {
      this.fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #turn(): void {
    this.#inputs.drainInto(this.#core, this.#options.clock.wallMs());
    if (!this.#core.hasReady()) {
      this.#rest();
      return;
    }
    const ready = this.#core.ready();
    this.#options.sender.send(ready.messages);
    if (ready.messages.length > 0 && ready.entries.length > 0)
      this.#options.scheduler.defer(() => this.#guard(() => this.#complete(ready)));
    else this.#complete(ready);
  }

  #complete(ready: Ready): void {
    const { hardState, entries } = ready;
    const stalled =
      (hardState !== undefined || entries.length > 0) &&
      this.#write(hardState ? { hardState, entries } : { entries });
    this.#options.sender.send(ready.messagesAfterPersist);
    const last = entries.at(-1);
    if (last) this.#core.persisted({ lastIndex: last.index, lastTerm: last.term });
    this.#noteLeadership(ready);
    if (ready.committed.length > 0) this.#committed(ready.committed);
    this.#inputs.settleReads(ready.readStates, ready.readsAborted);
    const { snapshotToFetch } = ready;
    if (snapshotToFetch) this.#options.snapshots.fetch(snapshotToFetch.from, snapshotToFetch.metadata);
    // Nobody was served meanwhile, and the next write may take as long: another member leads better.
    if (stalled) this.#core.resign();
    this.#rest();
  }

  /** @returns true if the disk stalled. */
  #write(change: LogWrite): boolean {
    const { clock, disk } = this.#options;
    const startedAtMs = clock.monotonicMs();
    this.#store.write(change);
    return disk.wrote(clock.monotonicMs() - startedAtMs);
  }

  #rest(): void {
    this.#busy = false;
    if (this.#inputs.waiting || this.#core.hasReady()) this.#wake();
  }

  #noteLeadership({ softState, hardState }: Ready): void {
    const before = this.#leadership;
    const now: Leadership = {
      role: softState?.role ?? before.role,
      leader: softState?.leader ?? before.leader,
      term: hardState?.term ?? before.term,
    };
    if (now.role === before.role && now.leader === before.leader && now.term === before.term) return;
    this.#leadership = now;
    for (const listener of this.#leadershipListeners) listener(now, before);
  }

  #restored({ index, configuration }: SnapshotMetadata): void {
    this.#commitIndex = index;
    this.#committedConfiguration = configuration;
    this.formation.onRestored(configuration);
    for (const listener of this.#commitListeners) listener(index, []);
  }

  #committed(entries: readonly Entry[]): void {
    this.#commitIndex = (entries.at(-1) as Entry).index;
    for (const { payload } of entries)
      if (payload.kind === 'configuration') this.#committedConfiguration = payload.configuration;
    this.formation.onCommitted(entries);
    for (const listener of this.#commitListeners) listener(this.#commitIndex, entries);
  }
}
