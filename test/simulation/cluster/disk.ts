/**
 * A disk that keeps what was synced, and of the rest as much as it likes: at a crash a record that was written but not
 * synced may be there, be torn, or be gone. A torn one is found by its checksum and counts as gone, with all behind it.
 */
import type {
  Configuration,
  Entry,
  HardState,
  SnapshotMetadata,
} from '../../../services/raft-sidecar/src/core/types.ts';
import type { StoredSnapshot } from '../../../services/raft-sidecar/src/storage/snapshot-store.ts';
import type { Dice } from '../world/dice.ts';
import { BLANK_IMAGE, type MachineImage } from './list-machine.ts';

export interface LogImage {
  readonly hardState: HardState;
  /** The last entry that is not stored any more; index 0: there is none. */
  readonly start: { readonly index: number; readonly term: number };
  /** Contiguous, from the one behind the start on. */
  readonly entries: readonly Entry[];
  readonly snapshot: SnapshotMetadata | undefined;
  readonly clusterId: string;
  readonly bootstrapped: boolean;
}

export const BLANK_LOG: LogImage = {
  hardState: { term: 0, votedFor: '', commitIndex: 0 },
  start: { index: 0, term: 0 },
  entries: [],
  snapshot: undefined,
  clusterId: '',
  bootstrapped: false,
};

export interface SnapshotFile {
  readonly stored: StoredSnapshot;
  readonly data: Uint8Array;
}

/** What comes of the write after so many more. */
export interface ArmedFault {
  readonly kind: 'crashBeforeWrite' | 'crashBeforeSync' | 'crashAfterSync' | 'failSync';
  afterWrites: number;
}

/** How long a sync takes at the least, as long as nothing slows it down. */
export const SYNC_US = 200;

/** The process dies here; nothing that it does from now on counts. */
export class CrashSignal extends Error {
  constructor() {
    super('the process crashed at a write');
    this.name = 'CrashSignal';
  }
}

export class DiskError extends Error {
  constructor() {
    super('EIO: fsync failed');
    this.name = 'DiskError';
  }
}

export interface DiskObserver {
  /** From now on it survives every crash. */
  synced(image: LogImage): void;
  crashed(): void;
  failed(): void;
}

export class Disk {
  readonly #dice: Dice;
  #log: LogImage;
  /** Written, not synced; each is the whole state after that write. */
  #unsynced: LogImage[] = [];
  /** The machine's database, as far as it is synced: it is now and then, not at every batch. */
  machine: MachineImage = BLANK_IMAGE;
  /** Files of snapshots, complete and synced; the newest is the last. */
  snapshots: readonly SnapshotFile[] = [];
  armed: ArmedFault | undefined;
  syncUs = SYNC_US;

  constructor(dice: Dice, log: LogImage) {
    this.#dice = dice;
    this.#log = log;
  }

  get log(): LogImage {
    return this.#log;
  }

  /** Writes and syncs; what an armed fault leaves of that decides itself here and at the crash. */
  write(image: LogImage, observer: DiskObserver): void {
    const fault = this.#dueFault();
    if (fault === 'crashBeforeWrite') return this.#die(observer);
    this.#unsynced.push(image);
    if (fault === 'crashBeforeSync') return this.#die(observer);
    if (fault === 'failSync') {
      observer.failed();
      throw new DiskError();
    }
    this.#unsynced = [];
    this.#log = image;
    observer.synced(image);
    if (fault === 'crashAfterSync') this.#die(observer);
  }

  /** @param machine what the process had written of its machine's database. */
  crash(powerLost: boolean, machine: MachineImage): void {
    for (const image of this.#unsynced) {
      // The process alone died: the operating system still writes what it was given.
      const fate = powerLost ? this.#dice.pick(['kept', 'torn', 'lost'] as const) : 'kept';
      if (fate !== 'kept') break;
      this.#log = image;
    }
    this.#unsynced = [];
    if (!powerLost) this.machine = machine;
    this.armed = undefined;
  }

  #dueFault(): ArmedFault['kind'] | undefined {
    const { armed } = this;
    if (!armed) return undefined;
    if (armed.afterWrites > 0) {
      armed.afterWrites -= 1;
      return undefined;
    }
    this.armed = undefined;
    return armed.kind;
  }

  #die(observer: DiskObserver): never {
    observer.crashed();
    throw new CrashSignal();
  }
}

export function lastIndexOf({ entries, start }: Pick<LogImage, 'entries' | 'start'>): number {
  return entries[entries.length - 1]?.index ?? start.index;
}

export function termAt(
  { entries, start }: Pick<LogImage, 'entries' | 'start'>,
  index: number,
): number | undefined {
  if (index === start.index) return start.term;
  return entries[index - start.index - 1]?.term;
}

/** Those of the log, and before them the one that its newest snapshot knows. */
export function configurationsOf({ entries, snapshot }: Pick<LogImage, 'entries' | 'snapshot'>): {
  readonly index: number;
  readonly configuration: Configuration;
}[] {
  const found = entries.flatMap(({ index, payload }) =>
    payload.kind === 'configuration' ? [{ index, configuration: payload.configuration }] : [],
  );
  if (!snapshot) return found;
  const { configurationIndex, configuration } = snapshot;
  return [
    { index: configurationIndex, configuration },
    ...found.filter(({ index }) => index > configurationIndex),
  ];
}
