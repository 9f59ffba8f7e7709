import assert from 'node:assert/strict';
import {
  AppointmentField,
  type ExtendSeries,
  OccurrenceScope,
  type UpdateAppointment,
} from '@agenda/proto/agenda/v1/command';
import { NotificationKind, ParticipantStatus, type Recurrence } from '@agenda/proto/agenda/v1/model';
import type { AppliedEntry } from './machine.ts';
import { OCCURRENCES_MAX } from './occurrences.ts';
import { checkInvariants } from './testing/check-invariants.ts';
import {
  asked,
  type Body,
  bookWith,
  createAppointment,
  DAY_MS,
  dailyFields,
  deleteAppointment,
  eventsOf,
  fieldsOf,
  HOUR_MS,
  outcomeOf,
  refusalOf,
  respond,
  restoreAppointment,
  resultOf,
  TestLog,
  updateAppointment,
} from './testing.ts';

const { OCCURRENCE_SCOPE_ALL, OCCURRENCE_SCOPE_THIS, OCCURRENCE_SCOPE_THIS_AND_FOLLOWING } = OccurrenceScope;
const TITLE = AppointmentField.APPOINTMENT_FIELD_TITLE;
const TIME = AppointmentField.APPOINTMENT_FIELD_TIME;
const START = 10 * DAY_MS;

describe('a series', () => {
  let log: TestLog;

  beforeEach(() => {
    log = new TestLog();
    for (const name of ['ana', 'ben', 'cleo']) log.register(name);
  });
  afterEach(() => checkInvariants(log.db));

  const as = (name: string, body: Body): AppliedEntry => log.apply(body, { actor: `u-${name}` });
  const book = (count = 5): AppliedEntry =>
    as(
      'ana',
      bookWith('s', 'u-ana', START, START + HOUR_MS, {
        fields: dailyFields(START, count),
        participants: asked('u-ben'),
      }),
    );
  const days = (name: string, appointmentId: string): number[] =>
    log.db
      .prepare<[string, string], { start_ms: number }>(
        'SELECT start_ms FROM agenda_entries WHERE person_id = ? AND appointment_id = ? ORDER BY start_ms',
      )
      .all(`u-${name}`, appointmentId)
      .map(({ start_ms }) => (start_ms - START) / DAY_MS);
  const remaining = (count: number): Recurrence => ({
    rule: `FREQ=DAILY;COUNT=${count}`,
    addedMs: [],
    excludedMs: [],
  });
  const change = (scope: OccurrenceScope, day: number, more: Partial<UpdateAppointment> = {}): Body =>
    updateAppointment('s', {
      scope,
      recurrenceStartMs: START + day * DAY_MS,
      splitAppointmentId: 'x',
      fields: fieldsOf(START, START + HOUR_MS, 'new title'),
      changed: [TITLE],
      ...more,
    });
  const cut = (scope: OccurrenceScope, day: number, rest?: Recurrence): Body => {
    const body = deleteAppointment('s') as Extract<Body, { $case: 'deleteAppointment' }>;
    const value = { ...body.value, scope, recurrenceStartMs: START + day * DAY_MS, remaining: rest };
    return { ...body, value };
  };
  const told = (applied: AppliedEntry): (string | NotificationKind)[][] =>
    eventsOf(applied, 'notificationAdded').map(({ userId, kind }) => [userId.slice(2), kind]);

  it('stands in every agenda at each of its occurrences', () => {
    assert.equal(resultOf(book(), 'appointment').recurrence?.rule, 'FREQ=DAILY;COUNT=5');
    assert.deepEqual(
      [days('ana', 's'), days('ben', 's')],
      [
        [0, 1, 2, 3, 4],
        [0, 1, 2, 3, 4],
      ],
    );
  });

  it('is refused where one of its occurrences is in the way of something, and names it', () => {
    as('ana', createAppointment('a', 'u-ana', START + 3 * DAY_MS, START + 3 * DAY_MS + HOUR_MS));
    assert.equal(refusalOf(book()).code, 'conflict');
  });

  it('is not booked without occurrences, out of order, twice at a time, or with too many', () => {
    const fields = dailyFields(START, 3);
    const wrong = [
      { ...fields, occurrences: [] },
      { ...fields, occurrences: fields.occurrences.toReversed() },
      { ...fields, occurrences: [...fields.occurrences, fields.occurrences[2] as never] },
      dailyFields(START, OCCURRENCES_MAX + 1),
      { ...fields, recurrence: undefined },
    ];
    for (const one of wrong)
      assert.equal(
        refusalOf(as('ana', bookWith('s', 'u-ana', START, START + HOUR_MS, { fields: one }))).path,
        'occurrences',
      );
  });

  describe('changed for one occurrence', () => {
    it('gives that one to an appointment of its own, with its people and their answers', () => {
      book();
      as('ben', respond('s', 'u-ben', ParticipantStatus.PARTICIPANT_STATUS_ACCEPTED));
      const applied = as('ana', change(OCCURRENCE_SCOPE_THIS, 2));
      const override = resultOf(applied, 'appointment');
      assert.deepEqual(
        [override.id, override.seriesId, override.recurrenceStartMs, override.version, override.title],
        ['x', 's', START + 2 * DAY_MS, 1, 'new title'],
      );
      assert.equal(override.participants[0]?.status, ParticipantStatus.PARTICIPANT_STATUS_ACCEPTED);
      assert.deepEqual([days('ana', 's'), days('ana', 'x'), days('ben', 'x')], [[0, 1, 3, 4], [2], [2]]);
      const series = eventsOf(applied, 'appointmentChanged').find(
        ({ appointment }) => appointment?.id === 's',
      );
      assert.deepEqual(series?.appointment?.recurrence?.excludedMs, [START + 2 * DAY_MS]);
      assert.equal(series?.appointment?.version, 3);
      assert.deepEqual(told(applied), [['ben', NotificationKind.NOTIFICATION_KIND_CHANGED]]);
    });

    it('asks its people again if it moves', () => {
      book();
      as('ben', respond('s', 'u-ben', ParticipantStatus.PARTICIPANT_STATUS_ACCEPTED));
      const at = START + 2 * DAY_MS + 3 * HOUR_MS;
      const applied = as(
        'ana',
        change(OCCURRENCE_SCOPE_THIS, 2, { fields: fieldsOf(at, at + HOUR_MS), changed: [TIME] }),
      );
      const [participant] = resultOf(applied, 'appointment').participants;
      assert.equal(participant?.status, ParticipantStatus.PARTICIPANT_STATUS_PENDING);
      assert.deepEqual([days('ana', 's'), days('ana', 'x')], [[0, 1, 3, 4], [2 + 3 / 24]]);
    });

    it('changes nothing at all if it is refused', () => {
      book();
      const before = days('ana', 's');
      const at = START + 3 * DAY_MS;
      const moved = { fields: fieldsOf(at, at + HOUR_MS), changed: [TIME] };
      const applied = as('ana', change(OCCURRENCE_SCOPE_THIS, 2, moved));
      assert.equal(outcomeOf(applied), 'conflict');
      assert.deepEqual([applied.events.length, days('ana', 's'), days('ana', 'x')], [0, before, []]);
    });

    it('wants an occurrence that there is, an unused id, an owner and a series', () => {
      book();
      as('ana', createAppointment('a', 'u-ana', 0, HOUR_MS));
      assert.equal(refusalOf(as('ana', change(OCCURRENCE_SCOPE_THIS, 7))).path, 'recurrenceStart');
      assert.equal(
        refusalOf(as('ana', change(OCCURRENCE_SCOPE_THIS, 2, { splitAppointmentId: 'a' }))).path,
        'splitAppointmentId',
      );
      assert.equal(refusalOf(as('ben', change(OCCURRENCE_SCOPE_THIS, 2))).code, 'forbidden');
      assert.equal(
        refusalOf(as('ana', updateAppointment('a', { scope: OCCURRENCE_SCOPE_THIS, recurrenceStartMs: 0 })))
          .path,
        'scope',
      );
      assert.equal(
        refusalOf(as('ana', change(OCCURRENCE_SCOPE_THIS, 2, { expectedVersion: 9 }))).code,
        'version_mismatch',
      );
    });
  });

  describe('changed from one occurrence on', () => {
    const fields = () => ({ ...dailyFields(START + 2 * DAY_MS, 3, 'new title') });

    it('ends before it, and another series goes on with the same people', () => {
      book();
      const more = { fields: fields(), remaining: remaining(2) };
      const applied = as('ana', change(OCCURRENCE_SCOPE_THIS_AND_FOLLOWING, 2, more));
      const series = resultOf(applied, 'appointment');
      assert.deepEqual([series.id, series.seriesId, series.title, series.version], ['x', '', 'new title', 1]);
      assert.equal(series.recurrence?.rule, 'FREQ=DAILY;COUNT=3');
      assert.deepEqual(
        [days('ben', 's'), days('ben', 'x')],
        [
          [0, 1],
          [2, 3, 4],
        ],
      );
    });

    it('takes the new times, and what was changed singly from there on goes', () => {
      book();
      as('ana', change(OCCURRENCE_SCOPE_THIS, 3, { splitAppointmentId: 'o3' }));
      as('ana', change(OCCURRENCE_SCOPE_THIS, 1, { splitAppointmentId: 'o1' }));
      const later = dailyFields(START + 2 * DAY_MS + 2 * HOUR_MS, 3);
      const more = { fields: later, changed: [TIME], remaining: remaining(2) };
      as('ana', change(OCCURRENCE_SCOPE_THIS_AND_FOLLOWING, 2, more));
      assert.deepEqual(
        [days('ana', 's'), days('ana', 'o1'), days('ana', 'o3'), days('ana', 'x').length],
        [[0], [1], [], 3],
      );
    });

    it('at its first occurrence is changed as a whole', () => {
      book();
      const more = { fields: dailyFields(START, 5, 'new title'), remaining: remaining(1) };
      const applied = as('ana', change(OCCURRENCE_SCOPE_THIS_AND_FOLLOWING, 0, more));
      assert.equal(resultOf(applied, 'appointment').id, 's');
    });
  });

  describe('changed as a whole', () => {
    it('passes on to single occurrences what is not about time', () => {
      book();
      as('ana', change(OCCURRENCE_SCOPE_THIS, 2, { fields: fieldsOf(START, START + HOUR_MS, 'single') }));
      as('ana', change(OCCURRENCE_SCOPE_ALL, 0));
      const titles = log.db
        .prepare<[], { title: string }>('SELECT title FROM appointments ORDER BY id')
        .all();
      assert.deepEqual(titles, [{ title: 'new title' }, { title: 'new title' }]);
    });

    it('at another time takes single occurrences back', () => {
      book();
      as('ana', change(OCCURRENCE_SCOPE_THIS, 2));
      const fields = dailyFields(START + HOUR_MS, 5);
      as('ana', updateAppointment('s', { fields, changed: [TIME], scope: OCCURRENCE_SCOPE_ALL }));
      assert.deepEqual([days('ana', 's').length, days('ana', 'x')], [5, []]);
    });
  });

  describe('deleted', () => {
    it('for one occurrence leaves the others', () => {
      book();
      const applied = as('ana', cut(OCCURRENCE_SCOPE_THIS, 2));
      assert.deepEqual(
        [outcomeOf(applied), days('ana', 's'), days('ben', 's')],
        ['done', [0, 1, 3, 4], [0, 1, 3, 4]],
      );
      assert.deepEqual(told(applied), [['ben', NotificationKind.NOTIFICATION_KIND_CANCELLED]]);
    });

    it('from one occurrence on ends before it', () => {
      book();
      as('ana', change(OCCURRENCE_SCOPE_THIS, 4));
      as('ana', cut(OCCURRENCE_SCOPE_THIS_AND_FOLLOWING, 2, remaining(2)));
      assert.deepEqual([days('ana', 's'), days('ana', 'x')], [[0, 1], []]);
    });

    it('occurrence by occurrence goes with its last', () => {
      book(2);
      as('ana', cut(OCCURRENCE_SCOPE_THIS, 0));
      as('ana', cut(OCCURRENCE_SCOPE_THIS, 1));
      assert.equal(outcomeOf(as('ana', updateAppointment('s'))), 'not_found');
    });

    it('takes its single occurrences along, and comes back without them', () => {
      book();
      as('ana', change(OCCURRENCE_SCOPE_THIS, 2));
      as('ana', deleteAppointment('s'));
      assert.deepEqual([days('ana', 's'), days('ana', 'x')], [[], []]);
      as('ana', restoreAppointment('s'));
      assert.deepEqual([days('ana', 's'), days('ana', 'x')], [[0, 1, 3, 4], []]);
    });
  });

  describe('extended by the cluster', () => {
    const extend = (day: number, change: Partial<ExtendSeries> = {}): Body => ({
      $case: 'extendSeries',
      value: {
        appointmentId: 's',
        version: 1,
        expandedFromMs: START + 5 * DAY_MS,
        occurrences: dailyFields(START + day * DAY_MS, 2).occurrences,
        expandedUntilMs: START + 7 * DAY_MS,
        ...change,
      },
    });

    it('gets more occurrences in all agendas, and stays of its version', () => {
      book();
      const applied = log.apply(extend(5));
      assert.equal(outcomeOf(applied), 'done');
      assert.deepEqual(
        [days('ana', 's'), days('ben', 's')],
        [
          [0, 1, 2, 3, 4, 5, 6],
          [0, 1, 2, 3, 4, 5, 6],
        ],
      );
      log.apply(extend(5));
      assert.equal(days('ana', 's').length, 7);
    });

    it('flags what is in the way', () => {
      book();
      as('ana', createAppointment('a', 'u-ana', START + 6 * DAY_MS, START + 6 * DAY_MS + HOUR_MS));
      assert.deepEqual(told(log.apply(extend(5))), [['ana', NotificationKind.NOTIFICATION_KIND_CONFLICT]]);
    });

    it('is left alone if it was changed meanwhile, and refuses what is out of order, or a user', () => {
      book();
      log.apply(extend(5, { version: 2 }));
      log.apply(extend(5, { expandedFromMs: START }));
      assert.equal(days('ana', 's').length, 5);
      assert.equal(outcomeOf(log.apply(extend(3))), 'invalid_argument');
      assert.equal(outcomeOf(as('ana', extend(5))), 'forbidden');
    });
  });
});
