/** A register with read, write and compare-and-set: what Jepsen asks of etcd. */
import type { Model } from '../model.ts';

/** Null before the first write. */
export type RegisterValue = number | null;

export type RegisterInput = { readonly key: string } & (
  | { readonly kind: 'read' }
  | { readonly kind: 'write'; readonly value: number }
  | { readonly kind: 'cas'; readonly expected: RegisterValue; readonly value: number }
);

export type RegisterOutput =
  | { readonly kind: 'read'; readonly value: RegisterValue }
  | { readonly kind: 'written' }
  /** The answer to a cas. */
  | { readonly kind: 'cas'; readonly done: boolean };

export const registerModel: Model<RegisterValue, RegisterInput, RegisterOutput> = {
  initial: null,
  step(state, input, output) {
    if (input.kind === 'write') return input.value;
    if (input.kind === 'read') return output?.kind !== 'read' || output.value === state ? state : undefined;
    const done = state === input.expected;
    if (output?.kind === 'cas' && output.done !== done) return undefined;
    return done ? input.value : state;
  },
  keyOf: (state) => state ?? 'null',
  partitionOf: ({ key }) => key,
  isReadOnly: ({ kind }, output) => kind === 'read' || (output?.kind === 'cas' && !output.done),
};
