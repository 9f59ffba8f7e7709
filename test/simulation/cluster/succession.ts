/**
 * One leader after the other, with what each may leave behind: the situations in which Raft's rules about votes, about
 * commits and about answers of earlier terms matter. By chance alone they would hardly ever come about.
 */

import type { Configuration } from '../../../services/raft-sidecar/src/core/types.ts';
import type { Burst } from './client.ts';
import { bit, type Course } from './course.ts';
import { SYNC_US } from './disk.ts';
import type { Fault } from './faults.ts';
import type { MembershipFaults } from './membership-faults.ts';
import type { SimulatedNode } from './node.ts';
import type { Surroundings } from './surroundings.ts';

const BURST_MAX = 12;
const CUT_US_MAX = 20_000;
const READS = 3;
/** Until what was asked has reached the core. */
const READ_US = 300;
/** Until what was sent is on the others' disks. */
const STORED_US = 30_000;
const SLOW_SYNC_US = 5_000;
const SLEEP_MS = 5_000;
const APART_MS = 700;
export const SLOW_CLOCK_RATE = 0.4;

export class Succession {
  readonly #surroundings: Surroundings;
  readonly #course: Course;
  readonly #membership: MembershipFaults;
  readonly #burst: Burst;

  constructor(surroundings: Surroundings, course: Course, membership: MembershipFaults, burst: Burst) {
    this.#surroundings = surroundings;
    this.#course = course;
    this.#membership = membership;
    this.#burst = burst;
  }

  strike(first: SimulatedNode, fault: Fault): void {
    const { setup } = this.#surroundings;
    const { draw } = fault;
    const courses =
      setup.theme === 'membership'
        ? [this.#replaced, this.#swapped]
        : [this.#replaced, this.#answeredLate, this.#handedBack, this.#committedUnheard];
    if (draw % 3 === 0) this.#membership.change(first, draw >> 12);
    (courses[(draw >> 2) % courses.length] ?? this.#replaced).call(this, first, fault);
  }

  /**
   * A leader is cut off, alone or with a companion, before or after it has taken much. It comes back when its successor,
   * that has committed something or nothing yet, is cut off: those who are left choose between a log that is long and
   * one that is late (Raft paper, Figure 8).
   */
  #replaced(first: SimulatedNode, { draw, other }: Fault): void {
    const { nodes } = this.#surroundings;
    if (bit(draw, 4)) this.#burst(first, 'append', 1 + (draw % BURST_MAX));
    const companion = bit(draw, 5) ? nodes[other] : undefined;
    this.#course.after(bit(draw, 6) ? draw % CUT_US_MAX : 0, () => {
      const open = this.#cutOff([first, companion ?? first]);
      this.#burst(first, 'append', 1 + (draw % BURST_MAX));
      this.#whenLed(first, bit(draw, 7), (successor) => {
        open();
        if (!successor) return;
        const openAgain = this.#cutOff([successor]);
        this.#whenLed(successor, bit(draw, 8), openAgain);
      });
    });
  }

  /**
   * A leader that sleeps, or whose clock is slow and whom nobody hears, is succeeded. Then it is asked for reads, and hears
   * answers to what it sent before.
   */
  #answeredLate(first: SimulatedNode, { draw }: Fault): void {
    const { network } = this.#surroundings;
    const sleeps = bit(draw, 4);
    const releases = this.#othersThan(first).map(({ number }) => network.hold(number, first.number));
    this.#course.after(draw % CUT_US_MAX, () => {
      const open = this.#cut((from) => from === first.number);
      if (sleeps) first.stall(SLEEP_MS);
      else first.clock.rate = SLOW_CLOCK_RATE;
      this.#whenLed(first, true, (successor) => {
        if (successor) this.#burst(successor, 'append', 1);
        this.#course.after(CUT_US_MAX, () => {
          first.resume();
          this.#burst(first, 'read', READS);
          this.#course.after(READ_US, () => {
            for (const release of releases) release();
            open();
          });
        });
      });
    });
  }

  /** What a leader has committed and answered, the others hold without knowing it; one of them leads, and is read from. */
  #committedUnheard(first: SimulatedNode, { draw }: Fault): void {
    const { network } = this.#surroundings;
    const others = this.#othersThan(first);
    const releases = others.map(({ number }) => network.hold(number, first.number));
    this.#burst(first, 'append', 1 + (draw % 3));
    this.#course.after(STORED_US, () => {
      const open = this.#cut((from) => from === first.number);
      for (const release of releases) release();
      // Whoever is asked whether it leads answers sooner than it writes.
      for (const { disk } of others) disk.syncUs = SLOW_SYNC_US;
      this.#whenLed(first, false, (successor) => {
        if (successor) this.#burst(successor, 'read', READS);
        this.#course.after(STORED_US, () => {
          open();
          for (const { disk } of others) disk.syncUs = SYNC_US;
        });
      });
    });
  }

  /** Voters give way to others, and while that is half done the new ones are apart from those who only were voters. */
  #swapped(first: SimulatedNode, { draw, forMs }: Fault): void {
    const { nodeOf } = this.#surroundings;
    const joint = (): Configuration | undefined => {
      const { configuration } = first.process?.status ?? {};
      return configuration && configuration.votersOutgoing.length > 0 ? configuration : undefined;
    };
    this.#membership.swap(first, draw >> 4);
    this.#course.when(
      () => joint() !== undefined,
      () => {
        const { voters = [] } = joint() ?? {};
        const together = new Set(voters.map((id) => nodeOf(id)?.number));
        if (bit(draw, 5)) together.add(first.number);
        const open = this.#cut((from, to) => together.has(from) !== together.has(to));
        this.#burst(first, 'append', 2);
        this.#course.after((APART_MS + forMs) * 1_000, open);
      },
    );
  }

  /**
   * A leader and a companion are cut off with much that nobody else has. Their log gives way to the successor's, which
   * then hands over to the first again: only now it hears what its companion said in the first term, and only now it could
   * answer what it was asked when it led no more and did not know.
   */
  #handedBack(first: SimulatedNode, { draw, other }: Fault): void {
    const { nodes, network } = this.#surroundings;
    const companion = nodes[other];
    if (!companion || companion === first) return;
    const open = this.#cutOff([first, companion]);
    const release = network.hold(companion.number, first.number);
    this.#burst(first, 'append', 1 + (draw % BURST_MAX));
    const { rate } = first.clock;
    first.clock.rate = SLOW_CLOCK_RATE;
    this.#whenLed(first, true, (successor) => {
      this.#burst(first, 'read', READS);
      first.clock.rate = rate;
      this.#course.after(READ_US, open);
      if (!successor) return release();
      const sinceTerm = successor.process?.status.term ?? 0;
      this.#course.when(
        () => {
          successor.process?.driver.transferLeadership(first.memberId).catch(() => {});
          const { role, term } = first.process?.status ?? {};
          return role === 'leader' && (term ?? 0) > sinceTerm;
        },
        () => release(),
      );
    });
  }

  #othersThan(first: SimulatedNode): SimulatedNode[] {
    return this.#surroundings.nodes.filter((node) => node !== first);
  }

  #cut(isClosed: (from: number, to: number) => boolean): () => void {
    const { nodes, network } = this.#surroundings;
    const numbers = nodes.map(({ number }) => number);
    return network.cut(numbers, isClosed);
  }

  #cutOff(apart: readonly SimulatedNode[]): () => void {
    const numbers = new Set(apart.map(({ number }) => number));
    return this.#cut((from, to) => numbers.has(from) !== numbers.has(to));
  }

  /** Another one leads a later term, and has committed something in it if so wished; undefined: it takes too long. */
  #whenLed(
    before: SimulatedNode,
    committed: boolean,
    then: (successor: SimulatedNode | undefined) => void,
  ): void {
    const { nodes } = this.#surroundings;
    const sinceTerm = before.process?.status.term ?? 0;
    const successor = (): SimulatedNode | undefined =>
      nodes.find(({ process }) => {
        const { role, term = 0, termIsCommitted } = process?.status ?? {};
        return role === 'leader' && term > sinceTerm && (termIsCommitted || !committed);
      });
    this.#course.when(
      () => successor() !== undefined,
      () => then(successor()),
    );
  }
}
