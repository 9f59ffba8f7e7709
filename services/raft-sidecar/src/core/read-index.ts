/** Linearizable reads without log entries (thesis §6.4): a read waits until a quorum has confirmed the leader since. */
import { quorumValue } from './quorum.ts';
import type { State } from './state.ts';
import type { ReadRefusal, ReadState } from './types.ts';

interface PendingRead {
  readonly requestId: number;
  /** The commit index when the read came; undefined while the leader's term has nothing committed. */
  index: number | undefined;
  /** Confirmed once a quorum has answered this round or a later one. */
  readonly round: number;
}

/** In order of arrival, so in order of round and of index. */
export class ReadQueue {
  readonly #max: number;
  #pending: PendingRead[] = [];
  #confirmed: ReadState[] = [];
  #aborted: number[] = [];

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#pending.length;
  }

  get full(): boolean {
    return this.#pending.length >= this.#max;
  }

  get hasOutcome(): boolean {
    return this.#confirmed.length > 0 || this.#aborted.length > 0;
  }

  get lastRound(): number {
    return this.#pending.at(-1)?.round ?? 0;
  }

  add(read: PendingRead): void {
    this.#pending.push(read);
  }

  /** The leader's term has its first committed entry: reads that waited for it take that index. */
  giveIndex(commitIndex: number): void {
    for (const read of this.#pending) read.index ??= commitIndex;
  }

  confirm(round: number): void {
    let count = 0;
    for (const read of this.#pending) {
      if (read.round > round || read.index === undefined) break;
      this.#confirmed.push({ requestId: read.requestId, index: read.index });
      count += 1;
    }
    if (count > 0) this.#pending.splice(0, count);
  }

  /** Leadership is lost: nobody can confirm these here. */
  abort(): void {
    for (const read of this.#pending) this.#aborted.push(read.requestId);
    this.#pending = [];
  }

  take(): { readonly readStates: readonly ReadState[]; readonly readsAborted: readonly number[] } {
    const taken = { readStates: this.#confirmed, readsAborted: this.#aborted };
    this.#confirmed = [];
    this.#aborted = [];
    return taken;
  }
}

/** The round is that of the next broadcast: a confirmation that was sent before the read came proves nothing. */
export function addRead(state: State, requestId: number): { ok: true } | { ok: false; refusal: ReadRefusal } {
  if (!state.isLeader) return { ok: false, refusal: 'notLeader' };
  if (state.reads.full) return { ok: false, refusal: 'overloaded' };
  const index = state.termIsCommitted ? state.log.commitIndex : undefined;
  state.reads.add({ requestId, index, round: state.round + 1 });
  return { ok: true };
}

/** Releases what a quorum has confirmed. The leader itself agrees to every round. */
export function confirmReads(state: State): void {
  if (state.reads.size === 0 || !state.termIsCommitted) return;
  state.reads.giveIndex(state.log.commitIndex);
  const round = quorumValue(state.configuration, (id) =>
    id === state.id ? state.round : state.progress.get(id)?.ackedRound,
  );
  state.reads.confirm(Math.min(round, state.round));
}
