import assert from 'node:assert/strict';
import { CommandResult } from '@agenda/proto/agenda/v1/command';
import { Leadership } from '@agenda/proto/raft/v1/state_machine';
import { LeadershipWatch } from '../apply/leadership-watch.ts';
import { SERIES_ENDED_MS } from '../calendar/horizon.ts';
import type { StoredSeries } from '../queries/series.ts';
import type { CommandBody } from '../state-machine/feature-level.ts';
import { testLogger } from '../testing/scripted-sidecar.ts';
import { type Clock, Maintenance, type Task } from './maintenance.ts';
import { maintenanceTasks, type TaskParts } from './tasks.ts';

const DAY_MS = 86_400_000;

/** Time passes when the test says so. */
class TestClock implements Clock {
  #nowMs = 1_000_000;
  #waiting: { atMs: number; what: () => void }[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, what: () => void): () => void {
    const entry = { atMs: this.#nowMs + delayMs, what };
    this.#waiting.push(entry);
    return () => {
      this.#waiting = this.#waiting.filter((other) => other !== entry);
    };
  }

  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  async pass(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      const next = this.#waiting.find(({ atMs }) => atMs <= untilMs);
      if (!next) break;
      this.#waiting = this.#waiting.filter((other) => other !== next);
      this.#nowMs = next.atMs;
      next.what();
      await new Promise(setImmediate);
    }
    this.#nowMs = untilMs;
  }
}

describe('maintenance', () => {
  let clock: TestClock;
  let leadership: LeadershipWatch;
  let turns: number[];
  let outcome: () => Promise<boolean>;
  let maintenance: Maintenance;

  const lead = (isLeader: boolean): void =>
    leadership.update(Leadership.fromPartial({ leaderId: 'agenda-1', isLeader, acceptsWrites: true }));

  beforeEach(() => {
    clock = new TestClock();
    leadership = new LeadershipWatch();
    turns = [];
    outcome = () => Promise.resolve(false);
    const task: Task = {
      name: 'test',
      restMs: 10_000,
      run: (nowMs) => {
        turns.push(nowMs - 1_000_000);
        return outcome();
      },
    };
    maintenance = new Maintenance({ leadership, tasks: [task], clock, logger: testLogger() });
    maintenance.start();
  });
  afterEach(() => maintenance.stop());

  it('works while this pod leads, and rests between', async () => {
    await clock.pass(5_000);
    assert.deepEqual(turns, []);
    lead(true);
    await clock.pass(20_000);
    assert.deepEqual(turns, [5_500, 15_500]);
    lead(false);
    await clock.pass(60_000);
    assert.equal(turns.length, 2);
    lead(true);
    await clock.pass(1_000);
    assert.equal(turns.length, 3);
  });

  it('goes on at once while there is more', async () => {
    lead(true);
    outcome = () => Promise.resolve(true);
    await clock.pass(2_000);
    assert.deepEqual(turns, [500, 1_000, 1_500, 2_000]);
  });

  it('tries again what failed, after its rest', async () => {
    lead(true);
    outcome = () => Promise.reject(new Error('no leader'));
    await clock.pass(11_000);
    assert.deepEqual(turns, [500, 10_500]);
  });

  it('stops when its turn is over, and does not start another', async () => {
    lead(true);
    let end: (more: boolean) => void = () => {};
    outcome = () => new Promise((resolve) => (end = resolve));
    await clock.pass(500);
    let stopped = false;
    const stopping = maintenance.stop().then(() => (stopped = true));
    await new Promise(setImmediate);
    assert.equal(stopped, false);
    end(true);
    await stopping;
    assert.equal(clock.isWaiting, false);
  });
});

describe('the tasks of the leader', () => {
  const NOW_MS = Date.UTC(2026, 10, 2);
  let proposed: CommandBody[];

  const tasksOf = (
    queries: Partial<TaskParts['queries']['dueWork'] & TaskParts['queries']['series']>,
  ): Task[] =>
    maintenanceTasks({
      queries: {
        dueWork: { reminders: () => [], hasDeletedBefore: () => false, ...queries },
        series: { short: () => [], ...queries },
      },
      propose: (body) => {
        proposed.push(body);
        return Promise.resolve(CommandResult.fromPartial({}));
      },
    });
  const run = async (tasks: Task[]): Promise<boolean[]> => {
    const more: boolean[] = [];
    for (const task of tasks) more.push(await task.run(NOW_MS));
    return more;
  };

  beforeEach(() => {
    proposed = [];
  });

  it('propose nothing when nothing is due', async () => {
    assert.deepEqual(await run(tasksOf({})), [false, false, false]);
    assert.deepEqual(proposed, []);
  });

  it('fire what is due, a batch at a time', async () => {
    const due = { appointmentId: 'a', occurrenceStartMs: 1, minutes: 1, version: 1 };
    const reminders = (_: number, limit: number) => Array.from({ length: limit }, () => due);
    assert.deepEqual(await run(tasksOf({ reminders })), [true, false, false]);
    assert.equal(proposed[0]?.$case === 'fireReminders' && proposed[0].value.due.length, 50);
  });

  it('empty the trash of what was deleted more than thirty days ago', async () => {
    assert.deepEqual(await run(tasksOf({ hasDeletedBefore: () => true })), [false, false, true]);
    assert.deepEqual(proposed, [
      { $case: 'purgeDeleted', value: { deletedBeforeMs: NOW_MS - 30 * DAY_MS, limit: 200 } },
    ]);
  });

  it('extend a series by so many occurrences, and end it when its rule has no more', async () => {
    const startMs = NOW_MS - 700 * DAY_MS;
    const stored = (rule: string): StoredSeries => ({
      appointmentId: 's',
      ownerId: 'u',
      version: 7,
      startMs,
      endMs: startMs + 3_600_000,
      timeZone: 'UTC',
      allDay: false,
      recurrence: { rule, addedMs: [], excludedMs: [] },
      expandedUntilMs: NOW_MS + 31 * DAY_MS,
    });
    await run(
      tasksOf({ short: () => [stored('FREQ=DAILY'), stored('FREQ=DAILY;COUNT=735'), stored('nonsense')] }),
    );
    const values = proposed.map((body) => (body.$case === 'extendSeries' ? body.value : assert.fail()));
    assert.deepEqual(
      values.map((value) => [value.version, value.occurrences.length, value.expandedUntilMs]),
      [
        [7, 100, NOW_MS + 131 * DAY_MS],
        [7, 4, SERIES_ENDED_MS],
        [7, 0, SERIES_ENDED_MS],
      ],
    );
    assert.equal(values[0]?.occurrences[0]?.startMs, NOW_MS + 31 * DAY_MS);
  });
});
