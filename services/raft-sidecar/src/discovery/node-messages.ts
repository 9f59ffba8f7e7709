/** Between what nodes say on the wire and what the peer store keeps. */
import type { Standing, Node as WireNode, Start as WireStart } from '@agenda/proto/cluster/v1/discovery';
import { isAddress } from '../transport/addresses.ts';
import { nodeIdOf } from '../transport/conversions.ts';
import type { Start } from './member-starts.ts';
import type { PeerReport, PeerStore } from './peer-store.ts';

/** Nodes told in one message. */
const NODES_TOLD_MAX = 32;
const NODE_ID = /^[a-z0-9-]{1,63}$/;
const ROLES: ReadonlySet<string> = new Set(['follower', 'preCandidate', 'candidate', 'leader', 'learner']);
const ID_MAX = 128;
const HTTP_ADDRESS_MAX = 256;

/** Undefined: nothing that could be used. */
export function reportOf(node: WireNode | undefined): PeerReport | undefined {
  if (!node || !NODE_ID.test(node.nodeId) || nodeIdOf(node.memberId) !== node.nodeId) return undefined;
  const { clusterId: cluster, founder, start, httpAddress: http } = node;
  const ids = [node.memberId, cluster, founder, start?.votedFor ?? ''];
  if (ids.some((id) => id.length > ID_MAX) || http.length > HTTP_ADDRESS_MAX) return undefined;
  if (!isAddress(node.address)) return undefined;
  const { nodeId, memberId, address, clusterId, lastSeenAgeMs, featureLevel, httpAddress } = node;
  return {
    nodeId,
    memberId,
    address,
    clusterId,
    ageMs: lastSeenAgeMs,
    start: startFromWire(node.incarnation, node.start),
    featureLevel,
    httpAddress,
    cluster: {
      featureLevel: node.clusterFeatureLevel,
      expectedVoters: node.expectedVoters,
      formed: node.formed,
      founder: node.founder,
    },
    standing: standingOf(node.standing),
  };
}

/** People read it, so it must be one of the words that they know. */
function standingOf(standing: Standing | undefined): Standing | undefined {
  return standing && (ROLES.has(standing.role) ? standing : { ...standing, role: '' });
}

/** One that says nothing of its disk claims nothing: it never takes the place of a living process. */
export function startFromWire(incarnation: number, start: WireStart | undefined): Start {
  const { previousIncarnation = 0, sameDiskSince = incarnation } = start ?? {};
  const { term = 0, votedFor = '', lastIndex = 0 } = start ?? {};
  return { incarnation, previousIncarnation, sameDiskSince, term, votedFor, lastIndex };
}

export function startToWire({ incarnation, ...start }: Start): {
  incarnation: number;
  start: WireStart;
} {
  const { previousIncarnation, sameDiskSince, term, votedFor, lastIndex } = start;
  return { incarnation, start: { previousIncarnation, sameDiskSince, term, votedFor, lastIndex } };
}

/** The peers, those heard last first. Who was not heard of since this process began is not told of. */
export function nodesToTell(peers: PeerStore): WireNode[] {
  const nowMs = peers.nowMs();
  return peers
    .list()
    .filter(({ start }) => start !== undefined)
    .sort((a, b) => b.heardAtMs - a.heardAtMs)
    .slice(0, NODES_TOLD_MAX)
    .map((peer) => ({
      nodeId: peer.nodeId,
      memberId: peer.memberId,
      address: peer.address,
      clusterId: peer.clusterId,
      lastSeenAgeMs: Math.max(0, Math.round(nowMs - peer.heardAtMs)),
      ...startToWire(peer.start as Start),
      featureLevel: peer.featureLevel,
      httpAddress: peer.httpAddress,
      clusterFeatureLevel: peer.cluster.featureLevel,
      expectedVoters: peer.cluster.expectedVoters,
      formed: peer.cluster.formed,
      founder: peer.cluster.founder,
      standing: undefined,
    }));
}
