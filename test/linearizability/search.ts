/**
 * The search for one partition: Wing & Gong's algorithm (1993) with Lowe's memory of configurations (2017), on a heap
 * of its own instead of the call stack.
 *
 * A configuration says which operations have been put in order so far, and the state they lead to. Three observations
 * keep their number small; each only skips what some other configuration does as well or better:
 *
 * - An operation that changes no state and fits the state that is there is taken at once: later is never better.
 * - An operation of unknown outcome need not be put in order at all. Of two configurations that differ only in that,
 *   the one that has used up fewer of them can do all that the other can (a subset dominates).
 * - Of two such operations with the same input, the one invoked first is used first.
 */
import type { Operation } from './history.ts';
import type { Model } from './model.ts';
import { type Timeline, timelineOf } from './timeline.ts';

export interface SearchResult<State, Input, Output> {
  readonly verdict: 'ok' | 'illegal' | 'unknown';
  /** Configurations that were looked at. */
  readonly configurations: number;
  /** The longest order found; the whole of it when the verdict is ok, without operations that were not needed. */
  readonly order: readonly Operation<Input, Output>[];
  /** Where that order leads. */
  readonly state: State;
  /** What could not be put in order after it; undefined when the verdict is ok. */
  readonly stuckAt: Operation<Input, Output> | undefined;
}

interface Configuration<State> {
  /** All completed operations before this one, in the order of their returns, are in order. This one is not. */
  readonly level: number;
  /** Slots of the completed operations from level on that are in order too. */
  readonly ahead: bigint;
  /** The operations of unknown outcome that are in order. */
  readonly used: bigint;
  readonly state: State;
  readonly before: Configuration<State> | undefined;
  /** Those that were put in order since `before`. */
  readonly steps: readonly Operation<unknown, unknown>[];
}

export function search<State, Input, Output>(
  model: Model<State, Input, Output>,
  operations: readonly Operation<Input, Output>[],
  configurationsMax: number,
): SearchResult<State, Input, Output> {
  return new Search(model, timelineOf(model, operations), configurationsMax).run();
}

class Search<State, Input, Output> {
  readonly #model: Model<State, Input, Output>;
  readonly #timeline: Timeline<Input, Output>;
  readonly #configurationsMax: number;
  readonly #stack: Configuration<State>[] = [];
  /** By all but `used`: which smallest sets of used operations were there. */
  readonly #seen = new Map<string, bigint[]>();
  #configurations = 0;
  #best: Configuration<State>;

  constructor(
    model: Model<State, Input, Output>,
    timeline: Timeline<Input, Output>,
    configurationsMax: number,
  ) {
    this.#model = model;
    this.#timeline = timeline;
    this.#configurationsMax = configurationsMax;
    this.#best = this.#settled(0, 0n, 0n, model.initial, undefined, []);
  }

  run(): SearchResult<State, Input, Output> {
    const { completed } = this.#timeline;
    this.#meet(this.#best);
    for (;;) {
      const configuration = this.#stack.pop();
      if (!configuration) return this.#result('illegal');
      if (configuration.level > this.#best.level) this.#best = configuration;
      if (configuration.level === completed.length) return this.#result('ok');
      if (this.#configurations >= this.#configurationsMax) return this.#result('unknown');
      this.#expand(configuration);
    }
  }

  /** The stack gives back last what is put on it first: operations that are needed, by their returns, come last. */
  #expand(from: Configuration<State>): void {
    const { level, ahead, used, state } = from;
    const { completed, open, optional, optionalOpen } = this.#timeline;
    const key = this.#model.keyOf(state);
    for (let at = (optionalOpen[level] as number) - 1; at >= 0; at--) {
      const { operation, bit, twinBit } = optional[at] as Timeline<Input, Output>['optional'][number];
      if (used & bit || (used & twinBit) !== twinBit) continue;
      const next = this.#model.step(state, operation.input, undefined);
      if (next === undefined || this.#model.keyOf(next) === key) continue;
      this.#meet(this.#settled(level, ahead, used | bit, next, from, [operation]));
    }
    const candidates = open[level] as readonly number[];
    for (let at = candidates.length - 1; at >= 0; at--) {
      const { operation, bit, readOnly } = completed[candidates[at] as number] as Timeline<
        Input,
        Output
      >['completed'][number];
      if (readOnly || ahead & bit) continue;
      const next = this.#model.step(state, operation.input, operation.output);
      if (next !== undefined) this.#meet(this.#settled(level, ahead | bit, used, next, from, [operation]));
    }
  }

  /** Takes what only reads and fits, and moves on behind what is in order, until neither is left to do. */
  #settled(
    level: number,
    ahead: bigint,
    used: bigint,
    state: State,
    before: Configuration<State> | undefined,
    steps: Operation<Input, Output>[],
  ): Configuration<State> {
    const { completed, open } = this.#timeline;
    for (;;) {
      for (const at of open[level] ?? []) {
        const { operation, bit, readOnly } = completed[at] as Timeline<Input, Output>['completed'][number];
        if (!readOnly || ahead & bit) continue;
        if (this.#model.step(state, operation.input, operation.output) === undefined) continue;
        ahead |= bit;
        steps.push(operation);
      }
      const bit = completed[level]?.bit ?? 0n;
      if ((ahead & bit) === 0n) return { level, ahead, used, state, before, steps };
      ahead &= ~bit;
      level += 1;
    }
  }

  /** To be expanded, unless one that can do all that it can was met before. */
  #meet(configuration: Configuration<State>): void {
    const { level, ahead, used, state } = configuration;
    const key = `${level} ${ahead.toString(36)} ${this.#model.keyOf(state)}`;
    const met = this.#seen.get(key);
    if (!met) this.#seen.set(key, [used]);
    else {
      if (met.some((smaller) => (smaller & used) === smaller)) return;
      const kept = met.filter((larger) => (larger & used) !== used);
      kept.push(used);
      this.#seen.set(key, kept);
    }
    this.#configurations += 1;
    this.#stack.push(configuration);
  }

  #result(verdict: SearchResult<State, Input, Output>['verdict']): SearchResult<State, Input, Output> {
    const best = this.#best;
    const steps: (readonly Operation<unknown, unknown>[])[] = [];
    for (let at: Configuration<State> | undefined = best; at; at = at.before) steps.push(at.steps);
    return {
      verdict,
      configurations: this.#configurations,
      order: steps.reverse().flat() as Operation<Input, Output>[],
      state: best.state,
      stuckAt: this.#timeline.completed[best.level]?.operation,
    };
  }
}
