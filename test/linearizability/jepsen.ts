/** Reads Jepsen's logs of one etcd register into a history. */
import type { Operation } from './history.ts';
import type { RegisterInput, RegisterOutput } from './models/register.ts';

const LINE = /^INFO\s+jepsen\.util - (\d+)\s+:(invoke|ok|fail|info)\s+:(read|write|cas)\s+(.*?)\s*$/;

export type RegisterOperation = Operation<RegisterInput, RegisterOutput>;

/** Lines that are no operation on the register are passed over; times are line numbers. */
export function parseJepsenLog(text: string): RegisterOperation[] {
  const operations: RegisterOperation[] = [];
  /** By process: the position of its open operation. */
  const open = new Map<string, number>();
  for (const [at, line] of text.split('\n').entries()) {
    const [, process, event, kind, argument] = (LINE.exec(line) ?? []) as (string | undefined)[];
    if (process === undefined || kind === undefined || argument === undefined) continue;
    if (event === 'invoke') {
      open.set(process, operations.length);
      const input = inputOf(kind, argument);
      operations.push({ input, output: undefined, invokedAt: at, returnedAt: Infinity });
      continue;
    }
    const position = open.get(process);
    if (position === undefined) throw new Error(`line ${at + 1}: process ${process} has invoked nothing`);
    open.delete(process);
    const operation = operations[position] as RegisterOperation;
    const output = outputOf(event as 'ok' | 'fail' | 'info', kind, argument);
    if (output) operations[position] = { ...operation, output, returnedAt: at };
  }
  return operations;
}

function inputOf(kind: string, argument: string): RegisterInput {
  const [first = null, second = null] = argument.match(/\d+|nil/g)?.map(registerValueOf) ?? [];
  if (kind === 'read') return { key: '', kind };
  if (kind === 'write') return { key: '', kind, value: numberOf(first, argument) };
  return { key: '', kind: 'cas', expected: first, value: numberOf(second, argument) };
}

/** Undefined: unknown. A cas that failed answered false; a read or write that failed is known only to have no answer. */
function outputOf(event: 'ok' | 'fail' | 'info', kind: string, argument: string): RegisterOutput | undefined {
  if (event === 'info') return undefined;
  if (kind === 'cas' && !argument.startsWith(':')) return { kind, done: event === 'ok' };
  if (event === 'fail') return undefined;
  return kind === 'read' ? { kind, value: registerValueOf(argument) } : { kind: 'written' };
}

function registerValueOf(text: string): number | null {
  return text === 'nil' ? null : Number(text);
}

function numberOf(value: number | null, argument: string): number {
  if (value === null) throw new Error(`no value in ${argument}`);
  return value;
}
