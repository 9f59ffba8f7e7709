/**
 * Whether a blank node may start a cluster (design §4): one node alone may, the one with the lowest name, and only once
 * it has heard from all expected nodes itself and none of them belongs to a cluster. So there is never a second opinion
 * on who the first members are.
 *
 * With as many nodes as BOOTSTRAP_EXPECT, two can never both start: each would have had to hear the other. With more of
 * them, whom the founder counts must see it as the founder too. Should a second one start all the same (it slept between
 * its decision and its deed), the two clusters share the nodes, each of which belongs to one: with fewer than twice
 * BOOTSTRAP_EXPECT nodes only one can reach the size at which it takes writes, and the other is abandoned for it.
 */

export interface SeenNode {
  readonly nodeId: string;
  readonly memberId: string;
  /** Empty: belongs to none. */
  readonly clusterId: string;
  /** Its BOOTSTRAP_EXPECT. */
  readonly expectedVoters: number;
  /** Its cluster has once had all expected voters. */
  readonly formed: boolean;
  /** Of a blank node: the lowest name that it sees itself, its own among them. */
  readonly founder: string;
}

export interface BootstrapFacts {
  readonly nodeId: string;
  /** BOOTSTRAP_EXPECT. */
  readonly expected: number;
  /** Other members that spoke to this process itself, a moment ago. */
  readonly seen: readonly SeenNode[];
  /** Names of blank nodes that others spoke with a moment ago. */
  readonly heardOf: readonly string[];
}

export type BootstrapDecision =
  | { readonly kind: 'start' }
  /** For whom or what, in words. */
  | { readonly kind: 'wait'; readonly waitingFor: string };

export function decideBootstrap(facts: BootstrapFacts): BootstrapDecision {
  const { nodeId, expected, seen, heardOf } = facts;
  const cluster = clusterToJoin(seen);
  if (cluster !== '') return wait(cluster);
  const others = seen.filter((node) => node.expectedVoters !== expected);
  if (others.length > 0) {
    const theirs = others.map((node) => `${node.expectedVoters} on ${node.nodeId}`);
    return wait(`one BOOTSTRAP_EXPECT on all nodes: it is ${expected} here, ${theirs.join(', ')}`);
  }
  const twin = seen.find((node) => node.nodeId === nodeId);
  if (twin) return wait(`the other instance of ${nodeId}, ${twin.memberId}, to stop`);
  const names = [...new Set([nodeId, ...seen.map((node) => node.nodeId)])].sort();
  if (names.length < expected)
    return wait(
      `${expected - names.length} more of ${expected} nodes before a cluster may start; here so far: ${names.join(', ')}`,
    );
  if (names[0] !== nodeId) return wait(`${names[0]} to start the cluster`);
  const lower = heardOf.find((name) => name < nodeId);
  if (lower !== undefined) return wait(`${lower}, which others hear, to start the cluster`);
  const unsure = seen.filter((node) => node.founder !== nodeId).map((node) => node.nodeId);
  return unsure.length === 0 ? { kind: 'start' } : wait(`${unsure.join(', ')} to hear ${nodeId}`);
}

/** The lowest name of those that a blank node hears itself. */
export function founderSeen(nodeId: string, seen: readonly SeenNode[]): string {
  return [
    nodeId,
    ...seen.filter((node) => node.clusterId === '').map((node) => node.nodeId),
  ].sort()[0] as string;
}

/** One that formed comes before those that did not. Empty: no node belongs to a cluster. */
function clusterToJoin(seen: readonly SeenNode[]): string {
  const idsOf = (nodes: readonly SeenNode[]): string[] => [
    ...new Set(nodes.flatMap((node) => node.clusterId || [])),
  ];
  const formed = idsOf(seen.filter((node) => node.formed));
  const clusters = formed.length > 0 ? formed : idsOf(seen);
  if (clusters.length > 1) return `an operator: two clusters answer here, ${clusters.sort().join(' and ')}`;
  return clusters.length === 1 ? `the leader of cluster ${clusters[0]} to take this node in` : '';
}

function wait(waitingFor: string): BootstrapDecision {
  return { kind: 'wait', waitingFor };
}
