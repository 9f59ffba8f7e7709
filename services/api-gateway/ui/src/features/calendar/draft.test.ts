import assert from 'node:assert/strict';
import type { AppointmentFields } from '../../api/types.ts';
import {
  changedFields,
  checkDraft,
  draftOf,
  fieldsOf,
  newAllDayDraft,
  newDraft,
  withStart,
} from './draft.ts';

const MEETING: AppointmentFields = {
  title: 'Meeting',
  description: '',
  location: '',
  start: '2026-07-01T08:30:00.000Z',
  end: '2026-07-01T09:30:00.000Z',
  timeZone: 'Europe/Lisbon',
  allDay: false,
  privacy: 'full',
};

describe('the appointment form', () => {
  it('gives back what it was filled from', () => {
    for (const zone of ['Europe/Lisbon', 'Asia/Tokyo', 'UTC']) {
      const fields = fieldsOf(draftOf(MEETING, zone), zone, MEETING.timeZone);
      assert.deepEqual(changedFields(MEETING, fields!), {}, zone);
    }
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
    assert.deepEqual(changedFields(trip, fieldsOf(draft, 'America/Havana', trip.timeZone)!), {});
  });

  it('reads entered times on the clock of the viewer', () => {
    const draft = {
      ...newDraft('2026-07-01T08:30:00.000Z', null, 'Europe/Lisbon'),
      title: 'x',
      startTime: '10:00',
    };
    assert.equal(fieldsOf(draft, 'Europe/Lisbon', 'Europe/Lisbon')?.start, '2026-07-01T09:00:00.000Z');
  });

  it('names only the fields that changed', () => {
    const draft = { ...draftOf(MEETING, 'Europe/Lisbon'), location: ' Room 3 ' };
    const fields = fieldsOf(draft, 'Europe/Lisbon', MEETING.timeZone);
    assert.deepEqual(changedFields(MEETING, fields!), { location: 'Room 3' });
  });

  it('moves the end along with the start, over midnight too', () => {
    const draft = withStart(draftOf(MEETING, 'Europe/Lisbon'), { startTime: '23:30' });
    assert.deepEqual([draft.endDate, draft.endTime], ['2026-07-02', '00:30']);
  });

  it('keeps the end while the start is being typed', () => {
    const draft = withStart(draftOf(MEETING, 'Europe/Lisbon'), { startDate: '' });
    assert.equal(draft.endDate, '2026-07-01');
  });

  it('asks for a title and for an end after the start', () => {
    const draft = { ...draftOf(MEETING, 'UTC'), title: ' ', endTime: '08:30' };
    assert.deepEqual(Object.keys(checkDraft(draft, 'UTC')).sort(), ['endDate', 'title']);
  });

  it('takes one selected day as one day', () => {
    const draft = { ...newAllDayDraft('2026-07-01', '2026-07-02'), title: 'Holiday' };
    assert.deepEqual(checkDraft(draft, 'Europe/Lisbon'), {});
    const fields = fieldsOf(draft, 'Europe/Lisbon', 'Europe/Lisbon');
    assert.deepEqual([fields?.start, fields?.end], ['2026-06-30T23:00:00.000Z', '2026-07-01T23:00:00.000Z']);
  });
});
