import assert from 'node:assert/strict';
import type { FreeSlot } from '../../api/free-time-api.ts';
import { parseProblem } from '../../api/problem.ts';
import { newFreeTimeForm } from './free-time-form.ts';
import { FreeTimeStore } from './free-time-store.ts';

const slot: FreeSlot = { start: 'a', end: 'b', missingUserIds: [] };
const form = newFreeTimeForm(0, 'UTC');

describe('the store of free times', () => {
  it('keeps what was asked, and the answer to it until it is forgotten', async () => {
    const store = new FreeTimeStore({ slots: async () => [slot] });
    await store.ask(form, 'UTC');
    assert.deepEqual(store.state.get(), { form, asking: false, slots: [slot], failure: null });
    store.forget();
    assert.deepEqual(store.state.get(), { form, asking: false, slots: null, failure: null });
  });

  it('takes no answer to a question that is not the newest', async () => {
    const answers: ((slots: FreeSlot[]) => void)[] = [];
    const signals: AbortSignal[] = [];
    const store = new FreeTimeStore({
      slots: (_question, { signal } = {}) => {
        signals.push(signal!);
        return new Promise((resolve) => answers.push(resolve));
      },
    });
    const first = store.ask(form, 'UTC');
    const second = store.ask(form, 'UTC');
    answers[1]?.([slot]);
    answers[0]?.([]);
    await Promise.all([first, second]);
    assert.equal(signals[0]?.aborted, true);
    assert.deepEqual(store.state.get().slots, [slot]);
  });

  it('keeps why there is no answer', async () => {
    const refused = parseProblem(403, '{"code":"forbidden"}', null);
    const store = new FreeTimeStore({ slots: () => Promise.reject(refused) });
    await store.ask(form, 'UTC');
    assert.deepEqual(store.state.get(), { form, asking: false, slots: null, failure: refused });
  });
});
