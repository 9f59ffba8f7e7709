/** What clients did and saw, with who was before whom. */

/** One call. Its effect, if it had one, happened at one moment in [invokedAt, returnedAt]. */
export interface Operation<Input, Output> {
  readonly input: Input;
  /** Undefined: the outcome is unknown, and it may take effect at any time from invokedAt on, or never. */
  readonly output: Output | undefined;
  /** Any unit; only the order counts. Equal times count as at the same time, so that neither is before the other. */
  readonly invokedAt: number;
  /** Not looked at where the output is unknown. */
  readonly returnedAt: number;
}

/** Handed out by `invoke`, taken by `complete` and `discard`. */
export type Call = number;

/** Records a history in one process, whose order of calls is the order of events. */
export class HistoryRecorder<Input, Output> {
  readonly #calls = new Map<Call, Operation<Input, Output>>();
  #clock = 0;

  /** Before the request leaves. A call that is never completed stays of unknown outcome. */
  invoke(input: Input): Call {
    const call = ++this.#clock;
    this.#calls.set(call, { input, output: undefined, invokedAt: call, returnedAt: Infinity });
    return call;
  }

  /** After the answer is there. */
  complete(call: Call, output: Output): void {
    this.#calls.set(call, { ...this.#open(call), output, returnedAt: ++this.#clock });
  }

  /** It is certain that it had no effect and never will have one: refused before anybody saw it. */
  discard(call: Call): void {
    this.#open(call);
    this.#calls.delete(call);
  }

  operations(): Operation<Input, Output>[] {
    return [...this.#calls.values()];
  }

  #open(call: Call): Operation<Input, Output> {
    const operation = this.#calls.get(call);
    if (!operation || operation.output !== undefined) throw new Error(`call ${call} is not open`);
    return operation;
  }
}
