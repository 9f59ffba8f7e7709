/** raft.v1.Peer: what other sidecars say to this one. */
import type { MessageBatch, PeerService } from '@agenda/proto/raft/v1/peer';
import { ServiceError } from '@agenda/service-kit/errors';
import type { Handlers } from '@agenda/service-kit/grpc-server';
import type { MemberId, Message } from '../core/types.ts';
import type { Driver } from '../runtime/driver.ts';
import type { Proposals } from '../runtime/proposals.ts';
import type { Reads } from '../runtime/reads.ts';
import { noLeader } from '../runtime/refusals.ts';
import { messageFromWire, nodeIdOf } from '../transport/conversions.ts';

export interface PeerHandlersOptions {
  readonly driver: Driver;
  readonly proposals: Proposals;
  readonly reads: Reads;
  /** Messages of that member arrive. */
  readonly onHeard: (member: MemberId) => void;
}

export function peerHandlers(options: PeerHandlersOptions): Handlers<typeof PeerService> {
  const { driver, proposals, reads, onHeard } = options;
  const assertMeant = (to: MemberId): void => {
    if (to !== driver.memberId) throw noLeader(`this is ${driver.memberId}, not ${to}`);
  };
  return {
    messages: (stream, context) =>
      new Promise((resolve) => {
        stream.onMessage((batch) => {
          const messages = acceptBatch(batch, driver, context.nodeId);
          if (messages instanceof ServiceError) stream.fail(messages);
          else {
            driver.receive(messages);
            const from = messages[0]?.from;
            if (from !== undefined) onHeard(from);
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
  };
}

/** A batch that cannot be meant for this member ends its stream, so that the sender looks the address up again. */
function acceptBatch(batch: MessageBatch, driver: Driver, signer: string): Message[] | ServiceError {
  if (batch.clusterId === '') return new ServiceError('forbidden', 'the sender belongs to no cluster');
  if (driver.clusterId !== '' && batch.clusterId !== driver.clusterId)
    return new ServiceError(
      'forbidden',
      `this node belongs to cluster ${driver.clusterId}, not ${batch.clusterId}`,
    );
  const messages: Message[] = [];
  for (const wire of batch.messages) {
    if (wire.to !== driver.memberId)
      return new ServiceError('not_found', `this is ${driver.memberId}, not ${wire.to}`);
    if (nodeIdOf(wire.from) !== signer)
      return new ServiceError('forbidden', `${signer} cannot speak for ${wire.from}`);
    const message = messageFromWire(wire);
    // A kind of message that this version does not know is lost, as messages may be.
    if (message) messages.push(message);
  }
  if (driver.clusterId === '' && messages.length > 0) driver.joinCluster(batch.clusterId);
  return messages;
}
