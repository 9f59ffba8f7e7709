import assert from 'node:assert/strict';
import { AppointmentField } from '@agenda/proto/agenda/v1/command';
import { NotificationKind, Privacy, VersionDetail } from '@agenda/proto/agenda/v1/model';
import Database from 'better-sqlite3';
import { Queries } from '../queries/queries.ts';
import type { AppliedEntry } from './machine.ts';
import {
  createAppointment,
  DAY_MS,
  deleteAppointment,
  eventsOf,
  fieldsOf,
  HOUR_MS,
  moveAppointment,
  outcomeOf,
  refusalOf,
  resultOf,
  TestLog,
  updateAppointment,
} from './testing.ts';

const ANA = 'u-ana';
const NINE = 9 * HOUR_MS;
const TEN = 10 * HOUR_MS;
const ELEVEN = 11 * HOUR_MS;

describe('appointments', () => {
  let log: TestLog;
  let queries: Queries;

  beforeEach(() => {
    log = new TestLog();
    queries = new Queries(log.db);
    log.register('ana');
    log.register('ben');
  });

  const create = (id: string, fromMs: number, toMs: number, allowConflict = false): AppliedEntry =>
    log.apply(createAppointment(id, ANA, fromMs, toMs, allowConflict), { actor: ANA });
  const asAna = (body: Parameters<typeof log.apply>[0]): AppliedEntry => log.apply(body, { actor: ANA });
  const agenda = (): (string | boolean | undefined)[][] =>
    queries.agenda(ANA, 0, 400 * DAY_MS, 50, '').items.map((item) => [item.appointment?.id, item.conflict]);

  describe('booked', () => {
    it('start at version 1, know where they were created, and are told to the owner', () => {
      const applied = create('a1', NINE, TEN);
      const appointment = resultOf(applied, 'appointment');
      assert.deepEqual(
        [appointment.version, appointment.originNode, appointment.createdAtMs, appointment.deletedAtMs],
        [1, 'agenda-1', log.nowMs, 0],
      );
      assert.deepEqual(eventsOf(applied, 'appointmentChanged'), [{ appointment }]);
      assert.deepEqual(applied.events[0]?.userIds, [ANA]);
      assert.deepEqual(queries.appointmentFor(ANA, 'a1'), appointment);
    });

    it('need an end after the start, and no more than 366 days', () => {
      assert.equal(refusalOf(create('a1', NINE, NINE)).path, 'end');
      assert.equal(refusalOf(create('a1', NINE, NINE - 1)).path, 'end');
      assert.equal(refusalOf(create('a1', 0, 366 * DAY_MS + 1)).path, 'end');
      assert.equal(outcomeOf(create('a1', 0, 366 * DAY_MS)), 'appointment');
    });

    it('are for oneself; tools may book for any user who exists', () => {
      const forAna = createAppointment('a1', ANA, NINE, TEN);
      assert.equal(outcomeOf(log.apply(forAna, { actor: 'u-ben' })), 'forbidden');
      assert.equal(outcomeOf(log.apply(forAna)), 'appointment');
      const forNobody = refusalOf(log.apply(createAppointment('a2', 'u-zoe', NINE, TEN)));
      assert.deepEqual([forNobody.code, forNobody.path], ['not_found', 'ownerId']);
    });

    it('refuse an id that is there already, even of a deleted one', () => {
      create('a1', NINE, TEN);
      assert.equal(outcomeOf(create('a1', 0, HOUR_MS)), 'conflict');
      asAna(deleteAppointment('a1'));
      assert.equal(outcomeOf(create('a1', 0, HOUR_MS)), 'conflict');
      assert.deepEqual(agenda(), []);
    });

    it('over a conflict that is wanted are flagged, and the owner is notified', () => {
      create('a1', NINE, TEN);
      const forced = create('a2', NINE, TEN, true);
      assert.deepEqual(
        forced.events.map((event) => event.body?.$case),
        ['notificationAdded', 'appointmentChanged'],
      );
      const [notification] = eventsOf(forced, 'notificationAdded');
      assert.deepEqual(
        [notification?.kind, notification?.appointmentId, notification?.userId],
        [NotificationKind.NOTIFICATION_KIND_CONFLICT, 'a2', ANA],
      );
      assert.deepEqual(agenda(), [
        ['a1', true],
        ['a2', true],
      ]);
    });

    it('into free time are not flagged, even if a conflict would have been allowed', () => {
      assert.equal(create('a1', NINE, TEN, true).events.length, 1);
      assert.deepEqual(agenda(), [['a1', false]]);
    });
  });

  it('of one person are cheap: who it is, whether the time is free, the appointment, its entry', () => {
    const statements: string[] = [];
    const db = new Database(':memory:', { verbose: (sql) => statements.push(String(sql)) });
    const watched = new TestLog(':memory:', db);
    watched.register('ana');
    statements.length = 0;
    watched.apply(createAppointment('a1', ANA, NINE, TEN), { actor: ANA });
    const ofTheLog = /raft_applied|machine_state|^(BEGIN|COMMIT)/;
    const tables = statements
      .filter((sql) => !ofTheLog.test(sql))
      .map((sql) => /(?:FROM|INTO) (\w+)/.exec(sql)?.[1]);
    assert.deepEqual(tables, ['users', 'agenda_entries', 'appointments', 'agenda_entries']);
  });

  describe('changed', () => {
    beforeEach(() => {
      create('a1', NINE, TEN);
    });

    it('change in the fields that are listed only, and grow by one version', () => {
      log.passTime(5);
      const applied = asAna(updateAppointment('a1'));
      const { title, startMs, version, createdAtMs, updatedAtMs } = resultOf(applied, 'appointment');
      assert.deepEqual([title, startMs, version], ['new title', NINE, 2]);
      assert.deepEqual([createdAtMs, updatedAtMs], [log.nowMs - 5, log.nowMs]);
      assert.equal(eventsOf(applied, 'appointmentChanged').length, 1);
    });

    it('change in every field that is listed', () => {
      const fields = {
        ...fieldsOf(TEN, ELEVEN, 'T'),
        description: 'D',
        location: 'L',
        privacy: Privacy.PRIVACY_FREEBUSY,
      };
      const changed = [
        AppointmentField.APPOINTMENT_FIELD_TITLE,
        AppointmentField.APPOINTMENT_FIELD_DESCRIPTION,
        AppointmentField.APPOINTMENT_FIELD_LOCATION,
        AppointmentField.APPOINTMENT_FIELD_PRIVACY,
      ];
      asAna(updateAppointment('a1', { fields, changed }));
      const { title, description, location, privacy, startMs } = queries.appointmentFor(ANA, 'a1') ?? {};
      assert.deepEqual(
        [title, description, location, privacy, startMs],
        ['T', 'D', 'L', Privacy.PRIVACY_FREEBUSY, NINE],
      );
    });

    it('grow by one version even if every value stays what it was', () => {
      const same = asAna(moveAppointment('a1', NINE, TEN));
      assert.equal(resultOf(same, 'appointment').version, 2);
    });

    it('refuse others, other versions, what is not there, and what this version cannot change', () => {
      assert.equal(outcomeOf(log.apply(updateAppointment('a1'), { actor: 'u-ben' })), 'not_found');
      assert.equal(outcomeOf(log.apply(updateAppointment('a1'))), 'forbidden');
      assert.equal(outcomeOf(asAna(updateAppointment('zz'))), 'not_found');
      const stale = refusalOf(asAna(updateAppointment('a1', { expectedVersion: 7 })));
      assert.equal(stale.code, 'version_mismatch');
      assert.equal(VersionDetail.decode(stale.payload).currentVersion, 1);
      const changed = [AppointmentField.APPOINTMENT_FIELD_UNSPECIFIED];
      assert.equal(refusalOf(asAna(updateAppointment('a1', { changed }))).code, 'invalid_argument');
      assert.equal(queries.appointmentFor(ANA, 'a1')?.version, 1);
    });

    it('check only the fields that are listed', () => {
      const fields = fieldsOf(TEN, NINE, 'a title');
      assert.equal(outcomeOf(asAna(updateAppointment('a1', { fields }))), 'appointment');
      const changed = [AppointmentField.APPOINTMENT_FIELD_TIME];
      assert.equal(refusalOf(asAna(updateAppointment('a1', { fields, changed }))).path, 'end');
    });
  });

  describe('moved', () => {
    beforeEach(() => {
      create('a1', NINE, TEN);
    });

    it('free the old time, and are not in their own way', () => {
      assert.equal(outcomeOf(asAna(moveAppointment('a1', NINE + 1, TEN + 1))), 'appointment');
      assert.equal(outcomeOf(create('a2', NINE, NINE + 1)), 'appointment');
      assert.equal(outcomeOf(create('a3', TEN, ELEVEN)), 'conflict');
    });

    it('leave nothing behind when they become much longer or shorter', () => {
      for (const days of [10, 100, 1]) {
        asAna(moveAppointment('a1', NINE, NINE + days * DAY_MS));
        assert.deepEqual(agenda(), [['a1', false]]);
      }
    });

    it('are refused where something else stands, and stay where they were', () => {
      create('a2', TEN, ELEVEN);
      const refused = asAna(moveAppointment('a1', NINE, TEN + 1));
      assert.equal(outcomeOf(refused), 'conflict');
      assert.deepEqual(refused.events, []);
      const { startMs, endMs, version } = queries.appointmentFor(ANA, 'a1') ?? {};
      assert.deepEqual([startMs, endMs, version], [NINE, TEN, 1]);
    });

    it('over a conflict that is wanted are flagged, and lose the flag in free time', () => {
      create('a2', TEN, ELEVEN);
      const forced = asAna(moveAppointment('a1', TEN, ELEVEN, true));
      assert.equal(eventsOf(forced, 'notificationAdded').length, 1);
      assert.deepEqual(agenda(), [
        ['a1', true],
        ['a2', true],
      ]);
      asAna(moveAppointment('a1', NINE, TEN));
      assert.deepEqual(agenda(), [
        ['a1', false],
        ['a2', false],
      ]);
    });

    it('are not asked about conflicts while start and end stay', () => {
      create('a2', NINE, TEN, true);
      assert.equal(outcomeOf(asAna(updateAppointment('a2'))), 'appointment');
      const zone = { ...fieldsOf(NINE, TEN), timeZone: 'Europe/Madrid' };
      const changed = [AppointmentField.APPOINTMENT_FIELD_TIME];
      const moved = resultOf(asAna(updateAppointment('a2', { fields: zone, changed })), 'appointment');
      assert.equal(moved.timeZone, 'Europe/Madrid');
    });
  });

  describe('deleted', () => {
    beforeEach(() => {
      create('a1', NINE, TEN);
    });

    it('are gone from every view, their time is free, and the owner is told', () => {
      const applied = asAna(deleteAppointment('a1', 1));
      assert.equal(outcomeOf(applied), 'done');
      assert.deepEqual(eventsOf(applied, 'appointmentRemoved'), [{ appointmentId: 'a1', version: 2 }]);
      assert.equal(queries.appointmentFor(ANA, 'a1'), undefined);
      assert.deepEqual(agenda(), []);
      assert.equal(outcomeOf(create('a2', NINE, TEN)), 'appointment');
    });

    it('are kept with the moment of their deletion', () => {
      asAna(deleteAppointment('a1'));
      const row = log.db.prepare('SELECT deleted_at_ms, version FROM appointments').get();
      assert.deepEqual(row, { deleted_at_ms: log.nowMs, version: 2 });
    });

    it('cannot be changed or deleted again', () => {
      asAna(deleteAppointment('a1'));
      assert.equal(outcomeOf(asAna(deleteAppointment('a1'))), 'not_found');
      assert.equal(outcomeOf(asAna(updateAppointment('a1'))), 'not_found');
    });

    it('refuse others and other versions', () => {
      assert.equal(outcomeOf(log.apply(deleteAppointment('a1'), { actor: 'u-ben' })), 'not_found');
      assert.equal(outcomeOf(asAna(deleteAppointment('a1', 2))), 'version_mismatch');
      assert.deepEqual(agenda(), [['a1', false]]);
    });
  });
});
