/** Keeps deciding, for as long as this node belongs to no cluster, or to one that never formed. */
import type { Logger } from '@agenda/service-kit/logger';
import { membersOf } from '../core/membership.ts';
import type { MemberId } from '../core/types.ts';
import type { Driver } from '../runtime/driver.ts';
import { nodeIdOf } from '../transport/conversions.ts';
import { decideBootstrap, founderSeen, type SeenNode } from './bootstrap.ts';
import type { Peer, PeerStore } from './peer-store.ts';

/** A node that spoke within this time is there. */
const SPOKEN_WITHIN_MS = 3_000;

export interface BootstrapperOptions {
  readonly nodeId: string;
  readonly votersExpected: number;
  readonly driver: Driver;
  readonly peers: PeerStore;
  /** Of this pod's state machine. */
  readonly featureLevel: () => number;
  readonly mintClusterId: () => string;
  /** This member may never speak again, and its node begins anew as another one. */
  readonly abandon: (reason: string) => void;
  readonly logger: Logger;
}

export class Bootstrapper {
  readonly #options: BootstrapperOptions;
  #waitingFor = '';

  constructor(options: BootstrapperOptions) {
    this.#options = options;
  }

  /** Empty: nothing, or this node belongs to a cluster. */
  get founder(): string {
    const { driver, nodeId } = this.#options;
    return driver.clusterId === '' ? founderSeen(nodeId, this.#seen()) : '';
  }

  /** Why this node is no member of a cluster; empty: it is one. */
  get waitingFor(): string {
    const { driver } = this.#options;
    const elsewhere = this.#otherCluster();
    if (elsewhere !== '') return elsewhere;
    if (membersOf(driver.status().configuration).has(driver.memberId)) return '';
    const leader = `the leader of cluster ${driver.clusterId} to take this node in`;
    return this.#obstacle() || (driver.clusterId === '' ? this.#waitingFor : leader);
  }

  /** Called whenever there may be news of other nodes. */
  consider(): void {
    const { driver, nodeId, votersExpected, mintClusterId, logger } = this.#options;
    if (driver.clusterId !== '') return this.#considerAbandoning();
    const heardOf = this.#options.peers
      .heardWithin(SPOKEN_WITHIN_MS)
      .flatMap((peer) => (peer.clusterId === '' ? peer.nodeId : []));
    const decision = decideBootstrap({ nodeId, expected: votersExpected, seen: this.#seen(), heardOf });
    if (decision.kind === 'start') {
      const clusterId = mintClusterId();
      logger.info({ clusterId, votersExpected }, 'starting a new cluster');
      driver.found(clusterId);
    } else if (decision.waitingFor !== this.#waitingFor) {
      this.#waitingFor = decision.waitingFor;
      logger.info({ waitingFor: decision.waitingFor }, 'waiting');
    }
  }

  /**
   * A cluster that never had its voters has acknowledged nothing. It gives way to one that had them; and to a new one if
   * the disks of all its other voters are lost, for then it can never go on.
   */
  #considerAbandoning(): void {
    const { driver, peers, votersExpected, abandon } = this.#options;
    const { voters } = driver.status().configuration;
    if (driver.formation.complete || voters.length >= votersExpected) return;
    const spoken = peers.spokenWithin(SPOKEN_WITHIN_MS);
    const formed = spoken.find((peer) => peer.cluster.formed && peer.clusterId !== driver.clusterId);
    const never = `cluster ${driver.clusterId} never formed`;
    if (formed) abandon(`${never}, and ${formed.nodeId} belongs to ${formed.clusterId}`);
    const isLost = (voter: MemberId): boolean =>
      spoken.some(
        (peer) => peer.nodeId === nodeIdOf(voter) && peer.memberId !== voter && peer.clusterId === '',
      );
    const others = voters.filter((voter) => voter !== driver.memberId);
    if (driver.leadership.leader === '' && others.length > 0 && others.every(isLost))
      abandon(`${never}, and the disks of its other voters are lost: ${others.join(', ')}`);
  }

  /** The others may have been recovered without this one, or it was never one of theirs. */
  #otherCluster(): string {
    const { driver, peers } = this.#options;
    if (driver.clusterId === '' || driver.leadership.leader !== '') return '';
    const other = peers
      .spokenWithin(SPOKEN_WITHIN_MS)
      .find((peer) => peer.clusterId !== '' && peer.clusterId !== driver.clusterId);
    if (!other) return '';
    return `an operator: ${other.nodeId} belongs to cluster ${other.clusterId}, and this node to ${driver.clusterId}; to join that one, empty this node's data directory`;
  }

  /** What keeps a leader from taking this node in. */
  #obstacle(): string {
    const { driver, nodeId, peers, featureLevel } = this.#options;
    const members = peers.spokenWithin(SPOKEN_WITHIN_MS).filter((peer) => peer.clusterId !== '');
    const reached = Math.max(0, ...members.map((peer) => peer.cluster.featureLevel));
    if (reached > 1 && featureLevel() > 0 && featureLevel() < reached)
      return `an upgrade of this node: it knows commands up to feature level ${featureLevel()}, and its cluster has reached ${reached}`;
    const twin = peers
      .heardWithin(SPOKEN_WITHIN_MS)
      .find((peer) => peer.nodeId === nodeId && peer.memberId !== driver.memberId && peer.clusterId !== '');
    return twin ? `${twin.memberId}, the other instance of this node, to be silent: it is alive` : '';
  }

  #seen(): SeenNode[] {
    return this.#options.peers.spokenWithin(SPOKEN_WITHIN_MS).map(seenNode);
  }
}

function seenNode({ nodeId, memberId, clusterId, cluster }: Peer): SeenNode {
  const { expectedVoters, formed, founder } = cluster;
  return { nodeId, memberId, clusterId, expectedVoters, formed, founder };
}
