/** Wires the sidecar: what is made, who knows whom, and in which order it starts and stops. */
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { AuditServiceService } from '@agenda/proto/audit/v1/audit';
import { DiscoveryService, type Node as WireNode } from '@agenda/proto/cluster/v1/discovery';
import { PeerService } from '@agenda/proto/raft/v1/peer';
import { type ClusterNode, SidecarService } from '@agenda/proto/raft/v1/sidecar';
import { StateMachineService } from '@agenda/proto/raft/v1/state_machine';
import { deadlineAt } from '@agenda/service-kit/deadline';
import { formatHostPort } from '@agenda/service-kit/environment';
import { toServiceError } from '@agenda/service-kit/errors';
import { GrpcChannel } from '@agenda/service-kit/grpc-client';
import { GrpcServer } from '@agenda/service-kit/grpc-server';
import { uuidv7 } from '@agenda/service-kit/ids';
import type { Part } from '@agenda/service-kit/lifecycle';
import type { Logger } from '@agenda/service-kit/logger';
import { Signer, Verifier } from '@agenda/service-kit/signature';
import { discoveryHandlers } from './api/discovery-service.ts';
import { peerHandlers } from './api/peer-service.ts';
import { sidecarHandlers, toolHandlers } from './api/sidecar-service.ts';
import { statusOf } from './api/status.ts';
import type { Config } from './config.ts';
import { membersOf } from './core/membership.ts';
import type { CoreOptions, MemberId } from './core/types.ts';
import { Bootstrapper } from './discovery/bootstrapper.ts';
import { Gossip } from './discovery/gossip.ts';
import { PeerStore } from './discovery/peer-store.ts';
import { Alarms } from './runtime/alarms.ts';
import { Driver } from './runtime/driver.ts';
import { StateMachineFeed } from './runtime/feed.ts';
import { Journal } from './runtime/journal.ts';
import { MembershipKeeper } from './runtime/membership-keeper.ts';
import { NodeEvents } from './runtime/node-events.ts';
import { Operations } from './runtime/operations.ts';
import { systemClock, systemScheduler } from './runtime/ports.ts';
import { Proposals } from './runtime/proposals.ts';
import { Reads } from './runtime/reads.ts';
import { StateWatch } from './runtime/state-watch.ts';
import { openStorage, type Storage } from './storage/storage.ts';
import { PeerTransport } from './transport/peer-transport.ts';

const TICK_MS_MIN = 10;
/** A batch of the peer stream less what its frame takes. */
const APPEND_BYTES_MAX = 46 * 1024;
const INFLIGHT_MESSAGES_MAX = 128;
const INFLIGHT_BYTES_MAX = 4 * 1024 * 1024;
const UNCOMMITTED_BYTES_MAX = 64 * 1024 * 1024;
const COMMITTED_BYTES_MAX = 4 * 1024 * 1024;
const PENDING_READS_MAX = 10_000;
/** A node that was heard of within this time may be taken into the cluster. */
const CANDIDATE_HEARD_WITHIN_MS = 10_000;
/** Announced for a voter that has not said its own. */
const FEATURE_LEVEL_MIN = 1;
const WATCH_EVERY_MS = 1_000;
const HANDOVER_MS_MAX = 2_000;
/** A successor wins at once, or after a lost vote. */
const HANDOVER_ELECTIONS = 2;
const CLOSE_GRACE_MS = 1_000;

export class SidecarContext {
  readonly driver: Driver;
  readonly peers: PeerStore;
  readonly #config: Config;
  readonly #logger: Logger;
  readonly #storage: Storage;
  readonly #signer: Signer;
  readonly #verifier: Verifier;
  readonly #auditChannel: GrpcChannel;
  readonly #events: NodeEvents;
  readonly #journal: Journal;
  readonly #alarms: Alarms;
  readonly #transport: PeerTransport;
  readonly #feed: StateMachineFeed;
  readonly #proposals: Proposals;
  readonly #reads: Reads;
  readonly #operations: Operations;
  readonly #bootstrapper: Bootstrapper;
  #peerPort = 0;
  #sidecarPort = 0;

  /** @throws Error if the data directory cannot be used. @param onFatal the process must end. */
  constructor(config: Config, logger: Logger, onFatal: () => void) {
    this.#config = config;
    this.#logger = logger;
    this.#storage = openStorage({
      directory: join(config.DATA_DIR, 'raft'),
      nodeId: config.NODE_ID,
      mintInstanceId: uuidv7,
      nowMs: systemClock.wallMs(),
    });
    const { memberId } = this.#storage.identity;
    this.#signer = new Signer(config.NODE_ID, config.CLUSTER_HMAC_SECRET);
    this.#verifier = new Verifier(config.CLUSTER_HMAC_SECRET);
    this.#auditChannel = new GrpcChannel({ address: config.AUDIT_GRPC_ADDR, signer: this.#signer, logger });
    const audit = this.#auditChannel.carried(AuditServiceService);
    this.#events = new NodeEvents({ nodeId: config.NODE_ID, audit, clock: systemClock, logger });
    this.#journal = new Journal(this.#events, logger);
    this.#alarms = new Alarms(systemClock.wallMs, (alarm, raised) => this.#journal.onAlarm(alarm, raised));
    this.peers = new PeerStore(memberId, this.#storage.peers, systemClock);
    this.#transport = this.#newTransport();
    this.driver = this.#newDriver(onFatal);
    this.#feed = new StateMachineFeed({
      driver: this.driver,
      store: this.#storage.log,
      alarms: this.#alarms,
      clock: systemClock,
      logger,
      clusterFeatureLevel: () => this.#clusterFeatureLevel(),
    });
    this.#proposals = new Proposals(this.driver, this.#transport);
    this.#reads = new Reads(this.driver, this.#transport);
    this.#operations = new Operations(this.driver, new StateWatch(this.driver));
    this.#bootstrapper = new Bootstrapper({
      nodeId: config.NODE_ID,
      votersExpected: config.BOOTSTRAP_EXPECT,
      driver: this.driver,
      peers: this.peers,
      mintClusterId: uuidv7,
      logger,
    });
    this.#journal.follow(this.driver);
    this.driver.onCommit(() => this.#transport.retain(this.#membersToReach()));
  }

  /** Where the pod's own processes call; 0 until it listens. */
  get sidecarPort(): number {
    return this.#sidecarPort;
  }

  /** host:port of the peer port, as told to others. A port of 0 stands for the one that was bound. */
  get advertisedAddress(): string {
    const { host, port } = this.#config.ADVERTISE_ADDR;
    return formatHostPort({ host, port: port || this.#peerPort });
  }

  /** In starting order; they stop in reverse. */
  parts(): Part[] {
    return [
      { name: 'storage', stop: () => this.#closeStorage() },
      { name: 'audit events', stop: () => this.#stopEvents() },
      { name: 'peer transport', stop: () => this.#transport.close() },
      this.#peerServerPart(),
      { name: 'consensus', start: () => this.#startConsensus(), stop: () => this.driver.stop() },
      this.#keeperPart(),
      this.#gossipPart(),
      this.#watchPart(),
      this.#sidecarServerPart(),
      { name: 'leadership', stop: () => this.#handOver(), stopMs: HANDOVER_MS_MAX + CLOSE_GRACE_MS },
    ];
  }

  #newTransport(): PeerTransport {
    return new PeerTransport({
      clusterId: () => this.driver.clusterId,
      addressOf: (member) => this.peers.get(member)?.address,
      signer: this.#signer,
      logger: this.#logger,
      onUnreachable: (member) => this.driver.reportUnreachable(member),
    });
  }

  #newDriver(onFatal: () => void): Driver {
    const { ELECTION_TIMEOUT_MS, HEARTBEAT_MS, BOOTSTRAP_EXPECT } = this.#config;
    const tickMs = Math.max(TICK_MS_MIN, HEARTBEAT_MS);
    const core: CoreOptions = {
      id: this.#storage.identity.memberId,
      electionTicks: Math.round(ELECTION_TIMEOUT_MS / tickMs),
      heartbeatTicks: 1,
      seed: randomInt(2 ** 31),
      appendBytesMax: APPEND_BYTES_MAX,
      inflightMessagesMax: INFLIGHT_MESSAGES_MAX,
      inflightBytesMax: INFLIGHT_BYTES_MAX,
      uncommittedBytesMax: UNCOMMITTED_BYTES_MAX,
      committedBytesMax: COMMITTED_BYTES_MAX,
      pendingReadsMax: PENDING_READS_MAX,
    };
    return new Driver({
      core,
      tickMs,
      votersExpected: BOOTSTRAP_EXPECT,
      store: this.#storage.log,
      sender: this.#transport,
      clock: systemClock,
      scheduler: systemScheduler,
      onFatal: (error) => {
        this.#logger.fatal({ err: error }, `this node stops: ${error.message}`);
        onFatal();
      },
    });
  }

  #startConsensus(): void {
    const { memberId } = this.#storage.identity;
    const { lastIndex } = this.driver.status();
    this.#logger.info({ memberId, clusterId: this.driver.clusterId, lastIndex }, 'the log is read');
    this.driver.start();
  }

  #peerServerPart(): Part {
    const server = this.#newServer();
    return {
      name: 'peer server',
      start: async () => {
        const { driver, peers } = this;
        server.addService(
          PeerService,
          peerHandlers({
            driver,
            proposals: this.#proposals,
            reads: this.#reads,
            onHeard: (member) => peers.heard(member),
          }),
        );
        const onNews = (): void => this.#bootstrapper.consider();
        server.addService(
          DiscoveryService,
          discoveryHandlers({ self: () => this.#selfNode(), peers, onNews }),
        );
        server.addService(SidecarService, toolHandlers(this.#sidecarOptions()));
        this.#peerPort = await server.listen(this.#config.PEER_ADDR);
        server.setServing(true);
      },
      stop: () => server.close(CLOSE_GRACE_MS),
    };
  }

  #sidecarServerPart(): Part {
    const server = this.#newServer();
    return {
      name: 'sidecar server',
      start: async () => {
        server.addService(SidecarService, sidecarHandlers(this.#sidecarOptions()));
        server.addService(StateMachineService, { attach: (stream) => this.#feed.attach(stream) });
        this.#sidecarPort = await server.listen(this.#config.SIDECAR_GRPC_ADDR);
        server.setServing(true);
      },
      stop: () => server.close(CLOSE_GRACE_MS),
    };
  }

  #newServer(): GrpcServer {
    return new GrpcServer({
      verifier: this.#verifier,
      logger: this.#logger,
      onRefused: (refused) => this.#journal.onRefused(refused),
    });
  }

  #sidecarOptions() {
    return {
      driver: this.driver,
      store: this.#storage.log,
      proposals: this.#proposals,
      reads: this.#reads,
      operations: this.#operations,
      sidecarOf: (member: MemberId) => this.#transport.sidecarOf(member),
      status: () =>
        statusOf({
          nodeId: this.#config.NODE_ID,
          driver: this.driver,
          store: this.#storage.log,
          feed: this.#feed,
          peers: this.peers,
          alarms: this.#alarms,
          clock: systemClock,
          self: () => this.#selfRow(),
          waitingFor: () => this.#bootstrapper.waitingFor || this.driver.formation.waitingFor,
        }),
    };
  }

  #keeperPart(): Part {
    const keeper = new MembershipKeeper({
      driver: this.driver,
      scheduler: systemScheduler,
      candidates: () => this.peers.heardWithin(CANDIDATE_HEARD_WITHIN_MS),
      incarnationOf: (member) => this.peers.get(member)?.incarnation,
      logger: this.#logger,
    });
    return { name: 'membership', start: () => keeper.start(), stop: () => keeper.stop() };
  }

  #gossipPart(): Part {
    const gossip = new Gossip({
      self: () => this.#selfNode(),
      seeds: this.#config.DISCOVERY_SEEDS,
      peers: this.peers,
      signer: this.#signer,
      logger: this.#logger,
      random: Math.random,
      forming: () => !this.driver.formation.complete,
      onNews: () => this.#bootstrapper.consider(),
    });
    return { name: 'gossip', start: () => gossip.start(), stop: () => gossip.stop() };
  }

  #watchPart(): Part {
    let stop = (): void => {};
    return {
      name: 'watch',
      start: () => {
        stop = systemScheduler.every(WATCH_EVERY_MS, () => {
          this.#feed.watch();
          this.#feed.announceLeadership();
        });
      },
      stop: () => stop(),
    };
  }

  #selfNode(): WireNode {
    const { identity, incarnation } = this.#storage;
    return {
      nodeId: identity.nodeId,
      memberId: identity.memberId,
      address: this.advertisedAddress,
      clusterId: this.driver.clusterId,
      lastSeenAgeMs: 0,
      incarnation,
      featureLevel: this.#feed.featureLevel,
      httpAddress: formatHostPort({
        host: this.#config.ADVERTISE_ADDR.host,
        port: this.#config.HTTP_ADDR.port,
      }),
    };
  }

  #selfRow(): ClusterNode {
    const { nodeId, memberId, address, httpAddress } = this.#selfNode();
    return { nodeId, memberId, address, httpAddress, source: 'self', lastSeenMs: systemClock.wallMs() };
  }

  #membersToReach(): Set<MemberId> {
    const members = membersOf(this.driver.status().configuration);
    return members.add(this.driver.leadership.leader);
  }

  #clusterFeatureLevel(): number {
    const { identity } = this.#storage;
    const levels = this.driver.committedConfiguration.voters.map((voter) => {
      const level =
        voter === identity.memberId ? this.#feed.featureLevel : this.peers.get(voter)?.featureLevel;
      return level || FEATURE_LEVEL_MIN;
    });
    return levels.length > 0 ? Math.min(...levels) : FEATURE_LEVEL_MIN;
  }

  async #handOver(): Promise<void> {
    const { driver } = this;
    if (!driver.isLeader || driver.stopped || driver.committedConfiguration.voters.length < 2) return;
    const waitMs = Math.min(HANDOVER_MS_MAX, HANDOVER_ELECTIONS * this.#config.ELECTION_TIMEOUT_MS);
    try {
      const { leader } = await this.#operations.transferLeadership(undefined, deadlineAt(waitMs));
      this.#logger.info({ leader }, 'leadership is handed over');
    } catch (error) {
      this.#logger.warn({ reason: toServiceError(error).message }, 'leadership could not be handed over');
    }
  }

  async #stopEvents(): Promise<void> {
    await this.#events.stop();
    this.#auditChannel.close();
  }

  #closeStorage(): void {
    this.peers.store();
    this.#storage.log.close();
  }
}
