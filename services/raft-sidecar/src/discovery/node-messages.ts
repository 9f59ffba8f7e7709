/** Between what nodes say on the wire and what the peer store keeps. */
import type { Node as WireNode } from '@agenda/proto/cluster/v1/discovery';
import { isAddress } from '../transport/addresses.ts';
import { nodeIdOf } from '../transport/conversions.ts';
import type { PeerReport, PeerStore } from './peer-store.ts';

/** Nodes told in one message. */
const NODES_TOLD_MAX = 32;
const NODE_ID = /^[a-z0-9-]{1,63}$/;
const MEMBER_ID_MAX = 128;
const HTTP_ADDRESS_MAX = 256;

/** Undefined: nothing that could be used. */
export function reportOf(node: WireNode | undefined): PeerReport | undefined {
  if (!node || !NODE_ID.test(node.nodeId) || nodeIdOf(node.memberId) !== node.nodeId) return undefined;
  if (node.memberId.length > MEMBER_ID_MAX || node.httpAddress.length > HTTP_ADDRESS_MAX) return undefined;
  if (!isAddress(node.address)) return undefined;
  const { nodeId, memberId, address, clusterId, incarnation, featureLevel, httpAddress } = node;
  return {
    nodeId,
    memberId,
    address,
    clusterId,
    ageMs: node.lastSeenAgeMs,
    incarnation,
    featureLevel,
    httpAddress,
  };
}

/** The peers, those heard last first. */
export function nodesToTell(peers: PeerStore): WireNode[] {
  const nowMs = peers.nowMs();
  return [...peers.list()]
    .sort((a, b) => b.heardAtMs - a.heardAtMs)
    .slice(0, NODES_TOLD_MAX)
    .map((peer) => ({
      nodeId: peer.nodeId,
      memberId: peer.memberId,
      address: peer.address,
      clusterId: peer.clusterId,
      lastSeenAgeMs: Math.max(0, Math.round(nowMs - peer.heardAtMs)),
      incarnation: peer.incarnation,
      featureLevel: peer.featureLevel,
      httpAddress: peer.httpAddress,
    }));
}
