import assert from 'node:assert/strict';
import { AppointmentField, type AppointmentFields, type ReminderDue } from '@agenda/proto/agenda/v1/command';
import { NotificationKind, ParticipantStatus } from '@agenda/proto/agenda/v1/model';
import type { AppliedEntry } from './machine.ts';
import { REMINDERS_PER_COMMAND_MAX } from './reminders.ts';
import {
  asked,
  type Body,
  bookWith,
  DAY_MS,
  dailyFields,
  deleteAppointment,
  eventsOf,
  fieldsOf,
  fireReminders,
  HOUR_MS,
  outcomeOf,
  respond,
  restoreAppointment,
  TestLog,
  updateAppointment,
} from './testing.ts';

const START = 10 * DAY_MS;
const MINUTE_MS = 60_000;

describe('reminders', () => {
  let log: TestLog;

  beforeEach(() => {
    log = new TestLog();
    for (const name of ['ana', 'ben', 'cleo', 'dan', 'eve']) log.register(name);
  });

  const as = (name: string, body: Body): AppliedEntry => log.apply(body, { actor: `u-${name}` });
  const once = (...reminderMinutes: number[]): AppointmentFields => ({
    ...fieldsOf(START, START + HOUR_MS, 'Tea'),
    reminderMinutes,
  });
  const book = (fields: AppointmentFields, ...people: string[]): AppliedEntry =>
    as(
      'ana',
      bookWith('a', 'u-ana', START, START + HOUR_MS, {
        fields,
        participants: asked(...people.map((name) => `u-${name}`)),
      }),
    );
  const waiting = (): number[][] =>
    log.db
      .prepare<[], { due_ms: number; minutes: number }>(
        'SELECT due_ms, minutes FROM reminders ORDER BY due_ms',
      )
      .all()
      .map(({ due_ms, minutes }) => [(due_ms - START) / MINUTE_MS, minutes]);
  const due = (minutes: number, day = 0): ReminderDue => ({
    appointmentId: 'a',
    occurrenceStartMs: START + day * DAY_MS,
    minutes,
    version: 1,
  });
  const fire = (atMs: number, ...which: ReminderDue[]): AppliedEntry =>
    log.apply(fireReminders(...which), { atMs });
  const told = (applied: AppliedEntry): string[] =>
    eventsOf(applied, 'notificationAdded').map(({ userId, kind, text }) => {
      assert.equal(kind, NotificationKind.NOTIFICATION_KIND_REMINDER);
      return `${userId.slice(2)}: ${text}`;
    });

  it('wait, each until it is due', () => {
    book(once(10, 1_440));
    assert.deepEqual(waiting(), [
      [-1_440, 1_440],
      [-10, 10],
    ]);
  });

  it('fire once, for the owner and everybody who comes or may come', () => {
    book(once(10), 'ben', 'cleo', 'dan', 'eve');
    as('ben', respond('a', 'u-ben', ParticipantStatus.PARTICIPANT_STATUS_ACCEPTED));
    as('cleo', respond('a', 'u-cleo', ParticipantStatus.PARTICIPANT_STATUS_TENTATIVE));
    as('dan', respond('a', 'u-dan', ParticipantStatus.PARTICIPANT_STATUS_DECLINED));
    const at = START - 10 * MINUTE_MS;
    const text = '"Tea" begins in 10 minutes.';
    assert.deepEqual(told(fire(at, due(10))), [`ana: ${text}`, `ben: ${text}`, `cleo: ${text}`]);
    assert.deepEqual(told(fire(at, due(10), due(10))), []);
    assert.deepEqual(waiting(), []);
  });

  it('do not fire before they are due by log time, nor for what they are not', () => {
    book(once(10));
    assert.deepEqual(told(fire(START - 10 * MINUTE_MS - 1, due(10))), []);
    assert.deepEqual(told(fire(START, due(11), due(10, 1))), []);
    assert.deepEqual(told(fire(START, { ...due(10), appointmentId: 'b' })), []);
    assert.equal(waiting().length, 1);
  });

  it('say when it really begins if they are late, and say nothing of what is over', () => {
    book(once(10, 60, 120));
    assert.deepEqual(told(fire(START - 3 * MINUTE_MS, due(60))), ['ana: "Tea" begins in 3 minutes.']);
    assert.deepEqual(told(fire(START + 30 * MINUTE_MS, due(10))), ['ana: "Tea" has begun.']);
    assert.deepEqual(told(fire(START + HOUR_MS, due(120))), []);
    assert.deepEqual(waiting(), []);
  });

  it('say weeks, days, hours and minutes', () => {
    book(once(10_080, 1_440, 120, 1, 0));
    const texts = [10_080, 1_440, 120, 1, 0].flatMap((minutes) =>
      told(fire(START - minutes * MINUTE_MS, due(minutes))),
    );
    assert.deepEqual(
      texts.map((text) => text.slice('ana: "Tea" '.length)),
      ['begins in 1 week.', 'begins in 1 day.', 'begins in 2 hours.', 'begins in 1 minute.', 'begins now.'],
    );
  });

  it('of a series follow one another; what nobody fired in time is passed over', () => {
    book({ ...dailyFields(START, 4), reminderMinutes: [10] });
    fire(START - 10 * MINUTE_MS, due(10));
    assert.deepEqual(waiting(), [[1_430, 10]]);
    assert.deepEqual(told(fire(START + 2 * DAY_MS + HOUR_MS, due(10, 1))), []);
    assert.deepEqual(waiting(), [[3 * 1_440 - 10, 10]]);
  });

  it('move with the appointment, rest in the trash, and change with the choice', () => {
    book(once(10));
    const later = { ...fieldsOf(START + HOUR_MS, START + 2 * HOUR_MS, 'Tea') };
    as('ana', updateAppointment('a', { fields: later, changed: [AppointmentField.APPOINTMENT_FIELD_TIME] }));
    assert.deepEqual(waiting(), [[50, 10]]);
    as('ana', deleteAppointment('a'));
    assert.deepEqual(waiting(), []);
    as('ana', restoreAppointment('a'));
    assert.deepEqual(waiting(), [[50, 10]]);
    const changed = [AppointmentField.APPOINTMENT_FIELD_REMINDERS];
    as('ana', updateAppointment('a', { fields: { ...later, reminderMinutes: [20] }, changed }));
    assert.deepEqual(waiting(), [[40, 20]]);
  });

  it('are not made up for when it is booked too late for them', () => {
    log.passTime(START - 5 * MINUTE_MS - log.nowMs);
    book(once(10, 2));
    assert.deepEqual(waiting(), [[-2, 2]]);
  });

  it('are fired by the cluster, so many at once', () => {
    assert.equal(outcomeOf(as('ana', fireReminders())), 'forbidden');
    const tooMany = Array.from({ length: REMINDERS_PER_COMMAND_MAX + 1 }, () => due(1));
    assert.equal(outcomeOf(log.apply(fireReminders(...tooMany))), 'invalid_argument');
  });
});
