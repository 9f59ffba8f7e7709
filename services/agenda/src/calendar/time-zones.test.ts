import assert from 'node:assert/strict';
import { isStartOfDay, isTimeZone } from './time-zones.ts';

describe('time zones', () => {
  it('knows IANA names and links, and nothing else', () => {
    for (const name of ['UTC', 'Europe/Lisbon', 'America/Argentina/Buenos_Aires', 'Asia/Calcutta'])
      assert.equal(isTimeZone(name), true, name);
    for (const name of ['', '+01:00', 'Europe/Atlantis', 'Local', '../etc/passwd', 'x'.repeat(200)])
      assert.equal(isTimeZone(name), false, name);
  });

  it('finds midnight in the zone, on both sides of a clock change', () => {
    assert.equal(isStartOfDay(Date.parse('2027-03-27T23:00:00Z'), 'Europe/Berlin'), true);
    assert.equal(isStartOfDay(Date.parse('2027-03-28T22:00:00Z'), 'Europe/Berlin'), true);
    assert.equal(isStartOfDay(Date.parse('2027-03-28T23:00:00Z'), 'Europe/Berlin'), false);
    assert.equal(isStartOfDay(Date.parse('2027-03-28T22:00:00.001Z'), 'Europe/Berlin'), false);
  });

  it('finds no midnight outside of time', () => {
    assert.equal(isStartOfDay(Number.MAX_SAFE_INTEGER, 'UTC'), false);
  });

  it('takes the first instant of a day that has no midnight', () => {
    // Brazil moved its clocks at midnight: 2018-11-04 began at 01:00 local time.
    assert.equal(isStartOfDay(Date.parse('2018-11-04T03:00:00Z'), 'America/Sao_Paulo'), true);
  });
});
