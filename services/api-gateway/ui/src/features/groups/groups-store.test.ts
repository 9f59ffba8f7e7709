import assert from 'node:assert/strict';
import { ApiClient } from '../../api/client.ts';
import { GroupsApi } from '../../api/groups-api.ts';
import type { HttpRequest } from '../../api/http.ts';
import { ApiError, parseProblem } from '../../api/problem.ts';
import type { LiveItem } from '../../api/types.ts';
import { GroupsStore } from './groups-store.ts';

/** Everything that waits for promises which are settled has run. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

const group = (id: string, name: string, version = 1) => ({
  id,
  name,
  description: '',
  kind: 'hierarchical',
  creatorId: 'me',
  memberCount: 1,
  myRank: 1000,
  version,
});
const member = (userId: string, rank: number) => ({ groupId: 'g', userId, username: userId, rank });
const event = (change: object) => ({ index: 1, ordinal: 0, at: '', ...change }) as LiveItem;

describe('the groups of the viewer', () => {
  let server: { groups: object[]; members: object[] };
  let asked: HttpRequest[];
  let answer: (request: HttpRequest) => unknown;
  let pauses: (() => void)[];
  let store: GroupsStore;

  const http = async (request: HttpRequest): Promise<unknown> => {
    asked.push(request);
    if (request.method !== 'GET') return answer(request);
    const items = request.path.includes('/members') ? server.members : server.groups;
    return { items, nextCursor: null };
  };
  const names = () => store.state.get().groups.map(({ name }) => name);
  const pause = async () => {
    for (const resolve of pauses.splice(0)) resolve();
    await settled();
  };

  beforeEach(async () => {
    server = { groups: [group('g', 'Family')], members: [member('me', 1000), member('ana', 5)] };
    asked = [];
    pauses = [];
    answer = () => undefined;
    const wait = () => new Promise<void>((resolve) => pauses.push(resolve));
    const session = { accessToken: async () => 'token', replaceToken: async () => 'token' };
    store = new GroupsStore(new GroupsApi(new ApiClient({ http, session, wait, nowMs: () => 0 })), wait);
    store.open();
    await store.reload();
  });

  it('are read once for many events, with the members of the one that is open', async () => {
    store.openGroup('g');
    await settled();
    asked = [];
    server.members = [member('me', 1000), member('ben', 7), member('ana', 5)];
    for (let at = 0; at < 30; at += 1)
      store.applyLive(event({ kind: 'group_changed', group: group('g', 'x') }));
    await pause();
    assert.deepEqual(
      asked.map(({ path }) => path),
      ['/api/groups?limit=200', '/api/groups/g/members?limit=200'],
    );
    assert.deepEqual(
      store.state.get().open?.members.map(({ userId }) => userId),
      ['me', 'ben', 'ana'],
    );
  });

  it('lose one at once when it is gone', () => {
    store.applyLive(event({ kind: 'group_removed', groupId: 'g' }));
    assert.deepEqual(names(), []);
  });

  it('have a new one at once, in its place by name', async () => {
    answer = () => group('h', 'Choir');
    await store.create({ name: 'Choir', description: '', kind: 'hierarchical' }, 'key');
    assert.deepEqual(names(), ['Choir', 'Family']);
  });

  it('are changed from the version that was seen, and read again when that is a former one', async () => {
    answer = (request) => {
      assert.equal(request.headers?.['if-match'], '"1"');
      server.groups = [group('g', 'Clan', 2)];
      throw parseProblem(412, '{"code":"version_mismatch"}', null);
    };
    await assert.rejects(
      store.update('g', 1, { name: 'Kin' }, 'key'),
      (error) => error instanceof ApiError && error.code === 'version_mismatch',
    );
    assert.deepEqual(
      store.state.get().groups.map(({ name, version }) => [name, version]),
      [['Clan', 2]],
    );
  });

  it('show a member’s new rank at once, in its place', async () => {
    store.openGroup('g');
    await settled();
    server.members.push(member('ben', 3));
    await store.reload();
    answer = () => member('ben', 9);
    await store.putMember('g', 'ben', 9, 'key');
    assert.deepEqual(
      store.state.get().open?.members.map(({ userId, rank }) => [userId, rank]),
      [
        ['me', 1000],
        ['ben', 9],
        ['ana', 5],
      ],
    );
  });

  it('do not take an answer that was on its way when a write changed them', async () => {
    const reading = store.reload();
    answer = () => group('h', 'Choir');
    await Promise.all([
      store.create({ name: 'Choir', description: '', kind: 'hierarchical' }, 'key'),
      reading,
    ]);
    assert.deepEqual(names(), ['Choir', 'Family']);
  });

  it('are forgotten when the viewer logs out, late answers included', async () => {
    const reading = store.reload();
    store.close();
    await reading;
    assert.deepEqual([names(), store.state.get().known], [[], false]);
  });
});
