/** Carries the faults out, and in the end takes all of them back. */
import type { NetworkWeather } from '../world/network.ts';
import type { Burst } from './client.ts';
import { Course } from './course.ts';
import { type ArmedFault, SYNC_US } from './disk.ts';
import { DRAW_BELOW, type Fault, type FaultKind } from './faults.ts';
import type { MembershipFaults } from './membership-faults.ts';
import type { SimulatedNode } from './node.ts';
import { Overtaking } from './overtaking.ts';
import { TICK_MS } from './pod-process.ts';
import { SLOW_CLOCK_RATE, Succession } from './succession.ts';
import type { Surroundings } from './surroundings.ts';

const CLOCK_RATES = [0.5, 0.8, 0.95, 1.05, 1.25, 2];
const CLOCK_JUMPS_MS = [-86_400_000, -60_000, -1_000, 1_000, 60_000, 86_400_000];
const SLOW_SYNCS_US = [2_000, 20_000, 150_000, 600_000];
const BURST_MAX = 12;
/** A heartbeat falls into it, and no election timeout. */
const PROBE_LOST_TICKS = 4;
/** Would do nothing to others. */
const OF_LEADERS: readonly FaultKind[] = ['succession', 'overtaken'];
/** What decides the moment is the remainder of a fault's draw. */
export const CRASHES = ['crashBeforeWrite', 'crashBeforeSync', 'crashAfterSync'] as const;
const STORM: NetworkWeather = {
  loss: 0.4,
  duplication: 0.3,
  delayUsMax: 200_000,
  lateness: 0.2,
  lateUsMax: 3_000_000,
};

export class Nemesis {
  readonly #surroundings: Surroundings;
  readonly #membership: MembershipFaults;
  readonly #burst: Burst;
  readonly #succession: Succession;
  readonly #overtaking: Overtaking;
  readonly #course: Course;
  #healed = false;

  constructor(surroundings: Surroundings, membership: MembershipFaults, burst: Burst) {
    this.#surroundings = surroundings;
    this.#membership = membership;
    this.#burst = burst;
    const course = new Course(surroundings.world);
    this.#course = course;
    this.#succession = new Succession(surroundings, course, membership, burst);
    this.#overtaking = new Overtaking(surroundings, course, burst);
  }

  /** Before the nodes start: a fault at 0 is there when they do. */
  schedule(faults: readonly Fault[]): void {
    for (const fault of faults)
      if (fault.atMs === 0) this.#strike(fault);
      else
        this.#surroundings.world.at(fault.atMs * 1_000, () => {
          if (!this.#healed) this.#strike(fault);
        });
  }

  /** Nothing goes wrong from now on. @param held stay down. */
  heal(held: readonly SimulatedNode[]): void {
    const { world, network, nodes, dice } = this.#surroundings;
    this.#healed = true;
    this.#course.end();
    world.tell(`all is healed${held.length > 0 ? ` but ${held.map(({ name }) => name).join(', ')}` : ''}`);
    network.heal();
    for (const node of nodes) {
      node.disk.armed = undefined;
      node.disk.syncUs = SYNC_US;
      node.clock.rate = 0.95 + dice.below(100) / 1_000;
      node.held = held.includes(node);
      if (node.held) node.crash(false);
      else {
        node.resume();
        node.start();
      }
    }
  }

  /** The leader loses sight of a member for a moment that is too short for an election. @returns how long, in µs. */
  loseProbe(leader: SimulatedNode, member: SimulatedNode): number {
    const forMs = PROBE_LOST_TICKS * TICK_MS;
    leader.process?.driver.reportUnreachable(member.memberId);
    this.#close(forMs, (from, to) => from === leader.number && to === member.number);
    return forMs * 1_000;
  }

  /** Some ask a leader for a change, or read there, before it has committed anything. */
  onLeader(node: SimulatedNode): void {
    const { setup, dice } = this.#surroundings;
    if (this.#healed) return;
    if (setup.theme === 'membership' && dice.chance(0.5))
      this.#membership.change(node, dice.below(DRAW_BELOW));
    if (setup.theme === 'handovers' && dice.chance(0.5)) this.#burst(node, 'read', 2);
  }

  #strike(fault: Fault): void {
    const { world, nodes } = this.#surroundings;
    const node =
      fault.node < 0 || OF_LEADERS.includes(fault.kind)
        ? (this.#leader() ?? nodes[fault.other])
        : nodes[fault.node];
    if (!node) return;
    world.tell(`fault: ${fault.kind} ${node.name} for ${fault.forMs} ms`);
    this.#acts[fault.kind](node, fault);
  }

  #leader(): SimulatedNode | undefined {
    return this.#surroundings.nodes.find(({ process }) => process?.status.role === 'leader');
  }

  readonly #acts: Record<FaultKind, (node: SimulatedNode, fault: Fault) => void> = {
    crash: (node, { forMs, draw }) => {
      node.restartAfterMs = forMs;
      node.crash(draw % 2 === 0);
    },
    crashAtWrite: (node, { draw, forMs, writes = (draw >> 4) % 4 }) => {
      node.restartAfterMs = forMs;
      node.disk.armed = { kind: CRASHES[draw % 3] as ArmedFault['kind'], afterWrites: writes };
    },
    crashAll: (_node, { forMs, draw }) => {
      for (const each of this.#surroundings.nodes) {
        each.restartAfterMs = forMs;
        each.crash(draw % 2 === 0);
      }
    },
    failSync: (node, { draw }) => {
      node.disk.armed = { kind: 'failSync', afterWrites: draw % 4 };
    },
    stall: (node, { forMs }) => node.stall(forMs),
    slowDisk: (node, { forMs, draw }) => {
      const { disk } = node;
      disk.syncUs = SLOW_SYNCS_US[draw % SLOW_SYNCS_US.length] as number;
      this.#surroundings.world.after(forMs * 1_000, () => {
        disk.syncUs = SYNC_US;
      });
    },
    split: (_node, { forMs, draw }) =>
      this.#close(forMs, (from, to) => ((draw >> from) & 1) !== ((draw >> to) & 1)),
    oneWay: (_node, { forMs, draw }) =>
      this.#close(forMs, (from, to) => ((draw >> from) & 1) === 1 && ((draw >> to) & 1) === 0),
    isolate: (node, { forMs, draw }) => {
      // Whose clock is slow believes for longer that it leads.
      if (((draw >> 8) & 1) === 1) node.clock.rate = SLOW_CLOCK_RATE;
      // And one that sleeps meanwhile wakes up without the news that others lead.
      if (((draw >> 9) & 1) === 1) node.stall(forMs * 0.7);
      this.#isolate(node, forMs, draw % 4 !== 1, draw % 4 !== 2);
    },
    clog: ({ number }, { forMs, draw }) => {
      const { network, nodes } = this.#surroundings;
      for (const other of nodes)
        if ((draw >> other.number) & 1) {
          if (draw % 3 !== 0) network.clog(other.number, number, forMs * 1_000);
          if (draw % 3 !== 1) network.clog(number, other.number, forMs * 1_000);
        }
    },
    burst: (node, { draw }) => this.#burst(node, 'append', 1 + (draw % BURST_MAX)),
    succession: (node, fault) => this.#succession.strike(node, fault),
    overtaken: (node, fault) => this.#overtaking.strike(node, fault),
    // Two halves that only meet in one node.
    bridge: ({ number }, { forMs, draw }) =>
      this.#close(
        forMs,
        (from, to) => from !== number && to !== number && ((draw >> from) & 1) !== ((draw >> to) & 1),
      ),
    storm: (_node, { forMs }) => {
      const { network, world, setup } = this.#surroundings;
      network.weather = STORM;
      world.after(forMs * 1_000, () => {
        if (!this.#healed) network.weather = setup.weather;
      });
    },
    clockJump: ({ clock }, { draw }) => clock.jump(CLOCK_JUMPS_MS[draw % CLOCK_JUMPS_MS.length] as number),
    clockRate: ({ clock }, { draw }) => {
      clock.rate = CLOCK_RATES[draw % CLOCK_RATES.length] as number;
    },
    transfer: (node, { other }) => {
      const target = this.#surroundings.nodes[other];
      const { driver } = node.process ?? {};
      if (target) driver?.transferLeadership(target.memberId).catch(() => {});
    },
    unreachable: (node, { other }) => {
      const target = this.#surroundings.nodes[other];
      if (target) node.process?.driver.reportUnreachable(target.memberId);
    },
    change: (node, { draw }) => this.#membership.change(node, draw),
    wipe: (node, { forMs }) => this.#membership.wipe(node, forMs),
  };

  #isolate({ number }: SimulatedNode, forMs: number, outwards: boolean, inwards: boolean): void {
    this.#close(forMs, (from, to) => (outwards && from === number) || (inwards && to === number));
  }

  /** Closes directions between nodes for a while. */
  #close(forMs: number, isClosed: (from: number, to: number) => boolean): void {
    const { network, nodes, world } = this.#surroundings;
    const open = network.cut(
      nodes.map(({ number }) => number),
      isClosed,
    );
    world.after(forMs * 1_000, open);
  }
}
