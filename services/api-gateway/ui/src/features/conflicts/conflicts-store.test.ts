import assert from 'node:assert/strict';
import type { AgendaRange } from '../../api/agenda-api.ts';
import { clientError } from '../../api/problem.ts';
import type { AgendaItem, LiveItem } from '../../api/types.ts';
import { ConflictsStore, mayLookFurther } from './conflicts-store.ts';

const NOW_MS = Date.parse('2026-06-01T08:00:00Z');
const CHANGED = { kind: 'appointment_changed' } as LiveItem;

function item(id: string, from: number, to: number, myStatus = 'accepted'): AgendaItem {
  const at = (hour: number) => new Date(NOW_MS + hour * 3_600_000).toISOString();
  return { id, start: at(from), end: at(to), myStatus, recurrenceStart: null } as AgendaItem;
}

/** A server with these conflicts; pauses end when the test says so. */
class Desk {
  marked: readonly AgendaItem[] = [item('a', 1, 3), item('b', 2, 4)];
  agenda: readonly AgendaItem[] = [];
  readonly asked: AgendaRange[] = [];
  readonly askedAgenda: AgendaRange[] = [];
  failing = false;
  #pauses: (() => void)[] = [];
  readonly store = new ConflictsStore({
    conflicts: {
      inRange: async (range) => {
        this.asked.push(range);
        if (this.failing) throw clientError('network', 'The server cannot be reached.');
        return this.marked;
      },
    },
    agenda: {
      agenda: async (range) => {
        this.askedAgenda.push(range);
        return { items: this.agenda, truncated: false, stale: false };
      },
    },
    wait: () => new Promise((resolve) => this.#pauses.push(resolve)),
    nowMs: () => NOW_MS,
  });

  get keys(): string[] {
    return this.store.state.get().pairs.map(({ key }) => key);
  }

  async pause(): Promise<void> {
    for (const resolve of this.#pauses.splice(0)) resolve();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('the store of conflicts', () => {
  it('reads those of four weeks, and of four more each time, up to 56', async () => {
    const desk = new Desk();
    await desk.store.open();
    assert.deepEqual(desk.keys, ['a b']);
    assert.deepEqual(desk.asked, [{ start: '2026-06-01T08:00:00.000Z', end: '2026-06-29T08:00:00.000Z' }]);
    assert.deepEqual(desk.askedAgenda, []);
    for (let more = 0; more < 20; more += 1) await desk.store.loadMore();
    assert.equal(desk.asked.at(-1)?.end, '2027-06-28T08:00:00.000Z');
    assert.equal(desk.asked.length, 14);
    assert.equal(mayLookFurther(desk.store.state.get()), false);
  });

  it('looks as far from the beginning as what somebody wants to see', async () => {
    const weeksUntil = async (until: string) => {
      const { store } = new Desk();
      await store.open(until);
      return store.state.get().weeks;
    };
    assert.equal(await weeksUntil('2026-06-02T09:00:00Z'), 4);
    assert.equal(await weeksUntil('2026-05-01T09:00:00Z'), 4);
    assert.equal(await weeksUntil('2026-06-29T09:00:00Z'), 8);
    assert.equal(await weeksUntil('2031-06-29T09:00:00Z'), 56);
  });

  it('reads the agenda where only one of the two is marked', async () => {
    const desk = new Desk();
    desk.marked = [item('asked', 1, 3, 'pending')];
    desk.agenda = [item('mine', 2, 4), ...desk.marked];
    await desk.store.open();
    assert.deepEqual(desk.keys, ['asked mine']);
    assert.equal(desk.askedAgenda.length, 1);
  });

  it('reads again after changes, once for many, while somebody looks and no longer', async () => {
    const desk = new Desk();
    await desk.store.open();
    desk.marked = [];
    for (let change = 0; change < 5; change += 1) desk.store.applyLive(CHANGED);
    await desk.pause();
    assert.deepEqual([desk.keys, desk.asked.length], [[], 2]);
    desk.store.close();
    desk.store.applyLive(CHANGED);
    await desk.pause();
    assert.equal(desk.asked.length, 2);
  });

  it('keeps what it knew when a reading fails, and says why', async () => {
    const desk = new Desk();
    await desk.store.open();
    desk.failing = true;
    await desk.store.loadMore();
    assert.deepEqual(desk.keys, ['a b']);
    assert.equal(desk.store.state.get().error, 'The server cannot be reached.');
    assert.equal(desk.store.state.get().weeks, 4);
  });
});
