/** The state machine of a pod, and what keeps it going: committed entries, and snapshots where the log has none. */
import type { Logger } from '@agenda/service-kit/logger';
import type { Entry } from '../../../services/raft-sidecar/src/core/types.ts';
import type { Alarms } from '../../../services/raft-sidecar/src/runtime/alarms.ts';
import type { Driver } from '../../../services/raft-sidecar/src/runtime/driver.ts';
import type { SnapshotFetcher } from '../../../services/raft-sidecar/src/runtime/snapshot-fetcher.ts';
import { SnapshotServer } from '../../../services/raft-sidecar/src/runtime/snapshot-server.ts';
import { SnapshotSupply } from '../../../services/raft-sidecar/src/runtime/snapshot-supply.ts';
import { SnapshotTaker } from '../../../services/raft-sidecar/src/runtime/snapshot-taker.ts';
import type { DiskLogStore } from './disk-log-store.ts';
import { decodeImage, encodeImage, ListMachine } from './list-machine.ts';
import type { SimulatedNode } from './node.ts';
import type { PeerCalls } from './peer-calls.ts';
import type { Service } from './service.ts';
import type { SnapshotFiles } from './snapshot-files.ts';
import type { Surroundings } from './surroundings.ts';

const APPLY_BYTES_MAX = 4_096;
/** So many applied entries at most are lost with the power. */
const SYNCED_EVERY = 50;
const RESTORE_AGAIN_US = 300_000;
const WATCH_MS = 200;
const NO_DIGEST = new Uint8Array(32);

export interface MachineHostOptions {
  readonly node: SimulatedNode;
  readonly surroundings: Surroundings;
  readonly driver: Driver;
  readonly store: DiskLogStore;
  readonly files: SnapshotFiles;
  readonly fetcher: SnapshotFetcher;
  readonly calls: PeerCalls;
  readonly service: () => Service;
  readonly logger: Logger;
}

export class MachineHost {
  readonly server: SnapshotServer;
  readonly #options: MachineHostOptions;
  readonly #supply: SnapshotSupply;
  readonly #taker: SnapshotTaker;
  machine: ListMachine;
  #syncedIndex: number;
  #working = false;

  constructor(options: MachineHostOptions) {
    this.#options = options;
    const { node, surroundings, driver, store, files, fetcher, calls, logger } = options;
    this.machine = new ListMachine(node.disk.machine);
    this.#syncedIndex = this.machine.appliedIndex;
    surroundings.oracle.restored(node.memberId, this.machine);
    this.#supply = new SnapshotSupply({
      log: store,
      store: files,
      peers: calls,
      members: () => surroundings.nodes.filter((other) => other !== node).map(({ memberId }) => memberId),
      busy: () => fetcher.busy,
      onFetched: () => {},
      logger,
    });
    this.#taker = new SnapshotTaker({
      driver,
      log: store,
      store: files,
      feed: this,
      alarms: { raise() {}, clear() {} } as unknown as Alarms,
      clock: node.clock,
      limits: surroundings.setup.snapshots,
      logger,
    });
    this.server = new SnapshotServer(files, () => this.#taker.request());
  }

  get appliedIndex(): number {
    return this.machine.appliedIndex;
  }

  get durableIndex(): number {
    return this.#syncedIndex;
  }

  start(): void {
    const { driver, node, surroundings } = this.#options;
    this.#checkDisk();
    driver.onCommit(() => this.#proceed());
    if (Number.isFinite(surroundings.setup.snapshots.logEntriesMax))
      node.scheduler.every(WATCH_MS, () => this.#taker.watch());
    this.#proceed();
  }

  /** As the sidecar asks its state machine for one. */
  takeSnapshot(): ReturnType<ConstructorParameters<typeof SnapshotTaker>[0]['feed']['takeSnapshot']> {
    const { node, surroundings, files } = this.#options;
    const { appliedIndex: index, appliedTerm: term } = this.machine;
    const data = encodeImage(this.machine.image());
    return new Promise((resolve) => {
      node.later(surroundings.dice.between(100, 20_000), () =>
        resolve({ path: files.writePlain(data), index, term, digest: NO_DIGEST, error: '' }),
      );
    });
  }

  /** Some time after the commit, as much as there is. */
  #proceed(): void {
    if (this.#working) return;
    this.#working = true;
    const { node, surroundings, driver, store } = this.#options;
    node.later(surroundings.dice.between(50, surroundings.setup.applyUsMax), () => {
      this.#working = false;
      const from = this.machine.appliedIndex + 1;
      if (from > driver.commitIndex) return;
      if (from < store.firstIndex()) {
        void this.#restore();
        return;
      }
      for (const entry of store.entries(from, driver.commitIndex, APPLY_BYTES_MAX)) this.#apply(entry);
      this.#sync();
      this.#proceed();
    });
  }

  #apply(entry: Entry): void {
    const { surroundings, node, service } = this.#options;
    const applied = this.machine.apply(entry);
    surroundings.oracle.applied(node.memberId, this.machine, applied);
    service().onApplied(applied);
  }

  #sync(): void {
    if (this.machine.appliedIndex - this.#syncedIndex < SYNCED_EVERY) return;
    this.#syncedIndex = this.machine.appliedIndex;
    this.#options.node.disk.machine = this.machine.image();
  }

  /** The log does not go on from where the machine stands: a snapshot does. */
  async #restore(): Promise<void> {
    this.#working = true;
    const { node, surroundings, store, files, service } = this.#options;
    const { process } = node;
    const supplied = await this.#supply.supply(store.firstIndex() - 1);
    if (!process || node.process !== process) return;
    this.#working = false;
    if (!supplied || supplied.metadata.index < store.firstIndex() - 1) {
      node.later(RESTORE_AGAIN_US, () => this.#proceed());
      return;
    }
    const image = decodeImage(files.readPlain(supplied.path));
    surroundings.world.tell(`${node.name} restores its state at ${image.appliedIndex}`);
    node.disk.machine = image;
    this.machine = new ListMachine(image);
    this.#syncedIndex = image.appliedIndex;
    surroundings.oracle.restored(node.memberId, this.machine);
    service().onRestored();
    this.#proceed();
  }

  /** After whatever crash: nothing is known to be committed or applied that the log does not have. */
  #checkDisk(): void {
    const { node, surroundings, store } = this.#options;
    const { appliedIndex, appliedTerm } = this.machine;
    const { term, commitIndex } = store.hardState;
    const last = store.lastIndex();
    const termApplied = appliedIndex < store.firstIndex() ? appliedTerm : store.term(appliedIndex);
    surroundings.oracle.violations.expect(
      appliedIndex <= last && termApplied === appliedTerm && commitIndex <= last,
      'state machine safety',
      () =>
        `${node.memberId} knows entry ${commitIndex} to be committed and has applied entry ${appliedIndex} of term ${appliedTerm}; its log ends at ${last} and has term ${termApplied} there`,
    );
    surroundings.oracle.violations.expect(
      last === 0 || (store.term(last) ?? 0) <= term,
      'promises are on disk',
      () => `the log of ${node.memberId} is of a later term than ${term}`,
    );
  }
}
