import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type Expansion, expand, type Series, type Window } from './expansion.ts';
import { DAY_MS, wallOf } from './local-time.ts';
import { FREQUENCIES, WEEKDAYS } from './recurrence-rule.ts';

const HOUR_MS = 3_600_000;
const BERLIN = 'Europe/Berlin';

function at(local: string, timeZone: string): number {
  return Temporal.PlainDateTime.from(local).toZonedDateTime(timeZone).epochMilliseconds;
}

function seriesOf(start: string, rule: string, more: Partial<Series> = {}): Series {
  const timeZone = more.timeZone ?? BERLIN;
  const startMs = at(start, timeZone);
  return {
    startMs,
    endMs: startMs + HOUR_MS,
    timeZone,
    allDay: false,
    rule,
    addedMs: [],
    excludedMs: [],
    ...more,
  };
}

function windowOf(series: Series, days: number, max = 750): Window {
  return { fromMs: 0, untilMs: series.startMs + days * DAY_MS, max };
}

function expansionOf(series: Series, days = 731): Expansion {
  const expansion = expand(series, windowOf(series, days));
  if ('problem' in expansion) assert.fail(`the rule ${expansion.problem}`);
  return expansion.value;
}

/** "2026-10-25T09:00+01:00": what the clock shows and by which offset. */
function clock(instantMs: number, timeZone: string): string {
  const local = Temporal.Instant.fromEpochMilliseconds(instantMs).toZonedDateTimeISO(timeZone);
  return local.toString({ smallestUnit: 'minute', timeZoneName: 'never' });
}

function clocksOf(series: Series, days?: number): string[] {
  return expansionOf(series, days).spans.map(({ startMs }) => clock(startMs, series.timeZone));
}

describe('expansion of a series', () => {
  it('keeps the time on the clock when the clocks change', () => {
    assert.deepEqual(clocksOf(seriesOf('2026-10-24T09:00', 'FREQ=DAILY;COUNT=3')), [
      '2026-10-24T09:00+02:00',
      '2026-10-25T09:00+01:00',
      '2026-10-26T09:00+01:00',
    ]);
  });

  it('takes a time that the clocks skip as if they had not been changed yet', () => {
    assert.deepEqual(clocksOf(seriesOf('2026-03-28T02:30', 'FREQ=DAILY;COUNT=3')), [
      '2026-03-28T02:30+01:00',
      '2026-03-29T03:30+02:00',
      '2026-03-30T02:30+02:00',
    ]);
  });

  it('takes the first of two times that the clocks show', () => {
    assert.deepEqual(clocksOf(seriesOf('2026-10-24T02:30', 'FREQ=DAILY;COUNT=3')), [
      '2026-10-24T02:30+02:00',
      '2026-10-25T02:30+02:00',
      '2026-10-26T02:30+01:00',
    ]);
  });

  it('keeps the very instant of a first one that lies in the second of two such hours', () => {
    const startMs = Temporal.Instant.from('2026-10-25T02:30+01:00').epochMilliseconds;
    const series = seriesOf('2026-10-25T02:30', 'FREQ=DAILY;COUNT=2', { startMs, endMs: startMs + HOUR_MS });
    assert.deepEqual(clocksOf(series), ['2026-10-25T02:30+01:00', '2026-10-26T02:30+01:00']);
  });

  it('gives two times that fall together in a gap once', () => {
    const series = seriesOf('2026-03-29T01:30', 'FREQ=HOURLY;COUNT=3');
    assert.deepEqual(clocksOf(series), [
      '2026-03-29T01:30+01:00',
      '2026-03-29T03:30+02:00',
      '2026-03-29T04:30+02:00',
    ]);
  });

  it('makes an all-day occurrence as long as its days are: 23, 24 or 25 hours', () => {
    const startMs = at('2026-10-24T00:00', BERLIN);
    const series = seriesOf('2026-10-24T00:00', 'FREQ=DAILY;COUNT=3;BYHOUR=7', {
      allDay: true,
      endMs: startMs + DAY_MS,
    });
    const hours = expansionOf(series).spans.map((span) => (span.endMs - span.startMs) / HOUR_MS);
    assert.deepEqual(hours, [24, 25, 24]);
  });

  it('begins a day at its first instant where midnight is skipped', () => {
    const timeZone = 'America/Asuncion';
    const startMs = at('2023-09-30T00:00', timeZone);
    const series = seriesOf('2023-09-30T00:00', 'FREQ=DAILY;COUNT=2', {
      timeZone,
      allDay: true,
      endMs: startMs + DAY_MS,
    });
    assert.deepEqual(clocksOf(series), ['2023-09-30T00:00-04:00', '2023-10-01T01:00-03:00']);
  });

  it('adds dates, takes dates out, and gives none twice', () => {
    const series = seriesOf('2026-11-02T09:00', 'FREQ=WEEKLY;COUNT=3', {
      addedMs: [at('2026-11-04T18:00', BERLIN), at('2026-11-09T09:00', BERLIN)],
      excludedMs: [at('2026-11-16T09:00', BERLIN), at('2026-11-17T09:00', BERLIN)],
    });
    const { spans, ended } = expansionOf(series);
    assert.deepEqual(
      spans.map(({ startMs }) => clock(startMs, BERLIN)),
      ['2026-11-02T09:00+01:00', '2026-11-04T18:00+01:00', '2026-11-09T09:00+01:00'],
    );
    assert.equal(ended, true);
  });

  it('counts what is excluded: COUNT is of the rule', () => {
    const first = at('2026-11-02T09:00', BERLIN);
    const series = seriesOf('2026-11-02T09:00', 'FREQ=DAILY;COUNT=3', { excludedMs: [first] });
    assert.equal(expansionOf(series).spans.length, 2);
    assert.equal(expansionOf(series).firstMs, first);
  });

  it('recurs on the added dates alone where there is no rule', () => {
    const series = seriesOf('2026-11-02T09:00', '', { addedMs: [at('2027-01-01T10:00', BERLIN)] });
    assert.deepEqual(clocksOf(series), ['2026-11-02T09:00+01:00', '2027-01-01T10:00+01:00']);
  });

  it('takes UNTIL as an instant, as a time on the clock, or as a whole day', () => {
    const count = (until: string): number =>
      expansionOf(seriesOf('2026-11-02T00:30', `FREQ=DAILY;UNTIL=${until}`)).spans.length;
    assert.equal(count('20261103T233000Z'), 3);
    assert.equal(count('20261103T232959Z'), 2);
    assert.equal(count('20261104T003000'), 3);
    assert.equal(count('20261104'), 3);
  });

  it('says whether it goes on after the window, and gives what starts in the window only', () => {
    const weekly = seriesOf('2026-11-02T09:00', 'FREQ=WEEKLY');
    assert.equal(expansionOf(weekly, 20).ended, false);
    assert.equal(expansionOf(seriesOf('2026-11-02T09:00', 'FREQ=WEEKLY;COUNT=2'), 20).ended, true);
    const later = expand(weekly, {
      fromMs: weekly.startMs + 7 * DAY_MS,
      untilMs: weekly.startMs + 21 * DAY_MS,
      max: 750,
    });
    assert.equal('value' in later && later.value.spans.length, 2);
  });

  it('refuses what recurs too often, and names the bound', () => {
    const series = seriesOf('2026-11-02T09:00', 'FREQ=HOURLY');
    const refused = expand(series, windowOf(series, 731));
    assert.match('problem' in refused ? refused.problem : '', /more than 750 occurrences until 2028-11-02/);
  });

  it('refuses an all-day appointment that recurs within the day', () => {
    const series = seriesOf('2026-11-02T00:00', 'FREQ=HOURLY;INTERVAL=2', { allDay: true });
    const refused = expand(series, windowOf(series, 731));
    assert.match('problem' in refused ? refused.problem : '', /FREQ=HOURLY.*daily at most/);
  });
});

describe('hostile rules', () => {
  /** Far above what is measured (docs/adr/0017), so that a busy machine does not fail it; "for ever" would. */
  const WORST_MS = 3_000;
  const list = (count: number, from = 0): string => [...Array(count).keys()].map((n) => n + from).join(',');
  const rules = [
    'FREQ=SECONDLY',
    'FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30',
    'FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=30',
    'FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30',
    'FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30',
    'FREQ=WEEKLY;BYMONTH=2;BYDAY=MO;BYSETPOS=50',
    'FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30',
    'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30',
    'FREQ=YEARLY;BYWEEKNO=53;BYMONTH=6',
    'FREQ=YEARLY;INTERVAL=100000',
    'FREQ=YEARLY;BYWEEKNO=1;INTERVAL=100000',
    'FREQ=DAILY;INTERVAL=100000',
    'FREQ=SECONDLY;INTERVAL=3600;BYMINUTE=30',
    'FREQ=SECONDLY;INTERVAL=60;BYSECOND=30',
    'FREQ=SECONDLY;INTERVAL=61;BYSECOND=59;BYMINUTE=59;BYHOUR=23;BYYEARDAY=366',
    'FREQ=MINUTELY;INTERVAL=1439;BYHOUR=10;BYMINUTE=30',
    'FREQ=HOURLY;INTERVAL=24;BYHOUR=3',
    `FREQ=DAILY;BYHOUR=${list(24)};BYMINUTE=${list(4)};BYSETPOS=-366`,
    `FREQ=MONTHLY;BYHOUR=${list(24)};BYMINUTE=${list(4)};BYSETPOS=366,-366`,
    `FREQ=YEARLY;BYMONTH=${list(12, 1)};BYMONTHDAY=${list(31, 1)};BYHOUR=${list(24)};BYMINUTE=${list(4)};BYSETPOS=-1`,
    `FREQ=YEARLY;BYYEARDAY=${list(366, 1)};BYHOUR=${list(24)};BYMINUTE=${list(4)};BYSETPOS=366`,
  ];
  for (const rule of rules)
    for (const start of ['1970-01-01T09:00', '2026-11-02T09:00'])
      it(`${rule.slice(0, 70)} from ${start.slice(0, 4)} costs a bounded time`, () => {
        const series = seriesOf(start, rule);
        const untilMs = at('2028-11-02T09:00', BERLIN);
        const began = performance.now();
        const expansion = expand(series, { fromMs: 0, untilMs, max: 750 });
        const tookMs = performance.now() - began;
        assert.ok(tookMs < WORST_MS, `${tookMs.toFixed(0)} ms`);
        if ('value' in expansion) assert.ok(expansion.value.spans.length <= 750);
      });
});

describe('every expansion', () => {
  const numbers = (min: number, max: number) =>
    fc.option(fc.uniqueArray(fc.integer({ min, max }), { minLength: 1, maxLength: 4 }), { nil: undefined });
  const rules = fc
    .record({
      FREQ: fc.constantFrom(...FREQUENCIES),
      INTERVAL: fc.option(fc.integer({ min: 1, max: 500 }), { nil: undefined }),
      COUNT: fc.option(fc.integer({ min: 1, max: 60 }), { nil: undefined }),
      BYMONTH: numbers(1, 12),
      BYMONTHDAY: numbers(-31, -1),
      BYDAY: fc.option(fc.uniqueArray(fc.constantFrom(...WEEKDAYS), { minLength: 1 }), { nil: undefined }),
      BYHOUR: numbers(0, 23),
      BYMINUTE: numbers(0, 59),
      BYSETPOS: numbers(1, 10),
    })
    .map((parts) =>
      Object.entries(parts)
        .filter(([, value]) => value !== undefined)
        .map(([name, value]) => `${name}=${value}`)
        .join(';'),
    );
  const zones = fc.constantFrom('UTC', BERLIN, 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu');
  const instants = fc.integer({ min: 0, max: 60 * 365 }).map((days) => days * DAY_MS + 9 * HOUR_MS);

  it('is ordered, within its window and bound, of one length, on the rule, and the same from any instant on', () => {
    fc.assert(
      fc.property(
        rules,
        zones,
        instants,
        fc.integer({ min: 0, max: 400 }),
        (rule, timeZone, startMs, fromDay) => {
          const series: Series = {
            startMs,
            endMs: startMs + HOUR_MS,
            timeZone,
            allDay: false,
            rule,
            addedMs: [],
            excludedMs: [],
          };
          const window = windowOf(series, 500);
          const whole = expand(series, window);
          if ('problem' in whole) return;
          const { spans } = whole.value;
          assert.ok(spans.length <= window.max);
          for (const [at, span] of spans.entries()) {
            assert.ok(span.startMs >= startMs && span.startMs < window.untilMs);
            assert.equal(span.endMs - span.startMs, HOUR_MS);
            assert.ok(at === 0 || (spans[at - 1] as Expansion['spans'][0]).startMs < span.startMs);
            assertOnRule(rule, span.startMs, series);
          }
          const fromMs = startMs + fromDay * DAY_MS;
          const tail = expand(series, { ...window, fromMs });
          assert.deepEqual(
            'value' in tail && tail.value.spans,
            spans.filter((span) => span.startMs >= fromMs),
          );
        },
      ),
      { numRuns: 150 },
    );
  });
});

/** By the clock: months, days of the month from its end, weekdays and times are those that the rule names. */
function assertOnRule(rule: string, instantMs: number, { timeZone, startMs }: Series): void {
  const named = (part: string): string[] | undefined =>
    new RegExp(`${part}=([^;]+)`).exec(rule)?.[1]?.split(',');
  const local = Temporal.Instant.fromEpochMilliseconds(instantMs).toZonedDateTimeISO(timeZone);
  const check = (part: string, value: string | number): void => {
    const list = named(part);
    assert.ok(!list || list.includes(`${value}`), `${rule} gives ${local}`);
  };
  check('BYMONTH', local.month);
  check('BYMONTHDAY', local.day - local.daysInMonth - 1);
  check('BYDAY', WEEKDAYS[local.dayOfWeek - 1] as string);
  // A time in a gap is not on the clock.
  const before = Temporal.Instant.fromEpochMilliseconds(instantMs - DAY_MS).toZonedDateTimeISO(timeZone);
  if (before.offsetNanoseconds !== local.offsetNanoseconds) return;
  check('BYHOUR', local.hour);
  check('BYMINUTE', local.minute);
  const daily = /FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY)/.test(rule);
  if (daily && !named('BYHOUR') && !named('BYMINUTE'))
    assert.equal(wallOf(instantMs, timeZone) % DAY_MS, wallOf(startMs, timeZone) % DAY_MS);
}
