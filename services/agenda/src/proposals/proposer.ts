import { Command, type CommandResult } from '@agenda/proto/agenda/v1/command';
import { encodeMessage } from '@agenda/proto/encode';
import type { ProposeResponse, SidecarService } from '@agenda/proto/raft/v1/sidecar';
import { DeadlineSweeper } from '@agenda/service-kit/deadline';
import { ServiceError, toServiceError } from '@agenda/service-kit/errors';
import type { UnaryClient } from '@agenda/service-kit/grpc-client';
import type { AppliedPosition } from '../apply/applied-position.ts';
import type { LeadershipWatch } from '../apply/leadership-watch.ts';
import type { AppliedEntry, LogEntry } from '../state-machine/machine.ts';
import { noLeaderError, PendingProposals, Proposal, unknownOutcomeError } from './pending-proposals.ts';

/** How long a write waits for a leader, or until every replica can apply it, before it is refused. */
export const NO_LEADER_WAIT_MS = 1_500;
/** No write is given more time, whatever its caller asks for. */
export const WRITE_DEADLINE_MS_MAX = 10_000;
/** Of one Propose call; then the next attempt starts (commands are applied once by id). */
export const PROPOSE_ATTEMPT_MS = 2_000;
/** Rest before the next attempt, by failures in a row; the last one stands for all that follow. */
const RETRY_REST_MS = [20, 40, 80, 160, 320] as const;
/** As raft.v1.ProposeRequest. */
const COMMAND_BYTES_MAX = 1024 * 1024;

interface Alarm {
  readonly deadlineAtMs: number;
  readonly proposal: Proposal;
  readonly state: Proposal['state'];
}

export interface ProposerOptions {
  readonly sidecar: Pick<UnaryClient<SidecarService>, 'propose'>;
  readonly leadership: LeadershipWatch;
  readonly position: AppliedPosition;
}

/**
 * Gets a command into the log and its result out of apply.
 *
 * A leader's answer to Propose only says where the command stands in its log. The command is settled when this
 * replica's own apply meets its id. It is lost when apply reaches a later term without having met it: terms never
 * decrease along the log, so an entry of an earlier term can no longer follow. Then it is proposed again, which is safe
 * because a command id is applied once (docs/adr/0006).
 */
export class Proposer {
  readonly #options: ProposerOptions;
  readonly #pending = new PendingProposals();
  readonly #alarms = new DeadlineSweeper<Alarm>((alarm) => this.#onAlarm(alarm));
  readonly #barred = new Set<Proposal>();
  #appliedTerm: number;
  #closing = false;

  constructor(options: ProposerOptions) {
    this.#options = options;
    this.#appliedTerm = options.position.term;
    options.leadership.onChange(() => this.#onLeadership());
  }

  get pendingCount(): number {
    return this.#pending.size;
  }

  /**
   * @param requestId goes along with every attempt.
   * @throws ServiceError `no_leader` or `overloaded`: nothing was appended. `timeout`: unknown. `unprocessable`: the
   * same id is under way with another fingerprint. `payload_too_large`.
   */
  async propose(command: Command, deadlineAtMs: number, requestId: string): Promise<CommandResult> {
    this.#assertOpen();
    const latest = Math.min(deadlineAtMs, performance.now() + WRITE_DEADLINE_MS_MAX);
    const id = Buffer.from(command.id.buffer, command.id.byteOffset, command.id.length).toString('hex');
    const known = this.#pending.get(id);
    if (known) {
      assertSameRequest(known, command);
      return this.#pending.wait(known, latest);
    }
    const proposal = new Proposal(id, command, encodeCommand(command), requestId);
    this.#pending.add(proposal);
    const result = this.#pending.wait(proposal, latest);
    this.#attempt(proposal);
    return result;
  }

  /** To be called with every applied batch, before anything newer is applied. */
  onApplied(applied: readonly AppliedEntry[], entries: readonly LogEntry[]): void {
    for (const [at, { commandId, result }] of applied.entries()) {
      const proposal = commandId === '' ? undefined : this.#pending.get(commandId);
      if (!proposal || !result) continue;
      if (isSameRequest(proposal, entries[at]?.command)) this.#pending.resolve(proposal, result);
    }
    this.#onTerm(entries.at(-1)?.term ?? 0);
  }

  /** A snapshot took the place of entries that apply will not meet: what stands among them is proposed again. */
  onRestored(): void {
    this.#appliedTerm = this.#options.position.term;
    for (const proposal of [...this.#pending.values()])
      if (proposal.state === 'appended') this.#attempt(proposal);
  }

  /** Applying has stopped for good: whoever waits is told. */
  onHalted(failure: ServiceError): void {
    for (const proposal of [...this.#pending.values()])
      this.#pending.reject(proposal, proposal.surelyNotAppended ? failure : unknownOutcomeError());
  }

  /** Refuses new commands and lets those under way end, at most `graceMs`; the rest is told that it is unknown. */
  async close(graceMs: number): Promise<void> {
    this.#closing = true;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, graceMs);
    });
    await Promise.race([this.#pending.whenEmpty(), late]);
    clearTimeout(timer);
    for (const proposal of [...this.#pending.values()])
      this.#pending.reject(proposal, proposal.surelyNotAppended ? stoppingError() : unknownOutcomeError());
    this.#alarms.close();
  }

  /** What an earlier leader appended and apply has not met is lost. */
  #onTerm(term: number): void {
    if (term <= this.#appliedTerm) return;
    this.#appliedTerm = term;
    for (const proposal of [...this.#pending.values()])
      if (proposal.state === 'appended' && proposal.term < term) this.#attempt(proposal);
  }

  #assertOpen(): void {
    const { position } = this.#options;
    if (position.failure) throw position.failure;
    if (this.#closing) throw stoppingError();
  }

  /** A replica would stop at what it does not know. What may be in the log already was allowed in. */
  #mayPropose({ mayBeAppended, featureLevel }: Proposal): boolean {
    const { leadership } = this.#options;
    return leadership.acceptsWrites && (mayBeAppended || featureLevel <= leadership.current.featureLevel);
  }

  #attempt(proposal: Proposal): void {
    this.#barred.delete(proposal);
    if (!this.#mayPropose(proposal)) {
      this.#awaitLeadership(proposal);
      return;
    }
    proposal.state = 'proposing';
    this.#options.sidecar
      .propose(
        { command: proposal.command },
        { deadlineMs: PROPOSE_ATTEMPT_MS, requestId: proposal.requestId },
      )
      .then(
        (answer) => this.#onAnswer(proposal, answer),
        (error) => this.#onFailure(proposal, toServiceError(error)),
      );
  }

  #onAnswer(proposal: Proposal, { index, term }: ProposeResponse): void {
    if (proposal.settled) return;
    proposal.state = 'appended';
    proposal.term = term;
    proposal.mayBeAppended = true;
    proposal.failuresInRow = 0;
    proposal.barredSinceMs = 0;
    // The answer may arrive after the loss could be seen.
    const { position } = this.#options;
    if (term < position.term || index <= position.index) this.#attempt(proposal);
  }

  #onFailure(proposal: Proposal, error: ServiceError): void {
    if (proposal.settled) return;
    proposal.state = 'resting';
    if (error.outcomeUnknown) proposal.mayBeAppended = true;
    if (proposal.mayBeAppended) this.#rest(proposal);
    else if (error.code === 'no_leader' || error.code === 'unavailable') this.#onNoLeader(proposal);
    else this.#pending.reject(proposal, error);
  }

  #onNoLeader(proposal: Proposal): void {
    const now = performance.now();
    proposal.barredSinceMs ||= now;
    if (now >= proposal.barredSinceMs + NO_LEADER_WAIT_MS) this.#pending.reject(proposal, noLeaderError());
    else this.#rest(proposal);
  }

  #rest(proposal: Proposal): void {
    const restMs = RETRY_REST_MS[Math.min(proposal.failuresInRow, RETRY_REST_MS.length - 1)] as number;
    proposal.failuresInRow += 1;
    proposal.state = 'resting';
    this.#alarms.add({ proposal, state: 'resting', deadlineAtMs: performance.now() + restMs });
  }

  /** A leader, or one under whom every replica knows this kind of command: a young cluster gets there in a moment. */
  #awaitLeadership(proposal: Proposal): void {
    const now = performance.now();
    proposal.state = 'barred';
    proposal.barredSinceMs ||= now;
    this.#barred.add(proposal);
    // Something may have been appended: then only a leader or the waiters' deadlines end this.
    if (proposal.mayBeAppended) return;
    const giveUpAtMs = proposal.barredSinceMs + NO_LEADER_WAIT_MS;
    this.#alarms.add({ proposal, state: 'barred', deadlineAtMs: giveUpAtMs });
  }

  #onAlarm({ proposal, state }: Alarm): void {
    if (proposal.settled) this.#barred.delete(proposal);
    else if (proposal.state !== state) return;
    else if (state === 'resting') this.#attempt(proposal);
    else if (!proposal.mayBeAppended) {
      this.#barred.delete(proposal);
      const { acceptsWrites } = this.#options.leadership;
      this.#pending.reject(proposal, acceptsWrites ? notKnownEverywhereError() : noLeaderError());
    }
  }

  #onLeadership(): void {
    if (!this.#options.leadership.acceptsWrites) return;
    for (const proposal of [...this.#barred]) {
      this.#barred.delete(proposal);
      if (!proposal.settled) this.#attempt(proposal);
    }
  }
}

function encodeCommand(command: Command): Uint8Array {
  const bytes = encodeMessage(Command, command);
  if (bytes.length > COMMAND_BYTES_MAX)
    throw new ServiceError(
      'payload_too_large',
      `the request makes a log entry of ${bytes.length} bytes; at most ${COMMAND_BYTES_MAX} are possible`,
    );
  return bytes;
}

/** False: another request with the same id got into the log first; what apply says to ours is still to come. */
function isSameRequest(proposal: Proposal, applied: Uint8Array | undefined): boolean {
  if (applied === undefined) return false;
  if (Buffer.compare(applied, proposal.command) === 0) return true;
  return Buffer.compare(Command.decode(applied).fingerprint, proposal.fingerprint) === 0;
}

function assertSameRequest(known: Proposal, command: Command): void {
  if (Buffer.compare(known.fingerprint, command.fingerprint) !== 0)
    throw new ServiceError(
      'unprocessable',
      'this Idempotency-Key is under way with a different request; use a new key for a new request',
    );
}

function notKnownEverywhereError(): ServiceError {
  return new ServiceError(
    'unavailable',
    'not every replica can do this yet (an upgrade is under way); try again when it is complete',
    { nothingDone: true },
  );
}

function stoppingError(): ServiceError {
  return new ServiceError('unavailable', 'this replica is stopping', { nothingDone: true });
}
