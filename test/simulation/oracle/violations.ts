/** Where the checks report; the first report ends the run. */

/** By what is broken; test/simulation/README.md says where each comes from. */
export type Property =
  | 'election safety'
  | 'one vote a term'
  | 'leader append-only'
  | 'log matching'
  | 'log time'
  | 'leader completeness'
  | 'commit rule'
  | 'state machine safety'
  | 'promises are on disk'
  | 'quorum intersection'
  | 'promotion'
  | 'snapshots'
  | 'step down'
  | 'transfer'
  | 'stop at a disk error'
  | 'exactly once'
  | 'read index'
  | 'linearizability'
  | 'core invariant'
  | 'liveness'
  /** It broke off, or does not end. */
  | 'run';

export interface Violation {
  readonly property: Property;
  readonly text: string;
}

export class Violations {
  first: Violation | undefined;

  report(property: Property, text: string): void {
    this.first ??= { property, text };
  }

  expect(holds: boolean, property: Property, text: () => string): void {
    if (!holds) this.report(property, text());
  }
}
