import assert from 'node:assert/strict';
import { InvariantError } from './invariants.ts';
import { appendRequest, appendResponse, TestMember } from './testing/member.ts';

function broken(rule: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof InvariantError && rule.test(error.message);
}

describe('the core stops rather than go on from an impossible state:', () => {
  it('two leaders in one term', () => {
    const follower = new TestMember();
    follower.step(appendRequest({ from: 'b' }));
    assert.throws(() => follower.step(appendRequest({ from: 'c' })), broken(/I3/));
    const leader = new TestMember();
    leader.leadCommitted();
    const rival = {
      kind: 'heartbeatRequest',
      from: 'b',
      to: 'a',
      term: 2,
      commitIndex: 1,
      round: 1,
    } as const;
    assert.throws(() => leader.step(rival), broken(/I3/));
  });

  it('a stored log that ends before what was committed', () => {
    assert.throws(() => new TestMember({ commitIndex: 5 }), broken(/I1/));
  });

  it('a follower that has more than its leader', () => {
    const member = new TestMember();
    member.lead();
    assert.throws(() => member.step(appendResponse({ term: 2, index: 9 })), broken(/I7/));
  });

  it('a snapshot that the driver did not put in place of the log', () => {
    const member = new TestMember();
    const { configuration } = member.status;
    const metadata = { index: 7, term: 2, timestampMs: 0, configurationIndex: 1, configuration };
    assert.throws(() => member.core.snapshotInstalled(metadata), broken(/I1/));
  });
});
