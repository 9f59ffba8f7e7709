import assert from 'node:assert/strict';
import { AppointmentField } from '@agenda/proto/agenda/v1/command';
import { AppointmentStatus, ConflictDetail, ParticipantStatus } from '@agenda/proto/agenda/v1/model';
import { PARTICIPANTS_MAX } from './bounds.ts';
import type { AppliedEntry } from './machine.ts';
import { checkInvariants } from './testing/check-invariants.ts';
import { PeopleLog, told } from './testing/people.ts';
import {
  asked,
  bookWith,
  createAppointment,
  DAY_MS,
  eventsOf,
  fieldsOf,
  HOUR_MS,
  moveAppointment,
  outcomeOf,
  refusalOf,
  respond,
  resultOf,
  updateAppointment,
} from './testing.ts';

const NINE = 9 * HOUR_MS;
const TEN = 10 * HOUR_MS;
const ELEVEN = 11 * HOUR_MS;
const {
  PARTICIPANT_STATUS_ACCEPTED: ACCEPTED,
  PARTICIPANT_STATUS_DECLINED: DECLINED,
  PARTICIPANT_STATUS_TENTATIVE: TENTATIVE,
} = ParticipantStatus;

describe('invitations', () => {
  let log: PeopleLog;

  beforeEach(() => {
    log = new PeopleLog('ana', 'ben', 'cleo', 'dan');
  });
  afterEach(() => checkInvariants(log.db));

  const answer = (name: string, status: ParticipantStatus, allowConflict = false, id = 'a1'): AppliedEntry =>
    log.as(name, respond(id, `u-${name}`, status, allowConflict));
  const statusOf = (applied: AppliedEntry): AppointmentStatus => resultOf(applied, 'appointment').status;

  describe('to an appointment', () => {
    it('stand in the agendas of those asked without taking their time, and are told them', () => {
      log.as('ben', createAppointment('b1', 'u-ben', NINE, TEN));
      const applied = log.as(
        'ana',
        bookWith('a1', 'u-ana', NINE, TEN, { participants: asked('u-ben', 'u-cleo') }),
      );
      assert.deepEqual(told(applied), ['ben invited', 'cleo invited']);
      assert.equal(statusOf(applied), AppointmentStatus.APPOINTMENT_STATUS_PENDING);
      assert.deepEqual(log.agenda('ben'), ['a1 pending', 'b1 accepted']);
      assert.equal(outcomeOf(log.as('cleo', createAppointment('c1', 'u-cleo', NINE, TEN))), 'appointment');
      const [changed] = eventsOf(applied, 'appointmentChanged');
      assert.deepEqual(
        changed?.appointment?.participants.map(({ username, displayName }) => [username, displayName]),
        [
          ['ben', 'ben the Tester'],
          ['cleo', 'cleo the Tester'],
        ],
      );
      assert.deepEqual(applied.events.at(-1)?.userIds, ['u-ana', 'u-ben', 'u-cleo']);
    });

    it('name users who exist, each once, and not the owner', () => {
      for (const [participants, code] of [
        [asked('u-zoe'), 'not_found'],
        [asked('u-ben', 'u-ben'), 'invalid_argument'],
        [asked('u-ana'), 'invalid_argument'],
        [asked(...Array.from({ length: PARTICIPANTS_MAX + 1 }, (_, at) => `u-${at}`)), 'unprocessable'],
      ] as const) {
        const refusal = refusalOf(log.as('ana', bookWith('a1', 'u-ana', NINE, TEN, { participants })));
        assert.deepEqual([refusal.code, refusal.path], [code, 'participants']);
      }
    });

    it('of more people times occurrences than one command may write are refused, with the numbers', () => {
      const names = Array.from({ length: 99 }, (_, at) => `person-${at}`);
      for (const name of names) log.register(name);
      const occurrences = Array.from({ length: 501 }, (_, day) => ({
        startMs: NINE + day * DAY_MS,
        endMs: TEN + day * DAY_MS,
      }));
      const recurrence = { rule: 'FREQ=DAILY;COUNT=501', addedMs: [], excludedMs: [] };
      const fields = { ...fieldsOf(NINE, TEN), occurrences, recurrence, expandedUntilMs: 600 * DAY_MS };
      const participants = asked(...names.map((name) => `u-${name}`));
      const refusal = refusalOf(log.as('ana', bookWith('a1', 'u-ana', NINE, TEN, { fields, participants })));
      assert.equal(refusal.code, 'unprocessable');
      assert.match(refusal.message, /100 people times 501 occurrences are 50100 entries; at most 50000/);
    });
  });

  describe('are answered', () => {
    beforeEach(() => {
      const participants = [...asked('u-ben', 'u-cleo'), { userId: 'u-dan', optional: true }];
      log.as('ana', bookWith('a1', 'u-ana', NINE, TEN, { participants }));
    });

    it('by each participant; required ones decide what becomes of the appointment', () => {
      assert.equal(statusOf(answer('ben', ACCEPTED)), AppointmentStatus.APPOINTMENT_STATUS_PENDING);
      assert.equal(statusOf(answer('dan', DECLINED)), AppointmentStatus.APPOINTMENT_STATUS_PENDING);
      assert.equal(statusOf(answer('cleo', TENTATIVE)), AppointmentStatus.APPOINTMENT_STATUS_PENDING);
      assert.equal(statusOf(answer('cleo', ACCEPTED)), AppointmentStatus.APPOINTMENT_STATUS_ACCEPTED);
      const declined = answer('ben', DECLINED);
      assert.equal(statusOf(declined), AppointmentStatus.APPOINTMENT_STATUS_DECLINED);
      assert.equal(resultOf(declined, 'appointment').version, 6);
      assert.deepEqual(log.answers('a1'), { ben: 'declined', cleo: 'accepted', dan: 'declined?' });
    });

    it('to the owner, once: the same answer again changes nothing', () => {
      assert.deepEqual(told(answer('ben', TENTATIVE)), ['ana tentative']);
      assert.deepEqual(told(answer('ben', ACCEPTED)), ['ana accepted']);
      const again = answer('ben', ACCEPTED);
      assert.deepEqual([again.events, resultOf(again, 'appointment').version], [[], 3]);
      assert.deepEqual(told(answer('ben', DECLINED)), ['ana declined']);
    });

    it('and stand in the agenda accordingly; who declined has nothing there', () => {
      for (const [status, agenda] of [
        [TENTATIVE, ['a1 tentative']],
        [ACCEPTED, ['a1 accepted']],
        [DECLINED, []],
        [ACCEPTED, ['a1 accepted']],
      ] as const) {
        answer('ben', status);
        assert.deepEqual(log.agenda('ben'), agenda);
      }
    });

    it('with yes only into free time, unless a conflict is wanted', () => {
      log.as('ben', createAppointment('b1', 'u-ben', NINE, TEN));
      const refusal = refusalOf(answer('ben', ACCEPTED));
      assert.equal(refusal.code, 'conflict');
      const [inTheWay] = ConflictDetail.decode(refusal.payload).appointments;
      assert.deepEqual([inTheWay?.appointmentId, inTheWay?.userId], ['b1', 'u-ben']);
      assert.equal(outcomeOf(answer('ben', TENTATIVE)), 'appointment');
      assert.deepEqual(told(answer('ben', ACCEPTED, true)), ['ana accepted', 'ben conflict']);
      assert.deepEqual(log.agenda('ben'), ['a1 accepted!', 'b1 accepted']);
    });

    it('so that others do not learn who else has something in the way; the owner and oneself do', () => {
      log.as('ben', createAppointment('b1', 'u-ben', NINE, TEN));
      const flags = (applied: AppliedEntry): (readonly [string, boolean][])[] =>
        applied.events.flatMap(({ userIds, body }) =>
          body?.$case === 'appointmentChanged'
            ? [userIds.map((id) => [id, body.value.appointment?.participants[0]?.conflict ?? false] as const)]
            : [],
        ) as (readonly [string, boolean][])[];
      const applied = answer('ben', ACCEPTED, true);
      assert.deepEqual(flags(applied), [
        [['u-ana', true]],
        [
          ['u-ben', false],
          ['u-cleo', false],
          ['u-dan', false],
        ],
      ]);
      assert.equal(resultOf(applied, 'appointment').participants[0]?.conflict, true);
      assert.equal(resultOf(answer('cleo', ACCEPTED), 'appointment').participants[0]?.conflict, false);
    });

    it('by oneself, to what one is asked to', () => {
      assert.equal(outcomeOf(log.as('ben', respond('a1', 'u-cleo', ACCEPTED))), 'forbidden');
      assert.equal(outcomeOf(log.as('ana', respond('a1', 'u-ana', ACCEPTED))), 'conflict');
      assert.equal(outcomeOf(answer('ben', ACCEPTED, false, 'zz')), 'not_found');
      log.as('dan', createAppointment('d1', 'u-dan', NINE, TEN));
      assert.equal(outcomeOf(answer('ben', ACCEPTED, false, 'd1')), 'not_found');
      const pending = ParticipantStatus.PARTICIPANT_STATUS_PENDING;
      assert.equal(refusalOf(answer('ben', pending)).path, 'status');
    });
  });

  describe('after a change', () => {
    beforeEach(() => {
      log.as('ana', bookWith('a1', 'u-ana', NINE, TEN, { participants: asked('u-ben', 'u-cleo') }));
      answer('ben', ACCEPTED);
      answer('cleo', DECLINED);
    });

    it('of the time must be answered again, by those too who declined', () => {
      const moved = log.as('ana', moveAppointment('a1', TEN, ELEVEN));
      assert.deepEqual(told(moved), ['ben changed', 'cleo changed']);
      assert.match(eventsOf(moved, 'notificationAdded')[0]?.text ?? '', /answer again/);
      assert.deepEqual(log.answers('a1'), { ben: 'pending', cleo: 'pending' });
      assert.deepEqual([log.agenda('ben'), log.agenda('cleo')], [['a1 pending'], ['a1 pending']]);
      assert.equal(resultOf(moved, 'appointment').version, 4);
    });

    it('of the place must be answered again', () => {
      const changed = [AppointmentField.APPOINTMENT_FIELD_LOCATION];
      const fields = { ...fieldsOf(NINE, TEN), location: 'Room 2' };
      assert.deepEqual(told(log.as('ana', updateAppointment('a1', { fields, changed }))), [
        'ben changed',
        'cleo changed',
      ]);
      assert.deepEqual(log.answers('a1'), { ben: 'pending', cleo: 'pending' });
      log.as('ben', respond('a1', 'u-ben', ACCEPTED));
      assert.deepEqual(told(log.as('ana', updateAppointment('a1', { fields, changed }))), []);
      assert.deepEqual(log.answers('a1'), { ben: 'accepted', cleo: 'pending' });
    });

    it('of something else stay as they are; who declined is left in peace', () => {
      assert.deepEqual(told(log.as('ana', updateAppointment('a1'))), ['ben changed']);
      assert.deepEqual(log.answers('a1'), { ben: 'accepted', cleo: 'declined' });
    });

    it('of the participants: who is new is asked, who is left out is out, who stays keeps the answer', () => {
      const changed = [AppointmentField.APPOINTMENT_FIELD_PARTICIPANTS];
      const participants = [{ userId: 'u-ben', optional: true }, ...asked('u-dan')];
      const applied = log.as('ana', updateAppointment('a1', { changed, participants }));
      assert.deepEqual(told(applied), ['cleo cancelled', 'dan invited']);
      assert.deepEqual(log.answers('a1'), { ben: 'accepted?', dan: 'pending' });
      const [removed] = applied.events.filter(({ body }) => body?.$case === 'appointmentRemoved');
      assert.deepEqual(removed?.userIds, ['u-cleo']);
      assert.equal(outcomeOf(answer('cleo', ACCEPTED)), 'not_found');
      log.as('ana', updateAppointment('a1', { changed, participants: asked('u-cleo') }));
      assert.deepEqual(log.answers('a1'), { cleo: 'pending' });
      assert.deepEqual(log.agenda('ben'), []);
    });

    it('of the participants and the title: who is out is told by the title that was known', () => {
      const { APPOINTMENT_FIELD_PARTICIPANTS, APPOINTMENT_FIELD_TITLE } = AppointmentField;
      const changed = [APPOINTMENT_FIELD_TITLE, APPOINTMENT_FIELD_PARTICIPANTS];
      const applied = log.as('ana', updateAppointment('a1', { changed, participants: asked('u-ben') }));
      const texts = eventsOf(applied, 'notificationAdded').map(({ text }) => text);
      assert.deepEqual(texts, ['You are no longer asked to "title of a1".', '"new title" was changed.']);
    });
  });

  it('leave changing and deleting to the owner: participants are told so, others learn nothing', () => {
    log.as('ana', bookWith('a1', 'u-ana', NINE, TEN, { participants: asked('u-ben') }));
    assert.equal(outcomeOf(log.as('ben', updateAppointment('a1'))), 'forbidden');
    assert.equal(outcomeOf(log.as('cleo', updateAppointment('a1'))), 'not_found');
    assert.equal(refusalOf(log.as('cleo', updateAppointment('a1'))).message, 'there is no appointment a1');
  });
});
