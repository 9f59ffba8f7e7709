import assert from 'node:assert/strict';
import type { FreeSlot, FreeTimeApi } from '../../api/free-time-api.ts';
import type { GroupMember } from '../../api/groups-api.ts';
import { parseProblem } from '../../api/problem.ts';
import { newFreeTimeForm } from './free-time-form.ts';
import { FreeTimeStore } from './free-time-store.ts';

const slot: FreeSlot = { start: 'a', end: 'b', missingUserIds: [] };
const form = newFreeTimeForm(0, 'UTC');
const ME = { id: 'me', timeZone: 'UTC' };

function storeOf(api: Partial<Pick<FreeTimeApi, 'slots' | 'busy'>>): FreeTimeStore {
  const unasked = () => assert.fail('nobody asks for that');
  return new FreeTimeStore({
    freeTime: { slots: unasked, busy: unasked, ...api },
    groups: { members: async () => ['me', 'ben', 'cleo'].map(member) },
  });
}

function member(userId: string): GroupMember {
  return { groupId: 'g', userId, username: userId, displayName: '', rank: 0, joinedAt: '' };
}

describe('the store of free times', () => {
  it('keeps what was asked, and the answer to it until it is forgotten', async () => {
    const store = storeOf({ slots: async () => [slot] });
    await store.ask(form, ME);
    assert.deepEqual(store.state.get(), { form, asking: false, slots: [slot], busiest: [], failure: null });
    store.forget();
    assert.deepEqual(store.state.get(), { form, asking: false, slots: null, busiest: [], failure: null });
  });

  it('takes no answer to a question that is not the newest', async () => {
    const answers: ((slots: FreeSlot[]) => void)[] = [];
    const signals: AbortSignal[] = [];
    const store = storeOf({
      slots: (_question, { signal } = {}) => {
        signals.push(signal!);
        return new Promise((resolve) => answers.push(resolve));
      },
    });
    const first = store.ask(form, ME);
    const second = store.ask(form, ME);
    answers[1]?.([slot]);
    answers[0]?.([]);
    await Promise.all([first, second]);
    assert.equal(signals[0]?.aborted, true);
    assert.deepEqual(store.state.get().slots, [slot]);
  });

  it('keeps why there is no answer', async () => {
    const refused = parseProblem(403, '{"code":"forbidden"}', null);
    const store = storeOf({ slots: () => Promise.reject(refused) });
    await store.ask(form, ME);
    assert.deepEqual(store.state.get(), { form, asking: false, slots: null, busiest: [], failure: refused });
  });

  it('says who of all that have to come is busiest where there is no time, and does without if it cannot', async () => {
    const asked: (readonly string[])[] = [];
    const store = storeOf({
      slots: async () => [],
      busy: async (userIds, { start }) => {
        asked.push(userIds);
        const end = new Date(Date.parse(start) + 3_600_000).toISOString();
        return [{ userId: 'cleo', busy: [{ start, end }] }];
      },
    });
    await store.ask({ ...form, groupId: 'g' }, ME);
    assert.deepEqual(asked, [['ben', 'cleo']]);
    const [busiest] = store.state.get().busiest;
    assert.deepEqual([busiest?.person.id, busiest?.minutes], ['cleo', 60]);
    const mute = storeOf({ slots: async () => [], busy: () => Promise.reject(new Error('busy')) });
    await mute.ask({ ...form, groupId: 'g' }, ME);
    const { slots, busiest: none, failure } = mute.state.get();
    assert.deepEqual([slots, none, failure], [[], [], null]);
  });
});
