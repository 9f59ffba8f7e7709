/** The lists as one object that everybody would share: what histories are compared with. */
import type { Operation } from '../../linearizability/history.ts';
import type { Model } from '../../linearizability/model.ts';

export type ListInput =
  | { readonly kind: 'read'; readonly key: string }
  | { readonly kind: 'append'; readonly key: string; readonly value: string }
  | { readonly kind: 'claim'; readonly key: string; readonly value: string; readonly length: number };

export type ListOutput =
  | { readonly kind: 'list'; readonly text: string; readonly length: number }
  | { readonly kind: 'result'; readonly done: boolean; readonly length: number };

export type ListOperation = Operation<ListInput, ListOutput>;

/** A list is known by its text: one that was another before is never the same again. */
export const listsModel: Model<{ readonly text: string; readonly length: number }, ListInput, ListOutput> = {
  initial: { text: '', length: 0 },
  step: (state, input, output) => {
    if (input.kind === 'read')
      return output === undefined || (output.kind === 'list' && output.text === state.text)
        ? state
        : undefined;
    const done = input.kind === 'append' || input.length === state.length;
    const after = done ? { text: state.text + inText(input.value), length: state.length + 1 } : state;
    const fits =
      output === undefined ||
      (output.kind === 'result' && output.done === done && output.length === after.length);
    return fits ? after : undefined;
  },
  keyOf: ({ text }) => text,
  partitionOf: ({ key }) => key,
  isReadOnly: ({ kind }, output) => kind === 'read' || (output?.kind === 'result' && !output.done),
};

export function listOutput(list: readonly string[]): ListOutput {
  return { kind: 'list', text: list.map(inText).join(''), length: list.length };
}

function inText(value: string): string {
  return `${value} `;
}
