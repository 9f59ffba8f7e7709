import assert from 'node:assert/strict';
import type { AppointmentFields, Recurrence, Scope } from '../../api/types.ts';
import { agendaItem } from '../calendar/testing/item.ts';
import { toInstant, toWallTime } from '../calendar/zoned-time.ts';
import { type Repetition, repetitionOf, withFirstDay } from './repetition.ts';
import { anchorOf, isOccurrence, type SeriesChange, scopesFor, seriesFields } from './series-change.ts';

const MADRID = 'Europe/Madrid';
/** The series began with a Tuesday in summer time; what is looked at is a Tuesday in winter time. */
const SERIES_START = madrid('2026-10-20', '09:00');

function madrid(date: string, time: string): string {
  return toInstant({ date, time }, MADRID)!;
}

function wall(instant: string | undefined): string {
  assert.ok(instant);
  const { date, time } = toWallTime(instant, MADRID);
  return `${date} ${time}`;
}

function occurrence(rule: string, date: string, more: Partial<Recurrence> = {}): SeriesChange['occurrence'] {
  const start = madrid(date, '09:00');
  const item = agendaItem({
    start,
    end: madrid(date, '10:00'),
    timeZone: MADRID,
    version: 3,
    recurrence: { rule, added: [], excluded: [], ...more },
    recurrenceStart: start,
  });
  assert.ok(isOccurrence(item));
  return item;
}

interface Edit {
  readonly fields?: Partial<AppointmentFields>;
  readonly repetition?: Partial<Repetition>;
  readonly recurrence?: Partial<Recurrence>;
}

/** As the form makes it: the repetition follows the first day, then it is changed. */
function changeOf(rule: string, date: string, { fields, repetition, recurrence }: Edit): SeriesChange {
  const item = occurrence(rule, date, recurrence);
  const before = repetitionOf(rule, anchorOf(item));
  const whole = { ...item, ...fields };
  const after = { ...withFirstDay(before, anchorOf(item).date, anchorOf(whole).date), ...repetition };
  return { occurrence: item, changed: fields ?? {}, fields: whole, before, after };
}

const TUESDAYS = 'FREQ=WEEKLY;COUNT=10;BYDAY=TU';
const moved = (date: string, time = '11:00', end = '12:30') => ({
  start: madrid(date, time),
  end: madrid(date, end),
});

describe('a change of what repeats', () => {
  it('can be for one, for it and those after, or for all', () => {
    assert.deepEqual(scopesFor(changeOf(TUESDAYS, '2026-11-24', { fields: { title: 'x' } })), [
      'this',
      'following',
      'all',
    ]);
  });

  it('cannot be for one if it is the repetition that changes', () => {
    const change = changeOf(TUESDAYS, '2026-11-24', { repetition: { interval: '2' } });
    assert.deepEqual(scopesFor(change), ['following', 'all']);
  });

  it('is for one only if the pattern has no place for the new day', () => {
    const only = (rule: string, date: string, to: string): readonly Scope[] =>
      scopesFor(changeOf(rule, date, { fields: moved(to) }));
    assert.deepEqual(only('FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR', '2026-11-24', '2026-11-28'), ['this']);
    assert.deepEqual(only('FREQ=WEEKLY;BYDAY=TU,WE', '2026-11-24', '2026-11-25'), ['this']);
    assert.deepEqual(only('FREQ=MONTHLY;BYDAY=2TU,4TU', '2026-11-24', '2026-11-25'), ['this']);
    assert.deepEqual(only('FREQ=MONTHLY;COUNT=9;BYDAY=2TU,4TU', '2026-11-24', '2026-11-24'), ['this', 'all']);
  });

  it('sends only what changed if neither time nor rule did', () => {
    for (const scope of ['this', 'following', 'all'] as const) {
      const change = changeOf(TUESDAYS, '2026-11-24', { fields: { title: 'x' } });
      assert.deepEqual(seriesFields(scope, change, SERIES_START), { title: 'x' });
    }
  });

  it('sends a new time of one without a rule, and with both ends', () => {
    const change = changeOf(TUESDAYS, '2026-11-24', { fields: { end: madrid('2026-11-24', '11:00') } });
    const { start, end, recurrence } = seriesFields('this', change, SERIES_START);
    assert.deepEqual([wall(start), wall(end)], ['2026-11-24 09:00', '2026-11-24 11:00']);
    assert.equal(recurrence, undefined);
  });

  it('gives those after what is left of the count, and of the dates that are left out', () => {
    const excluded = [madrid('2026-10-27', '09:00'), madrid('2026-12-01', '09:00')];
    const change = changeOf(TUESDAYS, '2026-11-24', {
      fields: moved('2026-11-25'),
      recurrence: { excluded },
    });
    const { start, recurrence } = seriesFields('following', change, SERIES_START);
    assert.equal(wall(start), '2026-11-25 11:00');
    assert.deepEqual(recurrence, {
      rule: 'FREQ=WEEKLY;COUNT=5;BYDAY=WE',
      added: [],
      excluded: [madrid('2026-12-01', '09:00')],
    });
  });

  it('counts from this one on if another count was given', () => {
    const change = changeOf(TUESDAYS, '2026-11-24', { repetition: { count: '3' } });
    const { recurrence } = seriesFields('following', change, SERIES_START);
    assert.equal(recurrence?.rule, 'FREQ=WEEKLY;COUNT=3;BYDAY=TU');
  });

  it('moves the whole series as far as this one, on the clock of its zone', () => {
    const change = changeOf(TUESDAYS, '2026-11-24', { fields: moved('2026-11-25') });
    const { start, end, recurrence } = seriesFields('all', change, SERIES_START);
    assert.deepEqual([wall(start), wall(end)], ['2026-10-21 11:00', '2026-10-21 12:30']);
    assert.equal(recurrence?.rule, 'FREQ=WEEKLY;COUNT=10;BYDAY=WE');
  });

  it('leaves the first day of a series alone whose weekday is not the one that moves', () => {
    const change = changeOf('FREQ=WEEKLY;BYDAY=TU,TH', '2026-11-26', { fields: moved('2026-11-27') });
    const { start, recurrence } = seriesFields('all', change, SERIES_START);
    assert.equal(wall(start), '2026-10-20 11:00');
    assert.equal(recurrence?.rule, 'FREQ=WEEKLY;BYDAY=TU,FR');
  });

  it('loses no month and no year of a series that moves to another day of it', () => {
    const monthly = changeOf('FREQ=MONTHLY;BYDAY=3TU', '2026-11-17', { fields: moved('2026-11-25') });
    assert.equal(wall(seriesFields('all', monthly, SERIES_START).start), '2026-10-01 11:00');
    assert.equal(seriesFields('all', monthly, SERIES_START).recurrence?.rule, 'FREQ=MONTHLY;BYDAY=4WE');
    const yearly = changeOf('FREQ=YEARLY', '2028-10-20', { fields: moved('2028-10-22') });
    assert.equal(wall(seriesFields('all', yearly, SERIES_START).start), '2026-10-22 11:00');
  });

  it('makes whole days of a series that is made all-day', () => {
    const allDay = { allDay: true, start: madrid('2026-11-24', '00:00'), end: madrid('2026-11-26', '00:00') };
    const change = changeOf(TUESDAYS, '2026-11-24', { fields: allDay });
    const { start, end, recurrence } = seriesFields('all', change, SERIES_START);
    assert.deepEqual([wall(start), wall(end)], ['2026-10-20 00:00', '2026-10-22 00:00']);
    assert.equal(recurrence?.rule, TUESDAYS);
  });

  it('ends the repetition with the appointment that stands in the form', () => {
    const change = changeOf(TUESDAYS, '2026-11-24', { repetition: { pattern: 'none' } });
    const { start, recurrence } = seriesFields('all', change, SERIES_START);
    assert.deepEqual([wall(start), recurrence], ['2026-11-24 09:00', null]);
  });

  it('keeps a rule that the form cannot show while the time of day changes', () => {
    const change = changeOf('FREQ=MONTHLY;BYDAY=2TU,4TU', '2026-11-24', { fields: moved('2026-11-24') });
    const { start, recurrence } = seriesFields('all', change, SERIES_START);
    assert.equal(wall(start), '2026-10-20 11:00');
    assert.equal(recurrence?.rule, 'FREQ=MONTHLY;BYDAY=2TU,4TU');
  });

  it('keeps the last day of such a rule, though it begins later than UNTIL says', () => {
    // Nine in Madrid on the last day: at eleven the last one would be lost.
    const rule = 'FREQ=MONTHLY;UNTIL=20261222T080000Z;BYDAY=2TU,4TU';
    const kept = 'FREQ=MONTHLY;UNTIL=20261222T225959Z;BYDAY=2TU,4TU';
    const change = changeOf(rule, '2026-11-24', { fields: moved('2026-11-24') });
    for (const scope of ['following', 'all'] as const)
      assert.equal(seriesFields(scope, change, SERIES_START).recurrence?.rule, kept);
  });

  it('gives such a rule a date for its last day if it is made all-day (RFC 5545 §3.3.10)', () => {
    const allDay = { allDay: true, start: madrid('2026-11-24', '00:00'), end: madrid('2026-11-25', '00:00') };
    const rule = 'FREQ=MONTHLY;BYDAY=2TU,4TU;UNTIL=20261222T080000Z';
    const change = changeOf(rule, '2026-11-24', { fields: allDay });
    const { recurrence } = seriesFields('all', change, SERIES_START);
    assert.equal(recurrence?.rule, 'FREQ=MONTHLY;BYDAY=2TU,4TU;UNTIL=20261222');
  });

  it('is for one only if there are dates without a rule, each of which has a time of its own', () => {
    const change = changeOf('', '2026-11-24', { fields: moved('2026-11-24') });
    assert.deepEqual(scopesFor(change), ['this']);
  });
});
