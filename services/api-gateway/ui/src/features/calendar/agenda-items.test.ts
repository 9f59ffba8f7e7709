import assert from 'node:assert/strict';
import type { AgendaItem } from '../../api/types.ts';
import {
  itemOf,
  NO_ITEMS,
  restored,
  withChanged,
  withLoaded,
  withMoved,
  withRemoved,
} from './agenda-items.ts';
import { agendaItem } from './testing/item.ts';

function item(id: string, version: number, change: Partial<AgendaItem> = {}): AgendaItem {
  return agendaItem({ id, version, title: `${id} v${version}`, ...change });
}

const DAILY = { rule: 'FREQ=DAILY', added: [], excluded: [] };
const NOTHING_CHANGED = new Set<string>();
const loaded = (...items: AgendaItem[]) => withLoaded(NO_ITEMS, items, NOTHING_CHANGED);
const titles = (items: { byKey: ReadonlyMap<string, AgendaItem> }) =>
  [...items.byKey.values()].map(({ title }) => title).sort();

describe('an appointment without an appearance on the page', () => {
  it('stands for itself, and a series for its first time', () => {
    const once = item('once', 1);
    assert.equal(itemOf(once, 'me').recurrenceStart, null);
    assert.equal(itemOf({ ...once, recurrence: DAILY }, 'me').recurrenceStart, once.start);
  });
});

describe('the known agenda', () => {
  it('forgets what a newer load no longer has', () => {
    assert.deepEqual(titles(withLoaded(loaded(item('a', 1)), [item('b', 1)], NOTHING_CHANGED)), ['b v1']);
  });

  it('keeps what changed while the load was under way', () => {
    const known = withChanged(loaded(item('a', 1)), item('a', 2), 'me');
    const created = withChanged(known, item('b', 1), 'me');
    assert.deepEqual(titles(withLoaded(created, [item('a', 1)], new Set(['a', 'b']))), ['a v2', 'b v1']);
  });

  it('does not bring back what was removed while the load was under way', () => {
    const known = withRemoved(loaded(item('a', 1)), 'a', 2);
    assert.deepEqual(titles(withLoaded(known, [item('a', 1)], NOTHING_CHANGED)), []);
  });

  it('shows again what was restored after a removal', () => {
    const known = withRemoved(loaded(item('a', 1)), 'a', 2);
    assert.deepEqual(titles(withChanged(known, item('a', 3), 'me')), ['a v3']);
  });

  it('keeps what was changed for one occurrence in its place', () => {
    const occurrence = { recurrenceStart: '2026-07-01T08:00:00.000Z' };
    const known = withChanged(loaded(item('a', 1, occurrence)), item('a', 2, occurrence), 'me');
    assert.deepEqual(titles(known), ['a v2']);
  });

  it('ignores an older version that comes late', () => {
    const known = loaded(item('a', 3));
    assert.equal(withChanged(known, item('a', 2), 'me'), known);
  });

  it('drops an appointment that no longer concerns the viewer', () => {
    assert.deepEqual(titles(withChanged(loaded(item('a', 1)), item('a', 2, { ownerId: 'you' }), 'me')), []);
  });

  it('takes back a refused move, but not over something newer', () => {
    const before = item('a', 1);
    const moved = withMoved(loaded(before), { ...before, title: 'moved' });
    assert.deepEqual(titles(restored(moved, before)), ['a v1']);
    const newer = withChanged(moved, item('a', 2), 'me');
    assert.equal(restored(newer, before), newer);
  });

  it('keeps the appearances of one appointment apart', () => {
    const known = loaded(
      item('a', 1, { recurrenceStart: '2026-07-01T08:00:00.000Z' }),
      item('a', 1, { recurrenceStart: '2026-07-08T08:00:00.000Z' }),
    );
    assert.equal(known.byKey.size, 2);
    assert.equal(withRemoved(known, 'a', 2).byKey.size, 0);
  });
});
