import assert from 'node:assert/strict';
import type { Person } from '../../api/people-api.ts';
import {
  checkFreeTime,
  type FreeTimeForm,
  fromToday,
  newFreeTimeForm,
  questionOf,
} from './free-time-form.ts';

const ZONE = 'Europe/Lisbon';
/** A Friday, 00:30 on the following day in Lisbon. */
const NOW_MS = Date.parse('2026-06-05T23:30:00Z');

function form(change: Partial<FreeTimeForm> = {}): FreeTimeForm {
  return { ...newFreeTimeForm(NOW_MS, ZONE), ...change };
}

function errors(change: Partial<FreeTimeForm>): object {
  return checkFreeTime(form(change), NOW_MS, ZONE);
}

function person(id: string): Person {
  return { id, username: id, displayName: '', timeZone: 'UTC' };
}

describe('the form that looks for a time', () => {
  it('begins with an hour in the two weeks from today, where the viewer is, at usual working hours', () => {
    assert.deepEqual(errors({}), {});
    assert.deepEqual(questionOf(form(), ZONE), {
      userIds: [],
      optionalUserIds: [],
      start: '2026-06-05T23:00:00.000Z',
      end: '2026-06-20T23:00:00.000Z',
      durationMinutes: 60,
      workingHours: { start: '09:00', end: '17:00', days: [1, 2, 3, 4, 5] },
      bufferMinutes: 0,
    });
  });

  it('asks the same another day, but for no day that is over', () => {
    const next = (change: Partial<FreeTimeForm>) => {
      const { firstDay, lastDay } = fromToday(form(change), NOW_MS, ZONE);
      return [firstDay, lastDay];
    };
    assert.deepEqual(next({ firstDay: '2026-06-08' }), ['2026-06-08', '2026-06-20']);
    assert.deepEqual(next({ firstDay: '2026-06-01' }), ['2026-06-06', '2026-06-20']);
    const over = { firstDay: '2026-05-01', lastDay: '2026-05-15' };
    assert.deepEqual(next(over), ['2026-06-06', '2026-06-20']);
  });

  it('asks for people, a group and who is optional by their ids', () => {
    const { userIds, groupId, optionalUserIds } = questionOf(
      form({ people: [person('ben')], groupId: 'kitchen', optional: [person('cleo')] }),
      ZONE,
    );
    assert.deepEqual([userIds, groupId, optionalUserIds], [['ben'], 'kitchen', ['cleo']]);
  });

  it('takes any hour as all hours of all seven days, and midnight as the end of a day', () => {
    assert.deepEqual(questionOf(form({ anyHour: true, weekdays: [] }), ZONE).workingHours, {
      start: '00:00',
      end: '24:00',
      days: [1, 2, 3, 4, 5, 6, 7],
    });
    assert.deepEqual(errors({ from: '20:00', to: '00:00' }), {});
    assert.equal(questionOf(form({ to: '00:00' }), ZONE).workingHours.end, '24:00');
  });

  it('takes a number of minutes up to a day, and says so for all else', () => {
    const typed = (typedMinutes: string) => errors({ minutes: null, typedMinutes, anyHour: true });
    for (const good of ['1', ' 25 ', '1440']) assert.deepEqual(typed(good), {}, good);
    for (const bad of ['', '0', '1441', '1.5', '-5', 'an hour'])
      assert.deepEqual(typed(bad), { minutes: 'A number of minutes from 1 to 1440 (one day).' }, bad);
  });

  it('takes at most 62 days, of which one is not over', () => {
    assert.deepEqual(errors({ lastDay: '2026-08-06' }), {});
    assert.match(JSON.stringify(errors({ lastDay: '2026-08-07' })), /These are 63 days; at most 62/);
    assert.match(JSON.stringify(errors({ lastDay: '2026-06-05' })), /before the first day/);
    assert.match(JSON.stringify(errors({ firstDay: '2026-06-01', lastDay: '2026-06-05' })), /are over/);
    assert.match(JSON.stringify(errors({ firstDay: '' })), /Choose a first and a last day/);
  });

  it('never asks for more than 62 times 24 hours, though one day has 25', () => {
    const { start, end } = questionOf(form({ firstDay: '2026-10-01', lastDay: '2026-12-01' }), ZONE);
    assert.equal((Date.parse(end) - Date.parse(start)) / 3_600_000, 62 * 24);
  });

  it('says that working hours are backwards, too short for what is looked for, or of no day', () => {
    assert.deepEqual(errors({ from: '17:00', to: '09:00' }), { to: 'They must end after they begin.' });
    assert.match(JSON.stringify(errors({ minutes: 1_440 })), /shorter than what is looked for/);
    assert.deepEqual(errors({ minutes: 1_440, anyHour: true }), {});
    assert.deepEqual(errors({ weekdays: [] }), { weekdays: 'Choose one day at least.' });
    assert.deepEqual(errors({ from: '' }), { to: 'Choose two times of day.' });
  });
});
