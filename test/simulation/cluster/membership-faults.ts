/**
 * Changes of the membership at random, and lost disks. Only such as a cluster can survive: what needs a majority that
 * is gone for good would never come back, and rightly.
 */
import { membersOf } from '../../../services/raft-sidecar/src/core/membership.ts';
import type { CoreStatus } from '../../../services/raft-sidecar/src/core/raft.ts';
import type {
  Configuration,
  MemberId,
  MembershipChange,
} from '../../../services/raft-sidecar/src/core/types.ts';
import { configurationsOf } from './disk.ts';
import type { SimulatedNode } from './node.ts';
import type { Surroundings } from './surroundings.ts';

export class MembershipFaults {
  readonly #surroundings: Surroundings;
  /** Members whose disks are gone. */
  readonly #gone = new Set<MemberId>();
  #underWay = 0;

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  /** One to three changes as one, if that node leads. */
  change(node: SimulatedNode, draw: number): void {
    const { nodes, setup } = this.#surroundings;
    if (setup.keeper) return;
    const { configuration } = node.process?.status ?? {};
    const changes: MembershipChange[] = [];
    for (let count = 1 + (draw % 3), rest = draw >> 2; count > 0; count--, rest = Math.floor(rest / 64)) {
      const { memberId: id } = nodes[rest % nodes.length] as SimulatedNode;
      const kinds = configuration?.voters.includes(id)
        ? (['remove', 'remove', 'addLearner', 'addVoter'] as const)
        : (['addVoter', 'addVoter', 'addLearner', 'remove'] as const);
      changes.push({ kind: kinds[(rest >> 3) % 4] ?? 'remove', id });
    }
    // While a voter is gone for good, everything else waits until it is out.
    const gone = this.#goneIn(node.process?.status.configuration);
    const safe = this.#lostMembersAreOut() ? changes : gone.map((id) => ({ kind: 'remove' as const, id }));
    if (safe.length === 0) return;
    this.#propose(node, safe);
    if ((draw & 1024) === 0) return;
    // Before the first can be committed.
    for (const single of safe) this.#propose(node, [single]);
  }

  /** As many voters as there is somebody for give way to others, all at once. */
  swap(node: SimulatedNode, draw: number): void {
    const { nodes, setup } = this.#surroundings;
    const { voters = [] } = node.process?.status.configuration ?? {};
    if (setup.keeper || !this.#lostMembersAreOut()) return;
    const others = nodes.map(({ memberId }) => memberId).filter((id) => !voters.includes(id));
    const from = draw % Math.max(1, voters.length);
    const leaving = [...voters.slice(from), ...voters.slice(0, from)].slice(0, others.length);
    this.#propose(node, [
      ...others.map((id) => ({ kind: 'addVoter', id }) as const),
      ...leaving.map((id) => ({ kind: 'remove', id }) as const),
    ]);
  }

  /** Only where all others have what it had, or a majority of them will. */
  wipe(node: SimulatedNode, forMs: number): void {
    if (this.#underWay > 0 || !this.#lostMembersAreOut() || !this.#canLose(node.memberId)) return;
    this.#gone.add(node.memberId);
    node.restartAfterMs = forMs;
    node.wipe();
  }

  /** As an operator would: takes out who is gone, once there is a leader. @returns true if nobody is left to take out. */
  clean(leader: SimulatedNode): boolean {
    const { status } = leader.process ?? {};
    const gone = this.#goneIn(status?.configuration);
    if (gone.length > 0 && this.#underWay === 0 && !this.#surroundings.setup.keeper)
      this.#propose(
        leader,
        gone.map((id) => ({ kind: 'remove', id })),
      );
    return gone.length === 0;
  }

  #propose(node: SimulatedNode, changes: readonly MembershipChange[]): void {
    const { process } = node;
    if (!process) return;
    const { world } = this.#surroundings;
    this.#underWay += 1;
    let open = true;
    const over = (): void => {
      if (open) this.#underWay -= 1;
      open = false;
    };
    world.tell(`${node.name} is asked for ${JSON.stringify(changes)}`);
    process.driver.proposeMembership(changes).then(over, over);
    // A process that died never answers.
    world.after(20_000_000, over);
  }

  #goneIn(configuration: Configuration | undefined): MemberId[] {
    return configuration ? [...membersOf(configuration)].filter((id) => this.#gone.has(id)) : [];
  }

  #lostMembersAreOut(): boolean {
    return this.#configurationsInForce().every((one) => this.#goneIn(one).length === 0);
  }

  #canLose(member: MemberId): boolean {
    const all = this.#configurationsInForce();
    const settled = new Set(all.map((one) => JSON.stringify(one))).size === 1;
    const [one] = all;
    if (!one || !settled) return false;
    return one.votersOutgoing.length === 0 && (!one.voters.includes(member) || one.voters.length >= 3);
  }

  /** Of everybody who has one: on disk, and in the core, which may be ahead. */
  #configurationsInForce(): Configuration[] {
    return this.#surroundings.nodes.flatMap(({ disk, process }) => {
      const stored = configurationsOf(disk.log).map(({ configuration }) => configuration);
      const status: CoreStatus | undefined = process?.status;
      const current = status && status.configuration.voters.length > 0 ? [status.configuration] : [];
      return [...stored.slice(-1), ...current];
    });
  }
}
