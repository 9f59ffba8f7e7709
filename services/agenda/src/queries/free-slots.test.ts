import assert from 'node:assert/strict';
import type { Span } from '@agenda/proto/agenda/v1/model';
import fc from 'fast-check';
import { mergeSpans } from './busy-time.ts';
import { type Attendee, findFreeSlots, type SlotSearch } from './free-slots.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** A Monday. */
const MONDAY_MS = Date.UTC(2026, 4, 4);
const OFFICE = { startMinutes: 9 * 60, endMinutes: 17 * 60, days: [1, 2, 3, 4, 5] };

function person(userId: string, busy: readonly Span[] = [], timeZone = 'UTC'): Attendee {
  return { userId, timeZone, busy };
}

function search(change: Partial<SlotSearch>): SlotSearch {
  return {
    required: [person('ana')],
    optional: [],
    fromMs: MONDAY_MS,
    toMs: MONDAY_MS + DAY_MS,
    durationMs: HOUR_MS,
    bufferMs: 0,
    hours: OFFICE,
    limit: 50,
    ...change,
  };
}

function starts(change: Partial<SlotSearch>): string[] {
  return findFreeSlots(search(change))
    .map(({ startMs }) => new Date(startMs).toISOString().slice(8, 16))
    .sort();
}

const at = (hour: number, hours = 1): Span => ({
  startMs: MONDAY_MS + hour * HOUR_MS,
  endMs: MONDAY_MS + (hour + hours) * HOUR_MS,
});

describe('free slots', () => {
  it('are within the working hours and do not overlap each other', () => {
    assert.deepEqual(starts({}), [
      '04T09:00',
      '04T10:00',
      '04T11:00',
      '04T12:00',
      '04T13:00',
      '04T14:00',
      '04T15:00',
      '04T16:00',
    ]);
  });

  it('are those at which everybody who is required is free', () => {
    const required = [person('ana', [at(9, 3)]), person('ben', [at(13, 3)])];
    assert.deepEqual(starts({ required }), ['04T12:00', '04T16:00']);
  });

  it('are working time in the zone of each person', () => {
    const required = [person('ana', [], 'Europe/Lisbon'), person('zoe', [], 'America/New_York')];
    // 9 in New York is 13 UTC, 17 in Lisbon is 16 UTC.
    assert.deepEqual(starts({ required }), ['04T13:00', '04T14:00', '04T15:00']);
  });

  it('leave the buffer before and after what is there', () => {
    assert.deepEqual(
      starts({
        required: [person('ana', [at(10, 6)])],
        bufferMs: 15 * MINUTE_MS,
        durationMs: 45 * MINUTE_MS,
      }),
      ['04T09:00', '04T16:15'],
    );
  });

  it('are there on working days only, also across a clock change', () => {
    const sunday = Date.UTC(2026, 2, 29);
    const weekend = {
      fromMs: sunday - DAY_MS,
      toMs: sunday + 2 * DAY_MS,
      required: [person('ana', [], 'Europe/Lisbon')],
    };
    assert.deepEqual(starts({ ...weekend, durationMs: 8 * HOUR_MS }), ['30T08:00']);
    assert.deepEqual(starts({ ...weekend, durationMs: 8 * HOUR_MS, hours: { ...OFFICE, days: [6, 7] } }), [
      '28T09:00',
      '29T08:00',
    ]);
  });

  it('prefer those at which more of the optional people can come, and name who cannot', () => {
    const optional = [person('ben', [at(9, 4)]), person('eva', [at(9, 4)])];
    const [best, ...others] = findFreeSlots(search({ optional }));
    assert.equal(best?.startMs, MONDAY_MS + 13 * HOUR_MS);
    assert.equal(best?.reason, 'who is required is free; 2 of 2 optional people can come');
    assert.deepEqual(best?.missingUserIds, []);
    assert.deepEqual(others.at(-1)?.missingUserIds, ['ben', 'eva']);
  });

  it('are none where nobody works or nothing is long enough', () => {
    assert.deepEqual(starts({ hours: { ...OFFICE, days: [7] } }), []);
    assert.deepEqual(starts({ durationMs: 9 * HOUR_MS }), []);
  });

  it('never overlap what takes the time of someone who is required, and miss no free day (by minutes)', () => {
    const spans = fc
      .array(fc.tuple(fc.integer({ min: 0, max: 3_000 }), fc.integer({ min: 1, max: 400 })), {
        maxLength: 20,
      })
      .map((pairs) =>
        mergeSpans(
          pairs
            .map(([from, long]) => ({
              startMs: MONDAY_MS + from * MINUTE_MS,
              endMs: MONDAY_MS + (from + long) * MINUTE_MS,
            }))
            .sort((one, other) => one.startMs - other.startMs),
        ),
      );
    fc.assert(
      fc.property(
        fc.array(spans, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 180 }),
        fc.integer({ min: 0, max: 30 }),
        (busy, minutes, buffer) => {
          const required = busy.map((own, number) => person(`p${number}`, own));
          const toMs = MONDAY_MS + 2 * DAY_MS;
          const found = findFreeSlots(
            search({ required, toMs, durationMs: minutes * MINUTE_MS, bufferMs: buffer * MINUTE_MS }),
          );
          const possible = (startMs: number): boolean => {
            const endMs = startMs + minutes * MINUTE_MS;
            const day = Math.floor((startMs - MONDAY_MS) / DAY_MS);
            const opens = MONDAY_MS + day * DAY_MS + 9 * HOUR_MS;
            if (startMs < opens || endMs > opens + 8 * HOUR_MS) return false;
            return busy.every((own) =>
              own.every(
                (span) =>
                  endMs <= span.startMs - buffer * MINUTE_MS || startMs >= span.endMs + buffer * MINUTE_MS,
              ),
            );
          };
          for (const { startMs } of found) assert.ok(possible(startMs), new Date(startMs).toISOString());
          let any = false;
          for (let startMs = MONDAY_MS; startMs < toMs; startMs += 15 * MINUTE_MS) any ||= possible(startMs);
          assert.equal(found.length > 0, any);
        },
      ),
      { numRuns: 300 },
    );
  });
});
