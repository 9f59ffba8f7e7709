/**
 * What must hold whenever the core is entered or left. Checked in production too: a member that finds its own state
 * impossible must not go on voting.
 *
 * I1  handed out ≤ commit index ≤ last index
 * I2  term and commit index never fall
 * I3  a term has one leader; it knows itself as leader, and somebody votes
 * I4  a committed entry is never replaced
 * I5  a leader's term is that of its last entry (it starts its term with one)
 * I6  a member has at most one vote a term: once given it does not change within the term
 * I7  matchIndex < nextIndex for every follower, and nobody matches beyond the leader's log
 * I8  committed entries that are not handed out yet are not compacted
 * I9  only what can be proposed is proposed: noops and configurations are the core's own
 */
import type { State } from './state.ts';

export class InvariantError extends Error {
  constructor(rule: string, values: readonly (number | string)[]) {
    super(`raft invariant broken – ${rule} (${values.join(', ')})`);
    this.name = 'InvariantError';
  }
}

export function invariant(
  holds: boolean,
  rule: string,
  ...values: readonly (number | string)[]
): asserts holds {
  if (!holds) throw new InvariantError(rule, values);
}

export class InvariantChecker {
  #term = 0;
  #votedFor = '';
  #commitIndex = 0;

  check(state: State): void {
    const { log, term, votedFor } = state;
    invariant(
      log.handedOutIndex <= log.commitIndex && log.commitIndex <= log.lastIndex,
      'I1: handed out ≤ commit index ≤ last index',
      log.handedOutIndex,
      log.commitIndex,
      log.lastIndex,
    );
    invariant(term >= this.#term, 'I2: the term never falls', term, this.#term);
    invariant(
      log.commitIndex >= this.#commitIndex,
      'I2: the commit index never falls',
      log.commitIndex,
      this.#commitIndex,
    );
    const sameVote = term !== this.#term || this.#votedFor === '' || votedFor === this.#votedFor;
    invariant(sameVote, 'I6: one vote a term', term, votedFor, this.#votedFor);
    if (state.isLeader) this.#checkLeader(state);
    this.#term = term;
    this.#votedFor = votedFor;
    this.#commitIndex = log.commitIndex;
  }

  #checkLeader(state: State): void {
    const { log } = state;
    invariant(state.leader === state.id, 'I3: a leader knows itself', state.leader);
    invariant(state.configuration.voters.length > 0, 'I3: somebody votes');
    invariant(log.lastTerm === state.term, 'I5: the last entry is of the own term', log.lastTerm, state.term);
    for (const [id, progress] of state.progress) {
      const { matchIndex, nextIndex } = progress;
      invariant(matchIndex < nextIndex, 'I7: match < next', id, matchIndex, nextIndex);
      invariant(
        matchIndex <= log.lastIndex,
        'I7: nobody is ahead of the leader',
        id,
        matchIndex,
        log.lastIndex,
      );
    }
  }
}
