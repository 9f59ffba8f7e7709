/** What a history is checked against: a sequential object, told as one step at a time. */

/**
 * A sequential specification. States, inputs and outputs are plain data and never changed in place.
 * `undefined` is no state and no output: it stands for "refused" and for "outcome unknown".
 */
export interface Model<State, Input, Output> {
  readonly initial: State;
  /**
   * The state after the operation, or undefined if it could not have answered so in this state. An output of
   * undefined means that the outcome is unknown: then the step gives what the operation does if it takes effect here,
   * and refuses nothing.
   */
  step(state: State, input: Input, output: Output | undefined): State | undefined;
  /** Two states are the same if and only if this is. */
  keyOf(state: State): string | number;
  /**
   * Operations of different partitions never influence each other, so that each partition can be checked alone
   * (P-compositionality; Herlihy & Wing 1990, theorem 1). The initial state is that of each.
   */
  partitionOf(input: Input): string;
  /** It changes no state whatever, given this output. Saying so is never needed, and spares the search much. */
  isReadOnly(input: Input, output: Output | undefined): boolean;
}
