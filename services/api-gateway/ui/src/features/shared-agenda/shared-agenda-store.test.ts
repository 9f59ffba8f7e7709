import assert from 'node:assert/strict';
import { AgendaApi } from '../../api/agenda-api.ts';
import { ApiClient } from '../../api/client.ts';
import { GroupsApi } from '../../api/groups-api.ts';
import type { HttpRequest } from '../../api/http.ts';
import { parseProblem } from '../../api/problem.ts';
import type { LiveItem } from '../../api/types.ts';
import { SharedAgendaStore } from './shared-agenda-store.ts';

const BUSY = {
  userId: 'ana',
  start: '2026-07-01T08:00:00.000Z',
  end: '2026-07-01T09:00:00.000Z',
  busyOnly: true,
};
const REMOVED: LiveItem = {
  kind: 'appointment_removed',
  appointmentId: 'x',
  version: 1,
  index: 1,
  ordinal: 0,
  at: '',
};

/** Everything that waits for promises which are settled has run. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('the agendas of others', () => {
  let asked: string[];
  let refusal: number | null;
  let store: SharedAgendaStore;
  let pauses: (() => void)[];

  const http = async ({ path }: HttpRequest): Promise<unknown> => {
    asked.push(path.split('?')[0]!);
    if (refusal !== null) throw parseProblem(refusal, '', null);
    return { items: path.includes('/agenda') ? [BUSY] : [], nextCursor: null };
  };
  const readings = () => asked.filter((path) => path.endsWith('/agenda'));

  beforeEach(async () => {
    asked = [];
    refusal = null;
    pauses = [];
    const wait = () => new Promise<void>((resolve) => pauses.push(resolve));
    const session = { accessToken: async () => 'token', replaceToken: async () => 'token' };
    const client = new ApiClient({ http, session, wait, nowMs: () => 0 });
    store = new SharedAgendaStore({ agenda: new AgendaApi(client), groups: new GroupsApi(client), wait });
    store.show(new Date('2026-07-01T00:00:00Z'), new Date('2026-07-08T00:00:00Z'));
    await settled();
  });

  it('are not asked for while the own one is shown', async () => {
    store.applyLive(REMOVED);
    await settled();
    assert.deepEqual([asked, pauses.length], [[], 0]);
  });

  it('show of what is private that somebody is busy, and no more', async () => {
    store.showGroup('g');
    await settled();
    const [entry] = store.state.get().entries.values();
    assert.deepEqual(
      [entry?.userIds, entry?.item.busyOnly, entry?.item.title, entry?.item.start],
      [['ana'], true, '', BUSY.start],
    );
  });

  it('are read once for many events', async () => {
    store.showGroup('g');
    await settled();
    for (let at = 0; at < 50; at += 1) store.applyLive(REMOVED);
    for (const resolve of pauses.splice(0)) resolve();
    await settled();
    assert.equal(readings().length, 2);
  });

  it('give way to the own one, with a word, once they may not be seen', async () => {
    let why = '';
    store.onGone = (text) => {
      why = text;
    };
    store.showGroup('g');
    await settled();
    refusal = 404;
    await store.reload();
    assert.equal(store.state.get().whose.kind, 'own');
    assert.equal(why, 'You are no longer in that group.');
  });

  it('keep what was loaded, and say so, when the server cannot answer', async () => {
    store.showPerson({ userId: 'ana', username: 'ana', displayName: '' });
    await settled();
    assert.deepEqual(readings(), ['/api/users/ana/agenda']);
    refusal = 500;
    await store.reload();
    assert.equal(store.state.get().entries.size, 1);
    assert.match(store.state.get().loadError ?? '', /unexpected problem/);
  });
});
