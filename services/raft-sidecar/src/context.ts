/** Wires the sidecar: what is made, who knows whom, and in which order it starts and stops. */
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { AuditServiceService } from '@agenda/proto/audit/v1/audit';
import { DiscoveryService } from '@agenda/proto/cluster/v1/discovery';
import { PeerService } from '@agenda/proto/raft/v1/peer';
import { type ClusterNode, SidecarService } from '@agenda/proto/raft/v1/sidecar';
import { StateMachineService } from '@agenda/proto/raft/v1/state_machine';
import { formatHostPort } from '@agenda/service-kit/environment';
import type { GrpcChannel } from '@agenda/service-kit/grpc-client';
import { GrpcServer, type Tls } from '@agenda/service-kit/grpc-server';
import { uuidv7 } from '@agenda/service-kit/ids';
import type { Part } from '@agenda/service-kit/lifecycle';
import type { Logger } from '@agenda/service-kit/logger';
import { auditOfOthers, auditOfThisPod } from './api/audit-relay.ts';
import { discoveryHandlers } from './api/discovery-service.ts';
import { peerHandlers } from './api/peer-service.ts';
import { sidecarHandlers, toolHandlers } from './api/sidecar-service.ts';
import { standingOf, statusOf } from './api/status.ts';
import { type Config, discoverySettings, snapshotLimits } from './config.ts';
import { membersOf } from './core/membership.ts';
import type { MemberId } from './core/types.ts';
import { Discovery } from './discovery/discovery.ts';
import { Alarms } from './runtime/alarms.ts';
import { ClockSkew } from './runtime/clock-skew.ts';
import { coreOptions, tickMsOf } from './runtime/core-options.ts';
import { DEPARTURE_MS_MAX, Departure } from './runtime/departure.ts';
import { DiskStall } from './runtime/disk-stall.ts';
import { Driver } from './runtime/driver.ts';
import { Journal } from './runtime/journal.ts';
import { MembershipKeeper } from './runtime/membership-keeper.ts';
import { featureLevelOf } from './runtime/membership-policy.ts';
import { NodeEvents } from './runtime/node-events.ts';
import { Operations } from './runtime/operations.ts';
import { systemClock, systemScheduler } from './runtime/ports.ts';
import { Proposals } from './runtime/proposals.ts';
import { Reads } from './runtime/reads.ts';
import { type Parts, Snapshots } from './runtime/snapshots.ts';
import { StateWatch } from './runtime/state-watch.ts';
import { openStorage, type Storage } from './storage/storage.ts';
import { PeerTransport } from './transport/peer-transport.ts';
import { SignedCalls } from './transport/signed-calls.ts';

/** A node that was heard of within this time may be taken into the cluster. */
const CANDIDATE_HEARD_WITHIN_MS = 10_000;
const WATCH_EVERY_MS = 1_000;
const CLOSE_GRACE_MS = 1_000;
/** A member that answered within so many election timeouts is alive. */
const ALIVE_ELECTIONS = 3;

export class SidecarContext {
  readonly driver: Driver;
  readonly discovery: Discovery;
  readonly #config: Config;
  readonly #logger: Logger;
  readonly #storage: Storage;
  readonly #calls: SignedCalls;
  readonly #auditChannel: GrpcChannel;
  readonly #events: NodeEvents;
  readonly #journal: Journal;
  readonly #alarms: Alarms;
  readonly #transport: PeerTransport;
  readonly #snapshots: Snapshots;
  readonly #state: Parts;
  readonly #proposals: Proposals;
  readonly #reads: Reads;
  readonly #operations: Operations;
  readonly #keeper: MembershipKeeper;
  readonly #departure: Departure;
  readonly #diskStall: DiskStall;
  readonly #clockSkew: ClockSkew;
  #admitted = false;
  #peerPort = 0;
  #sidecarPort = 0;

  /**
   * @param onFatal the process must end. Undefined: the next start goes on by itself, so there is nothing to tell.
   * @throws Error if the data directory cannot be used.
   */
  constructor(config: Config, logger: Logger, onFatal: (error?: Error) => void) {
    this.#config = config;
    this.#logger = logger;
    this.#storage = openStorage({
      directory: join(config.DATA_DIR, 'raft'),
      nodeId: config.NODE_ID,
      mintInstanceId: uuidv7,
      nowMs: systemClock.wallMs(),
    });
    this.#calls = new SignedCalls(config, logger);
    this.#auditChannel = this.#calls.toAudit();
    const audit = this.#auditChannel.carried(AuditServiceService);
    this.#events = new NodeEvents({ nodeId: config.NODE_ID, audit, clock: systemClock, logger });
    this.#journal = new Journal(this.#events, logger);
    this.#alarms = new Alarms(systemClock.wallMs, (alarm, raised) => this.#journal.onAlarm(alarm, raised));
    this.#diskStall = new DiskStall(this.#alarms, systemClock, config.ELECTION_TIMEOUT_MS);
    this.#clockSkew = new ClockSkew(this.#alarms, systemClock);
    this.discovery = this.#newDiscovery(onFatal);
    this.#transport = this.#newTransport();
    this.#snapshots = this.#newSnapshots();
    this.driver = this.#newDriver(onFatal);
    this.#proposals = new Proposals(this.driver, this.#transport);
    this.#reads = new Reads(this.driver, this.#transport);
    this.#operations = new Operations(this.driver, new StateWatch(this.driver));
    this.#state = this.#snapshots.connect(this.#operations);
    this.#keeper = this.#newKeeper();
    this.#departure = new Departure({
      driver: this.driver,
      operations: this.#operations,
      electionTimeoutMs: config.ELECTION_TIMEOUT_MS,
      sidecarOf: (member) => this.#transport.sidecarOf(member),
      logger,
    });
    this.discovery.peers.onMove((member) => this.#transport.moved(member));
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
      { name: 'snapshots', stop: () => this.#snapshots.close() },
      this.#peerServerPart(),
      { name: 'consensus', start: () => this.#startConsensus(), stop: () => this.driver.stop() },
      { name: 'membership', start: () => this.#keeper.start(), stop: () => this.#keeper.stop() },
      { name: 'discovery', start: () => this.#startDiscovery(), stop: () => this.discovery.stop() },
      this.#watchPart(),
      this.#sidecarServerPart(),
      {
        name: 'departure',
        stop: () => this.#departure.leave(),
        stopMs: DEPARTURE_MS_MAX + CLOSE_GRACE_MS,
      },
    ];
  }

  #newTransport(): PeerTransport {
    return new PeerTransport({
      clusterId: () => this.driver.clusterId,
      addressOf: (member) => this.discovery.peers.get(member)?.address,
      opening: () => {
        const { memberId, address, incarnation, start } = this.discovery.selfNode();
        return { memberId, address, incarnation, start };
      },
      channelTo: (address, member) => this.#calls.toMember(address, member),
      logger: this.#logger,
      onUnreachable: (member) => this.driver.reportUnreachable(member),
    });
  }

  #newDiscovery(onFatal: (error?: Error) => void): Discovery {
    return new Discovery({
      settings: discoverySettings(this.#config),
      storage: this.#storage,
      alarms: this.#alarms,
      clock: systemClock,
      logger: this.#logger,
      channelTo: (address) => this.#calls.toNode(address),
      onAdmitted: () => this.#takePart(),
      onFenced: (error) => {
        this.driver.fail(error);
        onFatal();
      },
    });
  }

  #newSnapshots(): Snapshots {
    return new Snapshots({
      driver: () => this.driver,
      log: this.#storage.log,
      store: this.#storage.snapshots,
      peers: this.#transport,
      alarms: this.#alarms,
      clock: systemClock,
      limits: snapshotLimits(this.#config),
      checkpointEveryMs: this.#config.CHECKPOINT_EVERY,
      clusterFeatureLevel: () => featureLevelOf(this.driver.committedConfiguration),
      logger: this.#logger,
    });
  }

  #newDriver(onFatal: (error?: Error) => void): Driver {
    const tickMs = tickMsOf(this.#config);
    return new Driver({
      core: coreOptions(this.#config, this.#storage.identity.memberId, randomInt(2 ** 31)),
      tickMs,
      votersExpected: this.#config.BOOTSTRAP_EXPECT,
      store: this.#storage.log,
      sender: this.#transport,
      snapshots: this.#snapshots.fetcher,
      clock: systemClock,
      scheduler: systemScheduler,
      disk: this.#diskStall,
      onFatal: (error) => {
        this.#journal.onFatal(error);
        onFatal(error);
      },
    });
  }

  #startConsensus(): void {
    const { memberId } = this.#storage.identity;
    const { lastIndex } = this.driver.status();
    this.#logger.info({ memberId, clusterId: this.driver.clusterId, lastIndex }, 'the log is read');
    if (this.#storage.recovery !== '') this.#journal.onRecovery(JSON.parse(this.#storage.recovery));
    if (this.#storage.setAside !== '')
      this.#logger.warn({ path: this.#storage.setAside }, 'the disk of the former member is set aside');
    if (!this.discovery.probation.active) this.#takePart();
  }

  #takePart(): void {
    if (this.#admitted) return;
    this.#admitted = true;
    this.driver.start();
  }

  #startDiscovery(): void {
    const { host } = this.#config.ADVERTISE_ADDR;
    this.discovery.start({
      driver: this.driver,
      address: () => this.advertisedAddress,
      httpAddress: () => formatHostPort({ host, port: this.#config.HTTP_ADDR.port }),
      featureLevel: () => this.#state.feed.featureLevel,
      clusterFeatureLevel: () => featureLevelOf(this.driver.committedConfiguration),
      standing: () => standingOf(this.driver.status(), this.#state.feed.appliedIndex),
    });
  }

  #peerServerPart(): Part {
    const server = this.#newServer(this.#calls.tls);
    return {
      name: 'peer server',
      start: async () => {
        const { driver, discovery } = this;
        const { admissions, peers, door } = discovery;
        server.addService(
          PeerService,
          peerHandlers({
            driver,
            proposals: this.#proposals,
            reads: this.#reads,
            door,
            snapshots: this.#state.server,
            checkpoints: this.#state.checkpoints,
          }),
        );
        const self = () => discovery.selfNode();
        const onNews = () => discovery.onNews();
        server.addService(DiscoveryService, discoveryHandlers({ self, peers, admissions, onNews }));
        server.addService(SidecarService, toolHandlers(this.#sidecarOptions()));
        const audit = this.#auditChannel.client(AuditServiceService);
        server.addService(AuditServiceService, auditOfThisPod(audit));
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
        const others = (): MemberId[] => this.#snapshots.otherMembers();
        const auditOf = (member: MemberId) => this.#transport.auditOf(member);
        server.addService(AuditServiceService, auditOfOthers(others, auditOf));
        server.addService(StateMachineService, { attach: (stream) => this.#state.feed.attach(stream) });
        this.#sidecarPort = await server.listen(this.#config.SIDECAR_GRPC_ADDR);
        server.setServing(true);
      },
      stop: () => server.close(CLOSE_GRACE_MS),
    };
  }

  #newServer(tls?: Tls): GrpcServer {
    return new GrpcServer({
      verifier: this.#calls.verifier,
      logger: this.#logger,
      onRefused: (refused) => {
        this.#journal.onRefused(refused);
        this.#clockSkew.onRefused(refused);
      },
      ...(tls ? { tls } : {}),
    });
  }

  #sidecarOptions() {
    return {
      driver: this.driver,
      store: this.#storage.log,
      proposals: this.#proposals,
      reads: this.#reads,
      operations: this.#operations,
      taker: this.#state.taker,
      sidecarOf: (member: MemberId) => this.#transport.sidecarOf(member),
      status: () =>
        statusOf({
          nodeId: this.#config.NODE_ID,
          driver: this.driver,
          store: this.#storage.log,
          feed: this.#state.feed,
          peers: this.discovery.peers,
          alarms: this.#alarms,
          clock: systemClock,
          self: () => this.#selfRow(),
          waitingFor: () => this.#waitingFor(),
        }),
    };
  }

  #waitingFor(): string {
    return this.discovery.waitingFor || this.#keeper.waitingFor || this.driver.formation.waitingFor;
  }

  #newKeeper(): MembershipKeeper {
    const { ELECTION_TIMEOUT_MS, REPLACE_AFTER, DEAD_AFTER } = this.#config;
    const { identity, start } = this.#storage;
    const { peers } = this.discovery;
    return new MembershipKeeper({
      driver: this.driver,
      clock: systemClock,
      scheduler: systemScheduler,
      timing: {
        aliveWithinMs: ALIVE_ELECTIONS * ELECTION_TIMEOUT_MS,
        replaceAfterMs: REPLACE_AFTER,
        deadAfterMs: DEAD_AFTER,
      },
      candidates: () => peers.spokenWithin(CANDIDATE_HEARD_WITHIN_MS),
      ownFeatureLevel: () => this.#state.feed.featureLevel,
      incarnationOf: (member) =>
        member === identity.memberId ? start.incarnation : (peers.get(member)?.incarnation ?? 0),
      logger: this.#logger,
    });
  }

  #watchPart(): Part {
    let stop = (): void => {};
    return {
      name: 'watch',
      start: () => {
        stop = systemScheduler.every(WATCH_EVERY_MS, () => {
          this.#state.feed.watch();
          this.#state.feed.announceLeadership();
          this.#state.taker.watch();
          this.#state.checkpoints.watch();
          this.#diskStall.watch();
          this.#clockSkew.watch();
        });
      },
      stop: () => stop(),
    };
  }

  #selfRow(): ClusterNode {
    const { nodeId, memberId, address, httpAddress, featureLevel, standing } = this.discovery.selfNode();
    const lastSeenMs = systemClock.wallMs();
    return { nodeId, memberId, address, httpAddress, featureLevel, standing, source: 'self', lastSeenMs };
  }

  #membersToReach(): Set<MemberId> {
    const members = membersOf(this.driver.status().configuration);
    return members.add(this.driver.leadership.leader);
  }

  async #stopEvents(): Promise<void> {
    await this.#events.stop();
    this.#auditChannel.close();
  }

  #closeStorage(): void {
    this.discovery.peers.store();
    this.#storage.log.close();
  }
}
