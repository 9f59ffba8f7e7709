/** What a leader knows of one other member, and how far it may send ahead of the acknowledgements. */
import type { ProgressState } from './types.ts';

interface Limits {
  readonly inflightMessagesMax: number;
  readonly inflightBytesMax: number;
}

/**
 * probe: where the logs agree is not known; one append at a time.
 * replicate: entries are sent optimistically, within the bounds of what is in flight.
 * snapshot: nothing is sent until the follower has the snapshot at `snapshotIndex`.
 */
export class Progress {
  state: ProgressState = 'probe';
  /** Highest index known to be on the member's disk. */
  matchIndex = 0;
  /** The next entry to send. Always greater than matchIndex. */
  nextIndex: number;
  /** Heard from since the last quorum check. */
  recentlyActive = false;
  /** The greatest round that the member has answered. */
  ackedRound = 0;
  /** The commit index that it was last told. */
  sentCommitIndex = 0;
  snapshotIndex = 0;
  /** Ticks since the snapshot was offered; the offer may be lost. */
  offerElapsedTicks = 0;
  /** A probe is under way. */
  probeSent = false;
  /** A heartbeat is due to be answered: what was sent long before and is not acknowledged may be lost. */
  lossCheckDue = false;
  /** Send an empty append, to find out whether something was lost. */
  checkDue = false;
  readonly #inflight: Inflight;

  constructor(nextIndex: number, limits: Limits) {
    this.nextIndex = nextIndex;
    this.#inflight = new Inflight(limits);
  }

  get paused(): boolean {
    if (this.state === 'probe') return this.probeSent;
    return this.state === 'snapshot' || this.#inflight.full;
  }

  /** Records that entries up to lastIndex were sent. */
  sent(lastIndex: number, bytes: number): void {
    if (this.state === 'replicate') {
      this.nextIndex = lastIndex + 1;
      this.#inflight.add(lastIndex, bytes);
    } else this.probeSent = true;
  }

  /** @returns false if this acknowledgement says nothing new. */
  acknowledge(index: number): boolean {
    if (this.nextIndex <= index) this.nextIndex = index + 1;
    if (index <= this.matchIndex) return false;
    this.matchIndex = index;
    this.#inflight.freeTo(index);
    return true;
  }

  /**
   * The follower refused an append at `rejectedIndex`.
   *
   * @param hintIndex where the logs can agree at the latest.
   * @returns false if the refusal is stale.
   */
  reject(rejectedIndex: number, hintIndex: number): boolean {
    if (this.state === 'replicate') {
      if (rejectedIndex <= this.matchIndex) return false;
      this.becomeProbe();
      this.nextIndex = Math.max(this.matchIndex, Math.min(rejectedIndex - 1, hintIndex)) + 1;
      return true;
    }
    if (this.state === 'snapshot' || this.nextIndex - 1 !== rejectedIndex) return false;
    this.nextIndex = Math.max(this.matchIndex, Math.min(rejectedIndex - 1, hintIndex)) + 1;
    this.probeSent = false;
    return true;
  }

  becomeProbe(): void {
    if (this.state === 'snapshot') this.nextIndex = Math.max(this.matchIndex, this.snapshotIndex) + 1;
    else this.nextIndex = this.matchIndex + 1;
    this.#enter('probe');
  }

  becomeReplicate(): void {
    this.nextIndex = this.matchIndex + 1;
    this.#enter('replicate');
  }

  becomeSnapshot(snapshotIndex: number): void {
    this.#enter('snapshot');
    this.snapshotIndex = snapshotIndex;
    this.offerElapsedTicks = 0;
  }

  /**
   * The member answers, so what it has not acknowledged may be lost: probe or check again. Once for each heartbeat, for
   * reads make many more rounds than that.
   */
  checkForLoss(): void {
    if (!this.lossCheckDue) return;
    this.lossCheckDue = false;
    this.probeSent = false;
    this.checkDue = true;
    // A full window whose acknowledgements were lost must not stay full: let one more through.
    if (this.#inflight.full) this.#inflight.freeFirst();
  }

  #enter(state: ProgressState): void {
    this.state = state;
    this.probeSent = false;
    this.checkDue = false;
    this.snapshotIndex = 0;
    this.#inflight.clear();
  }
}

/** Appends under way, oldest first, in a ring. */
class Inflight {
  readonly #limits: Limits;
  readonly #lastIndexes: number[];
  readonly #bytes: number[];
  #start = 0;
  #count = 0;
  #bytesTotal = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
    this.#lastIndexes = new Array(limits.inflightMessagesMax).fill(0);
    this.#bytes = new Array(limits.inflightMessagesMax).fill(0);
  }

  get full(): boolean {
    return (
      this.#count >= this.#limits.inflightMessagesMax || this.#bytesTotal >= this.#limits.inflightBytesMax
    );
  }

  add(lastIndex: number, bytes: number): void {
    if (this.#count >= this.#limits.inflightMessagesMax) return;
    const at = (this.#start + this.#count) % this.#limits.inflightMessagesMax;
    this.#lastIndexes[at] = lastIndex;
    this.#bytes[at] = bytes;
    this.#count += 1;
    this.#bytesTotal += bytes;
  }

  freeTo(index: number): void {
    while (this.#count > 0 && (this.#lastIndexes[this.#start] as number) <= index) this.freeFirst();
  }

  freeFirst(): void {
    this.#bytesTotal -= this.#bytes[this.#start] as number;
    this.#start = (this.#start + 1) % this.#limits.inflightMessagesMax;
    this.#count -= 1;
  }

  clear(): void {
    this.#start = 0;
    this.#count = 0;
    this.#bytesTotal = 0;
  }
}
