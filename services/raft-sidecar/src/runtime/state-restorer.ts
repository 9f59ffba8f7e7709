/** Gives a state machine a snapshot that cannot go on from the log: tries until one is installed. */
import type { SnapshotInstalled } from '@agenda/proto/raft/v1/state_machine';
import type { Logger } from '@agenda/service-kit/logger';
import type { SuppliedSnapshot } from './snapshot-supply.ts';

/** Before a snapshot is looked for once more. */
const RETRY_MS = 500;

/** Where a state machine gets its state from. */
export interface StateSupply {
  /** Undefined: none that the log continues can be had at the moment. */
  supply(indexMin: number): Promise<SuppliedSnapshot | undefined>;
  /** The state machine does not take it. */
  refused(snapshot: SuppliedSnapshot): void;
}

export interface RestoreOptions {
  readonly supply: StateSupply;
  /** The log goes on behind it; it may grow meanwhile. */
  readonly indexMin: () => number;
  readonly install: (snapshot: SuppliedSnapshot) => Promise<SnapshotInstalled>;
  /** The attachment has ended. */
  readonly isOver: () => boolean;
  readonly logger: Logger;
}

/** @returns the index of the snapshot that is installed; undefined: the attachment ended before. Never rejects. */
export async function restoreState(options: RestoreOptions): Promise<number | undefined> {
  while (!options.isOver()) {
    try {
      const index = await tryOnce(options);
      if (index !== undefined) return index;
    } catch (error) {
      options.logger.error({ err: error }, 'the state could not be restored');
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
  return undefined;
}

async function tryOnce(options: RestoreOptions): Promise<number | undefined> {
  const { supply, indexMin, install, isOver, logger } = options;
  const snapshot = await supply.supply(indexMin());
  if (!snapshot || isOver() || snapshot.metadata.index < indexMin()) return undefined;
  const { index, error } = await install(snapshot);
  if (error === '') return index;
  logger.error({ index: snapshot.metadata.index, reason: error }, 'the agenda does not take a snapshot');
  supply.refused(snapshot);
  return undefined;
}
