import assert from 'node:assert/strict';
import type { AgendaItem } from '../../api/types.ts';
import { movedTimes, toEventInput } from './event-input.ts';

describe('an event in the calendar', () => {
  it('that overlaps another has a sign before its title, not only another colour', () => {
    const item = { id: 'walk', title: 'Walk', ownerId: 'me', recurrenceStart: null } as AgendaItem;
    assert.equal(toEventInput({ ...item, conflict: false }, 'me').title, 'Walk');
    assert.match(toEventInput({ ...item, conflict: true }, 'me').title ?? '', /^\u26a0.*\u00a0Walk$/);
  });
});

describe('a dragged event', () => {
  it('has the instants that the calendar gives', () => {
    const times = movedTimes(
      {
        start: new Date('2026-07-01T08:00:00Z'),
        end: new Date('2026-07-01T08:45:00Z'),
        startStr: '2026-07-01T09:00:00+01:00',
        endStr: '2026-07-01T09:45:00+01:00',
        allDay: false,
      },
      'Europe/Lisbon',
    );
    assert.deepEqual(times, {
      start: '2026-07-01T08:00:00.000Z',
      end: '2026-07-01T08:45:00.000Z',
      allDay: false,
    });
  });

  it('keeps the midnights of its own zone when it lasts all day', () => {
    const day = new Date('2026-07-01T00:00:00Z');
    const span = { start: day, end: null, startStr: '2026-07-01', endStr: '', allDay: true };
    assert.deepEqual(movedTimes(span, 'Asia/Tokyo'), {
      start: '2026-06-30T15:00:00.000Z',
      end: '2026-07-01T15:00:00.000Z',
      allDay: true,
    });
  });

  it('lasts an hour when it is dropped from the all-day row onto the grid', () => {
    const start = new Date('2026-07-01T08:00:00Z');
    const times = movedTimes({ start, end: null, startStr: '', endStr: '', allDay: false }, 'UTC');
    assert.equal(times?.end, '2026-07-01T09:00:00.000Z');
  });
});
