import assert from 'node:assert/strict';
import type { Caller, CreateAppointmentRequest } from '@agenda/proto/agenda/v1/agenda';
import { AppointmentField, AppointmentFields } from '@agenda/proto/agenda/v1/command';
import { ConflictDetail, ParticipantStatus, Privacy, VersionDetail } from '@agenda/proto/agenda/v1/model';
import type { ServiceError } from '@agenda/service-kit/errors';
import { AgendaUnderTest, DEADLINE, write } from '../testing/agenda-under-test.ts';

const NINE = Date.parse('2027-03-01T09:00:00Z');
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const READ = { consistency: 0, minIndex: 0 } as const;
const { APPOINTMENT_FIELD_TITLE, APPOINTMENT_FIELD_TIME } = AppointmentField;

describe('appointments', () => {
  const agenda = new AgendaUnderTest();
  let ana: Caller;
  let bob: Caller;

  before(async () => {
    await agenda.start();
    ana = await agenda.person('ana');
    bob = await agenda.person('bob');
  });

  after(() => agenda.stop());

  const fields = (startMs: number, changes: Partial<AppointmentFields> = {}): AppointmentFields =>
    AppointmentFields.fromPartial({ title: 'Planning', startMs, endMs: startMs + HOUR, ...changes });

  const book = (
    startMs: number,
    changes: Partial<AppointmentFields> = {},
    request: Partial<CreateAppointmentRequest> = {},
  ) =>
    agenda.client.createAppointment(
      {
        context: write(ana),
        fields: fields(startMs, changes),
        groupId: '',
        participants: [],
        allowConflict: false,
        ...request,
      },
      DEADLINE,
    );

  const get = (appointmentId: string, caller: Caller) =>
    agenda.client.getAppointment({ context: { ...READ, caller }, appointmentId }, DEADLINE);

  const change = (appointmentId: string, changes: object) =>
    agenda.client.updateAppointment(
      {
        context: write(ana),
        appointmentId,
        fields: undefined,
        changed: [],
        expectedVersion: undefined,
        allowConflict: false,
        participants: [],
        scope: 0,
        recurrenceStartMs: 0,
        ...changes,
      },
      DEADLINE,
    );

  it('books, and shows it to the owner only', async () => {
    const { appointment, index } = await book(NINE);
    assert.equal(appointment?.version, 1);
    assert.equal(appointment?.timeZone, 'UTC');
    assert.equal(appointment?.privacy, Privacy.PRIVACY_FULL);
    assert.equal(appointment?.originNode, 'agenda-1');
    const seen = await get(appointment?.id ?? '', ana);
    assert.deepEqual(seen.appointment, appointment);
    assert.ok(seen.index >= index);
    await assert.rejects(get(appointment?.id ?? '', bob), { code: 'not_found' });
  });

  it('refuses a conflict with the list of what is in the way, and books it when that is wanted', async () => {
    const first = await book(NINE + DAY);
    const error = (await book(NINE + DAY + HOUR / 2).catch((refusal) => refusal)) as ServiceError;
    assert.equal(error.code, 'conflict');
    const detail = ConflictDetail.decode(error.payload ?? new Uint8Array(0));
    assert.deepEqual(
      detail.appointments.map(({ appointmentId, startMs }) => [appointmentId, startMs]),
      [[first.appointment?.id, NINE + DAY]],
    );
    await book(NINE + DAY + HOUR / 2, {}, { allowConflict: true });
  });

  it('names every field that is wrong at once', async () => {
    const refused = await book(NINE, {
      title: '',
      endMs: NINE,
      location: 'x'.repeat(501),
      timeZone: 'Mars/Base',
    }).catch((error: ServiceError) => error);
    assert.ok(refused instanceof Error);
    assert.equal(refused.code, 'invalid_argument');
    assert.deepEqual(refused.fields.map(({ path }) => path).sort(), ['end', 'location', 'timeZone', 'title']);
  });

  it('takes whole days of the zone for an all-day appointment, and nothing else', async () => {
    const timeZone = 'Europe/Lisbon';
    // Lisbon goes to summer time on 2027-03-28: that day has 23 hours.
    const startMs = Date.parse('2027-03-28T00:00:00Z');
    const endMs = Date.parse('2027-03-28T23:00:00Z');
    const { appointment } = await book(startMs, { endMs, timeZone, allDay: true });
    assert.equal(appointment?.allDay, true);
    const wrong = { endMs: startMs + DAY, timeZone, allDay: true };
    await assert.rejects(book(startMs, wrong, { allowConflict: true }), {
      code: 'invalid_argument',
      message: /end .* midnight in Europe\/Lisbon/,
    });
  });

  it('changes the listed fields, against the version that was seen', async () => {
    const { appointment } = await book(NINE + 2 * DAY, { location: 'Room 1' });
    const id = appointment?.id ?? '';
    const changed = [APPOINTMENT_FIELD_TITLE, APPOINTMENT_FIELD_TIME];
    const moved = fields(NINE + 2 * DAY + HOUR, { title: 'Review' });
    const result = await change(id, { fields: moved, changed, expectedVersion: 1 });
    assert.equal(result.appointment?.title, 'Review');
    assert.equal(result.appointment?.location, 'Room 1');
    assert.equal(result.appointment?.version, 2);
    const refused = (await change(id, { fields: moved, changed, expectedVersion: 1 }).catch(
      (error) => error,
    )) as ServiceError;
    assert.equal(refused.code, 'version_mismatch');
    assert.equal(VersionDetail.decode(refused.payload ?? new Uint8Array(0)).currentVersion, 2);
  });

  it('wants to know which fields change', async () => {
    const { appointment } = await book(NINE + 3 * DAY);
    await assert.rejects(change(appointment?.id ?? '', { fields: fields(NINE) }), {
      code: 'invalid_argument',
    });
  });

  it('deletes for good as far as anybody can see', async () => {
    const { appointment } = await book(NINE + 4 * DAY);
    const appointmentId = appointment?.id ?? '';
    const remove = (caller: Caller) =>
      agenda.client.deleteAppointment(
        {
          context: write(caller),
          appointmentId,
          expectedVersion: undefined,
          scope: 0,
          recurrenceStartMs: 0,
        },
        DEADLINE,
      );
    await assert.rejects(remove(bob), { code: 'not_found' });
    await remove(ana);
    await assert.rejects(get(appointmentId, ana), { code: 'not_found' });
    await book(NINE + 4 * DAY);
  });

  it('lists what overlaps a window, page by page', async () => {
    const monday = Date.parse('2027-06-07T08:00:00Z');
    for (let hour = 0; hour < 5; hour += 1) await book(monday + hour * HOUR);
    const list = (cursor: string, window: object = {}) =>
      agenda.client.listAgenda(
        {
          context: { ...READ, caller: ana },
          startMs: monday + HOUR,
          endMs: monday + 4 * HOUR,
          limit: 2,
          cursor,
          userId: '',
          groupId: '',
          ...window,
        },
        DEADLINE,
      );
    const first = await list('');
    const second = await list(first.nextCursor);
    const all = [...first.occurrences, ...second.occurrences];
    assert.deepEqual(
      all.map(({ startMs }) => (startMs - monday) / HOUR),
      [1, 2, 3],
    );
    assert.equal(all[0]?.myStatus, ParticipantStatus.PARTICIPANT_STATUS_ACCEPTED);
    assert.equal(second.nextCursor, '');
    for (const window of [{ endMs: monday }, { endMs: monday + 402 * DAY }, { limit: 201 }])
      await assert.rejects(list('', window), { code: 'invalid_argument' });
    await assert.rejects(list('not a cursor'), { code: 'invalid_argument' });
  });

  it('reads without a leader when stale is good enough, and not otherwise', async () => {
    const { appointment, index } = await book(NINE + 5 * DAY);
    const appointmentId = appointment?.id ?? '';
    agenda.sidecar.lead({ leaderId: '' });
    const read = (context: object) =>
      agenda.client.getAppointment(
        { context: { ...READ, caller: ana, ...context }, appointmentId },
        DEADLINE,
      );
    await read({ consistency: 2 });
    await read({ minIndex: index });
    await assert.rejects(read({}), { code: 'no_leader' });
    agenda.sidecar.lead({ leaderId: 'agenda-1#1' });
    await read({});
  });

  it('finds everything again after a restart', async () => {
    const { appointment } = await book(NINE + 6 * DAY);
    await agenda.stopAgenda();
    await agenda.startAgenda();
    assert.deepEqual((await get(appointment?.id ?? '', ana)).appointment, appointment);
    const hello = agenda.sidecar.hellos.at(-1);
    assert.equal(hello?.lastApplied, agenda.sidecar.log.length);
    assert.equal(hello?.lastAppliedTerm, 1);
  });
});
