/** What one create costs the state machine on a large database, and what on one that has people and nothing else. */
import { join } from 'node:path';
import type { Database } from 'better-sqlite3';
import { Checkpointer } from '../../services/agenda/src/apply/checkpointer.ts';
import { openDatabase } from '../../services/agenda/src/apply/database.ts';
import { StateMachine } from '../../services/agenda/src/state-machine/machine.ts';
import { CREATE_BATCH, DataWriter } from './agenda-data-writer.ts';
import { SIZES, say } from './large-agenda.ts';

/** The service copies the write-ahead log back after so many: each turn has that once, in its middle. */
const CREATES = 8_000;
/** Before each turn, not counted. */
const WARMUP = CREATES / 2;
const STEP = 2_000;
const TURNS = 9;

interface Cost {
  /** Of one create. */
  readonly wallUs: number;
  /** Of all threads. */
  readonly cpuUs: number;
  /** How long the event loop stood still. */
  readonly longestMs: number;
}

/** One database under creates. */
class Creates {
  readonly #db: Database;
  readonly #writer: DataWriter;
  readonly #checkpointer: Checkpointer;
  #steps = 0;
  #longestMs = 0;
  #lastTurnAt = 0;

  constructor(directory: string) {
    this.#db = openDatabase(directory);
    const machine = new StateMachine(this.#db);
    const fail = (error: unknown): never => {
      throw error;
    };
    this.#checkpointer = new Checkpointer({
      db: this.#db,
      appliedIndex: machine.lastApplied().index,
      onDurable: () => {},
      onFailure: fail,
      onThreadFailure: fail,
    });
    this.#writer = new DataWriter(machine, (index, count) => this.#onApplied(index, count));
    this.#writer.prepareCreates(SIZES.users);
  }

  async turn(): Promise<Cost> {
    this.#checkpointer.checkpoint();
    for (let done = 0; done < WARMUP; done += STEP) await this.#step();
    this.#longestMs = 0;
    let [wallMs, cpuMs] = [0, 0];
    for (let done = 0; done < CREATES; done += STEP) {
      const spent = await this.#step();
      wallMs += spent.wallMs;
      cpuMs += spent.cpuMs;
    }
    // What comes next is another database's turn.
    this.#checkpointer.checkpoint();
    return {
      wallUs: (wallMs / CREATES) * 1_000,
      cpuUs: (cpuMs / CREATES) * 1_000,
      longestMs: this.#longestMs,
    };
  }

  close(): void {
    this.#checkpointer.close();
    this.#db.close();
    this.#checkpointer.release();
  }

  async #step(): Promise<{ readonly wallMs: number; readonly cpuMs: number }> {
    const commands = this.#writer.encodeCreates(STEP, this.#steps++, SIZES.users);
    const startedAt = performance.now();
    const cpu = process.cpuUsage();
    this.#lastTurnAt = startedAt;
    await this.#writer.apply(commands);
    const { user, system } = process.cpuUsage(cpu);
    return { wallMs: performance.now() - startedAt, cpuMs: (user + system) / 1_000 };
  }

  #onApplied(index: number, count: number): void {
    this.#checkpointer.applied(index, count);
    const now = performance.now();
    this.#longestMs = Math.max(this.#longestMs, now - this.#lastTurnAt);
    this.#lastTurnAt = now;
  }
}

/**
 * In turns, so that what else the machine does hits both. The other one begins anew each time: it would not stay empty.
 *
 * @param directory for those.
 */
export async function measureCreates(largeDirectory: string, directory: string): Promise<void> {
  const large = new Creates(largeDirectory);
  const costs: [large: Cost[], empty: Cost[]] = [[], []];
  for (let turn = 0; turn <= TURNS; turn++) {
    const empty = new Creates(join(directory, `empty-${turn}`));
    const both = [await large.turn(), await empty.turn()];
    empty.close();
    // Of the first one the code was not compiled.
    if (turn > 0) for (const [at, cost] of both.entries()) costs[at]?.push(cost);
  }
  large.close();
  say(`create, applied in batches of ${CREATE_BATCH}, checkpoints included, medians of ${TURNS} turns:`);
  const [onLarge, onEmpty] = costs.map(medians) as [Cost, Cost];
  for (const [label, { wallUs, cpuUs, longestMs }] of [
    ['on it', onLarge],
    ['on an empty one', onEmpty],
  ] as const)
    say(
      `  ${label.padEnd(18)}${wallUs.toFixed(0).padStart(6)} µs (${(1e6 / wallUs).toFixed(0)}/s), CPU ${cpuUs.toFixed(0)} µs, longest turn ${longestMs.toFixed(0)} ms`,
    );
  const wall = ratios(costs, ({ wallUs }) => wallUs);
  const cpu = ratios(costs, ({ cpuUs }) => cpuUs);
  const each = wall.map((ratio) => ratio.toFixed(2)).join(', ');
  say(
    `  as fast as on an empty one: ${median(wall).toFixed(2)} (${each}), by CPU ${median(cpu).toFixed(2)}  mark: ≥ 0.80`,
  );
}

/** One for each turn. */
function ratios([large, empty]: readonly [Cost[], Cost[]], of: (cost: Cost) => number): number[] {
  return large.map((cost, turn) => of(empty[turn] as Cost) / of(cost));
}

function medians(costs: readonly Cost[]): Cost {
  return {
    wallUs: median(costs.map(({ wallUs }) => wallUs)),
    cpuUs: median(costs.map(({ cpuUs }) => cpuUs)),
    longestMs: median(costs.map(({ longestMs }) => longestMs)),
  };
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
