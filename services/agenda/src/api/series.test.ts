import assert from 'node:assert/strict';
import type {
  Caller,
  CreateAppointmentRequest,
  UpdateAppointmentRequest,
} from '@agenda/proto/agenda/v1/agenda';
import { AppointmentField, AppointmentFields, OccurrenceScope } from '@agenda/proto/agenda/v1/command';
import type { Appointment } from '@agenda/proto/agenda/v1/model';
import { AgendaUnderTest, DEADLINE, write } from '../testing/agenda-under-test.ts';

const TITLE = AppointmentField.APPOINTMENT_FIELD_TITLE;
const TIME = AppointmentField.APPOINTMENT_FIELD_TIME;
const { OCCURRENCE_SCOPE_THIS, OCCURRENCE_SCOPE_THIS_AND_FOLLOWING } = OccurrenceScope;
const BERLIN = 'Europe/Berlin';

function at(local: string): number {
  return Temporal.PlainDateTime.from(local).toZonedDateTime(BERLIN).epochMilliseconds;
}

describe('appointments that recur', () => {
  const agenda = new AgendaUnderTest();
  let ana: Caller;

  before(async () => {
    await agenda.start();
    ana = await agenda.person('ana');
  });
  after(() => agenda.stop());

  const fields = (start: string, rule: string, more: Partial<AppointmentFields> = {}): AppointmentFields =>
    AppointmentFields.fromPartial({
      title: 'Choir',
      startMs: at(start),
      endMs: at(start) + 3_600_000,
      timeZone: BERLIN,
      recurrence: { rule },
      ...more,
    });
  const book = async (given: AppointmentFields, more: Partial<CreateAppointmentRequest> = {}) => {
    const request = {
      context: write(ana),
      fields: given,
      groupId: '',
      participants: [],
      allowConflict: true,
    };
    const { appointment } = await agenda.client.createAppointment({ ...request, ...more }, DEADLINE);
    return appointment as Appointment;
  };
  const update = async (
    appointmentId: string,
    change: Partial<UpdateAppointmentRequest>,
  ): Promise<Appointment> => {
    const request = {
      context: write(ana),
      appointmentId,
      fields: undefined,
      changed: [],
      expectedVersion: undefined,
      allowConflict: true,
      participants: [],
      scope: OccurrenceScope.OCCURRENCE_SCOPE_UNSPECIFIED,
      recurrenceStartMs: 0,
    };
    const { appointment } = await agenda.client.updateAppointment({ ...request, ...change }, DEADLINE);
    return appointment as Appointment;
  };
  const clocks = async (appointmentId: string, from: string): Promise<string[]> => {
    const { occurrences } = await agenda.client.listAgenda(
      {
        context: { caller: ana, consistency: 0, minIndex: 0 },
        startMs: at(from),
        endMs: at(from) + 90 * 86_400_000,
        limit: 200,
        cursor: '',
        userId: '',
        groupId: '',
      },
      DEADLINE,
    );
    return occurrences
      .filter(({ appointment }) => appointment?.id === appointmentId)
      .map(({ startMs }) =>
        Temporal.Instant.fromEpochMilliseconds(startMs)
          .toZonedDateTimeISO(BERLIN)
          .toPlainDateTime()
          .toString(),
      );
  };

  it('stand in the agenda at the same time on the clock, in summer and winter', async () => {
    const { id, recurrence } = await book(fields('2027-10-24T19:00', 'byday=su;freq=weekly;count=3'));
    assert.equal(recurrence?.rule, 'FREQ=WEEKLY;COUNT=3;BYDAY=SU');
    assert.deepEqual(await clocks(id, '2027-10-20T00:00'), [
      '2027-10-24T19:00:00',
      '2027-10-31T19:00:00',
      '2027-11-07T19:00:00',
    ]);
  });

  it('begin with the first that the rule gives', async () => {
    const { startMs, endMs } = await book(fields('2028-01-05T19:00', 'FREQ=WEEKLY;COUNT=2;BYDAY=FR'));
    assert.deepEqual([startMs, endMs], [at('2028-01-07T19:00'), at('2028-01-07T20:00')]);
  });

  const wrong: readonly (readonly [string, RegExp])[] = [
    ['FREQ=SECONDLY', /recurrence.rule gives more than 750 occurrences/],
    ['FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30', /recurrence.rule gives no occurrence/],
    ['FREQ=WEEKLY;BYMONTHDAY=1', /recurrence.rule has BYMONTHDAY with FREQ=WEEKLY/],
    ['now and then', /recurrence.rule has "NOW AND THEN"/],
  ];
  for (const [rule, message] of wrong)
    it(`are refused with a reason: ${rule}`, async () => {
      await assert.rejects(book(fields('2028-02-01T09:00', rule)), { code: 'invalid_argument', message });
    });

  it('can be changed for one occurrence, and from one on', async () => {
    const { id } = await book(fields('2028-03-06T09:00', 'FREQ=WEEKLY;COUNT=6'));
    const renamed = AppointmentFields.fromPartial({ title: 'Rehearsal' });
    const one = await update(id, {
      fields: renamed,
      changed: [TITLE],
      scope: OCCURRENCE_SCOPE_THIS,
      recurrenceStartMs: at('2028-03-13T09:00'),
    });
    assert.deepEqual([one.title, one.seriesId, one.startMs], ['Rehearsal', id, at('2028-03-13T09:00')]);
    const following = await update(id, {
      fields: renamed,
      changed: [TITLE],
      scope: OCCURRENCE_SCOPE_THIS_AND_FOLLOWING,
      recurrenceStartMs: at('2028-03-27T09:00'),
    });
    assert.equal(following.recurrence?.rule, 'FREQ=WEEKLY;COUNT=3');
    assert.deepEqual(await clocks(id, '2028-03-01T00:00'), ['2028-03-06T09:00:00', '2028-03-20T09:00:00']);
    assert.deepEqual(await clocks(following.id, '2028-03-01T00:00'), [
      '2028-03-27T09:00:00',
      '2028-04-03T09:00:00',
      '2028-04-10T09:00:00',
    ]);
  });

  it('can take another time from one occurrence on', async () => {
    const { id } = await book(fields('2028-06-05T09:00', 'FREQ=WEEKLY;COUNT=4'));
    const later = await update(id, {
      fields: fields('2028-06-20T10:00', 'FREQ=WEEKLY;COUNT=2'),
      changed: [TIME],
      scope: OCCURRENCE_SCOPE_THIS_AND_FOLLOWING,
      recurrenceStartMs: at('2028-06-19T09:00'),
    });
    assert.deepEqual(await clocks(id, '2028-06-01T00:00'), ['2028-06-05T09:00:00', '2028-06-12T09:00:00']);
    assert.deepEqual(await clocks(later.id, '2028-06-01T00:00'), [
      '2028-06-20T10:00:00',
      '2028-06-27T10:00:00',
    ]);
  });

  it('keep their pattern when the rest of them takes another time: no more dates than there were', async () => {
    const { id, recurrence } = await book(fields('2028-07-03T09:00', 'FREQ=WEEKLY;COUNT=4'));
    const later = await update(id, {
      fields: fields('2028-07-17T11:00', '', { recurrence }),
      changed: [TIME],
      scope: OCCURRENCE_SCOPE_THIS_AND_FOLLOWING,
      recurrenceStartMs: at('2028-07-17T09:00'),
    });
    assert.equal(later.recurrence?.rule, 'FREQ=WEEKLY;COUNT=2');
    assert.deepEqual(await clocks(later.id, '2028-07-01T00:00'), [
      '2028-07-17T11:00:00',
      '2028-07-24T11:00:00',
    ]);
  });

  it('keep free what was cancelled, and the dates that were added, when they move to another time of day', async () => {
    // Summer time begins on 26 March.
    const added = { added: at('2028-04-15T09:00'), moved: '2028-04-15T11:00:00' };
    const moved = ['2028-03-20T11:00:00', '2028-04-03T11:00:00', added.moved];
    const series = async () => {
      const recurrence = { rule: 'FREQ=WEEKLY;COUNT=4', addedMs: [added.added], excludedMs: [] };
      const { id } = await book(fields('2028-03-13T09:00', '', { recurrence }));
      const cancelled = { context: write(ana), appointmentId: id, expectedVersion: undefined };
      const scope = OCCURRENCE_SCOPE_THIS;
      const recurrenceStartMs = at('2028-03-27T09:00');
      await agenda.client.deleteAppointment({ ...cancelled, scope, recurrenceStartMs }, DEADLINE);
      const context = { caller: ana, consistency: 0 as const, minIndex: 0 };
      const read = await agenda.client.getAppointment({ context, appointmentId: id }, DEADLINE);
      return read.appointment as Appointment;
    };
    const { id: all, recurrence } = await series();
    await update(all, { fields: fields('2028-03-13T11:00', '', { recurrence }), changed: [TIME] });
    assert.deepEqual(await clocks(all, '2028-03-01T00:00'), ['2028-03-13T11:00:00', ...moved]);
    const { id } = await series();
    const rest = await update(id, {
      fields: fields('2028-03-20T11:00', '', { recurrence }),
      changed: [TIME],
      scope: OCCURRENCE_SCOPE_THIS_AND_FOLLOWING,
      recurrenceStartMs: at('2028-03-20T09:00'),
    });
    assert.deepEqual(await clocks(rest.id, '2028-03-01T00:00'), moved);
  });

  it('are split for the version that was read, and again if somebody was faster', async () => {
    const { id } = await book(fields('2028-09-04T09:00', 'FREQ=WEEKLY;COUNT=5'));
    const from = (day: string) =>
      update(id, {
        fields: AppointmentFields.fromPartial({ title: day }),
        changed: [TITLE],
        scope: OCCURRENCE_SCOPE_THIS_AND_FOLLOWING,
        recurrenceStartMs: at(`${day}T09:00`),
      });
    const parts = await Promise.all(
      [from('2028-09-25'), from('2028-09-18')].map((part) => part.catch(String)),
    );
    const left = await clocks(id, '2028-09-01T00:00');
    assert.deepEqual(left.slice(0, 2), ['2028-09-04T09:00:00', '2028-09-11T09:00:00']);
    assert.ok(parts.some((part) => typeof part !== 'string'));
  });

  it('lose no date where a single one was changed: the pattern takes its place, and what was cancelled stays so', async () => {
    const standing = [
      '2028-04-03T09:00:00',
      '2028-04-10T09:00:00',
      '2028-04-17T09:00:00',
      '2028-05-01T09:00:00',
    ];
    const withOneSingly = async () => {
      const { id } = await book(fields('2028-04-03T09:00', 'FREQ=WEEKLY;COUNT=5'));
      const single = { fields: AppointmentFields.fromPartial({ title: 'Concert' }), changed: [TITLE] };
      const of = (day: string) => ({ scope: OCCURRENCE_SCOPE_THIS, recurrenceStartMs: at(`${day}T09:00`) });
      await update(id, { ...single, ...of('2028-04-17') });
      const cancelled = { context: write(ana), appointmentId: id, expectedVersion: undefined };
      await agenda.client.deleteAppointment({ ...cancelled, ...of('2028-04-24') }, DEADLINE);
      return id;
    };
    const renamed = await withOneSingly();
    const rest = await update(renamed, {
      fields: AppointmentFields.fromPartial({ title: 'Rehearsal' }),
      changed: [TITLE],
      scope: OCCURRENCE_SCOPE_THIS_AND_FOLLOWING,
      recurrenceStartMs: at('2028-04-10T09:00'),
    });
    assert.deepEqual(
      [await clocks(renamed, '2028-04-01T00:00'), await clocks(rest.id, '2028-04-01T00:00')],
      [standing.slice(0, 1), standing.slice(1)],
    );
    const longer = await withOneSingly();
    const { recurrence } = (
      await agenda.client.getAppointment(
        { context: { caller: ana, consistency: 0, minIndex: 0 }, appointmentId: longer },
        DEADLINE,
      )
    ).appointment as Appointment;
    const twoHours = { endMs: at('2028-04-03T11:00'), recurrence };
    await update(longer, { fields: fields('2028-04-03T09:00', '', twoHours), changed: [TIME] });
    assert.deepEqual(await clocks(longer, '2028-04-01T00:00'), standing);
  });

  it('can lose one occurrence, or all from one on', async () => {
    const { id } = await book(fields('2028-11-06T09:00', 'FREQ=WEEKLY;COUNT=5'));
    const cut = (scope: OccurrenceScope, day: string) =>
      agenda.client.deleteAppointment(
        {
          context: write(ana),
          appointmentId: id,
          expectedVersion: undefined,
          scope,
          recurrenceStartMs: day === '' ? 0 : at(`${day}T09:00`),
        },
        DEADLINE,
      );
    await cut(OCCURRENCE_SCOPE_THIS, '2028-11-13');
    await cut(OCCURRENCE_SCOPE_THIS_AND_FOLLOWING, '2028-11-27');
    assert.deepEqual(await clocks(id, '2028-11-01T00:00'), ['2028-11-06T09:00:00', '2028-11-20T09:00:00']);
    await assert.rejects(cut(OCCURRENCE_SCOPE_THIS, ''), {
      code: 'invalid_argument',
      message: /recurrenceStart/,
    });
    await assert.rejects(cut(OCCURRENCE_SCOPE_THIS, '2028-11-14'), { code: 'invalid_argument' });
  });
});
