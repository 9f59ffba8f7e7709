import type { Caller, WriteContext } from '@agenda/proto/agenda/v1/agenda';
import type { CommandResult } from '@agenda/proto/agenda/v1/command';
import { uuidv7Bytes } from '@agenda/service-kit/ids';
import type { Proposer } from '../proposals/proposer.ts';
import type { CommandBody } from '../state-machine/feature-level.ts';
import { callerOf, requireUser } from './callers.ts';
import type { CommandFactory } from './command-factory.ts';
import { outcomeOf } from './outcomes.ts';

const OWN_DEADLINE_MS = 5_000;

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

  /** What the cluster does by itself, in nobody's name. @throws ServiceError also if apply refuses it. */
  async submitOwn(body: CommandBody): Promise<CommandResult> {
    const context = { caller: undefined, commandId: uuidv7Bytes(), fingerprint: new Uint8Array(0) };
    const deadlineAtMs = performance.now() + OWN_DEADLINE_MS;
    const caller = callerOf(undefined);
    const result = await this.submit({ context, caller, requestId: '', deadlineAtMs }, body);
    outcomeOf(result, 'done');
    return result;
  }
}
