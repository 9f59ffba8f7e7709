/** Calendar files, and the secret addresses under which they are read without a name. */
import assert from 'node:assert/strict';
import type { ExportCalendarResponse } from '@agenda/proto/agenda/v1/agenda';
import { putMember, removeMember } from '../../state-machine/testing.ts';
import { assertKnown } from './leaks.ts';
import { NOBODY, type Reply } from './office.ts';
import { MEMBERS, OWNER, type Seen, SUBJECTS, type Subject, sees, standsWith } from './table.ts';
import { assertLikeNothing, type Walk } from './walk.ts';
import { rangeOf } from './walk-lists.ts';
import { groupsOf, NO_SUCH_ID, userOf } from './world.ts';

const GROUPS = ['flat', 'ranked', 'other', 'side', 'gone'] as const;
/** Who made them. */
const CREATORS: Readonly<Record<string, string>> = {
  flat: OWNER,
  ranked: 'superior',
  other: 'acquaintance',
  side: 'boss',
};

export function walkCalendars(walk: Walk): void {
  const give = (as: string, groupId: string, feedSecret = '') =>
    walk.office.ask(as, 'exportCalendar', { ...rangeOf(walk), groupId, feedSecret });
  const setFeed = (as: string, groupId = '', revoke = false) =>
    walk.office.ask(as, 'setFeed', { groupId, revoke });

  walk.everyViewer('in a file of the own agenda, and under its secret address', async (viewer) => {
    const expected = (subject: Subject): Seen => (standsWith(viewer, subject) ? 'all' : '-');
    walk.compare('own file', viewer, shown(walk, await give(viewer, '')), expected);
    const { value } = await setFeed(viewer);
    const read = await give(NOBODY, '', value?.feedSecret);
    assertKnown(walk.world, viewer, {}, read);
    walk.compare('own feed', viewer, shown(walk, read), expected);
  });

  walk.everyViewer('in files of the groups', async (viewer) => {
    const nothing = await give(viewer, NO_SUCH_ID);
    for (const group of GROUPS)
      if (groupsOf(viewer).includes(group))
        walk.compare('group file', viewer, shown(walk, await give(viewer, `g-${group}`)), (one) =>
          one.place === group ? sees(viewer, one) : '-',
        );
      else assertLikeNothing(await give(viewer, `g-${group}`), `g-${group}`, nothing);
  });

  walk.everyViewer("may not have a group's secret address without being its creator", async (viewer) => {
    const nothing = await setFeed(viewer, NO_SUCH_ID);
    for (const group of GROUPS) {
      const reply = await setFeed(viewer, `g-${group}`);
      if (!groupsOf(viewer).includes(group)) assertLikeNothing(reply, `g-${group}`, nothing);
      else assert.equal(reply.code, CREATORS[group] === viewer ? 'ok' : 'forbidden');
    }
  });

  it("whoever knows a group's secret address sees what every member may", async () => {
    for (const [group, creator] of Object.entries(CREATORS)) {
      const { value } = await setFeed(creator, `g-${group}`);
      const read = await give(NOBODY, '', value?.feedSecret);
      const expected = ({ place, hidden, kind }: Subject): Seen =>
        place !== group || kind === 'trashed' ? '-' : hidden ? 'busy' : 'all';
      walk.compare('group feed', `everybody of ${group}`, shown(walk, read), expected);
    }
  });

  it("a group's secret address ends when somebody leaves, who may know it", async () => {
    const { value } = await setFeed(OWNER, 'g-flat');
    const stranger = userOf('stranger');
    walk.world.log.apply(putMember('g-flat', stranger), { actor: userOf(OWNER), featureLevel: 2 });
    assert.equal((await give(NOBODY, '', value?.feedSecret)).code, 'ok');
    walk.world.log.apply(removeMember('g-flat', stranger), { actor: stranger, featureLevel: 2 });
    const nothing = await give(NOBODY, '', NO_SUCH_ID);
    assert.deepEqual(await give(NOBODY, '', value?.feedSecret), nothing);
    assert.ok(!MEMBERS.flat.includes('stranger'));
  });
}

/** What a file says of an appointment: its title, that something takes its times, or nothing. */
function shown({ world }: Walk, { value }: Reply<ExportCalendarResponse>): (subject: Subject) => Seen {
  const text = Buffer.from(value?.ics ?? [])
    .toString()
    .replaceAll('\r\n ', '');
  const events = text.split('BEGIN:VEVENT').slice(1);
  const busy = events.filter((event) => event.includes('SUMMARY:Busy'));
  for (const event of busy) assert.deepEqual(propertiesOf(event), BUSY_PROPERTIES);
  const titles = new Set(SUBJECTS.flatMap((subject) => world.wordsOf(subject).after));
  assert.equal(
    events.length - busy.length,
    events.filter((event) => [...titles].some((title) => event.includes(`SUMMARY:${title}`))).length,
  );
  return (subject) => {
    if (events.some((event) => event.includes(`SUMMARY:${world.wordsOf(subject).after[0]}`))) return 'all';
    const starts = world.spansOf(subject).map(({ startMs }) => `DTSTART:${stamp(startMs)}`);
    return starts.every((start) => busy.some((event) => event.includes(start))) ? 'busy' : '-';
  };
}

const BUSY_PROPERTIES = [
  ...[
    'BEGIN',
    'CREATED',
    'DTEND',
    'DTSTAMP',
    'DTSTART',
    'END',
    'LAST-MODIFIED',
    'SEQUENCE',
    'SUMMARY',
    'UID',
  ],
].filter((name) => name !== 'BEGIN' && name !== 'END');

function propertiesOf(event: string): string[] {
  const lines = event.slice(0, event.indexOf('END:VEVENT')).trim().split('\r\n');
  return lines.map((line) => line.split(/[:;]/)[0] as string).sort();
}

function stamp(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
}
