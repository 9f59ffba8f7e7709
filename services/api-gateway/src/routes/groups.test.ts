import assert from 'node:assert/strict';
import { DoneResponse, GroupMemberResponse, GroupResponse } from '@agenda/proto/agenda/v1/agenda';
import { Group, GroupKind } from '@agenda/proto/agenda/v1/model';
import { GatewayProcess, type Person } from '../testing/gateway-process.ts';
import { type Answer, type Ask, ask, assertProblem, wrongFields } from '../testing/http-client.ts';

const ID = '0198c5a0-0000-7000-8000-00000000000a';

describe('groups over REST', () => {
  const gateway = new GatewayProcess();
  let person: Person;
  let group: Group;

  before(async () => {
    await gateway.start();
    person = await gateway.person('grouped');
    group = Group.fromPartial({
      id: ID,
      name: 'Team',
      kind: GroupKind.GROUP_KIND_HIERARCHICAL,
      creatorId: person.userId,
      version: 3,
      memberCount: 2,
      myRank: 1_000,
      createdAtMs: 1,
      updatedAtMs: 2,
    });
    const answered = () => GroupResponse.fromPartial({ group, index: 7 });
    const done = () => DoneResponse.fromPartial({ index: 8 });
    Object.assign(gateway.agenda.answers, {
      createGroup: answered,
      getGroup: answered,
      updateGroup: answered,
      handOverGroup: answered,
      deleteGroup: done,
      removeGroupMember: done,
      putGroupMember: ({ groupId, userId, rank }: { groupId: string; userId: string; rank: number }) =>
        GroupMemberResponse.fromPartial({
          member: { groupId, userId, username: 'x', displayName: 'X', rank },
          index: 9,
        }),
    });
  });
  after(() => gateway.stop());

  const call = (method: string, path: string, given: Ask = {}): Promise<Answer> =>
    ask(gateway.origin, method, path, { token: person.token, ...given });
  const asked = (method: Parameters<typeof gateway.agenda.callsOf>[0]) =>
    gateway.agenda.callsOf(method).at(-1)?.request;

  it('creates one, with its ETag and place', async () => {
    const answer = await call('POST', '/api/groups', { body: { name: 'Team', kind: 'hierarchical' } });
    assert.equal(answer.status, 201, answer.text);
    assert.equal(answer.headers.get('location'), `/api/groups/${ID}`);
    assert.equal(answer.headers.get('etag'), '"3"');
    assert.deepEqual(
      [answer.json.kind, answer.json.myRank, answer.json.memberCount],
      ['hierarchical', 1_000, 2],
    );
    assert.equal(asked('createGroup').kind, GroupKind.GROUP_KIND_HIERARCHICAL);
  });

  it('names what is wrong with one', async () => {
    const answer = await call('POST', '/api/groups', {
      body: { name: 'x'.repeat(101), kind: 'round', rank: 1 },
    });
    assertProblem(answer, 400, 'invalid_argument');
    assert.deepEqual(wrongFields(answer), ['kind', 'name', 'rank']);
  });

  it('passes If-Match on, and says 304 to who has it', async () => {
    const headers = { 'if-match': '"2"' };
    for (const [method, body] of [
      ['PUT', { name: 'New' }],
      ['PATCH', { description: null }],
    ] as const) {
      assert.equal((await call(method, `/api/groups/${ID}`, { body, headers })).status, 200);
      assert.equal(asked('updateGroup').expectedVersion, 2);
    }
    assert.deepEqual([asked('updateGroup').name, asked('updateGroup').description], [undefined, '']);
    assert.equal((await call('DELETE', `/api/groups/${ID}`, { headers })).status, 204);
    assert.equal(asked('deleteGroup').expectedVersion, 2);
    const again = await call('GET', `/api/groups/${ID}`, { headers: { 'if-none-match': '"3"' } });
    assert.deepEqual([again.status, again.text], [304, '']);
  });

  it('adds a member with or without a body, and refuses a rank that is none', async () => {
    const path = `/api/groups/${ID}/members/${person.userId}`;
    assert.equal((await call('PUT', path)).json.rank, 0);
    assert.equal((await call('PUT', path, { body: { rank: 999 } })).json.rank, 999);
    const refusals = [
      [-1, 'rank must be at least 0'],
      [1.5, 'rank must be a whole number'],
      [1_000, 'rank must be at most 999'],
      ['7', 'rank must be a number'],
    ] as const;
    for (const [rank, detail] of refusals) {
      const answer = await call('PUT', path, { body: { rank } });
      assertProblem(answer, 400, 'invalid_argument');
      assert.equal(answer.json.detail, detail);
    }
  });

  it('leaves by removing oneself', async () => {
    assert.equal((await call('POST', `/api/groups/${ID}/leave`)).status, 204);
    assert.equal(asked('removeGroupMember').userId, person.userId);
  });

  it('does not take something else for an id', async () => {
    assertProblem(await call('GET', '/api/groups/mine'), 404, 'not_found');
    assertProblem(await call('DELETE', `/api/groups/${ID}/members/me`), 404, 'not_found');
    const body = { userId: 'me' };
    assertProblem(await call('POST', `/api/groups/${ID}/hand-over`, { body }), 400, 'invalid_argument');
  });
});
