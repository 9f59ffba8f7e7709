/** Agendas, search and sync: what is found without knowing an id. */
import assert from 'node:assert/strict';
import type { Occurrence } from '@agenda/proto/agenda/v1/model';
import { DAY_MS } from '../../state-machine/testing.ts';
import {
  answerOf,
  MEMBERS,
  mayLookAt,
  NAMES,
  OWNER,
  SUBJECTS,
  type Subject,
  sees,
  standsWith,
  told,
} from './table.ts';
import { allPages, assertLikeNothing, entryText, PAGE, type Walk } from './walk.ts';
import { NO_SUCH_ID, userOf } from './world.ts';

export function walkLists(walk: Walk): void {
  walkAgendas(walk);
  walkSearch(walk);
  walkSync(walk);
}

/** As `viewer` sees the entries of somebody's agenda, each as `entryText`. */
function entriesOf(walk: Walk, viewer: string, person: string): string[] {
  return SUBJECTS.filter((subject) => standsWith(person, subject)).flatMap((subject) => {
    const seen = sees(viewer, subject);
    return walk.world
      .spansOf(subject)
      .map(({ startMs }) => `${userOf(person)} ${startMs} ${seen === '-' ? 'busy' : seen}`);
  });
}

export function rangeOf({ world }: Walk) {
  return { startMs: world.firstDayMs - DAY_MS, endMs: world.firstDayMs + 4 * DAY_MS };
}

function walkAgendas(walk: Walk): void {
  const list = (viewer: string, userId: string, groupId: string, cursor = '') =>
    walk.office.ask(viewer, 'listAgenda', { ...rangeOf(walk), limit: PAGE, cursor, userId, groupId });
  const whole = (viewer: string, userId: string, groupId: string): Promise<Occurrence[]> =>
    allPages(async (cursor) => {
      const { code, value } = await list(viewer, userId, groupId, cursor);
      assert.equal(code, 'ok', `${viewer} may not look at ${userId}${groupId}`);
      return { items: value?.occurrences ?? [], nextCursor: value?.nextCursor ?? '' };
    });

  walk.everyViewer('in the own agenda', async (viewer) => {
    const found = (await whole(viewer, '', '')).map(entryText);
    assertEntries(walk, 'own agenda', viewer, found, entriesOf(walk, viewer, viewer).map(asAll));
  });

  walk.everyViewer('in the agendas of everybody else', async (viewer) => {
    const nobody = await list(viewer, NO_SUCH_ID, '');
    for (const person of NAMES.filter((name) => name !== viewer))
      if (mayLookAt(viewer, person)) {
        const found = (await whole(viewer, userOf(person), '')).map(entryText);
        const expected = entriesOf(walk, viewer, person);
        assertEntries(walk, "another's agenda", viewer, found, expected);
      } else assertLikeNothing(await list(viewer, userOf(person), ''), userOf(person), nobody);
  });

  walk.everyViewer('in the agendas of the groups', async (viewer) => {
    const nothing = await list(viewer, '', NO_SUCH_ID);
    for (const [group, names] of Object.entries({ ...MEMBERS, gone: [] as string[] }))
      if (names.includes(viewer)) {
        const found = await whole(viewer, '', `g-${group}`);
        const expected = names.flatMap((name) =>
          entriesOf(walk, viewer, name).map((entry) => (name === viewer ? asAll(entry) : entry)),
        );
        assertEntries(walk, 'group agenda', viewer, found.map(entryText), expected);
        const places = found.map(({ startMs, userId }) => `${startMs} ${userId}`);
        assert.deepEqual(places, places.toSorted(), 'the order says nothing but when and whose');
      } else assertLikeNothing(await list(viewer, '', `g-${group}`), `g-${group}`, nothing);
  });
}

/** Of what stands in one's own agenda everything can be seen. */
function asAll(entry: string): string {
  return entry.replace(/ (busy|-)$/, ' all');
}

function assertEntries(
  walk: Walk,
  path: string,
  viewer: string,
  found: readonly string[],
  expected: readonly string[],
): void {
  const starts = (subject: Subject): string[] =>
    walk.world.spansOf(subject).map(({ startMs }) => String(startMs));
  const of =
    (entries: readonly string[]) =>
    (subject: Subject): string[] =>
      entries.filter((entry) => starts(subject).some((start) => entry.includes(` ${start} `))).sort();
  assert.equal(found.length, expected.length);
  walk.compare(
    path,
    viewer,
    of(found),
    of(expected),
    SUBJECTS.filter(({ kind }) => kind !== 'trashed'),
  );
}

function walkSearch(walk: Walk): void {
  const search = async (viewer: string, query: string, deleted: boolean): Promise<string[]> => {
    const found = await allPages(async (cursor) => {
      const question = { query, deleted, limit: PAGE, cursor };
      const { occurrences, nextCursor } = await walk.office.answer(viewer, 'searchAppointments', question);
      return { items: occurrences, nextCursor };
    });
    return found.map(({ appointment }) => appointment?.id ?? '');
  };

  walk.everyViewer('by search, as far as one takes part', async (viewer) => {
    const found = await search(viewer, 'zither', false);
    walk.compare(
      'search',
      viewer,
      ({ id }) => found.includes(id),
      (one) => one.kind !== 'trashed' && answerOf(viewer, one) !== undefined,
    );
    assert.deepEqual(await search(viewer, 'xylophone', false), [], 'by a title that it had before');
  });

  walk.everyViewer('in the trash', async (viewer) => {
    const found = await search(viewer, '', true);
    walk.compare(
      'trash',
      viewer,
      ({ id }) => found.includes(id),
      ({ kind }) => viewer === OWNER && kind === 'trashed',
    );
  });
}

/** In one page: a page that follows another one is a further sync already. */
const WHOLE = 200;

function walkSync(walk: Walk): void {
  type State = 'changed' | 'removed' | '-';
  const sync = async (viewer: string, from: number, limit: number): Promise<(subject: Subject) => State> => {
    const states = new Map<string, State>();
    for (let sinceIndex = from; ; ) {
      const page = await walk.office.answer(viewer, 'sync', { sinceIndex, limit });
      assert.equal(page.reset, false);
      for (const { id } of page.changed) states.set(id, 'changed');
      for (const id of page.removedIds) states.set(id, 'removed');
      if (!page.more) return ({ id }) => states.get(id) ?? '-';
      sinceIndex = page.index;
    }
  };
  const current = (viewer: string, subject: Subject): State =>
    subject.kind !== 'trashed' && answerOf(viewer, subject) !== undefined ? 'changed' : '-';

  walk.everyViewer('by a first sync, as far as one takes part', async (viewer) => {
    walk.compare('first sync', viewer, await sync(viewer, 0, WHOLE), (one) => current(viewer, one));
  });

  walk.everyViewer('by a further sync, which tells what went of what was told only', async (viewer) => {
    const expected = (one: Subject): State =>
      current(viewer, one) === '-' && told(viewer, one) !== 'nothing' ? 'removed' : current(viewer, one);
    walk.compare('sync', viewer, await sync(viewer, 1, PAGE), expected);
  });
}
