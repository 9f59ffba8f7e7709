/**
 * `make bench-agenda`: the agenda's own questions on a large database, in one process and without the network: one
 * million appointments of 10,000 people in 500 groups, written by the state machine itself, as the log would.
 *
 * The database is opened, and its write-ahead log copied back, as the service does it. It is kept in `.cache/`, because
 * writing it takes minutes.
 */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Database } from 'better-sqlite3';
import { Checkpointer } from '../../services/agenda/src/apply/checkpointer.ts';
import { openDatabase } from '../../services/agenda/src/apply/database.ts';
import { type Attendee, findFreeSlots } from '../../services/agenda/src/queries/free-slots.ts';
import { Queries } from '../../services/agenda/src/queries/queries.ts';
import { SearchIndex } from '../../services/agenda/src/search/search-index.ts';
import { StateMachine } from '../../services/agenda/src/state-machine/machine.ts';
import { CREATE_BATCH, DAY_MS, DataWriter, groupId, HOUR_MS, NOW_MS, userId } from './agenda-data-writer.ts';

const CACHE = join(dirname(fileURLToPath(import.meta.url)), '../../.cache');
const SIZES = {
  users: 10_000,
  groups: 500,
  appointments: Number(process.env.BENCH_APPOINTMENTS ?? 1_000_000),
};
/** Changes with what is written, so that an old file is not taken for a new one. */
const DIRECTORY = join(CACHE, `agenda-${SIZES.appointments}-4`);
const QUESTIONS = 2_000;
const CREATES = 20_000;
const CREATE_ROUNDS = 10;
/** Not counted: code that is not compiled yet, and caches that are empty. */
const WARMUP_ROUNDS = 3;
const FREE_SLOT_PEOPLE = 20;

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function buildIfMissing(): void {
  if (existsSync(DIRECTORY)) return;
  const partial = `${DIRECTORY}.partial`;
  rmSync(partial, { recursive: true, force: true });
  const db = openDatabase(partial);
  db.pragma('synchronous = OFF');
  const startedAt = performance.now();
  new DataWriter(new StateMachine(db)).write(SIZES, (done) =>
    say(`  ${done} appointments written, ${((performance.now() - startedAt) / 1000).toFixed(0)} s`),
  );
  db.close();
  renameSync(partial, DIRECTORY);
}

/** In milliseconds. */
function timesOf(count: number, ask: (number: number) => unknown): number[] {
  const times: number[] = [];
  for (let number = 0; number < count; number++) {
    const startedAt = performance.now();
    ask(number);
    times.push(performance.now() - startedAt);
  }
  return times.sort((a, b) => a - b);
}

function row(label: string, times: readonly number[], mark: string): void {
  const at = (share: number): string => (times[Math.floor(share * (times.length - 1))] ?? 0).toFixed(2);
  say(`${label.padEnd(48)}${at(0.5).padStart(10)}${at(0.99).padStart(10)}${at(1).padStart(10)}  ${mark}`);
}

/** Spread over all, the same in every run. */
function someUser(number: number): string {
  return userId((number * 7_919) % SIZES.users);
}

function measureQuestions(queries: Queries): void {
  const week = (number: number) => {
    const fromMs = NOW_MS + ((number % 40) - 20) * 7 * DAY_MS;
    return { fromMs, toMs: fromMs + 7 * DAY_MS, limit: 200, cursor: '' };
  };
  say(`${''.padEnd(48)}${'p50 ms'.padStart(10)}${'p99 ms'.padStart(10)}${'max ms'.padStart(10)}`);
  row(
    'own agenda, a week',
    timesOf(QUESTIONS, (n) => queries.agendas.ofPerson(someUser(n), someUser(n), week(n))),
    'mark: p99 ≤ 10',
  );
  row(
    "a group's agenda (20 members), a week",
    timesOf(QUESTIONS, (n) =>
      queries.agendas.ofGroup(userId(n % SIZES.groups), groupId(n % SIZES.groups), week(n)),
    ),
    'mark: p99 ≤ 10',
  );
  row(
    `free slots, ${FREE_SLOT_PEOPLE} people, two weeks`,
    timesOf(QUESTIONS / 4, (n) => freeSlots(queries, n)),
    'mark: p99 ≤ 50',
  );
  row(
    'conflicts, four weeks',
    timesOf(QUESTIONS / 4, (n) =>
      queries.agendas.conflicts(someUser(n), { ...week(n), toMs: week(n).fromMs + 28 * DAY_MS }),
    ),
    '',
  );
  row(
    'users by the beginning of a name',
    timesOf(QUESTIONS / 10, (n) => queries.searchUsers(`user${n}`, 50, '')),
    '',
  );
  row(
    'users by the beginning of a later word',
    timesOf(QUESTIONS / 10, (n) => queries.searchUsers(`${n * 37} of`, 50, '')),
    '',
  );
}

function freeSlots(queries: Queries, number: number): void {
  const fromMs = NOW_MS + (number % 20) * DAY_MS;
  const toMs = fromMs + 14 * DAY_MS;
  const required = Array.from({ length: FREE_SLOT_PEOPLE }, (_, at): Attendee => {
    const id = userId((number * FREE_SLOT_PEOPLE + at) % SIZES.users);
    return {
      userId: id,
      timeZone: queries.busyTime.timeZoneOf(id) ?? 'UTC',
      busy: queries.busyTime.of(id, fromMs, toMs),
    };
  });
  const hours = { startMinutes: 9 * 60, endMinutes: 17 * 60, days: [1, 2, 3, 4, 5] };
  findFreeSlots({ required, optional: [], fromMs, toMs, durationMs: HOUR_MS, bufferMs: 0, hours, limit: 10 });
}

function measureSync(queries: Queries, applied: number): void {
  const page = (since: (number: number) => number) => (number: number) =>
    queries.sync.changesOf(someUser(number), since(number), 200, applied);
  row(
    "sync, a person's first page",
    timesOf(
      QUESTIONS / 4,
      page(() => 0),
    ),
    '',
  );
  row(
    'sync, nothing new',
    timesOf(
      QUESTIONS / 4,
      page(() => applied),
    ),
    '',
  );
}

async function measureSearch(queries: Queries, machine: StateMachine): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'bench-search-'));
  const index = new SearchIndex(directory, {
    changesOf: (user, since, limit) =>
      queries.sync.changesOf(user, since, limit, machine.lastApplied().index),
    appointmentOf: (user, id) => queries.appointmentFor(user, id),
  });
  const times: [first: number[], next: number[]] = [[], []];
  for (let number = 0; number < QUESTIONS / 10; number++)
    for (const list of times) {
      const startedAt = performance.now();
      await index.search(
        { userId: someUser(number), query: 'meet 7', deleted: false, limit: 50, cursor: '' },
        Infinity,
      );
      list.push(performance.now() - startedAt);
    }
  for (const list of times) list.sort((a, b) => a - b);
  row("search, a person's first question (indexes)", times[0], '');
  row('search, after that', times[1], '');
  index.close();
  rmSync(directory, { recursive: true });
}

/** One database under creates. */
class Creates {
  readonly #db: Database;
  readonly #writer: DataWriter;
  readonly #checkpointer: Checkpointer;
  #wallMs = 0;
  #cpuMs = 0;

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
    });
    this.#writer = new DataWriter(machine, (index, count) => this.#checkpointer.applied(index, count));
    this.#writer.prepareCreates(SIZES.users);
  }

  round(round: number): void {
    const commands = this.#writer.encodeCreates(CREATES / CREATE_ROUNDS, round, SIZES.users);
    const startedAt = performance.now();
    const cpu = process.cpuUsage();
    this.#writer.apply(commands);
    const { user, system } = process.cpuUsage(cpu);
    if (round < WARMUP_ROUNDS) return;
    this.#wallMs += performance.now() - startedAt;
    this.#cpuMs += (user + system) / 1_000;
  }

  /** Of one create, in µs. */
  get cost(): { readonly wallUs: number; readonly cpuUs: number } {
    return { wallUs: (this.#wallMs / CREATES) * 1_000, cpuUs: (this.#cpuMs / CREATES) * 1_000 };
  }

  close(): void {
    this.#checkpointer.close();
    this.#db.close();
  }
}

/** In turns, so that what else the machine does hits both. */
function measureCreates(largeDirectory: string, emptyDirectory: string): void {
  const [large, empty] = [new Creates(largeDirectory), new Creates(emptyDirectory)];
  for (let round = 0; round < WARMUP_ROUNDS + CREATE_ROUNDS; round++)
    for (const one of [large, empty]) one.round(round);
  say(`create, applied in batches of ${CREATE_BATCH}, checkpoints included:`);
  for (const [label, { wallUs, cpuUs }] of [
    ['on it', large.cost],
    ['on an empty one', empty.cost],
  ] as const)
    say(
      `  ${label.padEnd(18)}${wallUs.toFixed(0).padStart(6)} µs (${(1e6 / wallUs).toFixed(0)}/s), CPU ${cpuUs.toFixed(0)} µs`,
    );
  const wall = empty.cost.wallUs / large.cost.wallUs;
  const cpu = empty.cost.cpuUs / large.cost.cpuUs;
  say(`  as fast as on an empty one: ${wall.toFixed(2)}, by CPU ${cpu.toFixed(2)}  mark: ≥ 0.80`);
  for (const one of [large, empty]) one.close();
}

async function main(): Promise<void> {
  buildIfMissing();
  say(
    `${SIZES.appointments} appointments, ${SIZES.users} users, ${SIZES.groups} groups: ${(statSync(join(DIRECTORY, 'agenda.db')).size / 2 ** 20).toFixed(0)} MiB`,
  );
  const directory = mkdtempSync(join(tmpdir(), 'bench-agenda-'));
  // What is measured leaves the file as it is.
  const db = openDatabase(DIRECTORY);
  db.exec('BEGIN');
  const machine = new StateMachine(db);
  const queries = new Queries(db);
  measureQuestions(queries);
  measureSync(queries, machine.lastApplied().index);
  await measureSearch(queries, machine);
  db.exec('ROLLBACK');
  const [large, empty] = [join(directory, 'large'), join(directory, 'empty')];
  mkdirSync(large);
  await db.backup(join(large, 'agenda.db'));
  db.close();
  measureCreates(large, empty);
  rmSync(directory, { recursive: true });
}

await main();
