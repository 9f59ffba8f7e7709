import assert from 'node:assert/strict';
import fc from 'fast-check';
import { expand, type Series } from './expansion.ts';
import { DAY_MS } from './local-time.ts';
import { type Split, splitSeries } from './series-split.ts';

const HOUR_MS = 3_600_000;
const START = Temporal.Instant.from('2026-10-19T07:00Z').epochMilliseconds;

function seriesOf(rule: string, more: Partial<Series> = {}): Series {
  return {
    startMs: START,
    endMs: START + HOUR_MS,
    timeZone: 'Europe/Berlin',
    allDay: false,
    rule,
    addedMs: [],
    excludedMs: [],
    ...more,
  };
}

function startsOf(series: Series): number[] {
  const expansion = expand(series, { fromMs: 0, untilMs: START + 300 * DAY_MS, max: 750 });
  if ('problem' in expansion) assert.fail(`the rule ${expansion.problem}`);
  return expansion.value.spans.map(({ startMs }) => startMs);
}

function splitOf(series: Series, atMs: number): Split {
  const split = splitSeries(series, atMs);
  if ('problem' in split) assert.fail(`the rule ${split.problem}`);
  return split.value;
}

describe('a series that is split', () => {
  it('ends before the split, and begins anew with what was left of its count', () => {
    const at = startsOf(seriesOf('FREQ=WEEKLY;COUNT=5'))[2] as number;
    const { before, after } = splitOf(seriesOf('FREQ=WEEKLY;COUNT=5'), at);
    assert.equal(before?.rule, 'FREQ=WEEKLY;UNTIL=20261102T075959Z');
    assert.equal(after.rule, 'FREQ=WEEKLY;COUNT=3');
    assert.deepEqual([after.startMs, after.endMs], [at, at + HOUR_MS]);
  });

  it('of whole days ends on a day', () => {
    const startMs = Temporal.Instant.from('2026-10-18T22:00Z').epochMilliseconds;
    const series = seriesOf('FREQ=DAILY', { allDay: true, startMs, endMs: startMs + DAY_MS });
    const at = startsOf(series)[6] as number;
    const { before, after } = splitOf(series, at);
    assert.equal(before?.rule, 'FREQ=DAILY;UNTIL=20261024');
    assert.equal((after.endMs - after.startMs) / HOUR_MS, 25);
  });

  it('at its first occurrence leaves nothing before', () => {
    assert.equal(splitOf(seriesOf('FREQ=DAILY'), START).before, undefined);
  });

  it('has, in its two parts, the occurrences that it had', () => {
    const rules = fc.constantFrom(
      'FREQ=DAILY;COUNT=40',
      'FREQ=WEEKLY;BYDAY=MO,TH;INTERVAL=2;UNTIL=20270601T000000Z',
      'FREQ=MONTHLY;BYDAY=-1FR',
      'FREQ=DAILY;INTERVAL=3',
      'FREQ=YEARLY;BYMONTH=10,11;BYDAY=MO;COUNT=9',
    );
    const places = fc.array(fc.nat({ max: 15 }), { maxLength: 3 });
    fc.assert(
      fc.property(rules, fc.nat({ max: 7 }), places, places, (rule, at, excluded, added) => {
        const plain = startsOf(seriesOf(rule));
        const one = startsOf(seriesOf(rule))[0] as number;
        const series = seriesOf(rule, {
          startMs: one,
          endMs: one + HOUR_MS,
          excludedMs: excluded.flatMap((place) => plain[place] ?? []),
          addedMs: added.map((place) => START + place * 5 * DAY_MS + 2 * HOUR_MS),
        });
        const whole = startsOf(series);
        const atMs = whole[Math.min(at, whole.length - 1)] as number;
        const { before, after } = splitOf(series, atMs);
        assert.deepEqual([...(before ? startsOf(before) : []), ...startsOf(after)], whole);
      }),
      { numRuns: 200 },
    );
  });
});
