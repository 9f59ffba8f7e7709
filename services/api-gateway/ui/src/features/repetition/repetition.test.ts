import assert from 'node:assert/strict';
import {
  type Anchor,
  checkRepetition,
  noRepetition,
  type Repetition,
  repetitionOf,
  ruleOf,
  withFirstDay,
} from './repetition.ts';
import { timesBefore } from './repetition-count.ts';
import { repetitionWords } from './repetition-words.ts';

/** A Tuesday: the fourth and last of its month, in winter time. */
const TUESDAY: Anchor = { date: '2026-11-24', time: '09:30', timeZone: 'Europe/Madrid', allDay: false };

function form(change: Partial<Repetition>, date = TUESDAY.date): Repetition {
  return { ...noRepetition(date), ...change };
}

describe('a repetition in the form', () => {
  const rules: readonly (readonly [string, string])[] = [
    ['FREQ=DAILY', 'Every day'],
    ['FREQ=DAILY;INTERVAL=3;COUNT=5', 'Every 3 days, 5 times'],
    ['FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR', 'Every weekday'],
    ['FREQ=WEEKLY;BYDAY=TU', 'Every week on Tuesday'],
    ['FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TU', 'Every 2 weeks on Monday and Tuesday'],
    ['FREQ=MONTHLY;BYMONTHDAY=24', 'Every month on day 24'],
    ['FREQ=MONTHLY;INTERVAL=2;BYDAY=4TU', 'Every 2 months on the fourth Tuesday'],
    ['FREQ=MONTHLY;BYDAY=-1TU', 'Every month on the last Tuesday'],
    ['FREQ=YEARLY', 'Every year'],
    ['FREQ=WEEKLY;UNTIL=20261231T225959Z;BYDAY=TU', 'Every week on Tuesday, until 31 Dec 2026'],
  ];
  for (const [rule, words] of rules)
    it(`shows and gives back ${rule}: ${words}`, () => {
      const repetition = repetitionOf(rule, TUESDAY);
      assert.equal(ruleOf(repetition, TUESDAY), rule);
      assert.equal(repetitionWords(repetition, TUESDAY, 'en-GB'), words);
    });

  const sameInOtherWords: readonly (readonly [string, string])[] = [
    ['FREQ=WEEKLY', 'FREQ=WEEKLY;BYDAY=TU'],
    ['freq=weekly;byday=tu;wkst=su', 'FREQ=WEEKLY;BYDAY=TU'],
    ['FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR', 'FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR'],
    ['FREQ=MONTHLY', 'FREQ=MONTHLY;BYMONTHDAY=24'],
    ['FREQ=MONTHLY;BYDAY=TU;BYSETPOS=-1', 'FREQ=MONTHLY;BYDAY=-1TU'],
    ['FREQ=YEARLY;BYMONTH=11;BYMONTHDAY=24', 'FREQ=YEARLY'],
  ];
  for (const [rule, same] of sameInOtherWords)
    it(`takes ${rule} for ${same}`, () => {
      assert.equal(ruleOf(repetitionOf(rule, TUESDAY), TUESDAY), same);
    });

  const others = [
    '',
    'FREQ=HOURLY',
    'FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,TU;WKST=SU',
    'FREQ=MONTHLY;BYMONTHDAY=10',
    'FREQ=MONTHLY;BYMONTHDAY=10,24',
    'FREQ=MONTHLY;BYDAY=2TU,4TU',
    'FREQ=MONTHLY;BYDAY=-2TU',
    'FREQ=YEARLY;BYMONTH=11;BYDAY=4TH',
    'FREQ=DAILY;BYHOUR=9,17',
    'FREQ=DAILY;INTERVAL=5000',
    'X-NOTHING',
  ];
  for (const rule of others)
    it(`keeps what it cannot show as it is: ${rule || 'dates without a rule'}`, () => {
      const repetition = repetitionOf(rule, TUESDAY);
      assert.equal(repetition.pattern, 'other');
      assert.equal(ruleOf(repetition, TUESDAY), rule);
    });

  it('ends with the last day in the zone of the appointment, and on a date if it lasts all day (RFC 5545 §3.3.10)', () => {
    const until = (timeZone: string, allDay = false) =>
      ruleOf(form({ pattern: 'daily', end: 'date', untilDate: '2026-12-31' }), {
        ...TUESDAY,
        timeZone,
        allDay,
      });
    assert.equal(until('Europe/Madrid'), 'FREQ=DAILY;UNTIL=20261231T225959Z');
    assert.equal(until('America/Los_Angeles'), 'FREQ=DAILY;UNTIL=20270101T075959Z');
    assert.equal(until('Asia/Tokyo'), 'FREQ=DAILY;UNTIL=20261231T145959Z');
    assert.equal(until('Asia/Tokyo', true), 'FREQ=DAILY;UNTIL=20261231');
  });

  it('shows the last day on which it still begins, whatever form UNTIL has', () => {
    const untilDate = (until: string, anchor = TUESDAY) =>
      repetitionOf(`FREQ=DAILY;UNTIL=${until}`, anchor).untilDate;
    assert.equal(untilDate('20261231'), '2026-12-31');
    assert.equal(untilDate('20261231T083000Z'), '2026-12-31');
    // A second before 9:30 in Madrid, as a series that was split has it: the last one is the day before.
    assert.equal(untilDate('20261231T082959Z'), '2026-12-30');
    assert.equal(untilDate('20261231T093000'), '2026-12-31');
    assert.equal(untilDate('20261231T230000Z', { ...TUESDAY, allDay: true, time: '00:00' }), '2027-01-01');
  });

  it('follows the first day to another one', () => {
    const wednesday = { ...TUESDAY, date: '2026-11-25' };
    const moved = (rule: string) =>
      ruleOf(withFirstDay(repetitionOf(rule, TUESDAY), TUESDAY.date, wednesday.date), wednesday);
    assert.equal(moved('FREQ=WEEKLY;BYDAY=TU'), 'FREQ=WEEKLY;BYDAY=WE');
    assert.equal(moved('FREQ=WEEKLY;BYDAY=TU,FR'), 'FREQ=WEEKLY;BYDAY=WE,FR');
    assert.equal(moved('FREQ=MONTHLY;BYMONTHDAY=24'), 'FREQ=MONTHLY;BYMONTHDAY=25');
    assert.equal(moved('FREQ=MONTHLY;BYDAY=-1TU'), 'FREQ=MONTHLY;BYDAY=-1WE');
    assert.equal(moved('FREQ=MONTHLY;BYDAY=2TU,4TU'), 'FREQ=MONTHLY;BYDAY=2TU,4TU');
  });

  it('calls the last of its weekday so only where it is, and never the fifth', () => {
    const last = form({ pattern: 'monthly', monthlyBy: 'last-weekday' });
    assert.equal(withFirstDay(last, TUESDAY.date, '2026-12-01').monthlyBy, 'weekday');
    const fourth = form({ pattern: 'monthly', monthlyBy: 'weekday' });
    assert.equal(withFirstDay(fourth, TUESDAY.date, '2026-12-29').monthlyBy, 'last-weekday');
  });

  it('asks for numbers, days and dates that are right', () => {
    const wrong = (change: Partial<Repetition>) => Object.keys(checkRepetition(form(change), TUESDAY.date));
    assert.deepEqual(wrong({ pattern: 'daily', interval: '0' }), ['interval']);
    assert.deepEqual(wrong({ pattern: 'daily', interval: '1.5' }), ['interval']);
    assert.deepEqual(wrong({ pattern: 'weekly', weekdays: [] }), ['weekdays']);
    assert.deepEqual(wrong({ pattern: 'daily', end: 'count', count: '' }), ['count']);
    assert.deepEqual(wrong({ pattern: 'daily', end: 'date', untilDate: '' }), ['untilDate']);
    assert.deepEqual(wrong({ pattern: 'daily', end: 'date', untilDate: '2026-11-23' }), ['untilDate']);
    assert.deepEqual(wrong({ pattern: 'daily', count: '', untilDate: '' }), []);
    assert.deepEqual(wrong({ pattern: 'none', interval: '' }), []);
  });
});

describe('counting how often a series took place', () => {
  const cases: readonly (readonly [string, string, number])[] = [
    ['FREQ=DAILY;INTERVAL=3', '2026-12-01', 3],
    ['FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR', '2026-12-01', 5],
    ['FREQ=WEEKLY;BYDAY=MO,TU', '2026-12-07', 3],
    ['FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU', '2026-12-13', 3],
    ['FREQ=MONTHLY;BYDAY=4TU', '2027-02-23', 3],
    ['FREQ=MONTHLY;BYDAY=-1TU', '2027-03-30', 4],
    ['FREQ=YEARLY', '2029-11-24', 3],
  ];
  for (const [rule, date, times] of cases)
    it(`${rule}: ${times} times from ${TUESDAY.date} to before ${date}`, () => {
      assert.equal(timesBefore(repetitionOf(rule, TUESDAY), TUESDAY.date, date), times);
    });

  it('leaves out months that have no such day', () => {
    const anchor = { ...TUESDAY, date: '2026-10-31' };
    const monthly = repetitionOf('FREQ=MONTHLY;BYMONTHDAY=31', anchor);
    assert.equal(timesBefore(monthly, anchor.date, '2027-03-31'), 3);
  });
});
