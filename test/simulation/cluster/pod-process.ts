/** One process of a node: the real driver and its helpers on simulated ports, and a state machine behind them. */
import type { Logger } from '@agenda/service-kit/logger';
import type { CoreStatus } from '../../../services/raft-sidecar/src/core/raft.ts';
import type { Entry, MemberId, Message } from '../../../services/raft-sidecar/src/core/types.ts';
import { Driver } from '../../../services/raft-sidecar/src/runtime/driver.ts';
import { MembershipKeeper } from '../../../services/raft-sidecar/src/runtime/membership-keeper.ts';
import type { Candidate } from '../../../services/raft-sidecar/src/runtime/membership-policy.ts';
import { Proposals } from '../../../services/raft-sidecar/src/runtime/proposals.ts';
import { Reads } from '../../../services/raft-sidecar/src/runtime/reads.ts';
import { messageFromWire, messageToWire } from '../../../services/raft-sidecar/src/transport/conversions.ts';
import { DiskLogStore } from './disk-log-store.ts';
import { ListMachine, type MachineImage } from './list-machine.ts';
import type { SimulatedNode } from './node.ts';
import { PeerCalls } from './peer-calls.ts';
import { QuorumWatch } from './quorum-watch.ts';
import { Service } from './service.ts';
import { CLUSTER_ID, coreOptionsOf } from './setup.ts';
import type { Surroundings } from './surroundings.ts';
import { describeMessage } from './tell.ts';

export const TICK_MS = 50;
/** A leader whose write takes longer resigns. */
const DISK_STALL_MS = 300;
const APPLY_BYTES_MAX = 4_096;
/** So many applied entries at most are lost with the power. */
const MACHINE_SYNCED_EVERY = 50;

/** Operators would be told; the trace tells more. */
const silent = { debug() {}, info() {}, warn() {}, error() {} } as unknown as Logger;

export class PodProcess {
  readonly driver: Driver;
  readonly proposals: Proposals;
  readonly reads: Reads;
  readonly service: Service;
  readonly #node: SimulatedNode;
  readonly #surroundings: Surroundings;
  readonly #store: DiskLogStore;
  readonly #keeper: MembershipKeeper;
  readonly #quorumWatch = new QuorumWatch();
  #machine: ListMachine;
  #machineSyncedIndex: number;
  #applying = false;
  diskFailed = false;

  constructor(node: SimulatedNode, surroundings: Surroundings) {
    this.#node = node;
    this.#surroundings = surroundings;
    const { setup, oracle } = surroundings;
    this.#store = new DiskLogStore(node.disk, node.diskObserver);
    this.#machine = new ListMachine(node.disk.machine);
    this.#machineSyncedIndex = this.#machine.appliedIndex;
    oracle.restored(node.memberId, this.#machine);
    this.driver = new Driver({
      core: coreOptionsOf(setup, node),
      tickMs: TICK_MS,
      votersExpected: setup.voters,
      store: this.#store,
      sender: { send: (messages) => this.#send(messages) },
      snapshots: { fetch: (_from, metadata) => this.driver.snapshotFailed(metadata) },
      clock: node.clock,
      scheduler: node.scheduler,
      disk: { wrote: (tookMs) => tookMs > DISK_STALL_MS },
      onFatal: (error) => node.onFatal(error),
    });
    const calls = new PeerCalls(node, surroundings);
    this.proposals = new Proposals(this.driver, calls);
    this.reads = new Reads(this.driver, calls);
    this.service = new Service(this.proposals, this.reads, () => this.#machine);
    this.#keeper = new MembershipKeeper({
      driver: this.driver,
      clock: node.clock,
      scheduler: node.scheduler,
      timing: setup.timing,
      candidates: () => this.#candidates(),
      ownFeatureLevel: () => 1,
      incarnationOf: (member) => surroundings.nodeOf(member)?.incarnation ?? 0,
      logger: silent,
    });
  }

  get status(): CoreStatus {
    return this.driver.status();
  }

  get machine(): ListMachine {
    return this.#machine;
  }

  start(): void {
    const { setup, oracle, world } = this.#surroundings;
    const { memberId } = this.#node;
    this.#checkMachineIsInLog();
    this.driver.onCommit((_index, entries) => {
      for (const entry of entries) oracle.committed(memberId, entry);
      this.#apply();
    });
    this.driver.onLeadership(({ role, leader, term }) =>
      world.tell(`${this.#node.name} ${role} of term ${term}, led by ${leader || 'nobody'}`),
    );
    this.driver.start();
    this.#node.scheduler.every(TICK_MS, () => this.#watchQuorum());
    if (setup.keeper) this.#keeper.start();
    const mayFound = setup.forming && this.#node.number === 0 && memberId.endsWith('#1');
    if (mayFound && this.driver.clusterId === '') this.driver.found(CLUSTER_ID);
    this.#apply();
  }

  /** @returns what its state machine has written. */
  kill(): MachineImage {
    this.#keeper.stop();
    this.driver.stop();
    return this.#machine.image();
  }

  /** As the peer port does: a blank member belongs where the first leader that speaks to it belongs. */
  receive(message: Message, clusterId: string): void {
    this.#surroundings.world.tell(`${this.#node.name} ← ${describeMessage(message)}`);
    if (message.to !== this.#node.memberId) return;
    this.#quorumWatch.heard(message.from);
    if (this.driver.clusterId === '') this.driver.joinCluster(clusterId);
    if (this.driver.clusterId === clusterId) this.driver.receive([message]);
  }

  #send(messages: readonly Message[]): void {
    const { oracle, network, setup } = this.#surroundings;
    const node = this.#node;
    const { clusterId } = this.driver;
    for (const message of messages) {
      oracle.violations.expect(
        !this.diskFailed,
        'stop at a disk error',
        () => `${node.memberId} goes on after its disk failed: ${describeMessage(message)}`,
      );
      if (node.process !== this) return;
      oracle.sends(message);
      const target = this.#surroundings.nodeOf(message.to);
      if (!target || clusterId === '') continue;
      const carried = setup.wire ? messageFromWire(messageToWire(message)) : message;
      if (!carried) continue;
      network.carry(node.number, target.number, node.aheadUs, () =>
        target.enter((process) => process.receive(carried, clusterId)),
      );
    }
  }

  #watchQuorum(): void {
    if (this.driver.stopped) return;
    const { oracle, setup } = this.#surroundings;
    const ticks = this.#quorumWatch.tick(this.status);
    oracle.leaders.waits(this.#node.memberId, ticks, setup.core.electionTicks);
  }

  /** Some time after the commit, as much as there is. */
  #apply(): void {
    if (this.#applying) return;
    this.#applying = true;
    this.#node.later(this.#surroundings.dice.between(50, this.#surroundings.setup.applyUsMax), () => {
      this.#applying = false;
      if (this.#machine.appliedIndex >= this.driver.commitIndex) return;
      const from = this.#machine.appliedIndex + 1;
      for (const entry of this.#store.entries(from, this.driver.commitIndex, APPLY_BYTES_MAX))
        this.#applyOne(entry);
      this.#syncMachine();
      this.#apply();
    });
  }

  #applyOne(entry: Entry): void {
    const applied = this.#machine.apply(entry);
    this.#surroundings.oracle.applied(this.#node.memberId, this.#machine, applied);
    this.service.onApplied(applied);
  }

  #syncMachine(): void {
    if (this.#machine.appliedIndex - this.#machineSyncedIndex < MACHINE_SYNCED_EVERY) return;
    this.#machineSyncedIndex = this.#machine.appliedIndex;
    this.#node.disk.machine = this.#machine.image();
  }

  /** Nothing is applied that the log, after whatever crash, does not have. */
  #checkMachineIsInLog(): void {
    const { appliedIndex, appliedTerm } = this.#machine;
    const term = appliedIndex === 0 ? 0 : this.#store.term(appliedIndex);
    this.#surroundings.oracle.violations.expect(
      appliedIndex <= this.#store.lastIndex() && (term === undefined || term === appliedTerm),
      'state machine safety',
      () =>
        `${this.#node.memberId} has applied entry ${appliedIndex} of term ${appliedTerm}; its log has term ${term} there`,
    );
  }

  #candidates(): Candidate[] {
    const { nodes, network } = this.#surroundings;
    const own = this.#node.number;
    return nodes.flatMap(({ number, name, memberId, incarnation, process }) =>
      number !== own && process && network.reaches(own, number) && network.reaches(number, own)
        ? [
            {
              nodeId: name,
              memberId: memberId as MemberId,
              clusterId: process.driver.clusterId,
              incarnation,
              featureLevel: 1,
            },
          ]
        : [],
    );
  }
}
