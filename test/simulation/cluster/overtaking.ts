/**
 * A leader gives up entries of its log that a follower was sent, or even holds, without ever hearing of it, and offers a
 * snapshot instead: the follower has more than the leader thinks, or gets it while the snapshot is under way.
 */
import type { MemberStatus } from '../../../services/raft-sidecar/src/core/types.ts';
import type { Burst } from './client.ts';
import { bit, type Course } from './course.ts';
import type { Fault } from './faults.ts';
import type { SimulatedNode } from './node.ts';
import type { Surroundings } from './surroundings.ts';

const BURST = 24;
/** Until what was sent is on the follower's disk. */
const STORED_US = 30_000;
/** Until an offer has arrived. */
const OFFER_US = 2_000;

export class Overtaking {
  readonly #surroundings: Surroundings;
  readonly #course: Course;
  readonly #burst: Burst;

  constructor(surroundings: Surroundings, course: Course, burst: Burst) {
    this.#surroundings = surroundings;
    this.#course = course;
    this.#burst = burst;
  }

  strike(leader: SimulatedNode, { draw, other }: Fault): void {
    const { members = [] } = leader.process?.status ?? {};
    const follower = this.#surroundings.nodeOf(members[other % Math.max(1, members.length)]?.id ?? '');
    if (!follower || follower === leader) return;
    if (bit(draw, 4)) this.#unacknowledged(leader, follower);
    else this.#underWay(leader, follower);
  }

  /** The follower stores entries, but neither is it told that they are committed nor is it heard. */
  #unacknowledged(leader: SimulatedNode, follower: SimulatedNode): void {
    const { nodes, network } = this.#surroundings;
    const releases = nodes
      .filter((node) => node !== leader && node !== follower)
      .map(({ number }) => network.hold(number, leader.number));
    const pair = [leader.number, follower.number];
    const openAnswers = network.cut(pair, (from) => from === follower.number);
    this.#burst(leader, 'append', BURST);
    this.#course.after(STORED_US, () => {
      const openRequests = network.cut(pair, (from) => from === leader.number);
      for (const release of releases) release();
      this.#course.when(
        () => this.#hasGivenUp(leader, follower),
        () => {
          openAnswers();
          openRequests();
          leader.process?.driver.reportUnreachable(follower.memberId);
        },
      );
    });
  }

  /** The offer overtakes the entries: they come while the follower is busy with the snapshot. */
  #underWay(leader: SimulatedNode, follower: SimulatedNode): void {
    const { network } = this.#surroundings;
    const release = network.hold(leader.number, follower.number, 'appendRequest');
    this.#burst(leader, 'append', BURST);
    this.#course.when(
      () => this.#hasGivenUp(leader, follower),
      () => {
        leader.process?.driver.reportUnreachable(follower.memberId);
        this.#course.when(
          () => this.#progress(leader, follower)?.state === 'snapshot',
          () => this.#course.after(OFFER_US, () => release(true)),
        );
      },
    );
  }

  #hasGivenUp(leader: SimulatedNode, follower: SimulatedNode): boolean {
    const { firstIndex = 0 } = leader.process?.status ?? {};
    const progress = this.#progress(leader, follower);
    return progress === undefined || firstIndex > progress.matchIndex + 1;
  }

  /** What the leader knows of the follower, as long as it leads. */
  #progress(leader: SimulatedNode, follower: SimulatedNode): MemberStatus | undefined {
    return leader.process?.status.members.find(({ id }) => id === follower.memberId);
  }
}
