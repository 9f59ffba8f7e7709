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

interface ListState {
  readonly text: string;
  readonly length: number;
}

/**
 * A list is known by its text: one that was another before is never the same again.
 * @param finals by key, the longest that was read: lists only grow, so what leads elsewhere need not be tried.
 */
export const listsModel = (finals: ReadonlyMap<string, string>): Model<ListState, ListInput, ListOutput> => ({
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
    const final = finals.get(input.key) ?? '';
    return fits && (final.startsWith(after.text) || after.text.startsWith(final)) ? after : undefined;
  },
  keyOf: ({ text }) => text,
  partitionOf: ({ key }) => key,
  isReadOnly: ({ kind }, output) => kind === 'read' || (output?.kind === 'result' && !output.done),
});

/** By key, the longest list that was read. */
export function finalLists(operations: readonly ListOperation[]): Map<string, string> {
  const finals = new Map<string, string>();
  for (const { input, output } of operations)
    if (output?.kind === 'list' && output.text.length >= (finals.get(input.key)?.length ?? 0))
      finals.set(input.key, output.text);
  return finals;
}

/**
 * Without what took no effect and was never answered: lists are read in the end, and it is in none of them. Where one grew
 * after that, nobody knows by what.
 */
export function withoutVain(
  operations: readonly ListOperation[],
  finals: ReadonlyMap<string, string>,
): ListOperation[] {
  const lists = new Map([...finals].map(([key, text]) => [key, text.split(' ').slice(0, -1)]));
  const seen = new Set([...lists.values()].flat());
  const grown = new Set(
    operations
      .filter(({ input: { key }, output }) => (output?.length ?? 0) > (lists.get(key)?.length ?? 0))
      .map(({ input: { key } }) => key),
  );
  return operations.filter(
    ({ input, output }) =>
      output !== undefined || (input.kind !== 'read' && (grown.has(input.key) || seen.has(input.value))),
  );
}

export function listOutput(list: readonly string[]): ListOutput {
  return { kind: 'list', text: list.map(inText).join(''), length: list.length };
}

function inText(value: string): string {
  return `${value} `;
}
