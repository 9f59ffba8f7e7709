import assert from 'node:assert/strict';
import { addDays, formatSpan, nextHalfHour, startOfDay, toInstant, toWallTime } from './zoned-time.ts';

describe('zoned time', () => {
  it('shows an instant on the clock of a zone', () => {
    assert.deepEqual(toWallTime('2026-07-01T08:30:00.000Z', 'Europe/Lisbon'), {
      date: '2026-07-01',
      time: '09:30',
    });
    assert.deepEqual(toWallTime('2026-07-01T20:30:00.000Z', 'Asia/Tokyo'), {
      date: '2026-07-02',
      time: '05:30',
    });
    assert.deepEqual(toWallTime('2026-07-01T20:30:00.000Z', 'UTC'), { date: '2026-07-01', time: '20:30' });
  });

  it('reads a wall time in a zone', () => {
    assert.equal(
      toInstant({ date: '2026-07-01', time: '09:30' }, 'Europe/Lisbon'),
      '2026-07-01T08:30:00.000Z',
    );
    assert.equal(
      toInstant({ date: '2026-01-01', time: '09:30' }, 'America/Havana'),
      '2026-01-01T14:30:00.000Z',
    );
  });

  it('takes a wall time that a clock change skips as that much later', () => {
    assert.equal(
      toInstant({ date: '2026-03-29', time: '02:30' }, 'Europe/Berlin'),
      '2026-03-29T01:30:00.000Z',
    );
  });

  it('takes a wall time that happens twice as the first', () => {
    assert.equal(
      toInstant({ date: '2026-10-25', time: '02:30' }, 'Europe/Berlin'),
      '2026-10-25T00:30:00.000Z',
    );
  });

  it('refuses what is not a date or a time', () => {
    for (const wall of [
      { date: '', time: '09:00' },
      { date: '2026-02-31', time: '09:00' },
      { date: '2026-02-01', time: '' },
      { date: '2026-02-01', time: '25:00' },
    ]) {
      assert.equal(toInstant(wall, 'UTC'), null, JSON.stringify(wall));
    }
  });

  it('finds the first instant of a day that has no midnight', () => {
    assert.equal(startOfDay('2026-04-24', 'Africa/Cairo'), '2026-04-23T22:00:00.000Z');
  });

  it('counts days over the end of months and years', () => {
    assert.equal(addDays('2026-12-31', 1), '2027-01-01');
    assert.equal(addDays('2028-03-01', -1), '2028-02-29');
  });

  it('rounds up to the next half hour, never down', () => {
    assert.equal(nextHalfHour(Date.parse('2026-01-01T10:00:00.000Z')), '2026-01-01T10:30:00.000Z');
    assert.equal(nextHalfHour(Date.parse('2026-01-01T10:29:59.999Z')), '2026-01-01T10:30:00.000Z');
  });

  it('formats all-day spans by their own days, whoever looks', () => {
    const span = {
      start: '2026-07-01T23:00:00.000Z',
      end: '2026-07-02T23:00:00.000Z',
      allDay: true,
      timeZone: 'Europe/Lisbon',
    };
    assert.match(formatSpan(span, 'Asia/Tokyo', 'en-GB'), /2 Jul/);
    assert.doesNotMatch(formatSpan(span, 'Asia/Tokyo', 'en-GB'), /3 Jul/);
  });
});
