import assert from 'node:assert/strict';
import type { AgendaItem } from '../../api/types.ts';
import { type AgendaItems, NO_ITEMS } from '../calendar/agenda-items.ts';
import { toEventInput } from '../calendar/event-input.ts';
import { agendaItem } from '../calendar/testing/item.ts';
import { colorsOf, gather, type SharedEntries, shortNames, shownEntries, withOwn } from './shared-entries.ts';

function item(id: string, userId: string, change: Partial<AgendaItem> = {}): AgendaItem {
  return agendaItem({ id, title: id, userId, ownerId: userId, myStatus: 'accepted', ...change });
}

function own(...items: AgendaItem[]): AgendaItems {
  return { ...NO_ITEMS, byKey: new Map(items.map((one) => [one.id, one])) };
}

const person = (userId: string, displayName = '') => ({ userId, username: userId, displayName });
const PEOPLE = [person('me'), person('ana', 'Ana Silva'), person('ben', 'Ben Okoro')];
const NOBODY: ReadonlySet<string> = new Set();

function marks(entries: SharedEntries, hidden = NOBODY): Record<string, string> {
  const shown = shownEntries(entries, PEOPLE, 'me', hidden);
  return Object.fromEntries([...shown.marks].map(([key, { names }]) => [key, names]));
}

describe('the agendas of several people', () => {
  it('show what several have once, with their names', () => {
    const entries = gather([
      item('a', 'ana'),
      item('team', 'ana'),
      item('team', 'ben'),
      item('all', 'me'),
      item('all', 'ana'),
      item('all', 'ben'),
    ]);
    assert.deepEqual(marks(entries), { a: 'Ana', team: 'Ana, Ben', all: 'Everyone' });
  });

  it('show every occurrence of a series by itself', () => {
    const first = item('s', 'ana', { recurrenceStart: '2026-07-01T08:00:00.000Z' });
    const second = item('s', 'ana', { recurrenceStart: '2026-07-02T08:00:00.000Z' });
    assert.equal(gather([first, second]).size, 2);
  });

  it('take the own entries from the own agenda, which is newer', () => {
    const loaded = gather([item('gone', 'me'), item('both', 'me'), item('both', 'ana'), item('a', 'ana')]);
    const moved = item('both', 'me', { version: 2 });
    const merged = withOwn(loaded, own(moved, item('fresh', 'me')), 'me');
    assert.deepEqual(marks(merged), { both: 'You, Ana', a: 'Ana', fresh: 'You' });
    assert.equal(merged.get('both')?.item, moved);
  });

  it('leave out what only those have who were taken out of sight', () => {
    const entries = gather([item('a', 'ana'), item('b', 'ben'), item('ab', 'ana'), item('ab', 'ben')]);
    assert.deepEqual(Object.keys(marks(entries, new Set(['ana']))), ['b', 'ab']);
  });

  it('say of what several have whether it takes place, not what one of them answered', () => {
    const pending = { myStatus: 'pending' as const };
    const entries = gather([item('ab', 'ana', pending), item('ab', 'ben'), item('a', 'ana', pending)]);
    const { items } = shownEntries(entries, PEOPLE, 'me', NOBODY);
    assert.deepEqual([items.byKey.get('ab')?.myStatus, items.byKey.get('a')?.myStatus], [null, 'pending']);
  });

  it('give everybody a colour that does not depend on ranks, and the viewer the own', () => {
    const colors = colorsOf(PEOPLE, 'me');
    assert.deepEqual(colors, colorsOf(PEOPLE.toReversed(), 'me'));
    assert.deepEqual(
      [colors.get('me'), colors.get('ana'), colors.get('ben')],
      ['var(--event)', 'var(--person-1)', 'var(--person-2)'],
    );
  });

  it('call people by their first name, unless another is called so', () => {
    const names = shortNames([person('a', 'Ana Silva'), person('b', 'Ana Costa'), person('c')], 'me');
    assert.deepEqual([...names.values()], ['Ana Silva', 'Ana Costa', 'c']);
  });

  it('stand in the grid with the name and colour of whose they are, and only the own ones can be moved', () => {
    const busy = item('b', 'ben', { busyOnly: true, ownerId: '', title: '' });
    const entries = withOwn(gather([item('a', 'ana'), busy]), own(item('mine', 'me')), 'me');
    const { items, marks } = shownEntries(entries, PEOPLE, 'me', NOBODY);
    const events = [...items.byKey].map(([key, one]) => toEventInput(one, 'me', marks.get(key)));
    assert.deepEqual(
      events.map(({ title, color, startEditable }) => [title, color, startEditable]),
      [
        ['Ana: a', 'var(--person-1)', false],
        ['Ben: Busy', 'var(--person-2)', false],
        ['You: mine', 'var(--event)', true],
      ],
    );
  });

  it('of one person stand there without the name, which is said above', () => {
    const [ana] = PEOPLE.slice(1);
    const { items, marks } = shownEntries(gather([item('a', 'ana')]), [ana!], 'me', NOBODY);
    assert.equal(toEventInput(items.byKey.get('a')!, 'me', marks.get('a')).title, 'a');
  });
});
