/** raft.v1.Peer: what other sidecars say to this one. */
import type { MessageBatch, Opening, PeerService } from '@agenda/proto/raft/v1/peer';
import { ServiceError, toServiceError } from '@agenda/service-kit/errors';
import type { Handlers } from '@agenda/service-kit/grpc-server';
import type { MemberId, Message } from '../core/types.ts';
import type { Checkpoints } from '../runtime/checkpoints.ts';
import type { Driver } from '../runtime/driver.ts';
import type { Proposals } from '../runtime/proposals.ts';
import type { Reads } from '../runtime/reads.ts';
import { noLeader } from '../runtime/refusals.ts';
import type { SnapshotServer } from '../runtime/snapshot-server.ts';
import { messageFromWire, nodeIdOf } from '../transport/conversions.ts';

export interface PeerHandlersOptions {
  readonly driver: Driver;
  readonly proposals: Proposals;
  readonly reads: Reads;
  readonly door: PeerDoor;
  readonly snapshots: Pick<SnapshotServer, 'serve'>;
  readonly checkpoints: Pick<Checkpoints, 'onReport'>;
}

/** Who may speak for a member, and what was heard of it. */
export interface PeerDoor {
  /** Undefined: it may. */
  open(opening: Opening): ServiceError | undefined;
  /** Not empty: this process takes no part yet, and why. */
  readonly closed: string;
  /** Messages of that process arrive. Undefined: it still may speak. */
  heard(member: MemberId, incarnation: number): ServiceError | undefined;
  /** It has this on its disk, by its own word. */
  promised(member: MemberId, term: number, lastIndex: number, votedHere: boolean): void;
}

export function peerHandlers(options: PeerHandlersOptions): Handlers<typeof PeerService> {
  const { driver, proposals, reads, door, snapshots, checkpoints } = options;
  const assertMeant = (to: MemberId): void => {
    if (to !== driver.memberId) throw noLeader(`this is ${driver.memberId}, not ${to}`);
  };
  return {
    messages: (stream, context) =>
      new Promise((resolve) => {
        let speaker: Opening | undefined;
        stream.onMessage((batch) => {
          try {
            speaker ??= admit(batch.opening, door, context.nodeId);
            const messages = acceptBatch(batch, driver, speaker.memberId);
            const refused = door.heard(speaker.memberId, speaker.incarnation);
            if (refused) throw refused;
            for (const message of messages) notePromise(message, door);
            driver.receive(messages);
          } catch (error) {
            stream.fail(toServiceError(error));
          }
        });
        stream.onEnd(() => resolve());
      }),
    forward: ({ command, to }) => {
      assertMeant(to);
      return proposals.append(command);
    },
    readIndex: async ({ to }, context) => {
      assertMeant(to);
      return { index: await reads.confirm(context.deadlineAtMs) };
    },
    fetchSnapshot: (request, stream) => snapshots.serve(request, stream),
    reportDigest: ({ to, from, index, digest }, { nodeId }) => {
      assertMeant(to);
      if (nodeIdOf(from) !== nodeId)
        throw new ServiceError('forbidden', `${nodeId} cannot speak for ${from}`);
      checkpoints.onReport(from, index, digest);
      return {};
    },
  };
}

/** @throws ServiceError if that process may not speak for its member. */
function admit(opening: Opening | undefined, door: PeerDoor, signer: string): Opening {
  if (door.closed !== '') throw new ServiceError('unavailable', `this node waits for ${door.closed}`);
  if (!opening) throw new ServiceError('invalid_argument', 'a stream begins with who speaks on it');
  if (nodeIdOf(opening.memberId) !== signer)
    throw new ServiceError('forbidden', `${signer} cannot speak for ${opening.memberId}`);
  const refused = door.open(opening);
  if (refused) throw refused;
  return opening;
}

/** A batch that cannot be meant for this member ends its stream, so that the sender looks the address up again. */
function acceptBatch(batch: MessageBatch, driver: Driver, speaker: MemberId): Message[] {
  if (batch.clusterId === '') throw new ServiceError('forbidden', 'the sender belongs to no cluster');
  if (driver.clusterId !== '' && batch.clusterId !== driver.clusterId)
    throw new ServiceError(
      'forbidden',
      `this node belongs to cluster ${driver.clusterId}, not ${batch.clusterId}`,
    );
  const messages: Message[] = [];
  for (const wire of batch.messages) {
    if (wire.to !== driver.memberId)
      throw new ServiceError('not_found', `this is ${driver.memberId}, not ${wire.to}`);
    if (wire.from !== speaker)
      throw new ServiceError('forbidden', `${speaker} cannot speak for ${wire.from}`);
    const message = messageFromWire(wire);
    // A kind of message that this version does not know is lost, as messages may be.
    if (message) messages.push(message);
  }
  if (driver.clusterId === '' && messages.length > 0) driver.joinCluster(batch.clusterId);
  return messages;
}

/** Both are sent only once they are on the sender's disk. */
function notePromise(message: Message, door: PeerDoor): void {
  if (message.kind === 'appendResponse' && !message.rejected)
    door.promised(message.from, message.term, message.index, false);
  else if (message.kind === 'voteResponse' && message.granted)
    door.promised(message.from, message.term, 0, true);
}
