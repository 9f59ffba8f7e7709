/**
 * Where nodes can be reached, and what they last said of themselves. It never says who votes: that is in the log. A
 * node that is gone for long leaves, so that nobody wastes time on it; it still counts in every majority.
 */
import type { Standing } from '@agenda/proto/cluster/v1/discovery';
import type { MemberId } from '../core/types.ts';
import type { Clock } from '../runtime/ports.ts';
import type { MemberStarts, Start, StartVerdict } from './member-starts.ts';
import type { PeerTable, StoredPeer } from './peer-table.ts';

/** Not heard of for so long, by anybody: forgotten. */
export const FORGET_AFTER_MS = 120_000;
/** At the bound the one that was not heard of for longest is forgotten. */
export const PEERS_MAX = 64;
/** How often what changed is written down: each time costs an fsync. */
const STORE_EVERY_MS = 10_000;

export type PeerSource = 'seed' | 'gossip' | 'dns' | 'docker-dns';

/** What a node says of itself, as it came in. */
export interface PeerReport {
  readonly nodeId: string;
  readonly memberId: MemberId;
  /** host:port of the peer port. */
  readonly address: string;
  /** Empty: belongs to no cluster yet. */
  readonly clusterId: string;
  /** How long ago the node itself spoke. */
  readonly ageMs: number;
  readonly start: Start;
  /** 0: its state machine has not attached yet. */
  readonly featureLevel: number;
  readonly httpAddress: string;
  readonly cluster: PeerCluster;
  /** Undefined: it does not speak for itself here. */
  readonly standing: Standing | undefined;
}

/** What a node says of its cluster, or of the one that is still to be founded. */
export interface PeerCluster {
  readonly featureLevel: number;
  readonly expectedVoters: number;
  readonly formed: boolean;
  readonly founder: string;
}

export interface Peer {
  readonly nodeId: string;
  readonly memberId: MemberId;
  address: string;
  source: PeerSource;
  clusterId: string;
  incarnation: number;
  /** Undefined: known from before this process began, and not heard of since. */
  start: Start | undefined;
  featureLevel: number;
  httpAddress: string;
  cluster: PeerCluster;
  /** As the node itself last told this process. */
  standing: Standing | undefined;
  /** By the clock that never goes back. */
  heardAtMs: number;
  /** When this process last had an answer or a call from the node itself; undefined: only told of. */
  spokenAtMs: number | undefined;
}

const NO_CLUSTER: PeerCluster = { featureLevel: 0, expectedVoters: 0, formed: false, founder: '' };

export class PeerStore {
  readonly #self: MemberId;
  readonly #table: PeerTable;
  readonly #starts: MemberStarts;
  readonly #clock: Clock;
  readonly #peers = new Map<MemberId, Peer>();
  readonly #moveListeners: ((member: MemberId) => void)[] = [];
  #changed = false;
  #storedAtMs: number;

  constructor(self: MemberId, table: PeerTable, starts: MemberStarts, clock: Clock) {
    this.#self = self;
    this.#table = table;
    this.#starts = starts;
    this.#clock = clock;
    this.#storedAtMs = clock.monotonicMs();
    // Their time starts anew: the whole cluster may have been down for days.
    for (const stored of table.load())
      this.#peers.set(stored.memberId, fromStored(stored, clock.monotonicMs()));
    this.#peers.delete(self);
  }

  /** Called with a member that has another address than before. */
  onMove(listener: (member: MemberId) => void): void {
    this.#moveListeners.push(listener);
  }

  /** The clock by which peers were heard. */
  nowMs(): number {
    return this.#clock.monotonicMs();
  }

  /** All but this node. */
  list(): readonly Peer[] {
    return [...this.#peers.values()];
  }

  get(memberId: MemberId): Peer | undefined {
    return this.#peers.get(memberId);
  }

  /** Those that were heard, by anybody, within that time. */
  heardWithin(windowMs: number): readonly Peer[] {
    const since = this.#clock.monotonicMs() - windowMs;
    return this.list().filter(({ heardAtMs }) => heardAtMs >= since);
  }

  /** Those that spoke to this process itself within that time. */
  spokenWithin(windowMs: number): readonly Peer[] {
    const since = this.#clock.monotonicMs() - windowMs;
    return this.list().filter(({ spokenAtMs }) => spokenAtMs !== undefined && spokenAtMs >= since);
  }

  /**
   * @param directly the node itself is at the other end of the call.
   * @returns whether that process may speak for its member; if not, nothing of what it said is kept.
   */
  report(report: PeerReport, source: PeerSource, directly: boolean): StartVerdict {
    if (report.memberId === this.#self || report.ageMs > FORGET_AFTER_MS) return 'admitted';
    const verdict = this.#starts.admit(report.memberId, report.start, report.ageMs);
    if (verdict === 'admitted') this.#keep(report, source, directly);
    return verdict;
  }

  #keep(report: PeerReport, source: PeerSource, directly: boolean): void {
    const now = this.#clock.monotonicMs();
    const heardAtMs = now - report.ageMs;
    const { incarnation } = report.start;
    const known = this.#peers.get(report.memberId);
    if (!known) this.#makeRoom();
    const younger = !known || incarnation > known.incarnation;
    const fresher = younger || heardAtMs >= known.heardAtMs;
    const peer: Peer = known ?? {
      ...report,
      incarnation,
      source,
      heardAtMs,
      spokenAtMs: undefined,
      standing: undefined,
    };
    const moved = peer.address !== report.address && (younger || directly);
    if (moved || (directly && source !== 'gossip')) Object.assign(peer, { address: report.address, source });
    if (fresher) {
      const { featureLevel, httpAddress, cluster } = report;
      // A node never leaves a cluster again; what was said before it joined may arrive late.
      const clusterId = report.clusterId || peer.clusterId;
      Object.assign(peer, { clusterId, featureLevel, httpAddress, cluster, heardAtMs });
    }
    peer.incarnation = incarnation;
    peer.start = report.start;
    if (directly) Object.assign(peer, { spokenAtMs: now, standing: report.standing });
    this.#peers.set(peer.memberId, peer);
    this.#changed = true;
    if (moved) for (const listener of this.#moveListeners) listener(peer.memberId);
  }

  /** A stream of that process was opened: its member is there now. */
  moved(memberId: MemberId, incarnation: number, address: string): void {
    const peer = this.#peers.get(memberId);
    if (!peer || (peer.address === address && peer.incarnation === incarnation)) return;
    // What the process before it announced is not this one's.
    if (incarnation > peer.incarnation) Object.assign(peer, { incarnation, featureLevel: 0 });
    peer.address = address;
    this.#changed = true;
    for (const listener of this.#moveListeners) listener(memberId);
  }

  /** A peer whose messages arrive is alive, whatever gossip says. @returns false if another process took its place. */
  heard(memberId: MemberId, incarnation: number): boolean {
    const peer = this.#peers.get(memberId);
    const current = this.#starts.heard(memberId, incarnation);
    if (current && peer) peer.heardAtMs = this.#clock.monotonicMs();
    return current;
  }

  /** Called now and then: forgets who is gone and writes down what changed. */
  tidy(): void {
    const now = this.#clock.monotonicMs();
    for (const [memberId, peer] of this.#peers)
      if (now - peer.heardAtMs > FORGET_AFTER_MS) {
        this.#peers.delete(memberId);
        this.#changed = true;
      }
    if (this.#changed && now - this.#storedAtMs >= STORE_EVERY_MS) this.store();
  }

  store(): void {
    const now = this.#clock.monotonicMs();
    const wallMs = this.#clock.wallMs();
    this.#table.replaceAll(
      this.list().map((peer) => ({ ...peer, lastSeenMs: Math.round(wallMs - (now - peer.heardAtMs)) })),
    );
    this.#starts.store();
    this.#changed = false;
    this.#storedAtMs = now;
  }

  #makeRoom(): void {
    if (this.#peers.size < PEERS_MAX) return;
    const oldest = this.list().reduce((a, b) => (a.heardAtMs <= b.heardAtMs ? a : b));
    this.#peers.delete(oldest.memberId);
  }
}

function fromStored(stored: StoredPeer, nowMs: number): Peer {
  const { nodeId, memberId, address, source, incarnation, featureLevel, httpAddress } = stored;
  return {
    nodeId,
    memberId,
    address,
    source,
    clusterId: '',
    incarnation,
    start: undefined,
    featureLevel,
    httpAddress,
    cluster: NO_CLUSTER,
    standing: undefined,
    heardAtMs: nowMs,
    spokenAtMs: undefined,
  };
}
