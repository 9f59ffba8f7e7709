/** Against libical's own test data; the format is told in the README.md beside it. */
import assert from 'node:assert/strict';
import { readVectorTexts } from '@agenda/service-kit/testing/vectors';
import { expand, type Series } from './expansion.ts';

/** Rule → the paragraph of RFC 5545 by which we differ. */
const EXCEPTIONS: ReadonlyMap<string, string> = new Map([
  [
    'FREQ=YEARLY;BYWEEKNO=53;INTERVAL=5;BYDAY=TH;COUNT=1',
    // Its start, a Sunday, is no Thursday. We count the years from the start's week year, as the other rules of that file
    // with BYWEEKNO and INTERVAL want it.
    '§3.8.5.3: what a start gives that is not synchronized with its rule is undefined',
  ],
]);

interface RuleCase {
  readonly at: string;
  readonly rule: string;
  readonly start: string;
  readonly startAt: string | undefined;
  readonly instances: readonly string[];
}

const UNTIL_MS = Date.UTC(2100, 0, 1);

describe('expansion, against the recurrence rules of libical', () => {
  const files = readVectorTexts('recurrence', '.txt');
  if (!files) {
    it('is skipped where there are no vectors', function () {
      this.skip();
    });
    return;
  }
  const cases = files.flatMap(({ name, text }) => casesOf(name, text));
  let agreed = 0;
  for (const one of cases)
    it(`${one.at} ${one.rule}`, () => {
      const exception = EXCEPTIONS.get(one.rule);
      if (exception === undefined) {
        check(one);
        agreed += 1;
      } else assert.throws(() => check(one), `it agrees now; ${exception} is no exception any more`);
    });
  after(() => {
    const exceptions = [...EXCEPTIONS].map(([rule, why]) => `${rule} (${why})`).join('; ') || 'none';
    console.log(`      recurrence vectors: ${agreed} of ${cases.length}, exceptions: ${exceptions}`);
  });
});

/** The whole set; and, asked from START-AT on, what of it does not start before. */
function check({ rule, start, startAt, instances }: RuleCase): void {
  const allDay = !start.includes('T');
  const startMs = msOf(start);
  const series: Series = {
    startMs,
    endMs: startMs + 86_400_000,
    timeZone: 'UTC',
    allDay,
    rule,
    addedMs: [],
    excludedMs: [],
  };
  const expected = instances.map(msOf);
  assert.deepEqual(startsOf(series, 0), expected);
  if (startAt === undefined) return;
  const fromMs = msOf(startAt);
  assert.deepEqual(
    startsOf(series, fromMs),
    expected.filter((instantMs) => instantMs >= fromMs),
  );
}

function startsOf(series: Series, fromMs: number): number[] {
  const expansion = expand(series, { fromMs, untilMs: UNTIL_MS, max: 5_000 });
  if ('problem' in expansion) assert.fail(`the rule ${expansion.problem}`);
  return expansion.value.spans.map((span) => span.startMs);
}

function casesOf(name: string, text: string): RuleCase[] {
  const cases: RuleCase[] = [];
  let fields = new Map<string, string>();
  for (const [number, line] of `${text}\n`.split('\n').entries()) {
    const [, key, value] = /^(RRULE|DTSTART|START-AT|INSTANCES):(.*)$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined) fields.set(key, value.trim());
    else if (line.trim() === '' && fields.size > 0) {
      cases.push({
        at: `${name}:${number}`,
        rule: fields.get('RRULE') ?? '',
        start: fields.get('DTSTART') ?? '',
        startAt: fields.get('START-AT'),
        instances: (fields.get('INSTANCES') ?? '').split(',').filter((instance) => instance !== ''),
      });
      fields = new Map();
    }
  }
  return cases;
}

function msOf(stamp: string): number {
  return Temporal.PlainDateTime.from(stamp.replace('Z', '')).toZonedDateTime('UTC').epochMilliseconds;
}
