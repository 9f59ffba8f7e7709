/** One run: a phase with faults, in which nothing wrong may happen, and one without, in which all that is due must. */

import { membersOf } from '../../services/raft-sidecar/src/core/membership.ts';
import type { MemberId } from '../../services/raft-sidecar/src/core/types.ts';
import { checkLinearizability } from '../linearizability/checker.ts';
import { HistoryRecorder } from '../linearizability/history.ts';
import { Client, type ListHistory } from './cluster/client.ts';
import { BLANK_LOG, type LogImage } from './cluster/disk.ts';
import { type Fault, faultsOf } from './cluster/faults.ts';
import { finalLists, listsModel, withoutVain } from './cluster/lists-model.ts';
import { MembershipFaults } from './cluster/membership-faults.ts';
import { Nemesis } from './cluster/nemesis.ts';
import { SimulatedNode } from './cluster/node.ts';
import { CLUSTER_ID, type Setup, setupOf } from './cluster/setup.ts';
import type { Surroundings } from './cluster/surroundings.ts';
import { Oracle } from './oracle/oracle.ts';
import type { Violation } from './oracle/violations.ts';
import { Dice } from './world/dice.ts';
import { Network } from './world/network.ts';
import { Trace } from './world/trace.ts';
import { installVirtualTime } from './world/virtual-time.ts';
import { World } from './world/world.ts';

/** Without faults everything that is due happens within so long. */
export const HEALED_US_MAX = 40_000_000;
const LOOK_US = 50_000;
const CONFIGURATIONS_MAX = 200_000;

export interface RunOptions {
  readonly seed: number;
  /** Instead of those of the seed. */
  readonly setup?: Setup;
  readonly faults?: readonly Fault[];
  /** Lines of the trace that are kept. */
  readonly traceKept?: number;
}

export interface RunResult {
  readonly violation: Violation | undefined;
  readonly simulatedMs: number;
  /** Of the whole trace: the same for the same seed. */
  readonly digest: string;
  readonly lines: readonly string[];
  readonly committed: number;
  readonly operations: number;
  /** The history was too hard to check within the bound. */
  readonly undecided: boolean;
}

export async function simulate({ seed, setup, faults, traceKept = 60 }: RunOptions): Promise<RunResult> {
  const run = new Simulation(setup ?? setupOf(seed), traceKept);
  const restore = installVirtualTime(run.world);
  try {
    return await run.run(faults);
  } finally {
    restore();
  }
}

class Simulation {
  readonly world: World;
  readonly #setup: Setup;
  readonly #oracle: Oracle;
  readonly #nodes: SimulatedNode[] = [];
  readonly #surroundings: Surroundings;
  readonly #history: ListHistory = new HistoryRecorder();
  readonly #clients: Client[];
  readonly #membership: MembershipFaults;
  readonly #nemesis: Nemesis;
  #undecided = false;

  constructor(setup: Setup, traceKept: number) {
    this.#setup = setup;
    this.world = new World(new Trace(traceKept));
    this.#oracle = new Oracle(setup.keeper);
    const { seed } = setup;
    this.#surroundings = {
      world: this.world,
      network: new Network(this.world, new Dice(seed, 'network'), setup.weather),
      oracle: this.#oracle,
      setup,
      dice: new Dice(seed, 'nodes'),
      nodes: this.#nodes,
      onLeader: (node) => this.#nemesis.onLeader(node),
      nodeOf: (member) => this.#nodes.find(({ name }) => member.startsWith(`${name}#`)),
    };
    for (let number = 0; number < setup.nodes; number++)
      this.#nodes.push(new SimulatedNode(number, this.#surroundings, founded(setup, number)));
    this.#clients = Array.from(
      { length: setup.clients },
      (_, at) => new Client(at, this.#surroundings, new Dice(seed, `client ${at}`), this.#history),
    );
    this.#membership = new MembershipFaults(this.#surroundings);
    const hurried = new Client(setup.clients, this.#surroundings, new Dice(seed, 'burst'), this.#history);
    this.#nemesis = new Nemesis(this.#surroundings, this.#membership, (node, kind, count) =>
      hurried.burst(node, kind, count),
    );
  }

  async run(faults: readonly Fault[] = faultsOf(this.#setup)): Promise<RunResult> {
    const { violations } = this.#oracle;
    if (!this.#setup.forming)
      this.#oracle.committed(this.#nodes[0]!.memberId, 1, founded(this.#setup, 0).entries[0]!);
    this.#nemesis.schedule(faults);
    for (const node of this.#nodes) node.start();
    for (const client of this.#clients) client.start();
    await this.world.run(this.#setup.safetyMs * 1_000, () => violations.first !== undefined);
    if (!violations.first) await this.#settle();
    if (!violations.first) this.#checkHistory();
    return {
      violation: violations.first,
      simulatedMs: this.world.nowUs / 1_000,
      lines: this.world.trace.lines,
      digest: this.world.trace.digest(),
      committed: this.#oracle.logs.committedIndex,
      operations: this.#history.operations().length,
      undecided: this.#undecided,
    };
  }

  /** First a majority alone, where that is decided so; then everybody. */
  async #settle(): Promise<void> {
    const held = this.#minority();
    this.#nemesis.heal(held);
    if (held.length > 0) {
      // A successor that is down must not keep a leader from its work.
      this.#leader()
        ?.process?.driver.transferLeadership(held[0]!.memberId)
        .catch(() => {});
      await this.#awaitThat('a majority goes on without the rest', () => this.#committedAlone());
      this.#nemesis.heal([]);
    }
    await this.#awaitThat('a leader is found, and who is gone is out of the membership', () => this.#clean());
    let open = this.#clients.length;
    for (const client of this.#clients)
      client.close(
        () => this.#members(),
        () => {
          open -= 1;
        },
      );
    await this.#awaitThat('all clients are answered', () => open === 0);
    await this.#awaitThat('all members are equal', () => this.#equal());
    await this.#loseProbe();
    await this.#awaitThat('their leader knows that they are, though nothing is written', () => this.#known());
  }

  async #awaitThat(text: string, holds: () => boolean): Promise<void> {
    const { violations } = this.#oracle;
    const untilUs = this.world.nowUs + HEALED_US_MAX;
    let lookAtUs = 0;
    const done = (): boolean => {
      if (violations.first) return true;
      if (this.world.nowUs < lookAtUs) return false;
      lookAtUs = this.world.nowUs + LOOK_US;
      return holds();
    };
    if (!(await this.world.run(untilUs, done)))
      violations.report('liveness', `not within ${HEALED_US_MAX / 1e6} s: ${text}\n${this.#describe()}`);
  }

  /** Voters that others can do without, where everybody agrees on who votes. */
  #minority(): SimulatedNode[] {
    const dice = new Dice(this.#setup.seed, 'minority');
    const configurations = this.#nodes.map(({ process }) => process?.status.configuration);
    const [first] = configurations;
    const agreed = configurations.every((one) => one && JSON.stringify(one) === JSON.stringify(first));
    if (!agreed || !first || first.votersOutgoing.length > 0 || dice.chance(0.5)) return [];
    const living = new Set<MemberId>(this.#nodes.map(({ memberId }) => memberId));
    if (first.voters.some((voter) => !living.has(voter))) return [];
    const count = Math.floor((first.voters.length - 1) / 2);
    return this.#nodes.filter(({ memberId }) => first.voters.slice(0, count).includes(memberId));
  }

  #aloneFrom: number | undefined;

  #committedAlone(): boolean {
    this.#aloneFrom ??= this.#oracle.logs.committedIndex;
    return this.#leader() !== undefined && this.#oracle.logs.committedIndex > this.#aloneFrom;
  }

  #clean(): boolean {
    const leader = this.#leader();
    return leader !== undefined && this.#membership.clean(leader) && this.#isSettled();
  }

  /** The membership that the leader goes by is committed, and no joint one. */
  #isSettled(): boolean {
    const status = this.#leader()?.process?.status;
    if (!status) return false;
    return (
      status.configurationIndex <= status.commitIndex && status.configuration.votersOutgoing.length === 0
    );
  }

  #leader(): SimulatedNode | undefined {
    const leaders = this.#nodes.filter(({ process }) => process?.status.role === 'leader');
    return leaders.length === 1 ? leaders[0] : undefined;
  }

  #equal(): boolean {
    const status = this.#leader()?.process?.status;
    if (!status || !this.#isSettled()) return false;
    const all = this.#members();
    return (
      all.length === membersOf(status.configuration).size &&
      all.every(
        ({ process, memberId }) =>
          process?.machine.appliedIndex === status.lastIndex &&
          process.driver.leadership.leader === status.id &&
          this.#oracle.logs.hasEntry(memberId, status.lastIndex, status.term),
      )
    );
  }

  /** At rest: no entry that comes after it will bring to light that it was lost. */
  async #loseProbe(): Promise<void> {
    const leader = this.#leader();
    const member = this.#members().find((other) => other !== leader);
    if (!leader || !member) return;
    const untilUs = this.world.nowUs + this.#nemesis.loseProbe(leader, member);
    await this.world.run(untilUs, () => this.#oracle.violations.first !== undefined);
  }

  /** Else a learner would never become a voter of a cluster that rests. */
  #known(): boolean {
    const status = this.#leader()?.process?.status;
    return status?.members.every(({ state }) => state === 'replicate') ?? false;
  }

  /** Nodes that the leader's membership names. */
  #members(): SimulatedNode[] {
    const { configuration } = this.#leader()?.process?.status ?? {};
    const members = configuration ? membersOf(configuration) : new Set();
    return this.#nodes.filter(({ memberId }) => members.has(memberId));
  }

  #checkHistory(): void {
    const operations = this.#history.operations();
    const finals = finalLists(operations);
    const { verdict, violation } = checkLinearizability(listsModel(finals), withoutVain(operations, finals), {
      configurationsMax: CONFIGURATIONS_MAX,
    });
    this.#undecided = verdict === 'unknown';
    if (verdict === 'illegal') this.#oracle.violations.report('linearizability', violation?.text ?? '');
  }

  #describe(): string {
    return this.#nodes
      .map(({ name, memberId, process }) => {
        if (!process) return `${name} ${memberId} is down`;
        const { role, leader, term, commitIndex, lastIndex, configuration } = process.status;
        const { voters, votersOutgoing, learners } = configuration;
        return `${name} ${memberId} ${role} of term ${term} led by ${leader}, commit ${commitIndex} of ${lastIndex}, applied ${process.machine.appliedIndex}, ${JSON.stringify({ voters, votersOutgoing, learners })}`;
      })
      .join('\n');
  }
}

/** What is on a node's disk at first: nothing, or a membership that is committed everywhere. */
function founded({ nodes, voters, forming }: Setup, number: number): LogImage {
  if (forming || number >= voters) return BLANK_LOG;
  const all = Array.from({ length: nodes }, (_, at) => `n${at + 1}#1`);
  const configuration = {
    voters: all.slice(0, voters),
    votersOutgoing: [],
    learners: [],
    learnersNext: [],
    autoLeave: false,
  };
  return {
    hardState: { term: 1, votedFor: '', commitIndex: 1 },
    start: { index: 0, term: 0 },
    entries: [{ index: 1, term: 1, timestampMs: 0, payload: { kind: 'configuration', configuration } }],
    snapshot: undefined,
    clusterId: CLUSTER_ID,
    bootstrapped: true,
  };
}
