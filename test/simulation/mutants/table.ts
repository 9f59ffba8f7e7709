/** Bugs that a Raft can have, each as one change of a text in the sources. The simulation must find every one. */
import { CORE_MUTANTS } from './core-mutants.ts';
import { RUNTIME_MUTANTS } from './runtime-mutants.ts';

export interface Mutant {
  /** In words, with hyphens. */
  readonly name: string;
  /** From the root of the repository. */
  readonly file: string;
  /** Occurs there exactly once. */
  readonly original: string;
  readonly replaced: string;
  /** What it makes possible. */
  readonly breaks: string;
}

export const MUTANTS: readonly Mutant[] = [...CORE_MUTANTS, ...RUNTIME_MUTANTS];
