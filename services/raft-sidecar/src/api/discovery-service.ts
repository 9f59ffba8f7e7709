/** cluster.v1.Discovery: how other nodes learn of this one and of each other. */
import type { DiscoveryService, NodesResponse, Node as WireNode } from '@agenda/proto/cluster/v1/discovery';
import { ServiceError } from '@agenda/service-kit/errors';
import type { Handlers } from '@agenda/service-kit/grpc-server';
import type { Admissions } from '../discovery/admissions.ts';
import { nodesToTell, reportOf } from '../discovery/node-messages.ts';
import type { PeerStore } from '../discovery/peer-store.ts';

/** Of one call; what is beyond is ignored. */
const KNOWN_MAX = 64;

export interface DiscoveryHandlersOptions {
  readonly self: () => WireNode;
  readonly peers: PeerStore;
  readonly admissions: Pick<Admissions, 'join'>;
  /** A node spoke. */
  readonly onNews: () => void;
}

export function discoveryHandlers(options: DiscoveryHandlersOptions): Handlers<typeof DiscoveryService> {
  const { self, peers, admissions, onNews } = options;
  const answer = (): NodesResponse => ({ nodes: [self(), ...nodesToTell(peers)] });
  return {
    join: ({ node, known }, context) => {
      const report = reportOf(node);
      if (!report || report.nodeId !== context.nodeId)
        throw new ServiceError(
          'invalid_argument',
          `a node joins with its own node_id, member_id and address; ${context.nodeId} signed this call`,
        );
      const refused = admissions.join(report);
      if (refused) throw refused;
      for (const other of known.slice(0, KNOWN_MAX)) {
        const told = reportOf(other);
        if (told) peers.report(told, 'gossip', false);
      }
      onNews();
      return answer();
    },
    nodes: answer,
  };
}
