import assert from 'node:assert/strict';
import { ManualClock } from '../testing/manual.ts';
import { MEMBERS_MAX, MemberStarts, SILENCE_MS, type Start, type StoredStart } from './member-starts.ts';

const SELF = 'a#1';
const MEMBER = 'b#1';

describe('the processes that speak for a member', () => {
  let clock: ManualClock;
  let stored: readonly StoredStart[];
  let starts: MemberStarts;

  beforeEach(() => {
    clock = new ManualClock();
    stored = [];
    starts = open();
  });

  function open(): MemberStarts {
    const table = {
      load: () => stored,
      replaceAll: (rows: readonly StoredStart[]) => {
        stored = rows;
      },
    };
    return new MemberStarts(SELF, table, clock);
  }

  /** A restart of the process 1 on its disk, on a machine where that one may still run. */
  function start(incarnation: number, changes: Partial<Start> = {}): Start {
    return {
      incarnation,
      previousIncarnation: incarnation - 1,
      sameDiskSince: incarnation,
      term: 7,
      votedFor: '',
      lastIndex: 100,
      ...changes,
    };
  }

  function admit(incarnation: number, changes: Partial<Start> = {}): string {
    return starts.admit(MEMBER, start(incarnation, changes), 0);
  }

  it('are one after the other when the former has certainly ended', () => {
    assert.equal(admit(1), 'admitted');
    assert.equal(admit(2, { sameDiskSince: 1 }), 'admitted');
    assert.equal(admit(2), 'admitted', 'and it may say so again');
    assert.equal(admit(1), 'superseded', 'what comes late from the former is not heard');
  });

  it('do not take turns: the elder stays for as long as it is heard', () => {
    admit(1);
    for (let at = 0; at < 10; at++) {
      clock.nowMs += SILENCE_MS - 1;
      assert.equal(admit(2), 'twin');
      assert.ok(starts.heard(MEMBER, 1));
    }
    clock.nowMs += SILENCE_MS;
    assert.equal(admit(2), 'admitted');
    assert.equal(starts.heard(MEMBER, 1), false, 'a stream of the elder is not heard any more');
    assert.equal(admit(1), 'superseded');
  });

  it('are told apart by hearsay too: what others heard of the elder counts', () => {
    starts.admit(MEMBER, start(1), 0);
    clock.nowMs += SILENCE_MS;
    starts.admit(MEMBER, start(1), 10);
    assert.equal(admit(2), 'twin');
    starts.admit(MEMBER, start(1), SILENCE_MS + 10);
    clock.nowMs += SILENCE_MS - 10;
    assert.equal(admit(2), 'admitted', 'older hearsay changes nothing');
  });

  it('count as ended only back to where the chain of certain ends begins', () => {
    admit(1);
    assert.equal(admit(3, { sameDiskSince: 2 }), 'twin', 'the third knows of the second, not of the first');
  });

  it('are refused for good when their disk does not know a start that happened', () => {
    admit(5);
    clock.nowMs += 10 * SILENCE_MS;
    assert.equal(admit(6, { previousIncarnation: 4, sameDiskSince: 4 }), 'stale');
  });

  const forgotten: [title: string, promise: [number, number, boolean], disk: Partial<Start>][] = [
    ['an earlier term than it acknowledged in', [8, 50, false], {}],
    ['fewer entries of the term than it acknowledged', [7, 101, false], {}],
    ['another vote of the term than it gave', [7, 0, true], { votedFor: 'c#1' }],
    ['no vote of the term though it gave one', [7, 0, true], {}],
  ];
  for (const [title, [term, lastIndex, votedHere], disk] of forgotten)
    it(`are refused for good when their disk holds ${title}`, () => {
      admit(1);
      starts.promised(MEMBER, term, lastIndex, votedHere);
      assert.equal(admit(2, { sameDiskSince: 1, ...disk }), 'stale');
    });

  const kept: [title: string, promise: [number, number, boolean], disk: Partial<Start>][] = [
    ['all that was acknowledged', [7, 100, false], {}],
    ['the vote that was given', [7, 0, true], { votedFor: SELF }],
    ['a later term, in which the log may have been cut', [6, 500, true], {}],
  ];
  for (const [title, [term, lastIndex, votedHere], disk] of kept)
    it(`are heard when their disk holds ${title}`, () => {
      admit(1);
      starts.promised(MEMBER, term, lastIndex, votedHere);
      assert.equal(admit(2, { sameDiskSince: 1, ...disk }), 'admitted');
    });

  it('are held to the latest promise only, however the messages came', () => {
    admit(1);
    starts.promised(MEMBER, 6, 500, false);
    starts.promised(MEMBER, 7, 90, false);
    starts.promised(MEMBER, 7, 80, false);
    starts.promised(MEMBER, 6, 900, true);
    assert.equal(admit(2, { sameDiskSince: 1, lastIndex: 90 }), 'admitted');
  });

  it('are remembered over a restart, but nobody counts as alive from before it', () => {
    admit(3);
    starts.promised(MEMBER, 7, 101, true);
    starts.store();
    starts = open();
    assert.equal(admit(2), 'superseded');
    assert.equal(admit(4), 'stale', 'the promise counts');
    assert.equal(admit(4, { lastIndex: 101, votedFor: SELF }), 'admitted', 'without waiting for silence');
  });

  it('are forgotten one by one at the bound', () => {
    for (let at = 0; at <= MEMBERS_MAX; at++) starts.admit(`n${at}#1`, start(5), 0);
    starts.store();
    assert.equal(stored.length, MEMBERS_MAX);
    assert.ok(!stored.some(({ memberId }) => memberId === 'n0#1'));
  });
});
