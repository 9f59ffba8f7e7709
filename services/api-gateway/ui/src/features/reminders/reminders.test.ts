import assert from 'node:assert/strict';
import { checkReminders, reminderMinutes, reminderOf, reminderWords } from './reminders.ts';

describe('reminders in the form', () => {
  it('are shown in the largest unit that needs no fraction, and given back as they were', () => {
    const shown: readonly (readonly [number, string])[] = [
      [0, 'at the start'],
      [1, '1 minute before'],
      [45, '45 minutes before'],
      [60, '1 hour before'],
      [90, '90 minutes before'],
      [1_440, '1 day before'],
      [40_320, '4 weeks before'],
    ];
    for (const [minutes, words] of shown) {
      assert.equal(reminderWords(minutes), words);
      assert.deepEqual(reminderMinutes([reminderOf(minutes)]), [minutes]);
    }
  });

  it('are whole numbers up to four weeks, and no two come at the same time', () => {
    assert.equal(checkReminders([]), undefined);
    assert.equal(checkReminders([reminderOf(10), reminderOf(60)]), undefined);
    for (const amount of ['', '-1', '1.5', '5 or so'])
      assert.match(checkReminders([{ amount, unit: 'hours' }]) ?? '', /whole number/);
    assert.match(checkReminders([{ amount: '5', unit: 'weeks' }]) ?? '', /four weeks/);
    assert.match(checkReminders([reminderOf(60), { amount: '60', unit: 'minutes' }]) ?? '', /same time/);
  });

  it('are sent with the earliest first', () => {
    assert.deepEqual(reminderMinutes([reminderOf(10), reminderOf(1_440)]), [1_440, 10]);
  });
});
