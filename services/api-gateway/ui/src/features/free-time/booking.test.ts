import assert from 'node:assert/strict';
import { type Draft, newDraft } from '../calendar/draft.ts';
import { draftAt, freeTimeFormFor, withPeople } from './booking.ts';
import { newFreeTimeForm } from './free-time-form.ts';

const ZONE = 'Europe/Lisbon';
const NOW_MS = Date.parse('2026-06-05T10:00:00Z');
const SLOT = { start: '2026-06-08T13:00:00.000Z', end: '2026-06-08T14:30:00.000Z', missingUserIds: [] };
const BEN = { userId: 'u-1', optional: false, name: 'Ben Okoro' };
const CLEO = { userId: 'u-2', optional: true, name: 'Cleo Martín' };
const ME = { userId: 'me', optional: false, name: 'Ana Silva' };

function draft(start: string, end: string, change: Partial<Draft> = {}): Draft {
  return { ...newDraft(start, end, ZONE), invitees: [ME, BEN, CLEO], groupId: 'g', ...change };
}

function formOf(start: string, end: string) {
  return freeTimeFormFor(draft(start, end), 'me', NOW_MS, ZONE);
}

describe('an appointment for which a time is looked for', () => {
  it('gives who is asked but the viewer, how long it is, and its first day', () => {
    const form = formOf('2026-06-10T09:00:00Z', '2026-06-10T09:45:00Z');
    assert.deepEqual(
      [form.people.map(({ id }) => id), form.optional.map(({ id }) => id)],
      [['u-1'], ['u-2']],
    );
    assert.deepEqual([form.groupId, form.minutes, form.anyHour], ['g', 45, false]);
    assert.deepEqual([form.firstDay, form.lastDay], ['2026-06-10', '2026-06-24']);
  });

  it('is looked for from today if it is over, and for any length up to a day', () => {
    assert.equal(formOf('2026-05-01T09:00:00Z', '2026-05-01T10:00:00Z').firstDay, '2026-06-05');
    const odd = formOf('2026-06-10T09:00:00Z', '2026-06-10T10:10:00Z');
    assert.deepEqual([odd.minutes, odd.typedMinutes], [null, '70']);
    const long = formOf('2026-06-10T09:00:00Z', '2026-06-10T21:00:00Z');
    assert.deepEqual([long.typedMinutes, long.anyHour], ['720', true]);
    assert.equal(formOf('2026-06-10T09:00:00Z', '2026-06-12T09:00:00Z').minutes, 60);
    assert.equal(formOf('2026-06-10T09:00:00Z', '2026-06-10T08:00:00Z').minutes, 60);
  });

  it('asks those whom a time was looked for in the end, and keeps all else that was said of it', () => {
    const before = draft('2026-06-10T09:00:00Z', '2026-06-10T10:30:00Z', { invitees: [BEN, CLEO] });
    const form = freeTimeFormFor(before, 'me', NOW_MS, ZONE);
    assert.deepEqual(withPeople(before, form), before);
    assert.deepEqual(withPeople(before, { ...form, optional: [] }), { ...before, invitees: [BEN] });
  });

  it('is a new one of those for whom the time was found', () => {
    const people = [{ id: 'u-1', username: 'ben', displayName: 'Ben Okoro', timeZone: 'UTC' }];
    const optional = [{ id: 'u-2', username: 'cleo', displayName: 'Cleo Martín', timeZone: 'UTC' }];
    const form = { ...newFreeTimeForm(NOW_MS, ZONE), groupId: 'g', people, optional };
    const { startTime, endTime, invitees, groupId, title } = draftAt(SLOT, form, ZONE);
    assert.deepEqual([startTime, endTime, groupId, title], ['14:00', '15:30', 'g', '']);
    assert.deepEqual(invitees, [BEN, CLEO]);
  });
});
