import assert from 'node:assert/strict';
import { ManualClock } from '../testing/manual.ts';
import { SILENCE_MS, type Start } from './member-starts.ts';
import { Probation } from './probation.ts';

describe('the probation of a process', () => {
  let clock: ManualClock;
  let passed: number;

  beforeEach(() => {
    clock = new ManualClock();
    passed = 0;
  });

  function probation(changes: Partial<Start>): Probation {
    const start = {
      incarnation: 9,
      previousIncarnation: 8,
      sameDiskSince: 9,
      term: 0,
      votedFor: '',
      lastIndex: 0,
    };
    return new Probation({ ...start, ...changes }, clock, () => {
      passed += 1;
    });
  }

  it('is spared a new disk, and one whose former process has certainly ended', () => {
    assert.equal(probation({ previousIncarnation: 0 }).active, false);
    assert.equal(probation({ sameDiskSince: 8 }).active, false);
  });

  it('ends once nobody has told of another process for a while', () => {
    const moved = probation({});
    assert.match(moved.waitingFor, /^its peers/);
    clock.nowMs += SILENCE_MS - 1;
    moved.consider();
    assert.ok(moved.active);
    moved.refused('the elder to be silent');
    clock.nowMs += SILENCE_MS - 1;
    moved.consider();
    assert.equal(moved.waitingFor, 'the elder to be silent');
    clock.nowMs += 1;
    moved.consider();
    moved.consider();
    assert.deepEqual([moved.active, moved.waitingFor, passed], [false, '', 1]);
  });
});
