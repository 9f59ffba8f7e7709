/** Majorities and joint majorities (thesis §4.3), for commit indexes, rounds and votes alike. */

export type VoteResult = 'won' | 'pending' | 'lost';

interface Halves<Id> {
  readonly voters: readonly Id[];
  readonly votersOutgoing: readonly Id[];
}

/**
 * The highest value that a majority has reached; in a joint configuration, a majority of both halves.
 *
 * @param reached undefined counts as 0.
 * @returns Infinity for an empty half: it constrains nothing.
 */
export function quorumValue<Id>(halves: Halves<Id>, reached: (id: Id) => number | undefined): number {
  return Math.min(majorityValue(halves.voters, reached), majorityValue(halves.votersOutgoing, reached));
}

function majorityValue<Id>(voters: readonly Id[], reached: (id: Id) => number | undefined): number {
  if (voters.length === 0) return Number.POSITIVE_INFINITY;
  const values = new Array<number>(voters.length);
  for (let at = 0; at < voters.length; at++) {
    // Insertion sort: there are a handful of voters, and this runs for every acknowledgement.
    const value = reached(voters[at] as Id) ?? 0;
    let place = at;
    for (; place > 0 && (values[place - 1] as number) > value; place--)
      values[place] = values[place - 1] as number;
    values[place] = value;
  }
  return values[voters.length - (Math.floor(voters.length / 2) + 1)] as number;
}

/** @param voteOf undefined: has not answered yet. */
export function voteResult<Id>(halves: Halves<Id>, voteOf: (id: Id) => boolean | undefined): VoteResult {
  const incoming = majorityVote(halves.voters, voteOf);
  const outgoing = majorityVote(halves.votersOutgoing, voteOf);
  if (incoming === outgoing) return incoming;
  return incoming === 'lost' || outgoing === 'lost' ? 'lost' : 'pending';
}

/** An empty half agrees to everything. */
function majorityVote<Id>(voters: readonly Id[], voteOf: (id: Id) => boolean | undefined): VoteResult {
  if (voters.length === 0) return 'won';
  let granted = 0;
  let missing = 0;
  for (const id of voters) {
    const vote = voteOf(id);
    if (vote === undefined) missing += 1;
    else if (vote) granted += 1;
  }
  const majority = Math.floor(voters.length / 2) + 1;
  if (granted >= majority) return 'won';
  return granted + missing >= majority ? 'pending' : 'lost';
}
