/** One process of a node: the real driver and its helpers on simulated ports, and a state machine behind them. */
import type { Logger } from '@agenda/service-kit/logger';
import type { CoreStatus } from '../../../services/raft-sidecar/src/core/raft.ts';
import type { MemberId, Message } from '../../../services/raft-sidecar/src/core/types.ts';
import { Driver } from '../../../services/raft-sidecar/src/runtime/driver.ts';
import { MembershipKeeper } from '../../../services/raft-sidecar/src/runtime/membership-keeper.ts';
import type { Candidate } from '../../../services/raft-sidecar/src/runtime/membership-policy.ts';
import { Proposals } from '../../../services/raft-sidecar/src/runtime/proposals.ts';
import { Reads } from '../../../services/raft-sidecar/src/runtime/reads.ts';
import { SnapshotFetcher } from '../../../services/raft-sidecar/src/runtime/snapshot-fetcher.ts';
import { messageFromWire, messageToWire } from '../../../services/raft-sidecar/src/transport/conversions.ts';
import { DiskLogStore } from './disk-log-store.ts';
import type { ListMachine, MachineImage } from './list-machine.ts';
import { MachineHost } from './machine-host.ts';
import type { SimulatedNode } from './node.ts';
import { PeerCalls } from './peer-calls.ts';
import { QuorumWatch } from './quorum-watch.ts';
import { Service } from './service.ts';
import { CLUSTER_ID, coreOptionsOf } from './setup.ts';
import { SnapshotFiles } from './snapshot-files.ts';
import type { Surroundings } from './surroundings.ts';
import { describeMessage } from './tell.ts';

export const TICK_MS = 50;
/** A leader whose write takes longer resigns. */
const DISK_STALL_MS = 300;

/** Operators would be told; the trace tells more. */
const silent = { debug() {}, info() {}, warn() {}, error() {} } as unknown as Logger;

export class PodProcess {
  readonly driver: Driver;
  readonly proposals: Proposals;
  readonly reads: Reads;
  readonly service: Service;
  readonly #node: SimulatedNode;
  readonly #surroundings: Surroundings;
  readonly host: MachineHost;
  readonly #keeper: MembershipKeeper;
  readonly #quorumWatch = new QuorumWatch();
  diskFailed = false;

  constructor(node: SimulatedNode, surroundings: Surroundings) {
    this.#node = node;
    this.#surroundings = surroundings;
    const { setup } = surroundings;
    const store = new DiskLogStore(node.disk, node.diskObserver);
    const files = new SnapshotFiles({ disk: node.disk, syncs: () => this.#synced() });
    const calls = new PeerCalls(node, surroundings);
    const fetcher = new SnapshotFetcher({
      driver: () => this.driver,
      store: files,
      peers: calls,
      logger: silent,
    });
    this.driver = new Driver({
      core: coreOptionsOf(setup, node),
      tickMs: TICK_MS,
      votersExpected: setup.voters,
      store,
      sender: { send: (messages) => this.#send(messages) },
      snapshots: fetcher,
      clock: node.clock,
      scheduler: node.scheduler,
      disk: { wrote: (tookMs) => tookMs > DISK_STALL_MS },
      onFatal: (error) => node.onFatal(error),
    });
    this.host = new MachineHost({
      node,
      surroundings,
      driver: this.driver,
      store,
      files,
      fetcher,
      calls,
      service: () => this.service,
      logger: silent,
    });
    this.proposals = new Proposals(this.driver, calls);
    this.reads = new Reads(this.driver, calls);
    this.service = new Service(this.proposals, this.reads, surroundings.oracle, () => this.host.machine);
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
    return this.host.machine;
  }

  start(): void {
    const { setup, oracle, world } = this.#surroundings;
    const { memberId } = this.#node;
    this.driver.onCommit((_index, entries) => {
      const { term } = this.status;
      for (const entry of entries) oracle.committed(memberId, term, entry);
    });
    this.driver.onLeadership(({ role, leader, term }) => {
      world.tell(`${this.#node.name} ${role} of term ${term}, led by ${leader || 'nobody'}`);
      if (role === 'leader') this.#surroundings.onLeader(this.#node);
    });
    // A founder that died right after it had written its first entry, which its own vote commits, had no time to say so.
    const [first] = this.#node.disk.log.entries;
    if (setup.forming && first && oracle.logs.committedIndex === 0) oracle.committed(memberId, 1, first);
    this.driver.start();
    this.#node.scheduler.every(TICK_MS, () => this.#watchQuorum());
    if (setup.keeper) this.#keeper.start();
    const mayFound = setup.forming && this.#node.number === 0 && memberId.endsWith('#1');
    if (mayFound && this.driver.clusterId === '') this.driver.found(CLUSTER_ID);
    this.host.start();
  }

  /** @returns what its state machine has written. */
  kill(): MachineImage {
    this.#keeper.stop();
    this.driver.stop();
    return this.machine.image();
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
      network.carry(node.number, target.number, message.kind, node.aheadUs, () =>
        target.enter((process) => process.receive(carried, clusterId)),
      );
    }
  }

  /** A file is on disk, after a while. */
  #synced(): Promise<void> {
    const { dice, setup } = this.#surroundings;
    return new Promise((resolve) => {
      this.#node.later(this.#node.disk.syncUs + dice.below(setup.fileUsMax), () => resolve());
    });
  }

  #watchQuorum(): void {
    if (this.driver.stopped) return;
    const { oracle, setup } = this.#surroundings;
    const ticks = this.#quorumWatch.tick(this.status);
    oracle.leaders.waits(this.#node.memberId, ticks, setup.core.electionTicks);
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
