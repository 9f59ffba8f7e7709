import type { Logger } from '@agenda/service-kit/logger';
import type { StateMachine } from '../state-machine/machine.ts';

const PRUNE_INTERVAL_MS = 1_000;
/** After a full step: more is waiting, but requests come first. */
const PRUNE_AGAIN_MS = 50;
/** Rows of one step; a few milliseconds of the event loop. */
const PRUNE_ROWS_MAX = 500;

export interface PrunerOptions {
  readonly machine: Pick<StateMachine, 'prune'>;
  readonly acknowledgedIndex: () => number;
  readonly logger: Logger;
}

/** Deletes, in small steps, rows that neither deduplication nor the audit service needs any more (docs/adr/0004). */
export class Pruner {
  readonly #options: PrunerOptions;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: PrunerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#schedule(PRUNE_INTERVAL_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #schedule(delayMs: number): void {
    this.#timer = setTimeout(() => this.#schedule(this.#step()), delayMs);
  }

  /** @returns when the next step is due. */
  #step(): number {
    const { machine, acknowledgedIndex, logger } = this.#options;
    try {
      const deleted = machine.prune(acknowledgedIndex(), PRUNE_ROWS_MAX);
      return deleted >= PRUNE_ROWS_MAX ? PRUNE_AGAIN_MS : PRUNE_INTERVAL_MS;
    } catch (error) {
      logger.error({ err: error }, 'old rows could not be deleted');
      return PRUNE_INTERVAL_MS;
    }
  }
}
