/** All of discovery: who is there, where, and whether it is who it says it is. It never says who votes. */
import type { Standing, Node as WireNode } from '@agenda/proto/cluster/v1/discovery';
import { formatHostPort, type HostPort } from '@agenda/service-kit/environment';
import type { GrpcChannel } from '@agenda/service-kit/grpc-client';
import { uuidv7 } from '@agenda/service-kit/ids';
import type { Logger } from '@agenda/service-kit/logger';
import type { PeerDoor } from '../api/peer-service.ts';
import type { Alarms } from '../runtime/alarms.ts';
import type { Driver } from '../runtime/driver.ts';
import type { Clock } from '../runtime/ports.ts';
import type { Storage } from '../storage/storage.ts';
import { parseAddress } from '../transport/addresses.ts';
import { Admissions } from './admissions.ts';
import { Bootstrapper } from './bootstrapper.ts';
import { DnsLookup } from './dns-lookup.ts';
import { Gossip } from './gossip.ts';
import { MemberStarts } from './member-starts.ts';
import { startToWire } from './node-messages.ts';
import { type PeerSource, PeerStore } from './peer-store.ts';
import { Probation } from './probation.ts';

export interface DiscoverySettings {
  readonly seeds: readonly HostPort[];
  /** Asked for addresses of peers, all on this port. */
  readonly dns: readonly { readonly source: PeerSource; readonly name: string; readonly port: number }[];
  /** Empty: those of the system. */
  readonly dnsServers: readonly string[];
  readonly votersExpected: number;
}

export interface DiscoveryOptions {
  readonly settings: DiscoverySettings;
  readonly storage: Storage;
  readonly alarms: Alarms;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly channelTo: (address: HostPort) => GrpcChannel;
  /** This process may take part in consensus from now on. */
  readonly onAdmitted: () => void;
  /** This process must end. */
  readonly onFenced: (error: Error) => void;
}

/** What the rest of this process knows of it, for others to know. */
export interface SelfFacts {
  readonly driver: Driver;
  readonly address: () => string;
  readonly httpAddress: () => string;
  /** Of the pod's state machine; 0 until it has attached. */
  readonly featureLevel: () => number;
  readonly clusterFeatureLevel: () => number;
  readonly standing: () => Standing;
}

export class Discovery {
  readonly peers: PeerStore;
  readonly starts: MemberStarts;
  readonly probation: Probation;
  readonly admissions: Admissions;
  readonly #options: DiscoveryOptions;
  readonly #lookups: { readonly source: PeerSource; readonly lookup: DnsLookup }[];
  #facts: SelfFacts | undefined;
  #bootstrapper: Bootstrapper | undefined;
  #gossip: Gossip | undefined;

  constructor(options: DiscoveryOptions) {
    const { storage, settings, clock, alarms, logger } = options;
    const { identity, start } = storage;
    this.#options = options;
    this.starts = new MemberStarts(identity.memberId, storage.starts, clock);
    this.peers = new PeerStore(identity.memberId, storage.peers, this.starts, clock);
    this.probation = new Probation(start, clock, () => options.onAdmitted());
    this.admissions = new Admissions({
      self: identity.memberId,
      start,
      starts: this.starts,
      peers: this.peers,
      probation: this.probation,
      alarms,
      clock,
      logger,
      fence: (reason) => this.#fence(reason),
    });
    this.#lookups = settings.dns.map(({ source, name, port }) => ({
      source,
      lookup: new DnsLookup({ name, port, servers: settings.dnsServers, logger }),
    }));
  }

  /** Why this node takes no part; empty: it does. */
  get waitingFor(): string {
    return this.probation.waitingFor || (this.#bootstrapper?.waitingFor ?? '');
  }

  /** What the peer port asks. */
  get door(): PeerDoor {
    const { admissions, probation, starts } = this;
    return {
      open: (opening) => admissions.open(opening),
      heard: (member, incarnation) => admissions.heard(member, incarnation),
      promised: (...promise) => starts.promised(...promise),
      get closed() {
        return probation.waitingFor;
      },
    };
  }

  start(facts: SelfFacts): void {
    const { settings, storage, logger, channelTo } = this.#options;
    const { driver } = facts;
    this.#facts = facts;
    this.#bootstrapper = new Bootstrapper({
      nodeId: storage.identity.nodeId,
      votersExpected: settings.votersExpected,
      driver,
      peers: this.peers,
      featureLevel: facts.featureLevel,
      mintClusterId: uuidv7,
      abandon: (reason) => this.admissions.fence(reason),
      logger,
    });
    this.#gossip = new Gossip({
      self: () => this.selfNode(),
      targets: () => this.#targets(),
      peers: this.peers,
      channelTo: (address) => channelTo(parseAddress(address)),
      logger,
      random: Math.random,
      urgent: () => !driver.formation.complete || driver.leadership.leader === '',
      onNews: () => this.onNews(),
      onRefused: (error) => this.admissions.onRefused(error),
    });
    for (const { lookup } of this.#lookups) lookup.start();
    this.#gossip.start();
  }

  stop(): void {
    for (const { lookup } of this.#lookups) lookup.stop();
    this.#gossip?.stop();
  }

  /** A node spoke, or time has passed. */
  onNews(): void {
    this.probation.consider();
    this.admissions.watch();
    this.#bootstrapper?.consider();
  }

  /** What this node says of itself. */
  selfNode(): WireNode {
    const { storage, settings } = this.#options;
    const { identity, start } = storage;
    const facts = this.#facts as SelfFacts;
    return {
      nodeId: identity.nodeId,
      memberId: identity.memberId,
      address: facts.address(),
      clusterId: facts.driver.clusterId,
      lastSeenAgeMs: 0,
      ...startToWire(start),
      featureLevel: facts.featureLevel(),
      httpAddress: facts.httpAddress(),
      clusterFeatureLevel: facts.clusterFeatureLevel(),
      expectedVoters: settings.votersExpected,
      formed: facts.driver.formation.complete,
      founder: this.#bootstrapper?.founder ?? '',
      standing: facts.standing(),
    };
  }

  /** Seeds last: an address that both name was named by an operator. */
  #targets(): ReadonlyMap<string, PeerSource> {
    const named = this.#lookups.flatMap(({ source, lookup }) =>
      lookup.addresses.map((address): [string, PeerSource] => [address, source]),
    );
    const seeds = this.#options.settings.seeds.map((seed): [string, PeerSource] => [
      formatHostPort(seed),
      'seed',
    ]);
    return new Map([...named, ...seeds]);
  }

  #fence(reason: string): void {
    const { storage, onFenced } = this.#options;
    storage.fence(reason);
    onFenced(
      new Error(
        `${storage.identity.memberId} may not speak any more (${reason}); its node begins anew as another member`,
      ),
    );
  }
}
