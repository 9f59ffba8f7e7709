/** What every node of a simulated cluster shares. */
import type { MemberId } from '../../../services/raft-sidecar/src/core/types.ts';
import type { Oracle } from '../oracle/oracle.ts';
import type { Dice } from '../world/dice.ts';
import type { Network } from '../world/network.ts';
import type { World } from '../world/world.ts';
import type { SimulatedNode } from './node.ts';
import type { Setup } from './setup.ts';

export interface Surroundings {
  readonly world: World;
  readonly network: Network;
  readonly oracle: Oracle;
  readonly setup: Setup;
  /** For what the nodes' surroundings do to them: when they are served, how long a write takes. */
  readonly dice: Dice;
  readonly nodes: readonly SimulatedNode[];
  /** That node leads from now on, as far as it knows. */
  readonly onLeader: (node: SimulatedNode) => void;
  /** The node that runs under that id now, or last did. */
  nodeOf(member: MemberId): SimulatedNode | undefined;
}
