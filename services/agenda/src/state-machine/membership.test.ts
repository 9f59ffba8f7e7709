import assert from 'node:assert/strict';
import { AppointmentField } from '@agenda/proto/agenda/v1/command';
import { AppointmentStatus, GroupKind, ParticipantStatus } from '@agenda/proto/agenda/v1/model';
import { GROUP_APPOINTMENTS_FUTURE_MAX } from './bounds.ts';
import type { AppliedEntry } from './machine.ts';
import { checkInvariants } from './testing/check-invariants.ts';
import { PeopleLog, told } from './testing/people.ts';
import {
  asked,
  bookWith,
  createAppointment,
  createGroup,
  DAY_MS,
  deleteGroup,
  eventsOf,
  fieldsOf,
  HOUR_MS,
  handOver,
  moveAppointment,
  outcomeOf,
  putMember,
  refusalOf,
  removeMember,
  respond,
  resultOf,
  updateAppointment,
} from './testing.ts';

const START = 100 * DAY_MS;
const { PARTICIPANT_STATUS_ACCEPTED: ACCEPTED, PARTICIPANT_STATUS_DECLINED: DECLINED } = ParticipantStatus;

/** ana (1000) above ben (500) above cleo (100) = dan (100); eve is no member. */
describe("a group's appointments", () => {
  let log: PeopleLog;

  beforeEach(() => {
    log = new PeopleLog('ana', 'ben', 'cleo', 'dan', 'eve');
    log.as('ana', createGroup('g', GroupKind.GROUP_KIND_HIERARCHICAL));
    log.as('ana', putMember('g', 'u-ben', 500));
    log.as('ana', putMember('g', 'u-cleo', 100));
    log.as('ana', putMember('g', 'u-dan', 100));
  });
  afterEach(() => checkInvariants(log.db));

  const call = (name: string, id: string, atHour = 0, change: object = {}): AppliedEntry => {
    const startMs = START + atHour * HOUR_MS;
    return log.as(name, bookWith(id, `u-${name}`, startMs, startMs + HOUR_MS, { groupId: 'g', ...change }));
  };
  const own = (name: string, id: string, atHour = 0): AppliedEntry => {
    const startMs = START + atHour * HOUR_MS;
    return log.as(name, createAppointment(id, `u-${name}`, startMs, startMs + HOUR_MS));
  };

  describe('in a hierarchical group', () => {
    it('are entered at once for lower ranks; equals and superiors are asked', () => {
      const applied = call('ben', 'b1');
      assert.deepEqual(log.answers('b1'), { ana: 'pending', cleo: 'auto', dan: 'auto' });
      assert.deepEqual(told(applied).sort(), ['ana invited', 'cleo invited', 'dan invited']);
      call('cleo', 'c1', 2);
      assert.deepEqual(log.answers('c1'), { ana: 'pending', ben: 'pending', dan: 'pending' });
      assert.equal(
        resultOf(call('ana', 'a1', 4), 'appointment').status,
        AppointmentStatus.APPOINTMENT_STATUS_ACCEPTED,
      );
    });

    it('are never refused for those entered: the conflict is told to them and to the owner', () => {
      own('cleo', 'c1');
      own('dan', 'd1');
      const applied = call('ana', 'a1');
      assert.deepEqual(log.answers('a1'), { ben: 'auto', cleo: 'auto!', dan: 'auto!' });
      assert.deepEqual(told(applied).slice(3), ['cleo conflict', 'dan conflict', 'ana conflict']);
      assert.match(eventsOf(applied, 'notificationAdded').at(-1)?.text ?? '', /^2 participants/);
      assert.deepEqual(log.agenda('cleo'), ['a1 auto!', 'c1 accepted']);
    });

    it('entered automatically take time, and cannot be declined: the answer says who entered them', () => {
      call('ana', 'a1');
      assert.equal(outcomeOf(own('ben', 'b1')), 'conflict');
      for (const status of [DECLINED, ACCEPTED]) {
        const refusal = refusalOf(log.as('ben', respond('a1', 'u-ben', status)));
        assert.deepEqual([refusal.code, /^ana the Tester/.test(refusal.message)], ['forbidden', true]);
      }
    });

    it('stay automatic when they move, with conflicts looked for anew', () => {
      own('cleo', 'c1', 2);
      call('ben', 'b1');
      log.as('ana', respond('b1', 'u-ana', ACCEPTED));
      const moved = log.as('ben', moveAppointment('b1', START + 2 * HOUR_MS, START + 3 * HOUR_MS));
      assert.deepEqual(log.answers('b1'), { ana: 'pending', cleo: 'auto!', dan: 'auto' });
      assert.deepEqual(told(moved).slice(-2), ['cleo conflict', 'ben conflict']);
      log.as('ben', moveAppointment('b1', START + 5 * HOUR_MS, START + 6 * HOUR_MS));
      assert.deepEqual(log.answers('b1'), { ana: 'pending', cleo: 'auto', dan: 'auto' });
    });
  });

  it('in a flat group are invitations for everybody', () => {
    log.as('ana', createGroup('f', GroupKind.GROUP_KIND_NON_HIERARCHICAL));
    for (const name of ['ben', 'cleo']) log.as('ana', putMember('f', `u-${name}`));
    call('ana', 'a1', 0, { groupId: 'f' });
    assert.deepEqual(log.answers('a1'), { ben: 'pending', cleo: 'pending' });
  });

  it('take further people, and members who need not come', () => {
    const participants = [...asked('u-eve'), { userId: 'u-cleo', optional: true }];
    call('ana', 'a1', 0, { participants });
    assert.deepEqual(log.answers('a1'), { ben: 'auto', cleo: 'auto?', dan: 'auto', eve: 'pending' });
    const changed = [AppointmentField.APPOINTMENT_FIELD_PARTICIPANTS];
    const update = updateAppointment('a1', { changed, participants: [{ userId: 'u-dan', optional: true }] });
    assert.deepEqual(told(log.as('ana', update)), ['eve cancelled']);
    assert.deepEqual(log.answers('a1'), { ben: 'auto', cleo: 'auto', dan: 'auto?' });
  });

  it('are booked by members only', () => {
    const refusal = refusalOf(call('eve', 'e1'));
    assert.deepEqual([refusal.code, refusal.path], ['not_found', 'groupId']);
    assert.equal(outcomeOf(call('ana', 'a1', 0, { groupId: 'zz' })), 'not_found');
  });

  it(`are bounded to ${GROUP_APPOINTMENTS_FUTURE_MAX} in the future`, () => {
    log.as('ana', createGroup('f', GroupKind.GROUP_KIND_NON_HIERARCHICAL));
    for (let hour = 0; hour < GROUP_APPOINTMENTS_FUTURE_MAX; hour++)
      call('ana', `a${hour}`, hour, { groupId: 'f' });
    const refusal = refusalOf(call('ana', 'more', 1_000, { groupId: 'f' }));
    assert.deepEqual([refusal.code, /can have 500/.test(refusal.message)], ['unprocessable', true]);
    log.passTime(START + HOUR_MS);
    assert.equal(outcomeOf(call('ana', 'more', 1_000, { groupId: 'f' })), 'appointment');
  });

  it('are bounded in how many people they have together, so that joining changes a bounded number', () => {
    const names = Array.from({ length: 191 }, (_, at) => `person-${at}`);
    for (const name of names) log.register(name);
    const participants = asked(...names.map((name) => `u-${name}`));
    const outcomes = Array.from({ length: 104 }, (_, hour) =>
      outcomeOf(call('ana', `a${hour}`, hour, { participants })),
    );
    assert.deepEqual(outcomes.slice(102), ['appointment', 'unprocessable']);
    const refusal = refusalOf(log.as('ana', putMember('g', 'u-eve', 1)));
    assert.match(refusal.message, /would be 20085, at most 20000/);
  }).timeout(20_000);

  describe('follow who joins', () => {
    it('by the same rule as at booking, from then on', () => {
      call('ana', 'a1');
      call('cleo', 'c1', 2);
      log.passTime(START + 2 * HOUR_MS);
      const applied = log.as('ana', putMember('g', 'u-eve', 100));
      assert.deepEqual(told(applied), ['eve joined', 'eve invited']);
      assert.deepEqual([log.answers('a1').eve, log.answers('c1').eve], [undefined, 'pending']);
      call('ben', 'b1', 4);
      assert.deepEqual(log.agenda('eve'), ['c1 pending', 'b1 auto']);
    });

    it('with the occurrences to come of a series that has begun', () => {
      const occurrences = [0, 1, 2].map((day) => ({
        startMs: START + day * DAY_MS,
        endMs: START + day * DAY_MS + HOUR_MS,
      }));
      const recurrence = { rule: 'FREQ=DAILY;COUNT=3', addedMs: [], excludedMs: [] };
      const fields = { ...fieldsOf(START, START + HOUR_MS), recurrence, occurrences };
      call('ana', 'a1', 0, { fields });
      assert.deepEqual(log.agenda('ben'), ['a1 auto', 'a1 auto', 'a1 auto']);
      log.passTime(START + DAY_MS);
      log.as('ana', putMember('g', 'u-eve', 1));
      assert.deepEqual(log.agenda('eve'), ['a1 auto', 'a1 auto']);
      log.as('ana', removeMember('g', 'u-eve'));
      assert.deepEqual(log.agenda('eve'), []);
    });

    it('and flag an automatic entry over something else', () => {
      own('eve', 'e1');
      call('ana', 'a1');
      assert.deepEqual(told(log.as('ana', putMember('g', 'u-eve', 1))), [
        'eve joined',
        'eve invited',
        'eve conflict',
        'ana conflict',
      ]);
    });

    it('who was asked directly keeps that place, after leaving too', () => {
      call('ben', 'b1', 0, { participants: asked('u-eve') });
      log.as('eve', respond('b1', 'u-eve', ACCEPTED));
      log.as('ana', putMember('g', 'u-eve', 1));
      assert.equal(log.answers('b1').eve, 'accepted');
      log.as('eve', removeMember('g', 'u-eve'));
      assert.equal(log.answers('b1').eve, 'accepted');
    });
  });

  describe('follow who leaves', () => {
    it('who drops out of those to come, and keeps those that are over', () => {
      call('ana', 'a1');
      call('ana', 'a2', 5);
      log.passTime(START + 2 * HOUR_MS);
      const left = log.as('cleo', removeMember('g', 'u-cleo'));
      assert.deepEqual(log.agenda('cleo'), ['a1 auto']);
      assert.deepEqual(log.answers('a2'), { ben: 'auto', dan: 'auto' });
      const removed = left.events.filter(({ body }) => body?.$case === 'appointmentRemoved');
      assert.deepEqual(
        removed.map(({ userIds }) => userIds),
        [['u-cleo']],
      );
    });

    it('and is no longer waited for', () => {
      call('ben', 'b1');
      log.as('ana', handOver('g', 'u-ben'));
      assert.equal(outcomeOf(log.as('ana', removeMember('g', 'u-ana'))), 'done');
      const status = log.db.prepare('SELECT status FROM appointments').pluck().get();
      assert.equal(status, AppointmentStatus.APPOINTMENT_STATUS_ACCEPTED);
    });
  });

  describe('follow a new rank', () => {
    it('what waits and now comes from above is entered; what was automatic stays', () => {
      call('cleo', 'c1');
      call('ben', 'b1', 2);
      log.as('ana', putMember('g', 'u-dan', 50));
      assert.equal(log.answers('c1').dan, 'auto');
      log.as('ana', putMember('g', 'u-dan', 600));
      assert.deepEqual([log.answers('c1').dan, log.answers('b1').dan], ['auto', 'auto']);
    });

    it('of who hands the group over, too', () => {
      call('ben', 'b1');
      assert.equal(log.answers('b1').ana, 'pending');
      log.as('ana', handOver('g', 'u-ben'));
      assert.equal(log.answers('b1').ana, 'auto');
    });
  });

  it('to come go with the group, into the trash of their owners; those that are over stay', () => {
    call('ben', 'b1');
    call('ben', 'b2', 5, { participants: asked('u-eve') });
    log.passTime(START + 2 * HOUR_MS);
    const deleted = log.as('ana', deleteGroup('g'));
    assert.deepEqual(told(deleted).sort(), [
      'ana cancelled',
      'ben cancelled',
      'ben left',
      'cleo cancelled',
      'cleo left',
      'dan cancelled',
      'dan left',
      'eve cancelled',
    ]);
    assert.deepEqual([log.agenda('ben'), log.agenda('cleo')], [['b1 accepted'], ['b1 auto']]);
  });
});
