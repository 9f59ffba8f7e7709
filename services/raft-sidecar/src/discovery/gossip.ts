/**
 * Discovery by gossip: tells other nodes about this one and learns what they know. It calls the seeds and the nodes that
 * it knows already; each answer may name more. DNS loops feed the same targets.
 */
import {
  DiscoveryService,
  type NodesResponse,
  type Node as WireNode,
} from '@agenda/proto/cluster/v1/discovery';
import { formatHostPort, type HostPort } from '@agenda/service-kit/environment';
import { toServiceError } from '@agenda/service-kit/errors';
import { GrpcChannel } from '@agenda/service-kit/grpc-client';
import type { Logger } from '@agenda/service-kit/logger';
import type { Signer } from '@agenda/service-kit/signature';
import { parseAddress } from '../transport/addresses.ts';
import { nodesToTell, reportOf } from './node-messages.ts';
import type { PeerStore } from './peer-store.ts';

/** While the cluster is forming, everybody is called, often. */
const FORMING_EVERY_MS = 200;
const SETTLED_EVERY_MS = 1_000;
/** Of the interval, either way: nodes that started together do not stay in step. */
const JITTER = 0.2;
/** Once the cluster stands, so many nodes are called a round, in rotation. */
const SETTLED_TARGETS = 2;
/** Bound of one round; at the bound the rest waits for the next one. */
const TARGETS_MAX = 16;
const CALL_DEADLINE_MS = 1_000;

export interface GossipOptions {
  /** What this node says of itself, now. */
  readonly self: () => WireNode;
  readonly seeds: readonly HostPort[];
  readonly peers: PeerStore;
  readonly signer: Signer;
  readonly logger: Logger;
  /** In [0, 1). */
  readonly random: () => number;
  readonly forming: () => boolean;
  /** After each answer. */
  readonly onNews: () => void;
}

export class Gossip {
  readonly #options: GossipOptions;
  readonly #seeds: readonly string[];
  readonly #channels = new Map<string, GrpcChannel>();
  readonly #underWay = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #rotation = 0;
  #stopped = false;

  constructor(options: GossipOptions) {
    this.#options = options;
    this.#seeds = options.seeds.map(formatHostPort);
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
    const { peers, forming, random, onNews } = this.#options;
    peers.tidy();
    const known = this.#known();
    for (const address of this.#choose(known)) void this.#call(address);
    this.#closeUnused(known);
    onNews();
    const intervalMs = forming() ? FORMING_EVERY_MS : SETTLED_EVERY_MS;
    const delayMs = intervalMs * (1 - JITTER + 2 * JITTER * random());
    this.#timer = setTimeout(() => this.#round(), delayMs);
  }

  #known(): string[] {
    const { peers, self } = this.#options;
    const addresses = new Set([...this.#seeds, ...peers.list().map(({ address }) => address)]);
    addresses.delete(self().address);
    return [...addresses];
  }

  #choose(known: readonly string[]): string[] {
    const count = Math.min(known.length, this.#options.forming() ? TARGETS_MAX : SETTLED_TARGETS);
    const chosen: string[] = [];
    for (let at = 0; at < count; at++) chosen.push(known[(this.#rotation + at) % known.length] as string);
    this.#rotation += count;
    return chosen;
  }

  async #call(address: string): Promise<void> {
    const { self, peers, logger, onNews } = this.#options;
    // One that does not answer is not asked twice at once.
    if (this.#underWay.has(address)) return;
    this.#underWay.add(address);
    try {
      const channel = this.#channelTo(address);
      const answer = await channel
        .client(DiscoveryService)
        .join({ node: self(), known: nodesToTell(peers) }, { deadlineMs: CALL_DEADLINE_MS });
      if (this.#stopped) return;
      this.#learn(address, answer);
      onNews();
    } catch (error) {
      logger.debug({ address, reason: toServiceError(error).message }, 'a node does not answer');
    } finally {
      this.#underWay.delete(address);
    }
  }

  #learn(address: string, { nodes }: NodesResponse): void {
    const source = this.#seeds.includes(address) ? 'seed' : 'gossip';
    for (const [at, node] of nodes.entries()) {
      const report = reportOf(node);
      // The answering node comes first and speaks for itself.
      if (report) this.#options.peers.report(report, at === 0 ? source : 'gossip', at === 0);
    }
  }

  #channelTo(address: string): GrpcChannel {
    let channel = this.#channels.get(address);
    if (!channel) {
      const { signer, logger } = this.#options;
      channel = new GrpcChannel({ address: parseAddress(address), signer, logger });
      this.#channels.set(address, channel);
    }
    return channel;
  }

  #closeUnused(known: readonly string[]): void {
    for (const [address, channel] of this.#channels)
      if (!known.includes(address) && !this.#underWay.has(address)) {
        channel.close();
        this.#channels.delete(address);
      }
  }
}
