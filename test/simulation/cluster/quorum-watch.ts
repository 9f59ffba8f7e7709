/** Counts how long a leader has not heard a majority, in its own ticks. */
import type { CoreStatus } from '../../../services/raft-sidecar/src/core/raft.ts';
import type { MemberId } from '../../../services/raft-sidecar/src/core/types.ts';
import { isQuorum } from '../oracle/quorums.ts';

export class QuorumWatch {
  #ticks = 0;
  readonly #heardAtTick = new Map<MemberId, number>();
  #ledTerm = 0;
  #configurationIndex = 0;
  #lastTick = 0;

  heard(member: MemberId): void {
    this.#heardAtTick.set(member, this.#ticks);
  }

  /** @returns for how many ticks it has been without one; 0 for who does not lead. */
  tick({ id, role, term, configuration, configurationIndex }: CoreStatus): number {
    this.#ticks += 1;
    if (role !== 'leader') return 0;
    if (term !== this.#ledTerm || configurationIndex !== this.#configurationIndex) {
      this.#ledTerm = term;
      this.#configurationIndex = configurationIndex;
      this.#lastTick = this.#ticks;
    }
    const since = (tick: number): boolean =>
      isQuorum(configuration, (voter) => voter === id || (this.#heardAtTick.get(voter) ?? -1) >= tick);
    while (this.#lastTick < this.#ticks && since(this.#lastTick + 1)) this.#lastTick += 1;
    return this.#ticks - this.#lastTick;
  }
}
