/**
 * `make bench-agenda`: the agenda's own questions on a large database, in one process and without the network: one
 * million appointments of 10,000 people in 500 groups, written by the state machine itself, as the log would, and opened
 * as the service opens it. What creates cost a whole cluster on it is asked by `agenda-cluster.ts`.
 */
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../../services/agenda/src/apply/database.ts';
import { type Attendee, findFreeSlots } from '../../services/agenda/src/queries/free-slots.ts';
import { Queries } from '../../services/agenda/src/queries/queries.ts';
import { SearchIndex } from '../../services/agenda/src/search/search-index.ts';
import { StateMachine } from '../../services/agenda/src/state-machine/machine.ts';
import { measureCreates } from './agenda-creates.ts';
import { DAY_MS, groupId, HOUR_MS, NOW_MS, userId } from './agenda-data-writer.ts';
import { LARGE_AGENDA, makeLargeAgenda, SIZES, say } from './large-agenda.ts';

const QUESTIONS = 2_000;
const FREE_SLOT_PEOPLE = 20;

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

async function main(): Promise<void> {
  makeLargeAgenda();
  say(
    `${SIZES.appointments} appointments, ${SIZES.users} users, ${SIZES.groups} groups: ${(statSync(join(LARGE_AGENDA, 'agenda.db')).size / 2 ** 20).toFixed(0)} MiB`,
  );
  const directory = mkdtempSync(join(tmpdir(), 'bench-agenda-'));
  // What is measured leaves the file as it is.
  const db = openDatabase(LARGE_AGENDA);
  db.exec('BEGIN');
  const machine = new StateMachine(db);
  const queries = new Queries(db);
  measureQuestions(queries);
  measureSync(queries, machine.lastApplied().index);
  await measureSearch(queries, machine);
  db.exec('ROLLBACK');
  const large = join(directory, 'large');
  mkdirSync(large);
  await db.backup(join(large, 'agenda.db'));
  db.close();
  await measureCreates(large, directory);
  rmSync(directory, { recursive: true });
}

await main();
