/**
 * `make bench-agenda`: the agenda's own questions on a large database, in one process and without the network: one
 * million appointments of 10,000 people in 500 groups, written by the state machine itself, as the log would.
 *
 * The file is kept in `.cache/`, because writing it takes minutes.
 */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { type Attendee, findFreeSlots } from '../../services/agenda/src/queries/free-slots.ts';
import { Queries } from '../../services/agenda/src/queries/queries.ts';
import { SearchIndex } from '../../services/agenda/src/search/search-index.ts';
import { StateMachine } from '../../services/agenda/src/state-machine/machine.ts';
import { DAY_MS, DataWriter, groupId, HOUR_MS, NOW_MS, userId } from './agenda-data-writer.ts';

const CACHE = join(dirname(fileURLToPath(import.meta.url)), '../../.cache');
const SIZES = {
  users: 10_000,
  groups: 500,
  appointments: Number(process.env.BENCH_APPOINTMENTS ?? 1_000_000),
};
/** Changes with what is written, so that an old file is not taken for a new one. */
const FILE = join(CACHE, `agenda-${SIZES.appointments}-3.db`);
const QUESTIONS = 2_000;
const CREATES = 5_000;
const FREE_SLOT_PEOPLE = 20;

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function buildIfMissing(): void {
  if (existsSync(FILE)) return;
  mkdirSync(CACHE, { recursive: true });
  const partial = `${FILE}.partial`;
  rmSync(partial, { force: true });
  const db = open(partial);
  db.pragma('synchronous = OFF');
  const startedAt = performance.now();
  new DataWriter(new StateMachine(db)).write(SIZES, (done) =>
    say(`  ${done} appointments written, ${((performance.now() - startedAt) / 1000).toFixed(0)} s`),
  );

  db.close();
  renameSync(partial, FILE);
}

function open(path: string): Database.Database {
  const db = new Database(path);
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = NORMAL');
  db.pragma('cache_size = -16384');
  return db;
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

/** In turns, so that what else the machine does hits both. @returns creates a second on each. */
function measureCreates(machines: readonly StateMachine[]): number[] {
  const writers = machines.map((machine) => new DataWriter(machine));
  for (const writer of writers) writer.prepareCreates(SIZES.users);
  const rounds = 10;
  const spentMs = machines.map(() => 0);
  for (let round = 0; round < rounds; round++)
    for (const [at, writer] of writers.entries()) {
      const startedAt = performance.now();
      writer.create(CREATES / rounds, round);
      spentMs[at] = (spentMs[at] ?? 0) + performance.now() - startedAt;
    }
  return spentMs.map((ms) => (CREATES / ms) * 1_000);
}

async function main(): Promise<void> {
  buildIfMissing();
  say(
    `${SIZES.appointments} appointments, ${SIZES.users} users, ${SIZES.groups} groups: ${(statSync(FILE).size / 2 ** 20).toFixed(0)} MiB`,
  );
  const directory = mkdtempSync(join(tmpdir(), 'bench-agenda-'));
  // What is measured leaves the file as it is.
  const db = open(FILE);
  db.exec('BEGIN');
  const machine = new StateMachine(db);
  const queries = new Queries(db);
  measureQuestions(queries);
  await measureSearch(queries, machine);
  db.exec('ROLLBACK');
  const copy = join(directory, 'large.db');
  await db.backup(copy);
  db.close();
  const large = open(copy);
  const empty = open(join(directory, 'empty.db'));
  const [onLarge = 0, onEmpty = 0] = measureCreates([new StateMachine(large), new StateMachine(empty)]);
  say(
    `create (apply, batches of 50): ${onLarge.toFixed(0)} /s on it, ${onEmpty.toFixed(0)} /s on an empty one: ${(onLarge / onEmpty).toFixed(2)}  mark: ≥ 0.80`,
  );
  for (const one of [large, empty]) one.close();
  rmSync(directory, { recursive: true });
}

await main();
