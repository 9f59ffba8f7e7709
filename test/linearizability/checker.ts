/** Is there one order of all operations that respects time and that a sequential object could have gone through? */
import type { Operation } from './history.ts';
import type { Model } from './model.ts';
import { type SearchResult, search } from './search.ts';

/**
 * Bounds one partition's search: at about 300 bytes each its memory, and its time to a minute or so. Past it the verdict
 * is `unknown`. Legal histories take about one per operation, illegal ones of Jepsen's shape some dozens in all.
 */
export const CONFIGURATIONS_MAX = 300_000;

export interface Violation {
  readonly partition: string;
  /** For people: the order that went furthest, where it leads, and what cannot follow. */
  readonly text: string;
}

export interface CheckResult {
  /** `unknown`: no partition is illegal, but at least one was given up at the bound. */
  readonly verdict: 'ok' | 'illegal' | 'unknown';
  readonly partitions: number;
  readonly configurations: number;
  /** Of the first illegal partition, or else of the first that was given up. */
  readonly violation: Violation | undefined;
}

/** Partitions are checked one by one, the first illegal one ends it. */
export function checkLinearizability<State, Input, Output>(
  model: Model<State, Input, Output>,
  operations: readonly Operation<Input, Output>[],
  { configurationsMax = CONFIGURATIONS_MAX }: { readonly configurationsMax?: number } = {},
): CheckResult {
  const partitions = Map.groupBy(operations, ({ input }) => model.partitionOf(input));
  let verdict: CheckResult['verdict'] = 'ok';
  let violation: Violation | undefined;
  let configurations = 0;
  for (const [partition, members] of partitions) {
    const result = search(model, members, configurationsMax);
    configurations += result.configurations;
    if (result.verdict === 'ok') continue;
    if (verdict === 'ok' || result.verdict === 'illegal')
      violation = { partition, text: describe(partition, result) };
    verdict = result.verdict;
    if (verdict === 'illegal') break;
  }
  return { verdict, partitions: partitions.size, configurations, violation };
}

/** How much of the order is shown before the place where it ends. */
const SHOWN_MAX = 12;

function describe<State, Input, Output>(
  partition: string,
  { verdict, order, state, stuckAt, configurations }: SearchResult<State, Input, Output>,
): string {
  const line = ({ input, output, invokedAt, returnedAt }: Operation<Input, Output>): string => {
    const [answer, until] = output === undefined ? ['unknown', '…'] : [JSON.stringify(output), returnedAt];
    return `  [${invokedAt}, ${until}] ${JSON.stringify(input)} -> ${answer}`;
  };
  const hidden = Math.max(0, order.length - SHOWN_MAX);
  return [
    `partition ${partition}: ${verdict === 'illegal' ? 'no order fits' : 'given up'} after ${configurations} configurations; the order that went furthest:`,
    ...(hidden > 0 ? [`  (${hidden} before)`] : []),
    ...order.slice(hidden).map(line),
    `leads to ${JSON.stringify(state)}, where this cannot follow:`,
    ...(stuckAt ? [line(stuckAt)] : []),
  ].join('\n');
}
