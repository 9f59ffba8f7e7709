import assert from 'node:assert/strict';
import type { Caller, ImportCalendarResponse } from '@agenda/proto/agenda/v1/agenda';
import { AppointmentFields, type ImportedComponent } from '@agenda/proto/agenda/v1/command';
import { GroupKind, Privacy } from '@agenda/proto/agenda/v1/model';
import { ServiceError } from '@agenda/service-kit/errors';
import { uuidv7Bytes } from '@agenda/service-kit/ids';
import { AgendaUnderTest, DEADLINE, write } from '../testing/agenda-under-test.ts';

const DAY_MS = 86_400_000;
/** Feeds show what is near. */
const SOON = new Date(Math.floor(Date.now() / DAY_MS + 30) * DAY_MS).toISOString().slice(0, 10);
const STAMP = SOON.replaceAll('-', '');

function calendar(...lines: readonly string[]): Uint8Array {
  const text = ['BEGIN:VCALENDAR', 'VERSION:2.0', ...lines, 'END:VCALENDAR', ''].join('\r\n');
  return new TextEncoder().encode(text);
}

function event(uid: string, ...lines: readonly string[]): string[] {
  return ['BEGIN:VEVENT', `UID:${uid}`, ...lines, 'END:VEVENT'];
}

describe('calendar files', () => {
  const agenda = new AgendaUnderTest();
  let ana: Caller;
  let ben: Caller;

  before(async () => {
    await agenda.start();
    ana = await agenda.person('ana');
    ben = await agenda.person('ben');
  });
  after(() => agenda.stop());

  const take = (
    caller: Caller,
    ics: Uint8Array,
    commandId = uuidv7Bytes(),
  ): Promise<ImportCalendarResponse> =>
    agenda.client.importCalendar({ context: { ...write(caller), commandId }, ics }, DEADLINE);
  const report = ({ result }: ImportCalendarResponse): string[] =>
    (result?.components ?? []).map(
      ({ icalUid, appointmentId, reason }: ImportedComponent) =>
        `${icalUid} ${appointmentId === '' ? 'skipped' : 'taken'}${reason === '' ? '' : `: ${reason}`}`,
    );
  const give = async (request: {
    caller?: Caller;
    groupId?: string;
    feedSecret?: string;
  }): Promise<string> => {
    const startMs = Date.parse(SOON) - 40 * DAY_MS;
    const { ics } = await agenda.client.exportCalendar(
      {
        context: { caller: request.caller, consistency: 0, minIndex: 0 },
        startMs,
        endMs: startMs + 200 * DAY_MS,
        groupId: request.groupId ?? '',
        feedSecret: request.feedSecret ?? '',
      },
      DEADLINE,
    );
    return new TextDecoder().decode(ics).replaceAll('\r\n ', '');
  };
  const feedOf = async (caller: Caller, groupId = '', revoke = false): Promise<string> =>
    (await agenda.client.setFeed({ context: write(caller), groupId, revoke }, DEADLINE)).feedSecret;

  const START = `DTSTART:${STAMP}T090000Z`;
  const mixed = calendar(
    ...event('once', START, 'DURATION:PT1H', 'SUMMARY:Once', 'X-KEPT:yes', 'CATEGORIES:A,B'),
    ...event('series', START, 'DURATION:PT1H', 'SUMMARY:Series', 'RRULE:FREQ=WEEKLY;COUNT=4'),
    ...event(
      'series',
      `RECURRENCE-ID:${nextWeek(1)}T090000Z`,
      `DTSTART:${nextWeek(1)}T110000Z`,
      'DURATION:PT1H',
      'SUMMARY:Moved',
    ),
    ...event(
      'series',
      `RECURRENCE-ID:${nextWeek(2)}T090000Z`,
      `DTSTART:${nextWeek(2)}T090000Z`,
      'STATUS:CANCELLED',
    ),
    ...event('bad-rule', START, 'DURATION:PT1H', 'RRULE:FREQ=SECONDLY'),
    ...event('bad-zone', 'DTSTART;TZID=Nowhere:20270101T090000', 'DURATION:PT1H'),
    'BEGIN:VTODO',
    'UID:todo',
    'END:VTODO',
  );

  function nextWeek(weeks: number): string {
    return new Date(Date.parse(SOON) + weeks * 7 * DAY_MS).toISOString().slice(0, 10).replaceAll('-', '');
  }

  it('are taken component by component, with a reason for what is skipped', async () => {
    const lines = report(await take(ana, mixed));
    assert.deepEqual(lines.slice(0, 4), [
      'once taken',
      'series taken',
      'series taken',
      'series skipped: cancelled: it is taken out of its series',
    ]);
    assert.match(lines[4] ?? '', /^bad-rule skipped: the rule gives more than 750 occurrences/);
    assert.match(lines[5] ?? '', /^bad-zone skipped: is in the time zone "Nowhere"/);
    assert.equal(lines[6], 'todo skipped: is a VTODO; only VEVENT is an appointment');
  });

  it('are not taken twice, and a retried request gets the answer that it had', async () => {
    assert.deepEqual(report(await take(ana, mixed)).slice(0, 2), [
      'once skipped: already there',
      'series skipped: already there',
    ]);
    const commandId = uuidv7Bytes();
    const ics = calendar(...event('retried', START, 'DURATION:PT1H'));
    const first = await take(ana, ics, commandId);
    assert.deepEqual(await take(ana, ics, commandId), first);
    assert.deepEqual(report(first), ['retried taken']);
  });

  it('give back what was imported, with what was not understood, and can be imported by somebody else', async () => {
    const text = await give({ caller: ana });
    for (const line of ['X-KEPT:yes', 'CATEGORIES:A,B', 'UID:series', 'RRULE:FREQ=WEEKLY;COUNT=4'])
      assert.ok(text.includes(line), line);
    assert.ok(text.includes(`RECURRENCE-ID:${nextWeek(1)}T090000Z`));
    assert.ok(text.includes(`EXDATE:${nextWeek(2)}T090000Z`));
    const lines = report(await take(ben, new TextEncoder().encode(text)));
    assert.deepEqual(lines.sort(), ['once taken', 'retried taken', 'series taken', 'series taken']);
    const stamps = /^(DTSTAMP|CREATED|LAST-MODIFIED):.*\r\n/gm;
    const again = (await give({ caller: ben })).replace('ben', 'ana').replace(stamps, '');
    assert.equal(again, text.replace(stamps, ''));
  });

  it('of which a part was taken do not claim that nothing was, and can be sent again', async () => {
    const cleo = await agenda.person('cleo');
    const events = Array.from({ length: 60 }, (_, at) => event(`many-${at}`, START, 'DURATION:PT1H'));
    const [commandId, ics] = [uuidv7Bytes(), calendar(...events.flat())];
    const before = agenda.sidecar.proposals.length;
    agenda.sidecar.verdict = (attempt) =>
      attempt === before + 1 ? 'append' : new ServiceError('overloaded', 'too much is under way');
    await assert.rejects(take(cleo, ics, commandId), {
      code: 'timeout',
      message: "of the file's 2 parts, 1 are taken, and then: too much is under way",
    });
    agenda.sidecar.verdict = () => 'append';
    const lines = report(await take(cleo, ics, commandId));
    assert.deepEqual(
      lines,
      events.map((_, at) => `many-${at} taken`),
    );
  });

  it('that are none are refused as a whole', async () => {
    const text = new TextEncoder().encode('<html>');
    await assert.rejects(take(ana, text), {
      code: 'invalid_argument',
      message: /does not begin with BEGIN:VCALENDAR/,
    });
    await assert.rejects(take(ana, new Uint8Array(1_048_577)), { code: 'payload_too_large' });
  });

  describe('as feeds', () => {
    it('of a person show the own agenda to whoever knows the secret, until it is revoked or renewed', async () => {
      const secret = await feedOf(ana);
      assert.match(secret, /^[\w-]{43}$/);
      assert.match(await give({ feedSecret: secret }), /SUMMARY:Once/);
      const renewed = await feedOf(ana);
      await assert.rejects(give({ feedSecret: secret }), { code: 'not_found' });
      assert.match(await give({ feedSecret: renewed }), /SUMMARY:Once/);
      assert.equal(await feedOf(ana, '', true), '');
      await assert.rejects(give({ feedSecret: renewed }), { code: 'not_found' });
      await assert.rejects(give({ feedSecret: 'guessed' }), { code: 'not_found' });
    });

    it('have the same address when the same request comes again, as long as that one stands', async () => {
      const request = { context: write(ana), groupId: '', revoke: false };
      const ask = async (): Promise<string> => (await agenda.client.setFeed(request, DEADLINE)).feedSecret;
      const [first, together] = await Promise.all([ask(), ask()]);
      assert.equal(together, first);
      assert.equal(await ask(), first);
      assert.match(await give({ feedSecret: first as string }), /SUMMARY:Once/);
      const renewed = await feedOf(ana);
      assert.notEqual(renewed, first);
      await assert.rejects(ask(), { code: 'conflict', message: /has ended since; ask for another one/ });
      assert.match(await give({ feedSecret: renewed }), /SUMMARY:Once/);
      await feedOf(ana, '', true);
    });

    it('of a group show its appointments, busy times as such, and never who', async () => {
      const { group } = await agenda.client.createGroup(
        {
          context: write(ana),
          name: 'Choir',
          description: '',
          kind: GroupKind.GROUP_KIND_NON_HIERARCHICAL,
        },
        DEADLINE,
      );
      const groupId = group?.id ?? '';
      const book = (title: string, privacy: Privacy, hour: number) =>
        agenda.client.createAppointment(
          {
            context: write(ana),
            fields: AppointmentFields.fromPartial({
              title,
              privacy,
              startMs: Date.parse(SOON) + hour * 3_600_000,
              endMs: Date.parse(SOON) + (hour + 1) * 3_600_000,
              timeZone: 'Europe/Lisbon',
              icalExtra: 'ORGANIZER:mailto:ana@example.org\nX-KEPT:yes',
            }),
            groupId,
            participants: [],
            allowConflict: true,
          },
          DEADLINE,
        );
      await book('Rehearsal', Privacy.PRIVACY_FULL, 18);
      await book('Surprise party', Privacy.PRIVACY_FREEBUSY, 20);
      const secret = await feedOf(ana, groupId);
      const text = await give({ feedSecret: secret });
      assert.match(text, /X-WR-CALNAME:Choir/);
      assert.match(text, /SUMMARY:Rehearsal/);
      assert.match(text, /SUMMARY:Busy/);
      assert.match(text, /X-KEPT:yes/);
      assert.doesNotMatch(text, /Surprise|Once|ORGANIZER|ana/);
      assert.match(await give({ caller: ana, groupId }), /SUMMARY:Surprise party/);
      await assert.rejects(give({ caller: ben, groupId }), { code: 'not_found' });
      await assert.rejects(feedOf(ben, groupId), { code: 'not_found' });
    });
  });
});
