import assert from 'node:assert/strict';
import type { AppointmentFields, CreateAppointment } from '@agenda/proto/agenda/v1/command';
import { checkInvariants } from './testing/check-invariants.ts';
import { PeopleLog } from './testing/people.ts';
import { type Body, bookWith, deleteAppointment, fieldsOf, HOUR_MS } from './testing.ts';

describe('an import', () => {
  let log: PeopleLog;

  beforeEach(() => {
    log = new PeopleLog('ana', 'ben');
  });
  afterEach(() => checkInvariants(log.db));

  const component = (
    id: string,
    icalUid: string,
    change: Partial<CreateAppointment> = {},
  ): CreateAppointment => {
    const fields: AppointmentFields = { ...fieldsOf(0, HOUR_MS), icalUid };
    const body = bookWith(id, 'u-ana', 0, HOUR_MS, { fields, allowConflict: true, ...change });
    return (body as Extract<Body, { $case: 'createAppointment' }>).value;
  };
  const take = (...appointments: CreateAppointment[]): [string, string, string][] => {
    const outcome = log.as('ana', { $case: 'importAppointments', value: { appointments } }).result?.outcome;
    assert.ok(outcome?.$case === 'imported');
    return outcome.value.components.map(({ icalUid, appointmentId, reason }) => [
      icalUid,
      appointmentId,
      reason,
    ]);
  };

  it('takes what it can, over conflicts too, and says of each why not', () => {
    assert.deepEqual(
      take(
        component('a1', 'x@1'),
        component('a2', 'x@2'),
        component('a3', 'x@3', { fields: { ...fieldsOf(HOUR_MS, 0), icalUid: 'x@3' } }),
        component('a4', 'x@4', { ownerId: 'u-ben' }),
      ),
      [
        ['x@1', 'a1', ''],
        ['x@2', 'a2', ''],
        ['x@3', '', 'end must be after start'],
        ['x@4', '', 'you can book for yourself only'],
      ],
    );
    assert.deepEqual(log.agenda('ana'), ['a1 accepted', 'a2 accepted!']);
  });

  it('of the same again takes nothing, unless it was deleted meanwhile', () => {
    take(component('a1', 'x@1'));
    assert.deepEqual(take(component('b1', 'x@1'), component('b2', '')), [
      ['x@1', '', 'already there'],
      ['', 'b2', ''],
    ]);
    log.as('ana', deleteAppointment('a1'));
    assert.deepEqual(take(component('c1', 'x@1')), [['x@1', 'c1', '']]);
  });

  it('takes what was changed for one occurrence with its series only', () => {
    const override = { seriesId: 'a1', recurrenceStartMs: HOUR_MS };
    assert.deepEqual(take(component('o1', 'x@1', override)), [
      ['x@1', '', 'the series that it changes was not taken'],
    ]);
    assert.deepEqual(
      take(component('a1', 'x@1'), component('o1', 'x@1', override)).map(([, id]) => id),
      ['a1', 'o1'],
    );
  });
});
