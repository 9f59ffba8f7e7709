/** Elections: pre-vote (thesis §9.6), votes (Raft paper §5.2, §5.4.1), leases (thesis §4.2.3). */
import { voteResult } from './quorum.ts';
import type { State } from './state.ts';
import type { PreVoteRequest, PreVoteResponse, VoteRequest, VoteResponse } from './types.ts';

/** A follower or candidate that heard no leader for its election timeout asks whether it could win. */
export function tickElection(state: State): boolean {
  state.electionElapsedTicks += 1;
  if (state.electionElapsedTicks < state.electionTimeoutTicks || !state.mayCampaign) return false;
  startPreVote(state);
  return true;
}

export function startPreVote(state: State): void {
  state.becomePreCandidate();
  state.electionElapsedTicks = 0;
  state.drawElectionTimeout();
  state.votes.set(state.id, true);
  if (voteResult(state.configuration, (id) => state.votes.get(id)) === 'won') return startVote(state, false);
  for (const to of otherVoters(state))
    state.messages.push({
      kind: 'preVoteRequest',
      from: state.id,
      to,
      term: state.term + 1,
      lastIndex: state.log.lastIndex,
      lastTerm: state.log.lastTerm,
    });
}

/** Requests leave after the own vote is on disk: it is a promise too. */
export function startVote(state: State, transfer: boolean): void {
  state.becomeCandidate();
  state.campaignIsTransfer = transfer;
  state.votes.set(state.id, true);
  if (voteResult(state.configuration, (id) => state.votes.get(id)) === 'won') return state.becomeLeader();
  for (const to of otherVoters(state))
    state.messagesAfterPersist.push({
      kind: 'voteRequest',
      from: state.id,
      to,
      term: state.term,
      lastIndex: state.log.lastIndex,
      lastTerm: state.log.lastTerm,
      transfer,
    });
}

function otherVoters(state: State): Set<string> {
  const { voters, votersOutgoing } = state.configuration;
  const others = new Set([...voters, ...votersOutgoing]);
  others.delete(state.id);
  return others;
}

/** While a leader is heard, nobody helps to depose it, unless it asked for that itself. */
export function holdsLease(state: State): boolean {
  return state.leader !== '' && state.electionElapsedTicks < state.options.electionTicks;
}

/** Grants change nothing here. The answer carries the term that was campaigned for, or, as a refusal, the own one. */
export function onPreVoteRequest(state: State, request: PreVoteRequest): void {
  const granted = request.term > state.term && state.log.isUpToDate(request.lastIndex, request.lastTerm);
  state.messagesAfterPersist.push({
    kind: 'preVoteResponse',
    from: state.id,
    to: request.from,
    term: granted ? request.term : state.term,
    granted,
  });
}

/** One vote a term, first come first served, for a log that is at least as up to date (Raft paper §5.2, §5.4.1). */
export function onVoteRequest(state: State, request: VoteRequest): void {
  const free = state.votedFor === request.from || (state.votedFor === '' && state.leader === '');
  const granted = free && state.log.isUpToDate(request.lastIndex, request.lastTerm);
  if (granted) {
    state.votedFor = request.from;
    state.electionElapsedTicks = 0;
  }
  state.messagesAfterPersist.push({
    kind: 'voteResponse',
    from: state.id,
    to: request.from,
    term: state.term,
    granted,
  });
}

export function onPreVoteResponse(state: State, response: PreVoteResponse): void {
  if (state.role !== 'preCandidate') return;
  if (response.granted && response.term !== state.term + 1) return;
  state.votes.set(response.from, response.granted);
  const result = voteResult(state.configuration, (id) => state.votes.get(id));
  if (result === 'won') startVote(state, false);
  else if (result === 'lost') state.becomeFollower(state.term, '');
}

export function onVoteResponse(state: State, response: VoteResponse): void {
  if (state.role !== 'candidate') return;
  state.votes.set(response.from, response.granted);
  const result = voteResult(state.configuration, (id) => state.votes.get(id));
  if (result === 'won') state.becomeLeader();
  else if (result === 'lost') state.becomeFollower(state.term, '');
}
