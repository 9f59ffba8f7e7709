/** What waits for the driver's next turn, each kind with its bound. */
import { entryBytes } from '../core/log.ts';
import type { RaftCore } from '../core/raft.ts';
import type { Message, Payload, ProposalRefusal, ReadRefusal, ReadState } from '../core/types.ts';

/** At the bound new ones are dropped, as a network may do. */
export const MESSAGES_QUEUED_MAX = 10_000;
/** At either bound new ones are refused as overloaded. */
export const PROPOSALS_QUEUED_MAX = 10_000;
export const PROPOSAL_BYTES_QUEUED_MAX = 32 * 1024 * 1024;
/** Waiting for a turn or for their round; at the bound new ones are refused as overloaded. */
export const READS_MAX = 10_000;

export interface ProposalOutcome {
  /** Appended, not committed. */
  done(index: number, term: number): void;
  refused(refusal: ProposalRefusal | 'stopped'): void;
}

export interface ReadOutcome {
  done(index: number): void;
  /** `aborted`: leadership was lost before it could be confirmed. */
  refused(refusal: ReadRefusal | 'aborted' | 'stopped'): void;
}

export class Inputs {
  #messages: Message[] = [];
  #payloads: Payload[] = [];
  #proposalOutcomes: ProposalOutcome[] = [];
  #proposalBytes = 0;
  #reads: ReadOutcome[] = [];
  readonly #readsUnderWay = new Map<number, ReadOutcome>();
  #nextReadId = 1;
  #tasks: ((core: RaftCore) => void)[] = [];
  #tickDue = false;
  messagesDropped = 0;

  get waiting(): boolean {
    return (
      this.#tickDue ||
      this.#messages.length > 0 ||
      this.#payloads.length > 0 ||
      this.#reads.length > 0 ||
      this.#tasks.length > 0
    );
  }

  /** However many were missed, one is due. */
  addTick(): void {
    this.#tickDue = true;
  }

  addMessages(messages: readonly Message[]): void {
    for (const message of messages)
      if (this.#messages.length < MESSAGES_QUEUED_MAX) this.#messages.push(message);
      else this.messagesDropped += 1;
  }

  addProposal(payload: Payload, outcome: ProposalOutcome): void {
    const bytes = entryBytes({ index: 0, term: 0, timestampMs: 0, payload });
    if (
      this.#payloads.length >= PROPOSALS_QUEUED_MAX ||
      this.#proposalBytes + bytes > PROPOSAL_BYTES_QUEUED_MAX
    ) {
      outcome.refused('overloaded');
      return;
    }
    this.#payloads.push(payload);
    this.#proposalOutcomes.push(outcome);
    this.#proposalBytes += bytes;
  }

  addRead(outcome: ReadOutcome): void {
    if (this.#reads.length + this.#readsUnderWay.size >= READS_MAX) outcome.refused('overloaded');
    else this.#reads.push(outcome);
  }

  /** Rare steps that need the core itself: membership, transfers, unreachable peers. */
  addTask(task: (core: RaftCore) => void): void {
    this.#tasks.push(task);
  }

  /** Everything that waits goes into the core; what it refuses is answered. */
  drainInto(core: RaftCore, nowMs: number): void {
    // Messages before the tick: what others said while this loop was held up keeps it from campaigning.
    for (const message of takeAll(this.#messages)) core.step(message);
    if (this.#tickDue) {
      this.#tickDue = false;
      core.tick();
    }
    for (const task of takeAll(this.#tasks)) task(core);
    this.#propose(core, nowMs);
    for (const outcome of takeAll(this.#reads)) this.#read(core, outcome);
  }

  settleReads(states: readonly ReadState[], aborted: readonly number[]): void {
    for (const { requestId, index } of states) this.#takeRead(requestId)?.done(index);
    for (const requestId of aborted) this.#takeRead(requestId)?.refused('aborted');
  }

  refuseAll(): void {
    for (const outcome of takeAll(this.#proposalOutcomes)) outcome.refused('stopped');
    this.#payloads = [];
    for (const outcome of takeAll(this.#reads)) outcome.refused('stopped');
    for (const outcome of this.#readsUnderWay.values()) outcome.refused('stopped');
    this.#readsUnderWay.clear();
  }

  #propose(core: RaftCore, nowMs: number): void {
    if (this.#payloads.length === 0) return;
    const outcomes = this.#proposalOutcomes;
    const results = core.propose(this.#payloads, nowMs);
    this.#payloads = [];
    this.#proposalOutcomes = [];
    this.#proposalBytes = 0;
    for (const [at, result] of results.entries())
      if (result.ok) outcomes[at]?.done(result.index, result.term);
      else outcomes[at]?.refused(result.refusal);
  }

  #read(core: RaftCore, outcome: ReadOutcome): void {
    const requestId = this.#nextReadId++;
    const result = core.readIndex(requestId);
    if (result.ok) this.#readsUnderWay.set(requestId, outcome);
    else outcome.refused(result.refusal);
  }

  #takeRead(requestId: number): ReadOutcome | undefined {
    const outcome = this.#readsUnderWay.get(requestId);
    this.#readsUnderWay.delete(requestId);
    return outcome;
  }
}

/** Empties the array; what is added meanwhile waits for the next time. */
function takeAll<T>(items: T[]): T[] {
  return items.length === 0 ? items : items.splice(0);
}
