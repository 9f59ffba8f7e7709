import assert from 'node:assert/strict';
import { ConflictDetail, ParticipantStatus } from '@agenda/proto/agenda/v1/model';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { AgendaEntries } from './agenda-entries.ts';
import type { Schedule } from './schedule.ts';
import { ensureSchema } from './schema.ts';
import { SPAN_CLASS_MS } from './spans.ts';
import { createAppointment, DAY_MS, HOUR_MS, outcomeOf, refusalOf, TestLog } from './testing.ts';

const ANA = 'u-ana';
const ACCEPTED = ParticipantStatus.PARTICIPANT_STATUS_ACCEPTED;

interface Appointment {
  readonly id: string;
  readonly startMs: number;
  readonly endMs: number;
}

const once = (startMs: number, endMs: number): Schedule => ({
  recurrence: undefined,
  first: { startMs, endMs },
  spans: [{ startMs, endMs }],
  expandedUntilMs: 0,
});

function entriesOf(
  appointments: readonly Appointment[],
  status: ParticipantStatus = ACCEPTED,
): AgendaEntries {
  const db = new Database(':memory:');
  ensureSchema(db);
  const entries = new AgendaEntries(db);
  for (const { id, startMs, endMs } of appointments)
    entries.add(ANA, { id, recurrence_start_ms: 0, changed_index: 1 }, once(startMs, endMs), status, [false]);
  return entries;
}

describe("what takes a person's time", () => {
  for (const [name, fromH, toH] of [
    ['inside', 9.25, 9.75],
    ['around', 8, 11],
    ['at the start', 8.5, 9.5],
    ['at the end', 9.5, 10.5],
    ['exactly', 9, 10],
    ['from a month-long one', -200, 400],
    ['from a year-long one', -2_000, 6_000],
  ] as const)
    it(`is found by an overlap ${name}, and named`, () => {
      const base = 300 * DAY_MS;
      const log = new TestLog();
      log.register('ana');
      log.apply(createAppointment('a1', ANA, base + 9 * HOUR_MS, base + 10 * HOUR_MS), { actor: ANA });
      const body = createAppointment('a2', ANA, base + fromH * HOUR_MS, base + toH * HOUR_MS);
      const { code, path, payload } = refusalOf(log.apply(body, { actor: ANA }));
      assert.deepEqual([code, path], ['conflict', '']);
      assert.deepEqual(ConflictDetail.decode(payload), {
        total: 1,
        appointments: [
          {
            appointmentId: 'a1',
            title: 'title of a1',
            startMs: base + 9 * HOUR_MS,
            endMs: base + 10 * HOUR_MS,
            userId: ANA,
          },
        ],
      });
    });

  for (const longMs of SPAN_CLASS_MS)
    for (const spanMs of [longMs - 1, longMs, longMs + 1].filter((ms) => ms <= 366 * DAY_MS))
      it(`ends with it: ${spanMs} ms touch what comes before and after, and overlap by one`, () => {
        const start = 400 * DAY_MS;
        const entries = entriesOf([{ id: 'a', startMs: start, endMs: start + spanMs }]);
        const taken = (fromMs: number, toMs: number): boolean =>
          entries.taken(ANA, [{ startMs: fromMs, endMs: toMs }], '')[0] === true;
        for (const otherMs of [1, DAY_MS, 32 * DAY_MS, 366 * DAY_MS]) {
          assert.equal(taken(start - otherMs, start), false);
          assert.equal(taken(start - otherMs, start + 1), true);
          assert.equal(taken(start + spanMs, start + spanMs + otherMs), false);
          assert.equal(taken(start + spanMs - 1, start + spanMs + otherMs), true);
        }
      });

  it('is the same as what a look at every appointment finds', () => {
    const spanMs = fc.oneof(
      fc.integer({ min: 1, max: 5 }),
      fc
        .constantFrom(...SPAN_CLASS_MS.flatMap((ms) => [ms - 1, ms, ms + 1]))
        .filter((ms) => ms <= 366 * DAY_MS),
      fc.integer({ min: 1, max: 366 }).map((days) => days * DAY_MS),
    );
    const span = fc
      .tuple(
        fc.oneof(
          fc.integer({ min: 0, max: 800 }).map((days) => days * DAY_MS),
          fc.nat(10),
        ),
        spanMs,
      )
      .map(([startMs, lengthMs]) => [startMs, startMs + lengthMs] as const);
    fc.assert(
      fc.property(fc.array(span, { maxLength: 12 }), span, (spans, [fromMs, toMs]) => {
        const entries = entriesOf(spans.map(([startMs, endMs], at) => ({ id: `a${at}`, startMs, endMs })));
        const overlaps = spans.filter(([startMs, endMs]) => startMs < toMs && endMs > fromMs);
        const asked = [{ startMs: fromMs, endMs: toMs }];
        assert.deepEqual(entries.taken(ANA, asked, ''), [overlaps.length > 0]);
        const { payload } = entries.refuseConflict(ANA, asked, '').value;
        const starts = ConflictDetail.decode(payload).appointments.map((found) => found.startMs);
        assert.equal(ConflictDetail.decode(payload).total, overlaps.length);
        assert.deepEqual(
          starts,
          starts.toSorted((one, other) => one - other),
        );
      }),
      { numRuns: 300 },
    );
  });

  it('is what was accepted or entered by a superior; an invitation takes no time yet', () => {
    const hour = { id: 'a', startMs: 0, endMs: HOUR_MS };
    const taking = Object.values(ParticipantStatus).filter(
      (status) => status >= 0 && entriesOf([hour], status).taken(ANA, [hour], '')[0],
    );
    assert.deepEqual(taking, [ACCEPTED, ParticipantStatus.PARTICIPANT_STATUS_AUTO]);
  });

  it('is named up to twenty times, by start, and counted in all', () => {
    const log = new TestLog();
    log.register('ana');
    for (let hour = 29; hour >= 0; hour--)
      log.apply(createAppointment(`a${hour}`, ANA, hour * HOUR_MS, (hour + 1) * HOUR_MS), { actor: ANA });
    const whole = log.apply(createAppointment('whole', ANA, 0, 30 * HOUR_MS), { actor: ANA });
    const detail = ConflictDetail.decode(refusalOf(whole).payload);
    assert.equal(detail.total, 30);
    assert.deepEqual(
      detail.appointments.map((found) => found.appointmentId),
      Array.from({ length: 20 }, (_, hour) => `a${hour}`),
    );
  });

  it('is looked for in each occurrence of a series, and named once however many it is in the way of', () => {
    const entries = entriesOf([
      { id: 'trip', startMs: 2 * DAY_MS, endMs: 4 * DAY_MS },
      { id: 'call', startMs: 5 * DAY_MS, endMs: 5 * DAY_MS + 1 },
    ]);
    const days = [1, 2, 3, 4, 5].map((day) => ({ startMs: day * DAY_MS, endMs: day * DAY_MS + HOUR_MS }));
    assert.deepEqual(entries.taken(ANA, days, ''), [false, true, true, false, true]);
    const detail = ConflictDetail.decode(entries.refuseConflict(ANA, days, '').value.payload);
    assert.equal(detail.total, 2);
    assert.deepEqual(entries.taken(ANA, days, 'trip'), [false, false, false, false, true]);
  });

  it("is nobody else's business", () => {
    const log = new TestLog();
    for (const name of ['ana', 'ben']) {
      log.register(name);
      const actor = `u-${name}`;
      const applied = log.apply(createAppointment(`of-${name}`, actor, 0, HOUR_MS), { actor });
      assert.equal(outcomeOf(applied), 'appointment');
    }
  });
});
