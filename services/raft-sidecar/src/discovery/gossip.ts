/**
 * Discovery by gossip: tells other nodes about this one and learns what they know. It calls the nodes that it knows, and
 * those addresses that seeds and DNS name and where nobody is known yet; each answer may name more.
 */
import {
  DiscoveryService,
  type NodesResponse,
  type Node as WireNode,
} from '@agenda/proto/cluster/v1/discovery';
import { type ServiceError, toServiceError } from '@agenda/service-kit/errors';
import type { GrpcChannel } from '@agenda/service-kit/grpc-client';
import type { Logger } from '@agenda/service-kit/logger';
import { nodesToTell, reportOf } from './node-messages.ts';
import type { PeerSource, PeerStore } from './peer-store.ts';

/** While the cluster forms or has no leader, everybody is called, often. */
const URGENT_EVERY_MS = 200;
const SETTLED_EVERY_MS = 1_000;
/** A node that starts may have another address than before: it tells everybody. */
const URGENT_ROUNDS_AT_START = 3;
/** Of the interval, either way: nodes that started together do not stay in step. */
const JITTER = 0.2;
/** In quiet times so many known nodes are called a round, and so many addresses where nobody is known; in rotation. */
const SETTLED_PEERS = 2;
const SETTLED_STRANGERS = 1;
/** Calls under way; at the bound the rest waits for another round. */
const TARGETS_MAX = 16;
const CALL_DEADLINE_MS = 1_000;

export interface GossipOptions {
  /** What this node says of itself, now. */
  readonly self: () => WireNode;
  /** Where nodes may be, and who says so. */
  readonly targets: () => ReadonlyMap<string, PeerSource>;
  readonly peers: PeerStore;
  readonly channelTo: (address: string) => GrpcChannel;
  readonly logger: Logger;
  /** In [0, 1). */
  readonly random: () => number;
  readonly urgent: () => boolean;
  /** After each answer, and at each round. */
  readonly onNews: () => void;
  readonly onRefused: (error: ServiceError) => void;
}

export class Gossip {
  readonly #options: GossipOptions;
  readonly #channels = new Map<string, GrpcChannel>();
  readonly #underWay = new Set<string>();
  /** Addresses at which this node itself answered. */
  readonly #own = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #rounds = 0;
  #rotation = 0;
  #stopped = false;

  constructor(options: GossipOptions) {
    this.#options = options;
  }

  start(): void {
    this.#round();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    for (const channel of this.#channels.values()) channel.close();
    this.#channels.clear();
  }

  #round(): void {
    if (this.#stopped) return;
    const { peers, urgent, random, onNews, targets, self } = this.#options;
    peers.tidy();
    const known = new Set(peers.list().map(({ address }) => address));
    const strangers = new Set([...targets().keys()].filter((address) => !known.has(address)));
    for (const own of [self().address, ...this.#own]) {
      known.delete(own);
      strangers.delete(own);
    }
    const hurry = urgent() || this.#rounds < URGENT_ROUNDS_AT_START;
    for (const address of this.#choose([...known], [...strangers], hurry)) void this.#call(address);
    this.#closeUnused(known.union(strangers));
    onNews();
    this.#rounds += 1;
    const intervalMs = hurry ? URGENT_EVERY_MS : SETTLED_EVERY_MS;
    this.#timer = setTimeout(() => this.#round(), intervalMs * (1 - JITTER + 2 * JITTER * random()));
  }

  #choose(known: readonly string[], strangers: readonly string[], hurry: boolean): string[] {
    this.#rotation += 1;
    if (!hurry) return [...this.#some(known, SETTLED_PEERS), ...this.#some(strangers, SETTLED_STRANGERS)];
    return this.#some([...known, ...strangers], TARGETS_MAX);
  }

  #some(addresses: readonly string[], count: number): string[] {
    const from = this.#rotation * count;
    return Array.from(
      { length: Math.min(count, addresses.length) },
      (_, at) => addresses[(from + at) % addresses.length] as string,
    );
  }

  async #call(address: string): Promise<void> {
    const { self, peers, logger, onNews, onRefused } = this.#options;
    // One that does not answer is not asked twice at once.
    if (this.#underWay.has(address) || this.#underWay.size >= TARGETS_MAX) return;
    this.#underWay.add(address);
    try {
      const answer = await this.#channelTo(address)
        .client(DiscoveryService)
        .join({ node: self(), known: nodesToTell(peers) }, { deadlineMs: CALL_DEADLINE_MS });
      if (this.#stopped) return;
      this.#learn(address, answer);
      onNews();
    } catch (error) {
      const failure = toServiceError(error);
      logger.debug({ address, reason: failure.message }, 'a node does not answer');
      if (!this.#stopped) onRefused(failure);
    } finally {
      this.#underWay.delete(address);
    }
  }

  #learn(address: string, { nodes }: NodesResponse): void {
    const { self, peers, targets } = this.#options;
    const source = targets().get(address) ?? 'gossip';
    if (nodes[0]?.memberId === self().memberId && nodes[0].incarnation === self().incarnation)
      this.#own.add(address);
    for (const [at, node] of nodes.entries()) {
      const report = reportOf(node);
      // The answering node comes first and speaks for itself.
      if (report) peers.report(report, at === 0 ? source : 'gossip', at === 0);
    }
  }

  #channelTo(address: string): GrpcChannel {
    let channel = this.#channels.get(address);
    if (!channel) {
      channel = this.#options.channelTo(address);
      this.#channels.set(address, channel);
    }
    return channel;
  }

  #closeUnused(used: ReadonlySet<string>): void {
    for (const [address, channel] of this.#channels)
      if (!used.has(address) && !this.#underWay.has(address)) {
        channel.close();
        this.#channels.delete(address);
      }
  }
}
