/**
 * Whether a blank node may start a cluster (design §4): one node alone may, the one with the lowest name, and only once
 * it has heard from all expected nodes itself and none of them belongs to a cluster. So there is never a second opinion
 * on who the first members are.
 */

export interface SeenNode {
  readonly nodeId: string;
  readonly memberId: string;
  /** Empty: belongs to none. */
  readonly clusterId: string;
}

export interface BootstrapFacts {
  readonly nodeId: string;
  /** BOOTSTRAP_EXPECT. */
  readonly expected: number;
  /** Other members that spoke to this process itself, a moment ago. */
  readonly seen: readonly SeenNode[];
}

export type BootstrapDecision =
  | { readonly kind: 'start' }
  /** For whom or what, in words. */
  | { readonly kind: 'wait'; readonly waitingFor: string };

export function decideBootstrap({ nodeId, expected, seen }: BootstrapFacts): BootstrapDecision {
  const clusters = [...new Set(seen.flatMap((node) => node.clusterId || []))].sort();
  if (clusters.length > 1) return wait(`an operator: two clusters answer here, ${clusters.join(' and ')}`);
  if (clusters.length === 1) return wait(`the leader of cluster ${clusters[0]} to take this node in`);
  const twin = seen.find((node) => node.nodeId === nodeId);
  if (twin) return wait(`the other instance of ${nodeId}, ${twin.memberId}, to stop`);
  const names = [...new Set([nodeId, ...seen.map((node) => node.nodeId)])].sort();
  if (names.length < expected)
    return wait(
      `${expected - names.length} more of ${expected} nodes before a cluster may start; here so far: ${names.join(', ')}`,
    );
  return names[0] === nodeId ? { kind: 'start' } : wait(`${names[0]} to start the cluster`);
}

function wait(waitingFor: string): BootstrapDecision {
  return { kind: 'wait', waitingFor };
}
