import assert from 'node:assert/strict';
import { WriteChains } from './write-chains.ts';

describe('writes to one appointment', () => {
  const refusal = new Error('version mismatch');

  /** A server with one appointment; each write takes a few turns. */
  function server(initial: number) {
    const state = { version: initial, underWay: 0, mostAtOnce: 0 };
    const write = async (version: number) => {
      state.underWay += 1;
      state.mostAtOnce = Math.max(state.mostAtOnce, state.underWay);
      for (let turn = 0; turn < 3; turn += 1) await Promise.resolve();
      state.underWay -= 1;
      if (version !== state.version) throw refusal;
      state.version += 1;
      return state.version;
    };
    return { state, write };
  }

  it('go one after the other, each based on the result of the one before', async () => {
    const { state, write } = server(4);
    const chains = new WriteChains();
    await Promise.all([1, 2, 3].map(() => chains.run({ id: 'a', version: 4 }, write)));
    assert.deepEqual([state.version, state.mostAtOnce], [7, 1]);
  });

  it('still meet the change of somebody else', async () => {
    const { state, write } = server(4);
    const chains = new WriteChains();
    await chains.run({ id: 'a', version: 4 }, write);
    state.version += 1;
    await assert.rejects(chains.run({ id: 'a', version: 4 }, write), refusal);
  });

  it('go on after one of them failed', async () => {
    const { state, write } = server(4);
    const chains = new WriteChains();
    const failed = chains.run({ id: 'a', version: 4 }, () => Promise.reject(refusal));
    const next = chains.run({ id: 'a', version: 4 }, write);
    await assert.rejects(failed, refusal);
    await next;
    assert.equal(state.version, 5);
  });

  it('of different appointments do not wait for each other', async () => {
    const chains = new WriteChains();
    void chains.run({ id: 'a', version: 1 }, () => new Promise(() => {}));
    await chains.run({ id: 'b', version: 1 }, async () => 2);
  });
});
