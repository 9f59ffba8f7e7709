import assert from 'node:assert/strict';
import type { ImportReport } from '../../api/calendars-api.ts';
import { componentsOf, readableReport } from './calendar-file.ts';

const FILE = [
  'BEGIN:VCALENDAR',
  'SUMMARY:not of an event',
  'BEGIN:VTIMEZONE',
  'TZID:Europe/Lisbon',
  'END:VTIMEZONE',
  'BEGIN:VEVENT',
  'UID:one@example.org',
  'SUMMARY;LANGUAGE="pt:PT":Lunch\\, then',
  '  a walk',
  'BEGIN:VALARM',
  'SUMMARY:not of an event either',
  'UID:alarm',
  'END:VALARM',
  'END:VEVENT',
  'begin:vtodo',
  'uid:two@example.org',
  'summary:Buy milk',
  'end:vtodo',
  'BEGIN:VEVENT',
  'END:VEVENT',
  'END:VCALENDAR',
  '',
].join('\r\n');

function report(...components: [uid: string | null, taken: boolean, reason: string | null][]): ImportReport {
  return {
    taken: components.filter(([, taken]) => taken).length,
    skipped: components.filter(([, taken]) => !taken).length,
    components: components.map(([uid, taken, reason], index) => ({
      uid,
      appointmentId: taken ? `appointment-${index}` : null,
      reason,
    })),
  };
}

describe('a calendar file', () => {
  it('has its components named by their summaries, unfolded and unescaped, without time zones and alarms', () => {
    assert.deepEqual(componentsOf(FILE), [
      { kind: 'VEVENT', uid: 'one@example.org', summary: 'Lunch, then a walk' },
      { kind: 'VTODO', uid: 'two@example.org', summary: 'Buy milk' },
      { kind: 'VEVENT', uid: null, summary: '' },
    ]);
  });

  it('has no components if it is no calendar', () => {
    assert.deepEqual(componentsOf('END:VCALENDAR\nhello'), []);
  });
});

describe('the report of an import', () => {
  it('parts what was skipped, what was taken with a remark, and what was taken, each by name', () => {
    const readable = readableReport(
      report(
        ['one@example.org', true, 'its alarm was left out'],
        ['two@example.org', false, 'is a VTODO'],
        [null, true, null],
      ),
      componentsOf(FILE),
    );
    assert.deepEqual(readable, {
      skipped: [{ number: 2, name: 'Buy milk', said: 'Is a VTODO.' }],
      remarked: [{ number: 1, name: 'Lunch, then a walk', said: 'Its alarm was left out.' }],
      taken: [{ number: 3, name: 'Number 3 in the file', said: '' }],
    });
  });

  it('goes by UID where the page and the server count differently', () => {
    const { skipped } = readableReport(
      report(['two@example.org', false, 'already there']),
      componentsOf(FILE),
    );
    assert.deepEqual(skipped, [{ number: 1, name: 'Buy milk', said: 'Already there.' }]);
  });
});
