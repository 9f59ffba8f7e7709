/** The core: one member's Raft as a function of its inputs. What comes out is a {@link Ready}. */
import {
  lacksSnapshot,
  onAppendRequest,
  onHeartbeatRequest,
  onSnapshotInstalled,
  onSnapshotOffer,
} from './append.ts';
import {
  holdsLease,
  onPreVoteRequest,
  onPreVoteResponse,
  onVoteRequest,
  onVoteResponse,
  startPreVote,
  startVote,
  tickElection,
} from './election.ts';
import { InvariantChecker, invariant } from './invariants.ts';
import { entryBytes } from './log.ts';
import { change, isJoint } from './membership.ts';
import { addRead } from './read-index.ts';
import {
  leaveJointIfDue,
  onAppendResponse,
  onHeartbeatResponse,
  onSnapshotResponse,
  onWritten,
  sendDue,
  stepDownIfRemoved,
  tickLeader,
  transferLeadership,
} from './replication.ts';
import { type InitialState, State } from './state.ts';
import type {
  Configuration,
  CoreOptions,
  HardState,
  LogReader,
  MemberId,
  MemberStatus,
  MembershipChange,
  Message,
  Payload,
  ProposalRefusal,
  ProposalResult,
  ReadRefusal,
  Ready,
  Role,
  SnapshotMetadata,
  SoftState,
} from './types.ts';

export type { InitialState } from './state.ts';

export interface CoreStatus {
  readonly id: MemberId;
  readonly role: Role;
  readonly leader: MemberId;
  readonly term: number;
  readonly commitIndex: number;
  readonly firstIndex: number;
  readonly lastIndex: number;
  readonly configuration: Configuration;
  readonly configurationIndex: number;
  /** The leader has committed an entry of its term: it may change the membership. */
  readonly termIsCommitted: boolean;
  readonly transferTarget: MemberId;
  /** Leaders only. */
  readonly members: readonly MemberStatus[];
}

/**
 * To found a cluster, the driver stores a first entry – index 1, term 1, the configuration with itself as the only
 * voter – as committed, and lets the core campaign. Every other member starts blank: it has no configuration, never
 * campaigns, and learns who votes from the first leader that sends it entries (thesis §4.2.1: servers answer leaders
 * and candidates that are not in their own configuration).
 */
export class RaftCore {
  readonly #state: State;
  readonly #invariants = new InvariantChecker();
  #hardState: HardState;
  #softState: SoftState = { role: 'follower', leader: '' };
  #dirty = true;

  constructor(options: CoreOptions, log: LogReader, initial: InitialState) {
    this.#state = new State(options, log, initial);
    this.#hardState = initial.hardState;
    this.#invariants.check(this.#state);
  }

  /** One tick of the driver's clock. */
  tick(): void {
    const acted = this.#state.isLeader ? tickLeader(this.#state) : tickElection(this.#state);
    if (acted) this.#changed();
  }

  step(message: Message): void {
    const state = this.#state;
    if (message.to !== state.id) return;
    if (message.term > state.term) {
      if (!this.#acceptLaterTerm(message)) return;
    } else if (message.term < state.term) {
      this.#answerEarlierTerm(message);
      this.#changed();
      return;
    }
    dispatch(state, message);
    this.#changed();
  }

  /** Leaders only. One result for each payload, in order. */
  propose(payloads: readonly Payload[], nowMs: number): ProposalResult[] {
    const state = this.#state;
    const refusal = this.#proposalRefusal();
    if (refusal) return payloads.map(() => ({ ok: false, refusal }));
    const results: ProposalResult[] = [];
    const accepted: Payload[] = [];
    let index = state.log.lastIndex;
    for (const payload of payloads) {
      invariant(
        payload.kind === 'command' || payload.kind === 'checkpoint',
        'I9: commands and checkpoints are proposed',
        payload.kind,
      );
      const bytes = entryBytes({ index: 0, term: 0, timestampMs: 0, payload });
      if (state.uncommittedBytes > 0 && state.uncommittedBytes + bytes > state.options.uncommittedBytesMax) {
        results.push({ ok: false, refusal: 'overloaded' });
        continue;
      }
      state.uncommittedBytes += bytes;
      accepted.push(payload);
      index += 1;
      results.push({ ok: true, index, term: state.term });
    }
    if (accepted.length > 0) state.appendOwn(accepted, nowMs);
    this.#changed();
    return results;
  }

  /**
   * One change at a time, only after the term's first entry is committed (thesis §4.1 and its 2015 correction). More
   * than one voter changes through a joint configuration, which is left automatically.
   */
  proposeMembership(changes: readonly MembershipChange[], nowMs: number): ProposalResult {
    const state = this.#state;
    const refusal = this.#proposalRefusal();
    if (refusal) return { ok: false, refusal };
    const pending = state.configurations.currentIndex > state.log.commitIndex || isJoint(state.configuration);
    if (pending || !state.termIsCommitted) return { ok: false, refusal: 'membershipChangePending' };
    const changed = change(state.configuration, changes);
    if (!changed.ok) return { ok: false, refusal: 'membershipChangeInvalid' };
    const index = state.appendOwn([{ kind: 'configuration', configuration: changed.configuration }], nowMs);
    this.#changed();
    return { ok: true, index, term: state.term };
  }

  /** Leaders only. The outcome comes in `Ready.readStates` or `Ready.readsAborted`. */
  readIndex(requestId: number): { ok: true } | { ok: false; refusal: ReadRefusal } {
    const added = addRead(this.#state, requestId);
    this.#changed();
    return added;
  }

  /** @returns false if this is not the leader, or the target no voter. Given up after an election timeout. */
  transferLeadership(target: MemberId): boolean {
    const started = transferLeadership(this.#state, target);
    this.#changed();
    return started;
  }

  /** The driver cannot serve as a leader should (its disk stalls): another member may. */
  resign(): void {
    if (!this.#state.isLeader) return;
    this.#state.becomeFollower(this.#state.term, '');
    this.#changed();
  }

  /** Asks for an election now; for a cluster's founder, who need not wait for anyone. */
  campaign(): void {
    if (this.#state.isLeader || !this.#state.mayCampaign) return;
    startPreVote(this.#state);
    this.#changed();
  }

  /** The driver has this on disk. Stale reports (the entry there is another by now) are ignored. */
  persisted(report: { readonly lastIndex: number; readonly lastTerm: number }): void {
    const state = this.#state;
    if (!state.log.written(report.lastIndex, report.lastTerm) || !state.isLeader) return;
    const { commitIndex } = state.log;
    onWritten(state, report.lastIndex);
    if (state.log.commitIndex > commitIndex) this.#changed();
  }

  /**
   * Asked by the driver right before it installs what it fetched, in the same turn: meanwhile the log may have come that
   * far by itself, and then its end, which may be promised to a leader, must not be dropped.
   */
  wantsSnapshot(metadata: SnapshotMetadata): boolean {
    return lacksSnapshot(this.#state, metadata);
  }

  /** The driver has fetched and installed this snapshot and reset the stored log to it. */
  snapshotInstalled(metadata: SnapshotMetadata): void {
    onSnapshotInstalled(this.#state, metadata);
    this.#changed();
  }

  /** The driver could not fetch or install it; the leader will offer one again. */
  snapshotFailed(metadata: SnapshotMetadata): void {
    const state = this.#state;
    if (state.leader === '' || state.isLeader) return;
    state.messages.push({
      kind: 'snapshotResponse',
      from: state.id,
      to: state.leader,
      term: state.term,
      index: metadata.index,
      rejected: true,
    });
    this.#changed();
  }

  /** Messages to that member may have been lost: find out where it stands before sending on. */
  reportUnreachable(id: MemberId): void {
    const progress = this.#state.progress.get(id);
    if (progress?.state === 'replicate') progress.becomeProbe();
  }

  hasReady(): boolean {
    const { messages, log } = this.#state;
    return this.#dirty || messages.length > 0 || log.hasCommittedToHandOut;
  }

  /** Takes everything that is owed. */
  ready(): Ready {
    const state = this.#state;
    if (state.isLeader) {
      leaveJointIfDue(state);
      sendDue(state);
      stepDownIfRemoved(state);
    }
    const hardState = this.#takeHardState();
    const softState = this.#takeSoftState();
    const messages = state.messages.splice(0);
    const afterPersist = state.messagesAfterPersist.splice(0);
    // A leader's first messages of a term must not overtake the term and the own vote on their way to the disk.
    const early = hardState?.promise ? [] : messages;
    const late = early === messages ? afterPersist : [...messages, ...afterPersist];
    const committed = state.log.takeCommitted(state.options.committedBytesMax);
    if (state.isLeader) this.#release(committed);
    const { snapshotToFetch } = state;
    state.snapshotToFetch = undefined;
    this.#dirty = false;
    this.#invariants.check(state);
    return {
      messages: early,
      ...(hardState ? { hardState: hardState.value } : {}),
      entries: state.log.takeUnwritten(),
      messagesAfterPersist: late,
      committed,
      ...state.reads.take(),
      ...(softState ? { softState } : {}),
      ...(snapshotToFetch ? { snapshotToFetch } : {}),
    };
  }

  status(): CoreStatus {
    const state = this.#state;
    return {
      id: state.id,
      role: state.role,
      leader: state.leader,
      term: state.term,
      commitIndex: state.log.commitIndex,
      firstIndex: state.log.firstIndex,
      lastIndex: state.log.lastIndex,
      configuration: state.configuration,
      configurationIndex: state.configurations.currentIndex,
      termIsCommitted: state.termIsCommitted,
      transferTarget: state.transferTarget,
      members: [...state.progress].map(([id, progress]) => ({
        id,
        state: progress.state,
        matchIndex: progress.matchIndex,
        nextIndex: progress.nextIndex,
        recentlyActive: progress.recentlyActive,
        isLearner: state.configuration.learners.includes(id),
      })),
    };
  }

  #changed(): void {
    this.#dirty = true;
    this.#invariants.check(this.#state);
  }

  /** @returns false if the message is to be ignored. */
  #acceptLaterTerm(message: Message): boolean {
    const state = this.#state;
    const asksForVote = message.kind === 'preVoteRequest' || message.kind === 'voteRequest';
    if (asksForVote && !(message.kind === 'voteRequest' && message.transfer) && holdsLease(state))
      return false;
    if (message.kind === 'preVoteRequest') return true;
    if (message.kind === 'preVoteResponse' && message.granted) return true;
    state.becomeFollower(message.term, isFromLeader(message) ? message.from : '');
    return true;
  }

  /** A deposed leader must learn the term, or it would never stop; a candidate that is behind likewise. */
  #answerEarlierTerm(message: Message): void {
    const state = this.#state;
    const common = { from: state.id, to: message.from, term: state.term };
    if (isFromLeader(message))
      state.messagesAfterPersist.push({ ...common, kind: 'heartbeatResponse', round: 0 });
    else if (message.kind === 'preVoteRequest')
      state.messagesAfterPersist.push({ ...common, kind: 'preVoteResponse', granted: false });
    else if (message.kind === 'voteRequest')
      state.messagesAfterPersist.push({ ...common, kind: 'voteResponse', granted: false });
  }

  #proposalRefusal(): ProposalRefusal | undefined {
    const state = this.#state;
    if (!state.isLeader) return 'notLeader';
    return state.transferTarget === '' ? undefined : 'transferring';
  }

  #release(committed: Ready['committed']): void {
    const state = this.#state;
    const bytes = committed.reduce((sum, entry) => sum + entryBytes(entry), 0);
    state.uncommittedBytes = Math.max(0, state.uncommittedBytes - bytes);
  }

  /** `promise`: term or vote changed, so that messages may depend on this write. */
  #takeHardState(): { readonly value: HardState; readonly promise: boolean } | undefined {
    const { term, votedFor, log } = this.#state;
    const before = this.#hardState;
    const promise = term !== before.term || votedFor !== before.votedFor;
    if (!promise && log.commitIndex === before.commitIndex) return undefined;
    this.#hardState = { term, votedFor, commitIndex: log.commitIndex };
    return { value: this.#hardState, promise };
  }

  #takeSoftState(): SoftState | undefined {
    const { role, leader } = this.#state;
    if (role === this.#softState.role && leader === this.#softState.leader) return undefined;
    this.#softState = { role, leader };
    return this.#softState;
  }
}

function isFromLeader(message: Message): boolean {
  return (
    message.kind === 'appendRequest' ||
    message.kind === 'heartbeatRequest' ||
    message.kind === 'snapshotOffer'
  );
}

function dispatch(state: State, message: Message): void {
  if (isFromLeader(message)) invariant(!state.isLeader, 'I3: one leader a term', message.from, message.term);
  switch (message.kind) {
    case 'preVoteRequest':
      return onPreVoteRequest(state, message);
    case 'preVoteResponse':
      return onPreVoteResponse(state, message);
    case 'voteRequest':
      return onVoteRequest(state, message);
    case 'voteResponse':
      return onVoteResponse(state, message);
    case 'appendRequest':
      return onAppendRequest(state, message);
    case 'appendResponse':
      return onAppendResponse(state, message);
    case 'heartbeatRequest':
      return onHeartbeatRequest(state, message);
    case 'heartbeatResponse':
      return onHeartbeatResponse(state, message);
    case 'snapshotOffer':
      return onSnapshotOffer(state, message);
    case 'snapshotResponse':
      return onSnapshotResponse(state, message);
    case 'timeoutNow':
      // The leader wants this member as its successor; nobody has to be asked first.
      if (state.mayCampaign && !state.isLeader) startVote(state, true);
  }
}
