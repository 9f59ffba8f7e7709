/** The state of one member, and the moves that every topic shares. */
import { RaftLog } from './log.ts';
import { ConfigurationHistory, isVoter, membersOf } from './membership.ts';
import { Progress } from './progress.ts';
import { Random } from './random.ts';
import { ReadQueue } from './read-index.ts';
import type {
  Configuration,
  CoreOptions,
  Entry,
  HardState,
  LogReader,
  MemberId,
  Message,
  Payload,
  Role,
  SnapshotMetadata,
} from './types.ts';

/** What the driver read from disk. */
export interface InitialState {
  readonly hardState: HardState;
  /**
   * Every configuration in the stored log (and that of the snapshot), by index, oldest first; empty for a blank
   * member. Older ones than the last committed may be left out.
   */
  readonly configurations: readonly { readonly index: number; readonly configuration: Configuration }[];
  /** Committed entries are handed out from here + 1 on. */
  readonly appliedIndex: number;
}

export class State {
  readonly options: CoreOptions;
  readonly log: RaftLog;
  readonly configurations: ConfigurationHistory;
  readonly random: Random;
  term: number;
  votedFor: MemberId;
  role: Role = 'follower';
  leader: MemberId = '';
  /** Of the last entry. */
  lastTimestampMs: number;

  /** Ticks since the leader was heard, or since the last campaign; on a leader since the last quorum check. */
  electionElapsedTicks = 0;
  heartbeatElapsedTicks = 0;
  electionTimeoutTicks = 0;

  /** Candidates: the answers so far. */
  votes = new Map<MemberId, boolean>();
  /** This campaign was ordered by the leader. */
  campaignIsTransfer = false;

  /** Leaders: one for each other member. */
  progress = new Map<MemberId, Progress>();
  /** Leaders: counts what was sent to confirm leadership, from 1. */
  round = 0;
  /** Leaders: how far the own log is on disk. */
  writtenIndex = 0;
  uncommittedBytes = 0;
  transferTarget: MemberId = '';
  transferElapsedTicks = 0;
  readonly reads: ReadQueue;

  readonly messages: Message[] = [];
  readonly messagesAfterPersist: Message[] = [];
  snapshotToFetch: { readonly from: MemberId; readonly metadata: SnapshotMetadata } | undefined;

  constructor(options: CoreOptions, stored: LogReader, initial: InitialState) {
    this.options = options;
    this.log = new RaftLog(stored, initial.hardState.commitIndex, initial.appliedIndex);
    this.configurations = new ConfigurationHistory(initial.configurations);
    this.configurations.forget(this.log.commitIndex);
    this.random = new Random(options.seed);
    this.term = initial.hardState.term;
    this.votedFor = initial.hardState.votedFor;
    const last = stored.lastIndex();
    const lastEntry = last >= stored.firstIndex() ? stored.entries(last, last, 1)[0] : undefined;
    this.lastTimestampMs = lastEntry?.timestampMs ?? stored.snapshot()?.timestampMs ?? 0;
    this.reads = new ReadQueue(options.pendingReadsMax);
    this.drawElectionTimeout();
  }

  get id(): MemberId {
    return this.options.id;
  }

  get configuration(): Configuration {
    return this.configurations.current;
  }

  get isVoter(): boolean {
    return isVoter(this.configuration, this.id);
  }

  /**
   * A voter that a configuration removes campaigns on until that is committed: it may be the only one whose log is
   * good enough to win (thesis §4.2.2).
   */
  get mayCampaign(): boolean {
    return this.configurations.hasVoter(this.id);
  }

  get isLeader(): boolean {
    return this.role === 'leader';
  }

  /** The leader's first entry of its term is committed: only then does it know all that is (Raft paper §8). */
  get termIsCommitted(): boolean {
    return this.log.term(this.log.commitIndex) === this.term;
  }

  /** Timeouts are drawn anew, so that split votes do not repeat (Raft paper §5.2). */
  drawElectionTimeout(): void {
    const { electionTicks } = this.options;
    this.electionTimeoutTicks = electionTicks + this.random.below(electionTicks);
  }

  becomeFollower(term: number, leader: MemberId): void {
    this.#reset(term);
    this.role = 'follower';
    this.leader = leader;
  }

  /** Changes neither term nor vote: a pre-vote only asks (thesis §9.6). */
  becomePreCandidate(): void {
    this.role = 'preCandidate';
    this.leader = '';
    this.votes = new Map();
  }

  becomeCandidate(): void {
    this.#reset(this.term + 1);
    this.role = 'candidate';
    this.votedFor = this.id;
  }

  becomeLeader(): void {
    this.#reset(this.term);
    this.role = 'leader';
    this.leader = this.id;
    this.writtenIndex = 0;
    this.round = 1;
    this.trackMembers();
    this.appendOwn([{ kind: 'noop' }], this.lastTimestampMs);
  }

  #reset(term: number): void {
    if (this.term !== term) {
      this.term = term;
      this.votedFor = '';
    }
    this.leader = '';
    this.electionElapsedTicks = 0;
    this.heartbeatElapsedTicks = 0;
    this.drawElectionTimeout();
    this.votes = new Map();
    this.transferTarget = '';
    this.campaignIsTransfer = false;
    this.progress = new Map();
    this.uncommittedBytes = 0;
    this.round = 0;
    this.reads.abort();
  }

  /** Leaders: follow the configuration in force. */
  trackMembers(): void {
    const members = membersOf(this.configuration);
    for (const id of this.progress.keys()) if (!members.has(id)) this.progress.delete(id);
    for (const id of members)
      if (id !== this.id && !this.progress.has(id)) {
        const progress = new Progress(this.log.lastIndex + 1, this.options);
        // A new member gets the time of one quorum check to answer.
        progress.recentlyActive = true;
        this.progress.set(id, progress);
      }
  }

  /** Leaders: appends to the own log; the index of the first. */
  appendOwn(payloads: readonly Payload[], nowMs: number): number {
    const firstIndex = this.log.lastIndex + 1;
    this.lastTimestampMs = Math.max(this.lastTimestampMs, nowMs);
    this.appendEntries(
      payloads.map((payload, offset) => ({
        index: firstIndex + offset,
        term: this.term,
        timestampMs: this.lastTimestampMs,
        payload,
      })),
    );
    return firstIndex;
  }

  /** Appends behind the end; a configuration is in force at once (thesis §4.1). */
  appendEntries(entries: readonly Entry[]): void {
    this.log.append(entries);
    for (const entry of entries) {
      // That of a replaced entry counts no more: the leader's own never fall.
      this.lastTimestampMs = entry.timestampMs;
      if (entry.payload.kind !== 'configuration') continue;
      this.configurations.append(entry.index, entry.payload.configuration);
      if (this.isLeader) this.trackMembers();
    }
  }

  commitTo(index: number): void {
    if (index <= this.log.commitIndex) return;
    this.log.commitIndex = index;
    this.configurations.forget(index);
  }
}
