/** The follower's side of replication (Raft paper §5.3). */
import { invariant } from './invariants.ts';
import type { State } from './state.ts';
import type { AppendRequest, Entry, HeartbeatRequest, SnapshotMetadata, SnapshotOffer } from './types.ts';

export function onAppendRequest(state: State, request: AppendRequest): void {
  heardLeader(state, request.from);
  const { log } = state;
  if (request.prevIndex < log.commitIndex) {
    // An old append: all up to the commit index is known to match.
    accept(state, request, log.commitIndex);
    return;
  }
  if (!log.matches(request.prevIndex, request.prevTerm)) {
    reject(state, request);
    return;
  }
  const lastNew = request.prevIndex + request.entries.length;
  takeNew(state, request.entries);
  state.commitTo(Math.min(request.commitIndex, lastNew));
  accept(state, request, lastNew);
}

/** Skips what is there already; the first entry of another term and all behind it are replaced. */
function takeNew(state: State, entries: readonly Entry[]): void {
  const { log } = state;
  const fresh = entries.findIndex((entry) => !log.matches(entry.index, entry.term));
  if (fresh < 0) return;
  const first = entries[fresh] as Entry;
  if (first.index <= log.lastIndex) {
    invariant(
      first.index > log.commitIndex,
      'I4: a committed entry is never replaced',
      first.index,
      log.commitIndex,
    );
    log.truncateFrom(first.index);
    state.configurations.truncate(first.index);
  }
  state.appendEntries(fresh === 0 ? entries : entries.slice(fresh));
}

function accept(state: State, request: AppendRequest, index: number): void {
  // It only told the commit index: an answer would say nothing that the leader does not know.
  if (request.round === 0 && request.entries.length === 0) return;
  state.messagesAfterPersist.push({
    kind: 'appendResponse',
    from: state.id,
    to: request.from,
    term: state.term,
    rejected: false,
    index,
    hintIndex: 0,
    hintTerm: 0,
    round: request.round,
  });
}

/** The hint skips all entries that cannot match: those behind the own end, and those of later terms. */
function reject(state: State, request: AppendRequest): void {
  const from = Math.min(request.prevIndex, state.log.lastIndex);
  const hintIndex = state.log.lastIndexWithTermAtMost(from, request.prevTerm);
  state.messagesAfterPersist.push({
    kind: 'appendResponse',
    from: state.id,
    to: request.from,
    term: state.term,
    rejected: true,
    index: request.prevIndex,
    hintIndex,
    hintTerm: state.log.term(hintIndex) ?? 0,
    round: request.round,
  });
}

export function onHeartbeatRequest(state: State, request: HeartbeatRequest): void {
  heardLeader(state, request.from);
  state.commitTo(Math.min(request.commitIndex, state.log.lastIndex));
  // Promises nothing about the disk but the term, and a new term holds all messages back: reads need not wait.
  state.messages.push({
    kind: 'heartbeatResponse',
    from: state.id,
    to: request.from,
    term: state.term,
    round: request.round,
  });
}

/** A log that holds the snapshot's last entry holds all that it does, and keeps what is behind it (Raft paper §7). */
export function lacksSnapshot({ log }: State, { index, term }: SnapshotMetadata): boolean {
  return index > log.commitIndex && !log.matches(index, term);
}

/** A snapshot that holds nothing new is answered at once; another one is fetched by the driver. */
export function onSnapshotOffer(state: State, offer: SnapshotOffer): void {
  heardLeader(state, offer.from);
  const { log } = state;
  const { metadata } = offer;
  if (lacksSnapshot(state, metadata)) {
    state.snapshotToFetch = { from: offer.from, metadata };
    return;
  }
  state.commitTo(metadata.index);
  reportMatch(state, log.commitIndex);
}

export function onSnapshotInstalled(state: State, metadata: SnapshotMetadata): void {
  if (metadata.index <= state.log.commitIndex) return;
  state.log.restore(metadata);
  state.configurations.reset(metadata.configurationIndex, metadata.configuration);
  state.lastTimestampMs = Math.max(state.lastTimestampMs, metadata.timestampMs);
  if (state.leader !== '') reportMatch(state, metadata.index);
}

function reportMatch(state: State, index: number): void {
  state.messagesAfterPersist.push({
    kind: 'appendResponse',
    from: state.id,
    to: state.leader,
    term: state.term,
    rejected: false,
    index,
    hintIndex: 0,
    hintTerm: 0,
    round: 0,
  });
}

function heardLeader(state: State, leader: string): void {
  invariant(
    state.leader === '' || state.leader === leader,
    'I3: one leader a term',
    state.term,
    state.leader,
    leader,
  );
  if (state.role !== 'follower') state.becomeFollower(state.term, leader);
  state.electionElapsedTicks = 0;
  state.leader = leader;
}
