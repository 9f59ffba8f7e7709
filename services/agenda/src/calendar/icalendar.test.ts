import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type CalendarEvent, readEvent } from './icalendar-event.ts';
import { type CalendarText, readCalendarText } from './icalendar-text.ts';
import { type ExportedEvent, writeCalendar } from './icalendar-writer.ts';
import { zonesOf } from './icalendar-zones.ts';

const LISBON = 'Europe/Lisbon';

function bytesOf(...lines: readonly string[]): Uint8Array {
  return new TextEncoder().encode(lines.join('\r\n'));
}

function textOf(bytes: Uint8Array): CalendarText {
  const text = readCalendarText(bytes);
  if ('problem' in text) assert.fail(`the calendar ${text.problem}`);
  return text;
}

function fileOf(...lines: readonly string[]): CalendarText {
  return textOf(bytesOf('BEGIN:VCALENDAR', 'VERSION:2.0', ...lines, 'END:VCALENDAR', ''));
}

function readFirst(file: CalendarText, defaultZone = LISBON): CalendarEvent | { readonly problem: string } {
  const component = file.components.find(({ kind }) => kind === 'VEVENT');
  assert.ok(component);
  return readEvent(component, { zones: zonesOf(file.components), defaultZone });
}

function eventIn(file: CalendarText): CalendarEvent {
  const event = readFirst(file);
  if ('problem' in event) assert.fail(`it ${event.problem}`);
  return event;
}

const START = 'DTSTART;TZID=Europe/Berlin:20261102T090000';

function event(...lines: readonly string[]): CalendarText {
  return fileOf('BEGIN:VEVENT', 'UID:1@example.org', ...lines, 'END:VEVENT');
}

function ms(text: string): number {
  return Temporal.Instant.from(text).epochMilliseconds;
}

describe('an iCalendar file', () => {
  const wrong: readonly (readonly [string, RegExp, ...string[]])[] = [
    ['is empty', /is empty; it must begin with BEGIN:VCALENDAR/, ''],
    ['is a web page', /does not begin with BEGIN:VCALENDAR/, '<html>'],
    ['is cut', /ends within VEVENT/, 'BEGIN:VCALENDAR', 'BEGIN:VEVENT', 'SUMMARY:x'],
    ['is mixed up', /END:VCALENDAR where VEVENT ends/, 'BEGIN:VCALENDAR', 'BEGIN:VEVENT', 'END:VCALENDAR'],
  ];
  for (const [name, problem, ...lines] of wrong)
    it(`that ${name} is refused as a whole, with the reason`, () => {
      const text = readCalendarText(bytesOf(...lines));
      assert.match('problem' in text ? text.problem : '', problem);
    });

  it('that is too large, too manifold or no UTF-8 is refused', () => {
    const problemOf = (bytes: Uint8Array): string => {
      const text = readCalendarText(bytes);
      return 'problem' in text ? text.problem : '';
    };
    assert.match(problemOf(new Uint8Array(1_048_577)), /has 1048577 bytes; at most 1048576/);
    assert.match(
      problemOf(bytesOf('BEGIN:VCALENDAR'.repeat(1), ...Array(5_000).fill('BEGIN:A'))),
      /5000 components/,
    );
    assert.match(problemOf(Uint8Array.of(0x42, 0xff)), /is not UTF-8/);
  });
});

describe('an event of an iCalendar file', () => {
  it('is read with its zone, its texts and its length', () => {
    const read = eventIn(
      event(
        START,
        'DTEND;TZID=Europe/Berlin:20261102T103000',
        'SUMMARY:Tea\\, and cake\\; or not',
        'DESCRIPTION:first line\\nsecond li',
        ' ne',
        'LOCATION:Café',
        'CLASS:PRIVATE',
      ),
    );
    assert.equal(read.title, 'Tea, and cake; or not');
    assert.equal(read.description, 'first line\nsecond line');
    assert.equal(read.location, 'Café');
    assert.equal(read.timeZone, 'Europe/Berlin');
    assert.equal(read.startMs, ms('2026-11-02T08:00Z'));
    assert.equal(read.endMs, ms('2026-11-02T09:30Z'));
    assert.equal(read.confidential, true);
  });

  it('in UTC stays in UTC, and without a zone is in the person’s', () => {
    const utc = eventIn(event('DTSTART:20261102T090000Z', 'DURATION:PT30M'));
    assert.deepEqual(
      [utc.timeZone, utc.startMs, utc.endMs - utc.startMs],
      ['UTC', ms('2026-11-02T09:00Z'), 1_800_000],
    );
    const floating = eventIn(event('DTSTART:20260702T090000', 'DURATION:PT30M'));
    assert.deepEqual([floating.timeZone, floating.startMs], [LISBON, ms('2026-07-02T08:00Z')]);
  });

  it('of whole days lasts as long as its days do', () => {
    const read = eventIn(event('DTSTART;VALUE=DATE:20261024', 'DTEND;VALUE=DATE:20261026'));
    assert.deepEqual([read.allDay, (read.endMs - read.startMs) / 3_600_000], [true, 49]);
    const one = eventIn(event('DTSTART;VALUE=DATE:20261025'));
    assert.equal((one.endMs - one.startMs) / 3_600_000, 25);
  });

  it('knows Windows names, vendors’ prefixes and X-LIC-LOCATION', () => {
    for (const tzid of ['W. Europe Standard Time', '/example.org/20260101/Europe/Berlin'])
      assert.equal(
        eventIn(event(`DTSTART;TZID=${tzid}:20261102T090000`, 'DURATION:PT1H')).timeZone,
        'Europe/Berlin',
      );
    const file = fileOf(
      'BEGIN:VTIMEZONE',
      'TZID:Office',
      'X-LIC-LOCATION:America/Sao_Paulo',
      'END:VTIMEZONE',
      'BEGIN:VEVENT',
      'UID:1',
      'DTSTART;TZID=Office:20261102T090000',
      'DURATION:PT1H',
      'END:VEVENT',
    );
    assert.equal(eventIn(file).timeZone, 'America/Sao_Paulo');
  });

  it('keeps its rule, its dates and its override’s place', () => {
    const read = eventIn(
      event(
        START,
        'DTEND;TZID=Europe/Berlin:20261102T100000',
        'RRULE:FREQ=WEEKLY;BYDAY=MO',
        'EXDATE;TZID=Europe/Berlin:20261109T090000,20261116T090000',
        'EXDATE:20261123T080000Z',
        'RDATE;TZID=Europe/Berlin:20261110T090000',
      ),
    );
    assert.equal(read.rule, 'FREQ=WEEKLY;BYDAY=MO');
    assert.deepEqual(
      read.excludedMs,
      ['2026-11-09T08:00Z', '2026-11-16T08:00Z', '2026-11-23T08:00Z'].map(ms),
    );
    assert.deepEqual(read.addedMs, [ms('2026-11-10T08:00Z')]);
    const override = eventIn(
      event(START, 'DURATION:PT1H', 'RECURRENCE-ID;TZID=Europe/Berlin:20261109T090000'),
    );
    assert.equal(override.recurrenceStartMs, ms('2026-11-09T08:00Z'));
  });

  it('makes reminders of alarms before the start, and keeps the others', () => {
    const alarm = (trigger: string, action = 'DISPLAY'): string[] => [
      'BEGIN:VALARM',
      `ACTION:${action}`,
      `TRIGGER${trigger}`,
      'END:VALARM',
    ];
    const read = eventIn(
      event(
        START,
        'DURATION:PT1H',
        ...alarm(':-PT15M'),
        ...alarm(':-P1D', 'EMAIL'),
        ...alarm(';RELATED=END:-PT5M'),
      ),
    );
    assert.deepEqual(read.reminderMinutes, [15]);
    assert.equal(read.extra.match(/BEGIN:VALARM/g)?.length, 2);
  });

  it('says what it understood otherwise', () => {
    assert.match(eventIn(event(START)).remarks.join(), /had no length; it takes one minute/);
    assert.match(eventIn(event(START, 'DURATION:PT1H', 'TRANSP:TRANSPARENT')).remarks.join(), /TRANSP/);
  });

  const problems: readonly (readonly [RegExp, ...string[]])[] = [
    [/no UID/, 'SUMMARY:x'],
    [/must have one DTSTART/, 'UID:1'],
    [/DTSTART that does not exist/, 'UID:1', 'DTSTART:20260230T090000Z'],
    [/time zone "Mars\/Olympus", which is neither/, 'UID:1', 'DTSTART;TZID=Mars/Olympus:20261102T090000'],
    [/ends before it begins/, 'UID:1', 'DTSTART:20261102T090000Z', 'DTEND:20261102T080000Z'],
    [/a date and a time/, 'UID:1', 'DTSTART:20261102T090000Z', 'DTEND;VALUE=DATE:20261103'],
    [/more than one RRULE/, 'UID:1', 'DTSTART:20261102T090000Z', 'RRULE:FREQ=DAILY', 'RRULE:FREQ=WEEKLY'],
    [/EXRULE/, 'UID:1', 'DTSTART:20261102T090000Z', 'EXRULE:FREQ=DAILY'],
    [/PERIOD in RDATE/, 'UID:1', 'DTSTART:20261102T090000Z', 'RDATE;VALUE=PERIOD:20261103T090000Z/PT2H'],
    [
      /all that follow \(RANGE\)/,
      'UID:1',
      'DTSTART:20261102T090000Z',
      'RECURRENCE-ID;RANGE=THISANDFUTURE:20261102T090000Z',
    ],
    [/cannot be read: /, 'UID:1', 'this is no property'],
    [/at most 131072/, 'UID:1', `DESCRIPTION:${'x'.repeat(131_072)}`],
  ];
  for (const [problem, ...lines] of problems)
    it(`is skipped with a reason like ${problem}`, () => {
      const read = readFirst(fileOf('BEGIN:VEVENT', ...lines, 'END:VEVENT'));
      assert.match('problem' in read ? read.problem : '', problem);
    });
});

const EVENT: ExportedEvent = {
  uid: '1@example.org',
  recurrenceStartMs: undefined,
  sequence: 0,
  createdAtMs: ms('2026-10-01T09:00Z'),
  updatedAtMs: ms('2026-10-01T09:00Z'),
  title: 'Tea',
  description: '',
  location: '',
  startMs: ms('2026-11-02T08:00Z'),
  endMs: ms('2026-11-02T09:00Z'),
  timeZone: 'Europe/Berlin',
  allDay: false,
  confidential: false,
  rule: '',
  addedMs: [],
  excludedMs: [],
  reminderMinutes: [],
  extra: '',
};

function written(...events: Partial<ExportedEvent>[]): string {
  return writeCalendar(
    'Ana',
    events.map((one) => ({ ...EVENT, ...one })),
  );
}

function readBack(text: string): CalendarEvent {
  return eventIn(textOf(new TextEncoder().encode(text)));
}

describe('a written calendar', () => {
  it('has lines of at most 75 octets that end in CRLF, and breaks no character', () => {
    const text = written({ title: 'ä€😀'.repeat(60), description: 'a\nb;c,d\\e' });
    const lines = text.split('\r\n');
    assert.deepEqual([lines.pop(), lines.at(-1)], ['', 'END:VCALENDAR']);
    assert.ok(!text.replaceAll('\r\n', '').includes('\n'));
    for (const line of lines) {
      assert.ok(Buffer.byteLength(line) <= 75, `${Buffer.byteLength(line)}: ${line}`);
      assert.ok(!line.includes('\ufffd') && line.isWellFormed());
    }
    const read = readBack(text);
    assert.deepEqual([read.title, read.description], ['ä€😀'.repeat(60), 'a\nb;c,d\\e']);
  });

  it('tells when the clocks change in the zones that it uses', () => {
    const text = written({ rule: 'FREQ=WEEKLY', endMs: EVENT.endMs });
    assert.match(text, /BEGIN:VTIMEZONE\r\nTZID:Europe\/Berlin/);
    assert.match(text, /TZOFFSETFROM:\+0200\r\nTZOFFSETTO:\+0100/);
    assert.match(text, /BEGIN:DAYLIGHT\r\nDTSTART:20270328T020000/);
    assert.doesNotMatch(written({ timeZone: 'UTC' }), /VTIMEZONE/);
    assert.match(written({ timeZone: 'Asia/Dubai' }), /TZOFFSETTO:\+0400/);
  });

  it('never lets what was kept end the event that it stands in', () => {
    const extra = 'X-A:1\nEND:VEVENT\nBEGIN:VEVENT\nUID:evil\nDTSTART:20261102T090000Z';
    const text = written({ extra });
    assert.equal(text.match(/BEGIN:VEVENT/g)?.length, 1);
    assert.doesNotMatch(text, /evil/);
    assert.doesNotMatch(written({ extra: 'UID:evil\nX-B:2' }), /evil/);
    assert.match(written({ extra: 'UID:evil\nX-B:2' }), /X-B:2/);
  });

  it('keeps what was not understood, in what is read, written and read again', () => {
    const lines = [
      START,
      'DTEND;TZID=Europe/Berlin:20261102T100000',
      'SUMMARY:Tea',
      'RRULE:FREQ=WEEKLY;COUNT=5',
      'CATEGORIES:A,B\\,C',
      'ATTENDEE;CN="Bo, X";PARTSTAT=ACCEPTED:mailto:bo@example.org',
      'X-VENDOR;P=1:a\\,b',
      'GEO:52.5;13.4',
      'BEGIN:VALARM',
      'ACTION:EMAIL',
      'TRIGGER:-P1D',
      'END:VALARM',
    ];
    const first = eventIn(event(...lines));
    const text = written(first as Partial<ExportedEvent>);
    for (const kept of ['CATEGORIES:A,B\\,C', 'X-VENDOR;P=1:a\\,b', 'GEO:52.5;13.4', 'ACTION:EMAIL'])
      assert.ok(text.includes(kept), kept);
    assert.deepEqual(readBack(text), first);
  });

  it('keeps the instant of what begins or ends in an hour that the clock shows twice', () => {
    const startMs = ms('2026-10-25T00:30Z');
    const ends = readBack(written({ startMs, endMs: startMs + 3_600_000 }));
    assert.deepEqual([ends.startMs, ends.endMs], [startMs, startMs + 3_600_000]);
    const begins = readBack(written({ startMs: startMs + 3_600_000, endMs: startMs + 7_200_000 }));
    assert.deepEqual([begins.startMs, begins.endMs], [startMs + 3_600_000, startMs + 7_200_000]);
  });

  it('reads back as what was written, whatever that was', () => {
    const words = fc.string({ unit: 'grapheme', maxLength: 60 });
    const days = fc.integer({ min: 300, max: 20_000 }).map((day) => day * 86_400_000);
    const events = fc.record({
      title: words.map((text) => text.replace(/[\p{Cc}\u2028\u2029]/gu, '').trim() || 'Untitled'),
      description: words.map((text) => text.replace(/\r/g, '')),
      timeZone: fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kathmandu', LISBON),
      startMs: fc.tuple(days, fc.integer({ min: 0, max: 86_399 })).map(([day, s]) => day + s * 1_000),
      confidential: fc.boolean(),
      rule: fc.constantFrom(
        '',
        'FREQ=DAILY;COUNT=3',
        'FREQ=MONTHLY;BYDAY=-1FR',
        'FREQ=WEEKLY;UNTIL=20400101T000000Z',
      ),
      excludedMs: fc.uniqueArray(days, { maxLength: 4 }).map((list) => list.sort((a, b) => a - b)),
      reminderMinutes: fc.uniqueArray(fc.integer({ min: 0, max: 40_320 }), { maxLength: 5 }),
    });
    fc.assert(
      fc.property(events, (one) => {
        const reminderMinutes = one.reminderMinutes.sort((a, b) => a - b);
        const event = { ...EVENT, ...one, reminderMinutes, endMs: one.startMs + 5_400_000 };
        const read = readBack(writeCalendar('Ana', [event]));
        // Written in UTC because its start is in such an hour.
        const twice = read.timeZone === 'UTC' && one.rule === '';
        for (const field of Object.keys(one) as (keyof typeof one)[])
          if (field !== 'timeZone' || !twice) assert.deepEqual(read[field], event[field], field);
        assert.equal(read.endMs, event.endMs);
      }),
      { numRuns: 200 },
    );
  });
});
