/** Votes and leaders: one vote a member and a term, one leader a term, and nothing said that the disk does not know. */
import type { Configuration, MemberId, Message } from '../../../services/raft-sidecar/src/core/types.ts';
import { type LogImage, lastIndexOf } from '../cluster/disk.ts';
import { isQuorum } from './quorums.ts';
import type { Violations } from './violations.ts';

export class PromiseOracle {
  readonly #violations: Violations;
  /** By term and member. */
  readonly #votes = new Map<number, Map<MemberId, MemberId>>();
  #latestTerm = 0;
  readonly #leaders = new Map<number, MemberId>();

  constructor(violations: Violations) {
    this.#violations = violations;
  }

  /** The vote that is on disk now. */
  stored(member: MemberId, { hardState: { term, votedFor } }: LogImage): void {
    if (votedFor !== '') this.#vote(member, term, votedFor);
    // Only who asks for votes starts a term: nobody is disturbed by one who cannot win (thesis §9.6).
    this.#violations.expect(
      term <= this.#latestTerm || votedFor === member || term <= 1,
      'election safety',
      () => `${member} is the first of term ${term}, and does not ask for votes in it`,
    );
    this.#latestTerm = Math.max(this.#latestTerm, term);
  }

  sends(message: Message, image: LogImage): void {
    const { kind, from, to, term } = message;
    if (kind === 'preVoteRequest' || kind === 'preVoteResponse') return;
    const { hardState } = image;
    if (kind === 'voteResponse' && message.granted) {
      this.#vote(from, term, to);
      this.#expectStored(
        hardState.term > term || (hardState.term === term && hardState.votedFor === to),
        message,
      );
    } else if (kind === 'appendResponse' && !message.rejected) {
      const last = lastIndexOf(image);
      this.#expectStored(
        hardState.term > term || (hardState.term === term && last >= message.index),
        message,
      );
    } else this.#expectStored(hardState.term >= term, message);
  }

  /** @returns true if this is news. */
  leads(member: MemberId, term: number, configurations: readonly Configuration[]): boolean {
    const other = this.#leaders.get(term);
    if (other === member) return false;
    if (other !== undefined) {
      this.#violations.report('election safety', `${other} and ${member} both lead term ${term}`);
      return false;
    }
    this.#leaders.set(term, member);
    const votes = this.#votes.get(term);
    const elected = configurations.some((one) => isQuorum(one, (id) => votes?.get(id) === member));
    this.#violations.expect(elected, 'election safety', () => {
      const from = [...(votes ?? [])].map(([voter, candidate]) => `${voter} → ${candidate}`).join(', ');
      return `${member} leads term ${term} without a quorum of ${JSON.stringify(configurations.at(-1)?.voters)}: ${from}`;
    });
    return true;
  }

  #vote(member: MemberId, term: number, candidate: MemberId): void {
    let votes = this.#votes.get(term);
    if (!votes) {
      votes = new Map();
      this.#votes.set(term, votes);
    }
    const other = votes.get(member);
    this.#violations.expect(
      other === undefined || other === candidate,
      'one vote a term',
      () => `${member} votes in term ${term} for ${other} and for ${candidate}`,
    );
    votes.set(member, candidate);
  }

  #expectStored(stored: boolean, message: Message): void {
    this.#violations.expect(
      stored,
      'promises are on disk',
      () => `${message.from} says what its disk does not know: ${JSON.stringify(message)}`,
    );
  }
}
