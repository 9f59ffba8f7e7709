/** What a pod does for its clients: proposes until a command is applied here, reads behind a read index. */
import { withDeadline } from '@agenda/service-kit/deadline';
import { ServiceError } from '@agenda/service-kit/errors';
import type { Proposals } from '../../../services/raft-sidecar/src/runtime/proposals.ts';
import type { Reads } from '../../../services/raft-sidecar/src/runtime/reads.ts';
import type { Oracle } from '../oracle/oracle.ts';
import {
  type Applied,
  type Command,
  type CommandResult,
  encodeCommand,
  type ListMachine,
} from './list-machine.ts';

export class Service {
  readonly #proposals: Proposals;
  readonly #reads: Reads;
  readonly #oracle: Oracle;
  readonly #machine: () => ListMachine;
  readonly #commands = new Map<string, Set<(result: CommandResult) => void>>();
  readonly #indexes = new Set<{ readonly index: number; readonly reached: () => void }>();

  constructor(proposals: Proposals, reads: Reads, oracle: Oracle, machine: () => ListMachine) {
    this.#oracle = oracle;
    this.#proposals = proposals;
    this.#reads = reads;
    this.#machine = machine;
  }

  /** Whatever it answers, the same command may be sent again. */
  async execute(command: Command, deadlineAtMs: number): Promise<CommandResult> {
    const { promise: applied, resolve } = Promise.withResolvers<CommandResult>();
    const waiting = this.#commands.get(command.id) ?? new Set();
    this.#commands.set(command.id, waiting.add(resolve));
    try {
      await this.#proposals.propose(encodeCommand(command), deadlineAtMs);
      return await withDeadline(applied, deadlineAtMs, timedOut);
    } finally {
      waiting.delete(resolve);
    }
  }

  async read(key: string, deadlineAtMs: number): Promise<readonly string[]> {
    const committedBefore = this.#oracle.logs.committedIndex;
    const index = await this.#reads.readIndex(deadlineAtMs);
    this.#oracle.readAt(index, committedBefore);
    await this.#reached(index, deadlineAtMs);
    return this.#machine().list(key);
  }

  /** The machine has gone one entry on. */
  onApplied(applied: Applied | undefined): void {
    if (applied) for (const resolve of this.#commands.get(applied.id) ?? []) resolve(applied.result);
    this.onRestored();
  }

  /** The machine has gone on, by however much. */
  onRestored(): void {
    const { appliedIndex } = this.#machine();
    for (const waiting of this.#indexes)
      if (waiting.index <= appliedIndex) {
        this.#indexes.delete(waiting);
        waiting.reached();
      }
  }

  #reached(index: number, deadlineAtMs: number): Promise<void> {
    if (this.#machine().appliedIndex >= index) return Promise.resolve();
    const reached = new Promise<void>((resolve) => {
      this.#indexes.add({ index, reached: resolve });
    });
    return withDeadline(reached, deadlineAtMs, timedOut);
  }
}

function timedOut(): ServiceError {
  return new ServiceError('timeout', 'the outcome is unknown');
}
