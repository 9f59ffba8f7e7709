import assert from 'node:assert/strict';
import { Event, EventBatch } from '@agenda/proto/agenda/v1/event';
import { WholeEntries } from './whole-entries.ts';

const batch = (upToIndex: number, indices: readonly number[], reset = false): EventBatch =>
  EventBatch.fromPartial({
    events: indices.map((logIndex, ordinal) => Event.fromPartial({ logIndex, ordinal })),
    upToIndex,
    reset,
  });

describe('whole entries', () => {
  const taken = (whole: WholeEntries, given: EventBatch): [number[], number] => {
    const { events, upToIndex } = whole.take(given);
    return [events.map(({ logIndex }) => logIndex), upToIndex];
  };

  it('hand on what is complete as it is', () => {
    const whole = new WholeEntries();
    assert.deepEqual(taken(whole, batch(7, [5, 6, 6])), [[5, 6, 6], 7]);
    assert.deepEqual(taken(whole, batch(9, [])), [[], 9]);
  });

  it('hold an entry back until the message that counts it as told', () => {
    const whole = new WholeEntries();
    assert.deepEqual(taken(whole, batch(4, [4, 5, 5])), [[4], 4]);
    assert.deepEqual(taken(whole, batch(4, [5, 5])), [[], 4]);
    assert.deepEqual(taken(whole, batch(6, [5, 6])), [[5, 5, 5, 5, 5, 6], 6]);
  });

  it('forget what was incomplete when the position is no longer kept', () => {
    const whole = new WholeEntries();
    taken(whole, batch(4, [5]));
    assert.deepEqual(taken(whole, batch(90, [], true)), [[], 90]);
    assert.deepEqual(taken(whole, batch(91, [91])), [[91], 91]);
  });
});
