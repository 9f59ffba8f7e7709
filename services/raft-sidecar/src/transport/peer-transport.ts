/** The outgoing side of the peer port: one link a member, made when there is something to say to it. */
import type { AuditServiceService } from '@agenda/proto/audit/v1/audit';
import { type FetchSnapshotRequest, type Opening, PeerService } from '@agenda/proto/raft/v1/peer';
import type { SidecarService } from '@agenda/proto/raft/v1/sidecar';
import type { HostPort } from '@agenda/service-kit/environment';
import { ServiceError } from '@agenda/service-kit/errors';
import type { GrpcChannel, UnaryClient } from '@agenda/service-kit/grpc-client';
import type { Logger } from '@agenda/service-kit/logger';
import type { MemberId, Message } from '../core/types.ts';
import type { MessageSender } from '../runtime/ports.ts';
import type { LeaderClient, Position } from '../runtime/proposals.ts';
import type { ChunkStream, SnapshotPeers } from '../runtime/snapshot-download.ts';
import type { DigestPeers } from '../runtime/snapshots.ts';
import { parseAddress } from './addresses.ts';
import { PeerLink } from './peer-link.ts';

export interface PeerTransportOptions {
  readonly clusterId: () => string;
  readonly addressOf: (member: MemberId) => string | undefined;
  readonly opening: () => Opening;
  readonly channelTo: (address: HostPort, member: MemberId) => GrpcChannel;
  readonly logger: Logger;
  readonly onUnreachable: (member: MemberId) => void;
}

export class PeerTransport implements MessageSender, LeaderClient, SnapshotPeers, DigestPeers {
  readonly #options: PeerTransportOptions;
  readonly #links = new Map<MemberId, PeerLink>();

  constructor(options: PeerTransportOptions) {
    this.#options = options;
  }

  /** One write a peer. */
  send(messages: readonly Message[]): void {
    if (messages.length === 0) return;
    for (const [to, group] of Map.groupBy(messages, (message) => message.to)) this.#linkTo(to).send(group);
  }

  async forward(leader: MemberId, command: Uint8Array, deadlineMs: number): Promise<Position> {
    return this.#linkTo(leader).calls().peer.forward({ command, to: leader }, { deadlineMs });
  }

  async readIndex(leader: MemberId, deadlineMs: number): Promise<number> {
    return (await this.#linkTo(leader).calls().peer.readIndex({ to: leader }, { deadlineMs })).index;
  }

  /** @throws ServiceError `unavailable`, nothing sent, if no address is known. */
  auditOf(member: MemberId): UnaryClient<typeof AuditServiceService> {
    return this.#linkTo(member).calls().audit;
  }

  /** @throws ServiceError `unavailable`, nothing sent, if no address is known. */
  sidecarOf(member: MemberId): UnaryClient<typeof SidecarService> {
    return this.#linkTo(member).calls().sidecar;
  }

  async reportDigest(leader: MemberId, index: number, digest: Uint8Array, deadlineMs: number): Promise<void> {
    const from = this.#options.opening().memberId;
    await this.#linkTo(leader).calls().peer.reportDigest({ to: leader, index, digest, from }, { deadlineMs });
  }

  /** Over a connection of its own: nothing else must wait behind so much. */
  fetchSnapshot(member: MemberId, request: FetchSnapshotRequest): ChunkStream {
    const address = this.#options.addressOf(member);
    if (address === undefined)
      throw new ServiceError('unavailable', `no address of ${member} is known`, { nothingDone: true });
    const channel = this.#options.channelTo(parseAddress(address), member);
    const stream = channel.serverStream(PeerService, 'fetchSnapshot', request);
    stream.onEnd(() => channel.close());
    return {
      [Symbol.asyncIterator]: () => stream[Symbol.asyncIterator](),
      cancel: () => stream.cancel(),
    };
  }

  /** It has another address than before. */
  moved(member: MemberId): void {
    this.#links.get(member)?.moved();
  }

  /** Closes the links to all but these. */
  retain(members: ReadonlySet<MemberId>): void {
    for (const [member, link] of this.#links)
      if (!members.has(member)) {
        link.close();
        this.#links.delete(member);
      }
  }

  close(): void {
    this.retain(new Set());
  }

  #linkTo(to: MemberId): PeerLink {
    let link = this.#links.get(to);
    if (!link) {
      const { clusterId, addressOf, opening, channelTo, logger, onUnreachable } = this.#options;
      link = new PeerLink({
        to,
        clusterId,
        address: () => addressOf(to),
        opening,
        channelTo: (at) => channelTo(at, to),
        logger,
        onUnreachable: () => onUnreachable(to),
      });
      this.#links.set(to, link);
    }
    return link;
  }
}
