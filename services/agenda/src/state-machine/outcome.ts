/** What a command can come to. A domain refusal is a value; a throw in apply is a bug. */
import type { CommandResult, Refusal } from '@agenda/proto/agenda/v1/command';
import type { FieldProblem } from './validate.ts';

export type Outcome = NonNullable<CommandResult['outcome']>;
export type RefusalOutcome = Extract<Outcome, { $case: 'refusal' }>;

/** Codes of the error table that a rule may give. */
export type RefusalCode =
  | 'invalid_argument'
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'conflict'
  | 'version_mismatch'
  | 'unprocessable';

const EMPTY = new Uint8Array(0);

export const DONE: Outcome = { $case: 'done', value: {} };

export function refuse(
  code: RefusalCode,
  message: string,
  details: Partial<Pick<Refusal, 'path' | 'payload'>> = {},
): RefusalOutcome {
  return {
    $case: 'refusal',
    value: { code, message, path: details.path ?? '', payload: details.payload ?? EMPTY },
  };
}

/** Undefined if nothing is wrong; otherwise the first problem (the API lists all of them before it proposes). */
export function refuseInvalid(problems: readonly FieldProblem[]): RefusalOutcome | undefined {
  const [first] = problems;
  return first && refuse('invalid_argument', `${first.path} ${first.message}`, { path: first.path });
}
