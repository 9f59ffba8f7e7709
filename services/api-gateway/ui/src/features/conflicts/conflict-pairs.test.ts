import assert from 'node:assert/strict';
import type { AgendaItem, ParticipantStatus } from '../../api/types.ts';
import { pairsOf, rangeOfUnpaired, standingOf } from './conflict-pairs.ts';

function item(id: string, from: number, to: number, myStatus: ParticipantStatus = 'accepted'): AgendaItem {
  return {
    id,
    start: hour(from),
    end: hour(to),
    myStatus,
    ownerId: 'me',
    recurrenceStart: null,
  } as AgendaItem;
}

function hour(at: number): string {
  return `2026-06-01T${String(at).padStart(2, '0')}:00:00.000Z`;
}

function named(pairs: ReturnType<typeof pairsOf>): string[] {
  return pairs.map(({ first, second, start, end }) =>
    [first.id, second.id, start.slice(11, 13), end.slice(11, 13)].join(' '),
  );
}

describe('the pairs of a list of conflicts', () => {
  it('are each two that overlap, with the time that they share, in its order', () => {
    const [fair, call, lunch] = [item('fair', 9, 17), item('call', 10, 11), item('lunch', 12, 13)];
    assert.deepEqual(named(pairsOf([fair, call, lunch], [])), ['fair call 10 11', 'fair lunch 12 13']);
    assert.equal(rangeOfUnpaired([fair, call, lunch]), null);
  });

  it('are not those that only touch, nor two that both take no time', () => {
    const touching = [item('a', 9, 10), item('b', 10, 11)];
    assert.deepEqual(named(pairsOf(touching, [])), []);
    const asked = [item('a', 9, 11, 'pending'), item('b', 10, 12, 'tentative'), item('c', 9, 12)];
    assert.deepEqual(named(pairsOf(asked, [])), ['a c 09 11', 'c b 10 12']);
  });

  it('read what an unanswered invitation overlaps from the agenda, and nothing else of it', () => {
    const invited = item('invited', 10, 12, 'pending');
    assert.deepEqual(rangeOfUnpaired([invited]), { start: hour(10), end: hour(12) });
    const agenda = [item('mine', 9, 11), invited, item('after', 12, 13), item('late', 12, 14)];
    assert.deepEqual(named(pairsOf([invited], agenda)), ['mine invited 10 11']);
  });

  it('tell two occurrences of one series apart, which do not conflict with each other', () => {
    const first = { ...item('series', 9, 11), recurrenceStart: hour(9) };
    const second = { ...item('series', 10, 12), recurrenceStart: hour(10) };
    const pairs = pairsOf([first, second, item('x', 10, 11)], []);
    assert.deepEqual(
      pairs.map((pair) => pair.key),
      [`series@${hour(9)} x`, `series@${hour(10)} x`],
    );
  });

  it('say how each came into the agenda', () => {
    const others = { ...item('a', 9, 10), ownerId: 'boss' };
    const said = (['accepted', 'auto', 'pending', 'tentative'] as const).map((myStatus) =>
      standingOf({ ...others, myStatus }, 'me'),
    );
    assert.deepEqual(said, ['you accepted', 'entered for you', 'you have not answered', 'you may come']);
    assert.equal(standingOf(item('a', 9, 10), 'me'), 'your own');
  });
});
