import assert from 'node:assert/strict';
import type { AgendaItem } from '../../api/types.ts';
import { draftOf, newDraft, withStart } from './draft.ts';
import { changeOf, newAppointment, sentFields } from './form-change.ts';
import { agendaItem } from './testing/item.ts';

const ZONE = 'Europe/Lisbon';
const WALK = agendaItem({
  start: '2026-11-24T09:00:00.000Z',
  end: '2026-11-24T10:00:00.000Z',
  timeZone: ZONE,
});
const DAILY: AgendaItem = {
  ...WALK,
  recurrence: { rule: 'FREQ=DAILY', added: [], excluded: [] },
  recurrenceStart: WALK.start,
};

describe('what is sent of the form', () => {
  it('is everything for a new appointment, also how it repeats', () => {
    const draft = { ...newDraft(WALK.start, WALK.end, ZONE), title: 'Walk' };
    assert.equal(newAppointment(draft, false).recurrence, null);
    const weekly = { ...draft, repetition: { ...draft.repetition, pattern: 'weekly' as const } };
    assert.equal(newAppointment(weekly, false).recurrence?.rule, 'FREQ=WEEKLY;BYDAY=TU');
  });

  it('is nothing if nothing was changed', () => {
    assert.equal(changeOf(WALK, draftOf(WALK, ZONE)), null);
    assert.equal(changeOf(DAILY, draftOf(DAILY, ZONE)), null);
  });

  it('is what was changed, and asks nothing of what does not repeat', () => {
    const draft = draftOf(WALK, ZONE);
    const ana = { userId: 'ana', name: 'Ana', optional: true };
    assert.deepEqual(changeOf(WALK, { ...draft, title: 'Run', invitees: [ana] }), {
      fields: { title: 'Run', participants: [{ userId: 'ana', optional: true }] },
      series: null,
    });
    const repetition = { ...draft.repetition, pattern: 'daily' as const };
    assert.deepEqual(changeOf(WALK, { ...draft, repetition })?.fields, {
      recurrence: { rule: 'FREQ=DAILY', added: [], excluded: [] },
    });
  });

  it('asks which occurrences are meant of what repeats', () => {
    const change = changeOf(DAILY, withStart(draftOf(DAILY, ZONE), { startTime: '11:00' }));
    assert.deepEqual(change?.series?.changed, {
      start: '2026-11-24T11:00:00.000Z',
      end: '2026-11-24T12:00:00.000Z',
    });
    assert.deepEqual(change?.fields, {});
  });

  it('asks for the first of the series only if the answer depends on it', async () => {
    const change = changeOf(DAILY, withStart(draftOf(DAILY, ZONE), { startTime: '11:00' }))!;
    const asked: string[] = [];
    const seriesStart = async () => {
      asked.push('first');
      return '2026-11-20T09:00:00.000Z';
    };
    const one = await sentFields(change, 'this', seriesStart);
    assert.deepEqual([one.start, asked.length], ['2026-11-24T11:00:00.000Z', 0]);
    const all = await sentFields(change, 'all', seriesStart);
    assert.deepEqual([all.start, asked.length], ['2026-11-20T11:00:00.000Z', 1]);
  });
});
