import type { Caller, WriteContext } from '@agenda/proto/agenda/v1/agenda';
import type { CommandResult } from '@agenda/proto/agenda/v1/command';
import type { Proposer } from '../proposals/proposer.ts';
import type { CommandBody } from '../state-machine/feature-level.ts';
import { callerOf, requireUser } from './callers.ts';
import type { CommandFactory } from './command-factory.ts';

/** Whose write it is and how long it may take. */
export interface WriteCall {
  readonly context: WriteContext | undefined;
  /** Authorised; tools and anonymous callers have no user id. */
  readonly caller: Caller;
  readonly requestId: string;
  readonly deadlineAtMs: number;
}

interface Call {
  readonly requestId: string;
  readonly deadlineAtMs: number;
}

export function writeAs(context: WriteContext | undefined, caller: Caller, call: Call): WriteCall {
  return { context, caller, requestId: call.requestId, deadlineAtMs: call.deadlineAtMs };
}

/** @throws ServiceError `unauthenticated`, `forbidden`. */
export function writeAsUser(context: WriteContext | undefined, call: Call): WriteCall {
  return writeAs(context, requireUser(callerOf(context)), call);
}

/** What every write does once it is validated, authorised and resolved: command → log → what apply computed. */
export class Writes {
  readonly #commands: CommandFactory;
  readonly #proposer: Proposer;

  constructor(commands: CommandFactory, proposer: Proposer) {
    this.#commands = commands;
    this.#proposer = proposer;
  }

  submit(call: WriteCall, body: CommandBody): Promise<CommandResult> {
    const command = this.#commands.create(call.context, call.caller, call.requestId, body);
    return this.#proposer.propose(command, call.deadlineAtMs, call.requestId);
  }
}
