import assert from 'node:assert/strict';
import { readRule, ruleText } from './recurrence-rule.ts';

function textOf(text: string): string {
  const rule = readRule(text);
  if ('problem' in rule) assert.fail(`the rule ${rule.problem}`);
  return ruleText(rule.value);
}

function problemOf(text: string): string {
  const rule = readRule(text);
  return 'problem' in rule ? rule.problem : 'none';
}

describe('a recurrence rule', () => {
  it('is read in any order and case, and written in one form', () => {
    assert.equal(textOf('FREQ=WEEKLY;BYDAY=MO,FR'), 'FREQ=WEEKLY;BYDAY=MO,FR');
    assert.equal(
      textOf('RRULE:wkst=su;byday=+1mo;interval=2;count=5;freq=monthly'),
      'FREQ=MONTHLY;INTERVAL=2;COUNT=5;BYDAY=1MO;WKST=SU',
    );
    assert.equal(textOf('FREQ=DAILY;INTERVAL=1;WKST=MO;BYHOUR=9,8,9'), 'FREQ=DAILY;BYHOUR=8,9');
    for (const until of ['20261224', '20261224T093000', '20261224T093000Z'])
      assert.equal(textOf(`FREQ=DAILY;UNTIL=${until}`), `FREQ=DAILY;UNTIL=${until}`);
  });

  const wrong: Readonly<Record<string, RegExp>> = {
    '': /must have FREQ with one of SECONDLY,/,
    'INTERVAL=2': /must have FREQ/,
    'FREQ=FORTNIGHTLY': /must have FREQ/,
    'FREQ=DAILY;COUNT=0': /COUNT=0, which must be a whole number from 1/,
    'FREQ=DAILY;INTERVAL=999999999': /INTERVAL=999999999.*to 100000/,
    'FREQ=DAILY;COUNT=3;UNTIL=20270101': /both COUNT and UNTIL/,
    'FREQ=DAILY;UNTIL=20260230': /UNTIL=20260230, which must be a date such as/,
    'FREQ=DAILY;UNTIL=tomorrow': /UNTIL=TOMORROW/,
    'FREQ=DAILY;FREQ=DAILY': /FREQ twice/,
    'FREQ=DAILY;RSCALE=CHINESE': /RSCALE, which is none of/,
    'FREQ=DAILY;nonsense': /"NONSENSE", which is no NAME=VALUE/,
    'FREQ=MONTHLY;BYMONTHDAY=32': /BYMONTHDAY=32, which must be 1 to 31, or -31 to -1/,
    'FREQ=YEARLY;BYMONTH=0': /BYMONTH=0, which must be 1 to 12$/,
    'FREQ=WEEKLY;BYDAY=XX': /BYDAY=XX, which must be a weekday/,
    'FREQ=WEEKLY;BYDAY=2MO': /BYDAY=2MO; a number before the day/,
    'FREQ=WEEKLY;BYMONTHDAY=3': /BYMONTHDAY with FREQ=WEEKLY/,
    'FREQ=MONTHLY;BYWEEKNO=3': /BYWEEKNO with FREQ=MONTHLY; it goes with FREQ=YEARLY only/,
    'FREQ=DAILY;BYYEARDAY=3': /BYYEARDAY with FREQ=DAILY/,
    'FREQ=MONTHLY;BYSETPOS=1': /BYSETPOS without another BY part/,
    'FREQ=DAILY;WKST=XX': /WKST=XX/,
    [`FREQ=DAILY;BYHOUR=${numbers(24)};BYMINUTE=${numbers(60)}`]: /names 1440 times of a day, .* at most 96/,
    [`FREQ=DAILY;BYHOUR=${'1,'.repeat(2_000)}1`]: /at most 2000 characters/,
  };
  for (const [text, problem] of Object.entries(wrong))
    it(`says what is wrong with "${text.slice(0, 60)}"`, () => assert.match(problemOf(text), problem));
});

function numbers(count: number): string {
  return [...Array(count).keys()].join(',');
}
