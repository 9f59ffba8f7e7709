import assert from 'node:assert/strict';
import { AppointmentStatus, GroupKind, ParticipantStatus } from '@agenda/proto/agenda/v1/model';
import type { AppliedEntry } from './machine.ts';
import { checkInvariants } from './testing/check-invariants.ts';
import { PeopleLog, told } from './testing/people.ts';
import {
  asked,
  bookWith,
  createAppointment,
  createGroup,
  DAY_MS,
  deleteAppointment,
  deleteGroup,
  eventsOf,
  HOUR_MS,
  outcomeOf,
  purgeDeleted,
  putMember,
  removeMember,
  respond,
  restoreAppointment,
  resultOf,
  updateAppointment,
} from './testing.ts';

const START = 100 * DAY_MS;
const ACCEPTED = ParticipantStatus.PARTICIPANT_STATUS_ACCEPTED;

describe('the trash', () => {
  let log: PeopleLog;

  beforeEach(() => {
    log = new PeopleLog('ana', 'ben', 'cleo', 'dan');
  });
  afterEach(() => checkInvariants(log.db));

  const book = (id: string, change: object = {}): AppliedEntry =>
    log.as('ana', bookWith(id, 'u-ana', START, START + HOUR_MS, change));
  const remove = (id: string): AppliedEntry => log.as('ana', deleteAppointment(id));
  const restore = (id: string, allowConflict = false): AppliedEntry =>
    log.as('ana', restoreAppointment(id, allowConflict));
  const kept = (): string[] =>
    log.db.prepare<[], string>('SELECT id FROM appointments ORDER BY id').pluck().all();

  it('takes an appointment out of all agendas, and tells everyone who was asked', () => {
    book('a1', { participants: asked('u-ben', 'u-cleo') });
    log.as('ben', respond('a1', 'u-ben', ACCEPTED));
    const deleted = remove('a1');
    assert.deepEqual(told(deleted), ['ben cancelled', 'cleo cancelled']);
    const [removed] = deleted.events.filter(({ body }) => body?.$case === 'appointmentRemoved');
    assert.deepEqual(removed?.userIds, ['u-ana', 'u-ben', 'u-cleo']);
    assert.deepEqual(log.agenda('ben'), []);
    assert.equal(outcomeOf(log.as('ben', respond('a1', 'u-ben', ACCEPTED))), 'not_found');
    const status = log.db.prepare('SELECT status FROM appointments').pluck().get();
    assert.equal(status, AppointmentStatus.APPOINTMENT_STATUS_CANCELLED);
  });

  it('gives it back with its people, who must answer again', () => {
    book('a1', { participants: asked('u-ben', 'u-cleo') });
    log.as('ben', respond('a1', 'u-ben', ACCEPTED));
    remove('a1');
    const restored = restore('a1');
    assert.deepEqual(told(restored), ['ben invited', 'cleo invited']);
    const { version, deletedAtMs, status } = resultOf(restored, 'appointment');
    assert.deepEqual([version, deletedAtMs, status], [4, 0, AppointmentStatus.APPOINTMENT_STATUS_PENDING]);
    assert.deepEqual(log.answers('a1'), { ben: 'pending', cleo: 'pending' });
    assert.deepEqual(log.agenda('ana'), ['a1 accepted']);
  });

  it('gives it back into free time only, unless a conflict is wanted', () => {
    book('a1');
    remove('a1');
    log.as('ana', createAppointment('a2', 'u-ana', START, START + HOUR_MS));
    assert.equal(outcomeOf(restore('a1')), 'conflict');
    assert.deepEqual(told(restore('a1', true)), ['ana conflict']);
    assert.deepEqual(log.agenda('ana'), ['a1 accepted!', 'a2 accepted']);
  });

  it('is its owner’s alone, and gives back what is in it only', () => {
    book('a1', { participants: asked('u-ben') });
    assert.equal(outcomeOf(restore('a1')), 'conflict');
    remove('a1');
    // Who was asked could see it; nobody but the owner sees what is in the trash.
    for (const attempt of [restoreAppointment('a1'), updateAppointment('a1'), deleteAppointment('a1')])
      assert.equal(outcomeOf(log.as('ben', attempt)), 'not_found');
    for (const attempt of [updateAppointment('a1'), deleteAppointment('a1')])
      assert.equal(outcomeOf(log.as('ana', attempt)), 'not_found');
    assert.equal(outcomeOf(restore('zz')), 'not_found');
  });

  it('keeps for thirty days of log time; then purging takes it, the oldest first, and nothing else', () => {
    for (const id of ['a1', 'a2', 'a3']) {
      book(id);
      remove(id);
      log.passTime(DAY_MS);
    }
    book('a4');
    log.passTime(29 * DAY_MS);
    assert.equal(outcomeOf(restore('a2')), 'not_found');
    assert.equal(outcomeOf(log.as('ana', purgeDeleted(log.nowMs))), 'forbidden');
    assert.equal(outcomeOf(log.apply(purgeDeleted(log.nowMs, 1))), 'done');
    assert.deepEqual(kept(), ['a2', 'a3', 'a4']);
    log.apply(purgeDeleted(log.nowMs));
    assert.deepEqual(kept(), ['a4']);
  });

  it('tells from where on incremental sync no longer knows what went', () => {
    const purgedIndex = (): unknown => log.db.prepare('SELECT purged_index FROM machine_state').pluck().get();
    book('a1', { participants: asked('u-ben') });
    const deletedAt = remove('a1').index;
    log.apply(purgeDeleted(log.nowMs));
    assert.equal(purgedIndex(), 0);
    log.passTime(30 * DAY_MS);
    log.apply(purgeDeleted(log.nowMs));
    assert.equal(purgedIndex(), deletedAt);
    log.apply(purgeDeleted(log.nowMs));
    assert.equal(purgedIndex(), deletedAt);
    assert.deepEqual(kept(), []);
  });

  describe("of a group's appointment", () => {
    beforeEach(() => {
      log.as('ana', createGroup('g', GroupKind.GROUP_KIND_HIERARCHICAL));
      for (const name of ['ben', 'cleo']) log.as('ana', putMember('g', `u-${name}`, 10));
      book('a1', { groupId: 'g' });
    });

    it('gives it back to those who are members by then', () => {
      remove('a1');
      log.as('ana', removeMember('g', 'u-ben'));
      log.as('ana', putMember('g', 'u-dan', 10));
      restore('a1');
      assert.deepEqual(log.answers('a1'), { cleo: 'auto', dan: 'auto' });
    });

    it('gives it back to its owner alone once the group is gone', () => {
      const deleted = log.as('ana', deleteGroup('g'));
      assert.equal(eventsOf(deleted, 'appointmentRemoved').length, 1);
      assert.equal(outcomeOf(restore('a1')), 'appointment');
      assert.deepEqual([log.answers('a1'), log.agenda('ana')], [{}, ['a1 accepted']]);
    });
  });
});
