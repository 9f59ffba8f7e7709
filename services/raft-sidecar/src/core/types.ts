/**
 * The words of the core: what goes in, what comes out, and what is owed between the two.
 *
 * The core is a function of its inputs. It knows no clock, socket, disk or random source; `driver` (the runtime)
 * feeds it ticks, messages, proposals and persistence reports, and carries out the {@link Ready} that comes back.
 */

/** `NODE_ID#instanceId`. A node that lost its disk comes back as another member (docs/ARCHITECTURE.md, "Identity"). */
export type MemberId = string;

/** Who votes. In force from the moment it is in a member's log (thesis §4.1), committed or not. */
export interface Configuration {
  /** Sorted, never empty once a cluster exists. */
  readonly voters: readonly MemberId[];
  /** Not empty: joint consensus; agreement needs a majority of both halves (thesis §4.3). */
  readonly votersOutgoing: readonly MemberId[];
  readonly learners: readonly MemberId[];
  /** Outgoing voters that become learners when the joint configuration is left. */
  readonly learnersNext: readonly MemberId[];
  /** The leader leaves the joint configuration by itself as soon as it is committed. */
  readonly autoLeave: boolean;
  /** Every member knows the commands up to this level (docs/adr/0009). It never falls. Absent: none was raised yet. */
  readonly featureLevel?: number;
}

export type Payload =
  /** Starts a leader's term (Raft paper §8). */
  | { readonly kind: 'noop' }
  /** Opaque to the core. */
  | { readonly kind: 'command'; readonly data: Uint8Array }
  /** Opaque to the core; written by the leader so that replicas can compare digests. */
  | { readonly kind: 'checkpoint'; readonly data: Uint8Array }
  | { readonly kind: 'configuration'; readonly configuration: Configuration };

export interface Entry {
  /** From 1, without gaps. */
  readonly index: number;
  readonly term: number;
  /** The leader's clock at append; never less than that of the entry before. Nothing in the core decides by it. */
  readonly timestampMs: number;
  readonly payload: Payload;
}

/** What must survive a crash besides the log (Raft paper, Figure 2). */
export interface HardState {
  readonly term: number;
  /** Empty: nobody in this term. */
  readonly votedFor: MemberId;
  /** Kept only so that a restart can begin to apply early; losing it loses nothing. */
  readonly commitIndex: number;
}

export interface SnapshotMetadata {
  /** The last entry that the snapshot holds, and its term. */
  readonly index: number;
  readonly term: number;
  readonly timestampMs: number;
  /** In force at index, and the index of the entry that brought it. */
  readonly configuration: Configuration;
  readonly configurationIndex: number;
}

interface Envelope {
  readonly from: MemberId;
  readonly to: MemberId;
  /** The sender's term; in a pre-vote request and in its granting answer, the term campaigned for. */
  readonly term: number;
}

export interface PreVoteRequest extends Envelope {
  readonly kind: 'preVoteRequest';
  readonly lastIndex: number;
  readonly lastTerm: number;
}
export interface PreVoteResponse extends Envelope {
  readonly kind: 'preVoteResponse';
  readonly granted: boolean;
}
export interface VoteRequest extends Envelope {
  readonly kind: 'voteRequest';
  readonly lastIndex: number;
  readonly lastTerm: number;
  /** The leader asked for this election itself (thesis §3.10): voters do not hold on to their leader. */
  readonly transfer: boolean;
}
export interface VoteResponse extends Envelope {
  readonly kind: 'voteResponse';
  readonly granted: boolean;
}
export interface AppendRequest extends Envelope {
  readonly kind: 'appendRequest';
  readonly prevIndex: number;
  readonly prevTerm: number;
  /** Contiguous from prevIndex + 1; empty in a probe. */
  readonly entries: readonly Entry[];
  readonly commitIndex: number;
  /**
   * The leader's round counter, echoed by the answer: an answer to round r proves leadership at r. 0 on an empty
   * append: it only tells the commit index, and is answered only if it does not match.
   */
  readonly round: number;
}
export interface AppendResponse extends Envelope {
  readonly kind: 'appendResponse';
  readonly rejected: boolean;
  /** Accepted: the last index known to match. Rejected: the prevIndex that was refused. */
  readonly index: number;
  /** Rejected: the latest place where the logs can agree, and the follower's term there (Raft paper §5.3). */
  readonly hintIndex: number;
  readonly hintTerm: number;
  readonly round: number;
}
export interface HeartbeatRequest extends Envelope {
  readonly kind: 'heartbeatRequest';
  /** min(commit index, what the follower is known to hold). */
  readonly commitIndex: number;
  readonly round: number;
}
export interface HeartbeatResponse extends Envelope {
  readonly kind: 'heartbeatResponse';
  readonly round: number;
}
/** The follower needs a snapshot and is told which; its runtime fetches it and reports back with `snapshotInstalled`. */
export interface SnapshotOffer extends Envelope {
  readonly kind: 'snapshotOffer';
  readonly metadata: SnapshotMetadata;
}
export interface SnapshotResponse extends Envelope {
  readonly kind: 'snapshotResponse';
  readonly index: number;
  readonly rejected: boolean;
}
/** Campaign at once: you are the leader's chosen successor (thesis §3.10). */
export interface TimeoutNow extends Envelope {
  readonly kind: 'timeoutNow';
}

export type Message =
  | PreVoteRequest
  | PreVoteResponse
  | VoteRequest
  | VoteResponse
  | AppendRequest
  | AppendResponse
  | HeartbeatRequest
  | HeartbeatResponse
  | SnapshotOffer
  | SnapshotResponse
  | TimeoutNow;

export type Role = 'follower' | 'preCandidate' | 'candidate' | 'leader';

/** Volatile; for status and routing only. */
export interface SoftState {
  readonly role: Role;
  /** Empty: none known. */
  readonly leader: MemberId;
}

/** A read that may be served once `index` is applied (thesis §6.4). */
export interface ReadState {
  /** As given to `readIndex`. */
  readonly requestId: number;
  readonly index: number;
}

/**
 * What one step owes the world. The driver carries it out in this order, whole, before it asks for the next:
 *
 * 1. send `messages` — they say nothing that depends on this Ready's disk writes (a leader replicates in parallel
 *    with its own write, thesis §10.2.1);
 * 2. write `hardState` and `entries` to disk in one transaction and fsync it — `entries[0].index` may lie within
 *    the stored log: everything from there on is replaced;
 * 3. only then send `messagesAfterPersist` — votes and append answers are promises about what is on disk;
 * 4. report `persisted(...)` to the core — the leader counts itself only now;
 * 5. hand `committed` to the state machine, in order, and answer `readStates` once their index is applied.
 *
 * If 2 fails the node must stop: it may never acknowledge what it may not have stored.
 */
export interface Ready {
  readonly messages: readonly Message[];
  /** Absent: unchanged. */
  readonly hardState?: HardState;
  /** Appended to the log, replacing what is stored from the first one on. */
  readonly entries: readonly Entry[];
  readonly messagesAfterPersist: readonly Message[];
  /** Newly committed entries, contiguous with what was handed out before. May hold entries that step 2 writes. */
  readonly committed: readonly Entry[];
  readonly readStates: readonly ReadState[];
  /** Reads that can no longer be confirmed here, because leadership was lost. */
  readonly readsAborted: readonly number[];
  /** Absent: unchanged. */
  readonly softState?: SoftState;
  /** A snapshot that this member must fetch from `from` and install. */
  readonly snapshotToFetch?: { readonly from: MemberId; readonly metadata: SnapshotMetadata };
}

/** The stored log, as the core reads it. Synchronous: the driver keeps it in memory or in SQLite. */
export interface LogReader {
  /** First index still stored; lastIndex + 1 when the log is empty. */
  firstIndex(): number;
  /** Snapshot index when the log is empty; 0 for a blank member. */
  lastIndex(): number;
  /** Term of a stored entry, or of the snapshot's last one; undefined when compacted or beyond the end. */
  term(index: number): number | undefined;
  /**
   * Entries in [from, to], at least one if there is one, cut once their size would exceed bytesMax.
   * Throws when `from` is compacted: callers check firstIndex first.
   */
  entries(from: number, to: number, bytesMax: number): readonly Entry[];
  /** The latest snapshot, if any. */
  snapshot(): SnapshotMetadata | undefined;
}

/** All that shapes the core's behaviour. Everything is counted in ticks; the driver says how long a tick is. */
export interface CoreOptions {
  readonly id: MemberId;
  /** A follower campaigns after a random number of ticks in [electionTicks, 2 × electionTicks). */
  readonly electionTicks: number;
  /** Less than electionTicks. */
  readonly heartbeatTicks: number;
  /** Seed of the core's own generator; the same seed and inputs give the same run. */
  readonly seed: number;
  /** Bound of one AppendRequest's entries, in bytes; a single larger entry travels alone. */
  readonly appendBytesMax: number;
  /** AppendRequests under way per follower. */
  readonly inflightMessagesMax: number;
  /** Bytes under way per follower. */
  readonly inflightBytesMax: number;
  /** Appended but uncommitted bytes at which the leader refuses proposals. */
  readonly uncommittedBytesMax: number;
  /** Bytes of committed entries in one Ready. */
  readonly committedBytesMax: number;
  /** Reads waiting for their round at which further ones are refused. */
  readonly pendingReadsMax: number;
}

export type ProposalRefusal =
  | 'notLeader'
  | 'transferring'
  | 'overloaded'
  /** The last change, or the first entry of this term, is not committed yet. */
  | 'membershipChangePending'
  /** It would leave no voter. */
  | 'membershipChangeInvalid';

/** Appended, not committed. */
export type ProposalResult =
  | { readonly ok: true; readonly index: number; readonly term: number }
  | { readonly ok: false; readonly refusal: ProposalRefusal };

export type ReadRefusal = 'notLeader' | 'overloaded';

export type MembershipChange =
  | { readonly kind: 'addVoter'; readonly id: MemberId }
  | { readonly kind: 'addLearner'; readonly id: MemberId }
  | { readonly kind: 'remove'; readonly id: MemberId }
  | { readonly kind: 'raiseFeatureLevel'; readonly level: number };

export type ProgressState = 'probe' | 'replicate' | 'snapshot';

export interface MemberStatus {
  readonly id: MemberId;
  readonly state: ProgressState;
  readonly matchIndex: number;
  readonly nextIndex: number;
  readonly recentlyActive: boolean;
  readonly isLearner: boolean;
}
