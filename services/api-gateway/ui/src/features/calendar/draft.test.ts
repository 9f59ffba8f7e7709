import assert from 'node:assert/strict';
import { ruleOf } from '../repetition/repetition.ts';
import {
  changedFields,
  changedInvitees,
  checkDraft,
  draftAnchor,
  draftOf,
  fieldsOf,
  newAllDayDraft,
  newDraft,
  withSpan,
  withStart,
} from './draft.ts';
import { agendaItem } from './testing/item.ts';

const MEETING = agendaItem({
  id: 'meeting',
  title: 'Meeting',
  start: '2026-07-01T08:30:00.000Z',
  end: '2026-07-01T09:30:00.000Z',
  timeZone: 'Europe/Lisbon',
  reminderMinutes: [10, 1_440],
});

describe('the appointment form', () => {
  it('gives back what it was filled from', () => {
    for (const zone of ['Europe/Lisbon', 'Asia/Tokyo', 'UTC']) {
      const meeting = { ...MEETING, timeZone: zone };
      assert.deepEqual(changedFields(meeting, fieldsOf(draftOf(meeting, zone))!), {}, zone);
    }
  });

  it('shows an appointment on its own clock, and to others on theirs', () => {
    assert.equal(draftOf(MEETING, 'Europe/Lisbon').startTime, '09:30');
    assert.equal(draftOf(MEETING, 'Asia/Tokyo').startTime, '17:30');
  });

  it('gives back an all-day appointment unchanged to a viewer in another zone', () => {
    const trip = {
      ...MEETING,
      allDay: true,
      start: '2026-07-01T23:00:00.000Z',
      end: '2026-07-03T23:00:00.000Z',
    };
    const draft = draftOf(trip, 'America/Havana');
    assert.deepEqual([draft.startDate, draft.endDate], ['2026-07-02', '2026-07-03']);
    assert.deepEqual(changedFields(trip, fieldsOf(draft)!), {});
  });

  it('reads entered times on the clock of its zone', () => {
    const draft = newDraft('2026-07-01T08:30:00.000Z', null, 'Europe/Lisbon');
    assert.equal(fieldsOf({ ...draft, startTime: '10:00' })?.start, '2026-07-01T09:00:00.000Z');
    const elsewhere = { ...draft, startTime: '10:00', timeZone: 'America/New_York' };
    assert.equal(fieldsOf(elsewhere)?.start, '2026-07-01T14:00:00.000Z');
  });

  it('names only the fields that changed', () => {
    const fields = fieldsOf({ ...draftOf(MEETING, 'Europe/Lisbon'), location: ' Room 3 ' });
    assert.deepEqual(changedFields(MEETING, fields!), { location: 'Room 3' });
    const fewer = fieldsOf({ ...draftOf(MEETING, 'Europe/Lisbon'), reminders: [] });
    assert.deepEqual(changedFields(MEETING, fewer!), { reminderMinutes: [] });
  });

  it('names who is asked only if that changed, in whatever order', () => {
    const ana = { userId: 'ana', optional: false, name: 'Ana' };
    const ben = { userId: 'ben', optional: true, name: 'Ben' };
    assert.equal(changedInvitees([ana, ben], [ben, ana]), undefined);
    assert.deepEqual(changedInvitees([ana], [{ ...ana, optional: true }]), [
      { userId: 'ana', optional: true },
    ]);
    assert.deepEqual(changedInvitees([ana, ben], []), []);
  });

  it('moves the end along with the start, over midnight too', () => {
    const draft = withStart(draftOf(MEETING, 'Europe/Lisbon'), { startTime: '23:30' });
    assert.deepEqual([draft.endDate, draft.endTime], ['2026-07-02', '00:30']);
  });

  it('keeps the end while the start is being typed', () => {
    const draft = withStart(draftOf(MEETING, 'Europe/Lisbon'), { startDate: '' });
    assert.equal(draft.endDate, '2026-07-01');
  });

  it('repeats on the weekday of its first day, wherever that is moved', () => {
    const draft = newDraft('2026-07-01T08:30:00.000Z', null, 'Europe/Lisbon');
    const weekly = { ...draft, repetition: { ...draft.repetition, pattern: 'weekly' as const } };
    const ruleAt = (moved: typeof draft) => ruleOf(moved.repetition, draftAnchor(moved));
    assert.equal(ruleAt(weekly), 'FREQ=WEEKLY;BYDAY=WE');
    assert.equal(ruleAt(withStart(weekly, { startDate: '2026-07-03' })), 'FREQ=WEEKLY;BYDAY=FR');
    const found = withSpan(weekly, {
      start: '2026-07-06T13:00:00.000Z',
      end: '2026-07-06T13:30:00.000Z',
      allDay: false,
    });
    assert.deepEqual([found.startTime, found.endTime], ['14:00', '14:30']);
    assert.equal(ruleAt(found), 'FREQ=WEEKLY;BYDAY=MO');
  });

  it('asks for a title and for an end after the start', () => {
    const draft = { ...draftOf(MEETING, 'UTC'), title: ' ', endTime: '08:30' };
    assert.deepEqual(Object.keys(checkDraft(draft)).sort(), ['endDate', 'title']);
  });

  it('asks for a repetition and reminders that make sense', () => {
    const draft = draftOf(MEETING, 'UTC');
    const repetition = { ...draft.repetition, pattern: 'daily' as const, interval: '' };
    const reminders = [{ amount: '', unit: 'hours' as const }];
    const errors = checkDraft({ ...draft, repetition, reminders });
    assert.deepEqual(Object.keys(errors).sort(), ['reminders', 'repetition']);
  });

  it('takes one selected day as one day', () => {
    const draft = { ...newAllDayDraft('2026-07-01', '2026-07-02', 'Europe/Lisbon'), title: 'Holiday' };
    assert.deepEqual(checkDraft(draft), {});
    const fields = fieldsOf(draft);
    assert.deepEqual([fields?.start, fields?.end], ['2026-06-30T23:00:00.000Z', '2026-07-01T23:00:00.000Z']);
  });
});
