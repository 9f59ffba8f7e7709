/** The leader's side of replication (Raft paper §5.3, §5.4.2; thesis §3.10, §10.2). */
import { entryBytes } from './log.ts';
import { isJoint, leaveJoint } from './membership.ts';
import type { Progress } from './progress.ts';
import { quorumValue, voteResult } from './quorum.ts';
import { confirmReads } from './read-index.ts';
import type { State } from './state.ts';
import type { AppendResponse, Entry, HeartbeatResponse, MemberId, SnapshotResponse } from './types.ts';

export function onAppendResponse(state: State, response: AppendResponse): void {
  const progress = heard(state, response.from, response.round);
  if (!progress) return;
  if (response.rejected) {
    const hint =
      response.hintTerm > 0
        ? state.log.lastIndexWithTermAtMost(response.hintIndex, response.hintTerm)
        : response.hintIndex;
    progress.reject(response.index, hint);
  } else {
    const wasProbe = progress.state === 'probe';
    const advanced = progress.acknowledge(response.index);
    if (wasProbe && response.index === progress.matchIndex) progress.becomeReplicate();
    if (progress.state === 'snapshot' && progress.matchIndex >= progress.snapshotIndex)
      progress.becomeReplicate();
    if (advanced) advanceCommit(state);
    finishTransferIfReady(state, response.from, progress);
  }
  confirmReads(state);
}

export function onHeartbeatResponse(state: State, response: HeartbeatResponse): void {
  const progress = heard(state, response.from, response.round);
  if (!progress) return;
  // A probe that was lost is repeated also if nothing is missing: until it is answered, no learner may become a voter.
  if (progress.matchIndex < state.log.lastIndex || progress.state === 'probe') progress.checkForLoss();
  confirmReads(state);
}

export function onSnapshotResponse(state: State, response: SnapshotResponse): void {
  const progress = heard(state, response.from, 0);
  if (progress?.state === 'snapshot' && response.rejected && response.index === progress.snapshotIndex) {
    progress.snapshotIndex = 0;
    progress.becomeProbe();
    // Another offer waits for the next heartbeat: what failed once may fail for a while.
    progress.probeSent = true;
  }
}

function heard(state: State, from: MemberId, round: number): Progress | undefined {
  const progress = state.progress.get(from);
  if (!state.isLeader || !progress) return undefined;
  progress.recentlyActive = true;
  if (round > progress.ackedRound) progress.ackedRound = round;
  return progress;
}

/** The own log is on disk up to `index`: only now the leader counts itself. */
export function onWritten(state: State, index: number): void {
  if (index > state.writtenIndex) {
    state.writtenIndex = index;
    advanceCommit(state);
  }
}

/** Only entries of the own term are committed by counting; earlier ones with them (§5.4.2). */
function advanceCommit(state: State): void {
  const { log } = state;
  const index = quorumValue(state.configuration, (id) =>
    id === state.id ? state.writtenIndex : state.progress.get(id)?.matchIndex,
  );
  if (index <= log.commitIndex || log.term(index) !== state.term) return;
  state.commitTo(index);
  confirmReads(state);
}

/** Everything that is due to the followers now. Runs once per Ready, so that what came together travels together. */
export function sendDue(state: State): void {
  if (state.reads.lastRound > state.round) broadcastHeartbeat(state);
  for (const [to, progress] of state.progress) sendTo(state, to, progress);
}

function sendTo(state: State, to: MemberId, progress: Progress): void {
  let sent = false;
  while (
    !progress.paused &&
    (progress.nextIndex <= state.log.lastIndex || (progress.state === 'probe' && !sent))
  ) {
    if (!sendEntries(state, to, progress)) return;
    sent = true;
  }
  if (sent || progress.state !== 'replicate') return;
  const newCommit = Math.min(state.log.commitIndex, progress.nextIndex - 1) > progress.sentCommitIndex;
  if (progress.checkDue) sendAppend(state, to, progress, [], state.round);
  else if (newCommit) sendAppend(state, to, progress, [], 0);
}

/** @returns false if the follower needs a snapshot instead. */
function sendEntries(state: State, to: MemberId, progress: Progress): boolean {
  const { log, options } = state;
  const entries = log.slice(progress.nextIndex, log.lastIndex, options.appendBytesMax);
  if (entries === undefined || log.term(progress.nextIndex - 1) === undefined) {
    offerSnapshot(state, to, progress);
    return false;
  }
  sendAppend(state, to, progress, entries, state.round);
  const last = entries.at(-1);
  progress.sent(
    last?.index ?? progress.nextIndex - 1,
    entries.reduce((sum, entry) => sum + entryBytes(entry), 0),
  );
  return true;
}

function sendAppend(
  state: State,
  to: MemberId,
  progress: Progress,
  entries: readonly Entry[],
  round: number,
): void {
  const { log } = state;
  const prevIndex = progress.nextIndex - 1;
  state.messages.push({
    kind: 'appendRequest',
    from: state.id,
    to,
    term: state.term,
    prevIndex,
    prevTerm: log.term(prevIndex) as number,
    entries,
    commitIndex: log.commitIndex,
    round,
  });
  progress.sentCommitIndex = Math.min(log.commitIndex, prevIndex + entries.length);
  progress.checkDue = false;
}

function offerSnapshot(state: State, to: MemberId, progress: Progress): void {
  const metadata = state.log.snapshot;
  // Without a snapshot nothing was compacted; a follower that does not answer gets nothing.
  if (!metadata || !progress.recentlyActive) return;
  progress.becomeSnapshot(metadata.index);
  state.messages.push({ kind: 'snapshotOffer', from: state.id, to, term: state.term, metadata });
}

export function tickLeader(state: State): boolean {
  state.electionElapsedTicks += 1;
  state.heartbeatElapsedTicks += 1;
  if (state.electionElapsedTicks >= state.options.electionTicks) {
    state.electionElapsedTicks = 0;
    if (!checkQuorum(state)) {
      state.becomeFollower(state.term, '');
      return true;
    }
  }
  tickTransfer(state);
  repeatOffers(state);
  if (state.heartbeatElapsedTicks < state.options.heartbeatTicks) return false;
  state.heartbeatElapsedTicks = 0;
  for (const progress of state.progress.values()) progress.lossCheckDue = true;
  broadcastHeartbeat(state);
  return true;
}

/** A leader that a majority has not answered for an election timeout may have been replaced: it steps down (§6.2). */
function checkQuorum(state: State): boolean {
  const active = voteResult(
    state.configuration,
    (id) => id === state.id || (state.progress.get(id)?.recentlyActive ?? false),
  );
  for (const progress of state.progress.values()) progress.recentlyActive = false;
  return active === 'won';
}

function repeatOffers(state: State): void {
  for (const [to, progress] of state.progress) {
    if (progress.state !== 'snapshot') continue;
    progress.offerElapsedTicks += 1;
    if (progress.offerElapsedTicks >= state.options.electionTicks) offerSnapshot(state, to, progress);
  }
}

/** Every broadcast is a new round: an answer to it proves that the leader was one after the round began. */
function broadcastHeartbeat(state: State): void {
  state.round += 1;
  for (const [to, progress] of state.progress)
    state.messages.push({
      kind: 'heartbeatRequest',
      from: state.id,
      to,
      term: state.term,
      commitIndex: Math.min(state.log.commitIndex, progress.matchIndex),
      round: state.round,
    });
  confirmReads(state);
}

export function transferLeadership(state: State, target: MemberId): boolean {
  const progress = state.progress.get(target);
  if (!state.isLeader || !progress || !state.configuration.voters.includes(target)) return false;
  if (state.transferTarget !== target) {
    state.transferTarget = target;
    state.transferElapsedTicks = 0;
  }
  finishTransferIfReady(state, target, progress);
  return true;
}

/** A transfer that takes longer than an election is given up (thesis §3.10). */
function tickTransfer(state: State): void {
  if (state.transferTarget === '') return;
  state.transferElapsedTicks += 1;
  if (state.transferElapsedTicks >= state.options.electionTicks) state.transferTarget = '';
}

/** The successor must have the whole log, or it could not win. */
function finishTransferIfReady(state: State, from: MemberId, progress: Progress): void {
  if (state.transferTarget !== from || progress.matchIndex !== state.log.lastIndex) return;
  state.messages.push({ kind: 'timeoutNow', from: state.id, to: from, term: state.term });
}

/** The second half of a joint change follows by itself as soon as the first is committed (thesis §4.3). */
export function leaveJointIfDue(state: State): void {
  const { configuration, configurations, log } = state;
  if (!configuration.autoLeave || !isJoint(configuration) || configurations.currentIndex > log.commitIndex)
    return;
  const left = leaveJoint(configuration);
  if (left.ok)
    state.appendOwn([{ kind: 'configuration', configuration: left.configuration }], state.lastTimestampMs);
}

/** A leader that is no voter any more leaves once that is committed (thesis §4.2.2). */
export function stepDownIfRemoved(state: State): boolean {
  const { configurations, log } = state;
  if (state.isVoter || configurations.currentIndex > log.commitIndex) return false;
  state.becomeFollower(state.term, '');
  return true;
}
