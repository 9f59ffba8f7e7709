/** The operations of one partition, arranged for the search: who is open when, and which bit stands for whom. */
import type { Operation } from './history.ts';
import type { Model } from './model.ts';

export interface CompletedOperation<Input, Output> {
  readonly operation: Operation<Input, Output>;
  /** Of its slot. Operations that are open at the same time have different slots; slots are used again. */
  readonly bit: bigint;
  readonly readOnly: boolean;
}

/** Of unknown outcome: it may be put in order, at any time from its invocation on. */
export interface OptionalOperation<Input, Output> {
  readonly operation: Operation<Input, Output>;
  readonly bit: bigint;
  /** Of the one with the same input that was invoked before it; 0: there is none. */
  readonly twinBit: bigint;
}

export interface Timeline<Input, Output> {
  /** By return. */
  readonly completed: readonly CompletedOperation<Input, Output>[];
  /** By level: positions in `completed`, from level on, of those invoked before the operation of that level returned. */
  readonly open: readonly (readonly number[])[];
  /** By invocation. Those that only read are left out: they say nothing. */
  readonly optional: readonly OptionalOperation<Input, Output>[];
  /** By level: how many of `optional` were invoked before the operation of that level returned. */
  readonly optionalOpen: readonly number[];
}

export function timelineOf<State, Input, Output>(
  model: Model<State, Input, Output>,
  operations: readonly Operation<Input, Output>[],
): Timeline<Input, Output> {
  const returned = operations
    .filter(({ output }) => output !== undefined)
    .sort((left, right) => left.returnedAt - right.returnedAt);
  const slots = slotsOf(returned);
  const completed = returned.map((operation, at) => ({
    operation,
    bit: 1n << BigInt(slots[at] as number),
    readOnly: model.isReadOnly(operation.input, operation.output),
  }));
  const optional = optionalOf(
    operations.filter(({ input, output }) => output === undefined && !model.isReadOnly(input, undefined)),
  );
  const optionalOpen: number[] = [];
  let count = 0;
  for (const { returnedAt } of returned) {
    while (count < optional.length && (optional[count]?.operation.invokedAt as number) <= returnedAt) count++;
    optionalOpen.push(count);
  }
  return { completed, open: openOf(returned), optional, optionalOpen };
}

/** Each takes the lowest slot that is free at its invocation. */
function slotsOf(returned: readonly Operation<unknown, unknown>[]): number[] {
  const slots = new Array<number>(returned.length).fill(0);
  const freeFrom: number[] = [];
  const byInvocation = returned
    .map(({ invokedAt, returnedAt }, at) => ({ invokedAt, returnedAt, at }))
    .sort((left, right) => left.invokedAt - right.invokedAt);
  for (const { invokedAt, returnedAt, at } of byInvocation) {
    const free = freeFrom.findIndex((from) => from < invokedAt);
    const slot = free < 0 ? freeFrom.length : free;
    freeFrom[slot] = returnedAt;
    slots[at] = slot;
  }
  return slots;
}

function openOf(returned: readonly Operation<unknown, unknown>[]): number[][] {
  const open: number[][] = returned.map(() => []);
  returned.forEach(({ invokedAt }, at) => {
    for (let level = at; level >= 0 && (returned[level]?.returnedAt as number) >= invokedAt; level--)
      (open[level] as number[]).push(at);
  });
  return open;
}

function optionalOf<Input, Output>(
  operations: readonly Operation<Input, Output>[],
): OptionalOperation<Input, Output>[] {
  const latest = new Map<string, bigint>();
  return operations
    .toSorted((left, right) => left.invokedAt - right.invokedAt)
    .map((operation, at) => {
      const text = JSON.stringify(operation.input);
      const bit = 1n << BigInt(at);
      const twinBit = latest.get(text) ?? 0n;
      latest.set(text, bit);
      return { operation, bit, twinBit };
    });
}
