import assert from 'node:assert/strict';
import { GroupKind, NotificationKind, VersionDetail } from '@agenda/proto/agenda/v1/model';
import { GROUP_MEMBERS_MAX, GROUPS_PER_USER_MAX } from './bounds.ts';
import { RANK_MAX } from './group-rows.ts';
import type { AppliedEntry } from './machine.ts';
import { checkInvariants } from './testing/check-invariants.ts';
import {
  type Body,
  createGroup,
  deleteGroup,
  eventsOf,
  handOver,
  outcomeOf,
  putMember,
  refusalOf,
  removeMember,
  resultOf,
  TestLog,
  updateGroup,
} from './testing.ts';

const HIERARCHICAL = GroupKind.GROUP_KIND_HIERARCHICAL;
const FLAT = GroupKind.GROUP_KIND_NON_HIERARCHICAL;

describe('groups', () => {
  let log: TestLog;

  beforeEach(() => {
    log = new TestLog();
    for (const name of ['ana', 'ben', 'cleo', 'dan']) log.register(name);
  });
  afterEach(() => checkInvariants(log.db));

  const as = (name: string, body: Body): AppliedEntry => log.apply(body, { actor: `u-${name}` });
  const ranks = (groupId: string): Record<string, number> =>
    Object.fromEntries(
      log.db
        .prepare<[string], { user_id: string; rank: number }>(
          'SELECT user_id, rank FROM group_members WHERE group_id = ?',
        )
        .all(groupId)
        .map(({ user_id, rank }) => [user_id.slice(2), rank]),
    );
  const told = (applied: AppliedEntry): (string | NotificationKind)[][] =>
    eventsOf(applied, 'notificationAdded').map(({ userId, kind }) => [userId.slice(2), kind]);

  it('begin with their creator, who has the highest rank, or none in a flat one', () => {
    const group = resultOf(as('ana', createGroup('g', HIERARCHICAL)), 'group');
    assert.deepEqual(
      [group.creatorId, group.version, group.memberCount, group.myRank, group.originNode],
      ['u-ana', 1, 1, RANK_MAX, 'agenda-1'],
    );
    assert.equal(resultOf(as('ana', createGroup('f', FLAT)), 'group').myRank, 0);
    assert.deepEqual([ranks('g'), ranks('f')], [{ ana: RANK_MAX }, { ana: 0 }]);
  });

  it('want a name and a kind, an id of their own, and a user', () => {
    const body = createGroup('g', HIERARCHICAL) as Extract<Body, { $case: 'createGroup' }>;
    const named = (name: string): Body => ({ ...body, value: { ...body.value, name } });
    assert.equal(refusalOf(as('ana', named(''))).path, 'name');
    assert.equal(refusalOf(as('ana', named('x'.repeat(101)))).path, 'name');
    assert.equal(refusalOf(as('ana', createGroup('g', 0))).path, 'kind');
    assert.equal(outcomeOf(log.apply(body)), 'forbidden');
    as('ana', body);
    assert.equal(outcomeOf(as('ben', body)), 'conflict');
  });

  it('are changed and deleted by their creator only, against the version that was seen', () => {
    as('ana', createGroup('g', HIERARCHICAL));
    as('ana', putMember('g', 'u-ben', 999));
    assert.equal(outcomeOf(as('ben', updateGroup('g', 'Ours'))), 'forbidden');
    assert.equal(outcomeOf(as('ben', deleteGroup('g'))), 'forbidden');
    assert.equal(outcomeOf(as('cleo', updateGroup('g', 'Ours'))), 'not_found');
    const stale = refusalOf(as('ana', updateGroup('g', 'Ours', 1)));
    assert.equal(stale.code, 'version_mismatch');
    assert.equal(VersionDetail.decode(stale.payload).currentVersion, 2);
    const changed = as('ana', updateGroup('g', 'Ours', 2));
    assert.deepEqual([resultOf(changed, 'group').name, resultOf(changed, 'group').version], ['Ours', 3]);
    assert.equal(eventsOf(changed, 'groupChanged')[0]?.group?.myRank, 0);
    const deleted = as('ana', deleteGroup('g', 3));
    assert.deepEqual(told(deleted), [['ben', NotificationKind.NOTIFICATION_KIND_GROUP_LEFT]]);
    assert.deepEqual(eventsOf(deleted, 'groupRemoved'), [{ groupId: 'g' }]);
    assert.equal(outcomeOf(as('ana', updateGroup('g', 'Ours'))), 'not_found');
  });

  describe('with ranks', () => {
    beforeEach(() => {
      as('ana', createGroup('g', HIERARCHICAL));
      as('ana', putMember('g', 'u-ben', 500));
      as('ana', putMember('g', 'u-cleo', 100));
    });

    it('tell who is added, and everybody that the group changed', () => {
      const applied = as('ana', putMember('g', 'u-dan', 1));
      assert.deepEqual(told(applied), [['dan', NotificationKind.NOTIFICATION_KIND_GROUP_JOINED]]);
      const changed = applied.events.find(({ body }) => body?.$case === 'groupChanged');
      assert.deepEqual(changed?.userIds, ['u-ana', 'u-ben', 'u-cleo', 'u-dan']);
      const member = resultOf(applied, 'member');
      assert.deepEqual([member.username, member.rank, member.version], ['dan', 1, 1]);
    });

    it('let only a strictly higher rank change a member, to below its own', () => {
      assert.equal(outcomeOf(as('ben', putMember('g', 'u-cleo', 499))), 'member');
      for (const rank of [500, 501])
        assert.equal(outcomeOf(as('ben', putMember('g', 'u-cleo', rank))), 'forbidden');
      for (const target of ['ana', 'ben'])
        assert.equal(outcomeOf(as('ben', putMember('g', `u-${target}`, 7))), 'forbidden');
      assert.equal(outcomeOf(as('cleo', putMember('g', 'u-ben', 7))), 'forbidden');
      for (const rank of [0, RANK_MAX, 5_000])
        assert.equal(refusalOf(as('ana', putMember('g', 'u-dan', rank))).path, 'rank');
      assert.deepEqual(ranks('g'), { ana: RANK_MAX, ben: 500, cleo: 499 });
    });

    it('tell a new rank once; the same rank again changes nothing', () => {
      const changed = as('ben', putMember('g', 'u-cleo', 50));
      assert.deepEqual(told(changed), [['cleo', NotificationKind.NOTIFICATION_KIND_RANK_CHANGED]]);
      assert.equal(resultOf(changed, 'member').version, 2);
      const same = as('ben', putMember('g', 'u-cleo', 50));
      assert.deepEqual([resultOf(same, 'member').version, same.events.length], [2, 0]);
    });

    it('let only a strictly higher rank remove a member; anybody but the creator may leave', () => {
      assert.equal(outcomeOf(as('cleo', removeMember('g', 'u-ben'))), 'forbidden');
      assert.equal(outcomeOf(as('ben', removeMember('g', 'u-ana'))), 'forbidden');
      const removed = as('ben', removeMember('g', 'u-cleo'));
      assert.deepEqual(told(removed), [['cleo', NotificationKind.NOTIFICATION_KIND_GROUP_LEFT]]);
      assert.equal(outcomeOf(as('ben', removeMember('g', 'u-cleo'))), 'not_found');
      assert.equal(outcomeOf(as('cleo', putMember('g', 'u-dan', 1))), 'not_found');
      assert.deepEqual(told(as('ben', removeMember('g', 'u-ben'))), []);
      assert.match(refusalOf(as('ana', removeMember('g', 'u-ana'))).message, /hand the group over/);
      assert.deepEqual(ranks('g'), { ana: RANK_MAX });
    });

    it('are handed over to a member, who gets the highest rank; the old creator comes next', () => {
      assert.equal(outcomeOf(as('ben', handOver('g', 'u-ben'))), 'forbidden');
      assert.equal(outcomeOf(as('ana', handOver('g', 'u-dan'))), 'not_found');
      assert.equal(outcomeOf(as('ana', handOver('g', 'u-ana'))), 'conflict');
      const handed = as('ana', handOver('g', 'u-cleo'));
      assert.deepEqual(
        [resultOf(handed, 'group').creatorId, resultOf(handed, 'group').myRank],
        ['u-cleo', RANK_MAX - 1],
      );
      assert.deepEqual(ranks('g'), { ana: RANK_MAX - 1, ben: 500, cleo: RANK_MAX });
      assert.equal(outcomeOf(as('ana', deleteGroup('g'))), 'forbidden');
      assert.equal(outcomeOf(as('ana', removeMember('g', 'u-ana'))), 'done');
    });
  });

  describe('without ranks', () => {
    beforeEach(() => {
      as('ana', createGroup('f', FLAT));
      as('ana', putMember('f', 'u-ben'));
    });

    it('let the creator alone add and remove', () => {
      assert.equal(outcomeOf(as('ben', putMember('f', 'u-cleo'))), 'forbidden');
      assert.equal(outcomeOf(as('ben', removeMember('f', 'u-ana'))), 'forbidden');
      assert.equal(refusalOf(as('ana', putMember('f', 'u-cleo', 5))).path, 'rank');
      assert.equal(outcomeOf(as('ana', removeMember('f', 'u-ben'))), 'done');
    });

    it('change hands without ranks', () => {
      as('ana', handOver('f', 'u-ben'));
      assert.deepEqual(ranks('f'), { ana: 0, ben: 0 });
      assert.equal(outcomeOf(as('ben', putMember('f', 'u-cleo'))), 'member');
    });
  });

  describe('are bounded', () => {
    it(`to ${GROUP_MEMBERS_MAX} members`, () => {
      as('ana', createGroup('f', FLAT));
      for (let at = 1; at < GROUP_MEMBERS_MAX; at++) {
        log.register(`user-${at}`);
        assert.equal(outcomeOf(as('ana', putMember('f', `u-user-${at}`))), 'member');
      }
      const refusal = refusalOf(as('ana', putMember('f', 'u-ben')));
      assert.deepEqual([refusal.code, /at most 200/.test(refusal.message)], ['unprocessable', true]);
    });

    it(`to ${GROUPS_PER_USER_MAX} for each user, founded or joined`, () => {
      for (let at = 0; at < GROUPS_PER_USER_MAX; at++) as('ana', createGroup(`g${at}`, FLAT));
      assert.equal(outcomeOf(as('ana', createGroup('one-more', FLAT))), 'unprocessable');
      as('ben', createGroup('f', FLAT));
      assert.equal(outcomeOf(as('ben', putMember('f', 'u-ana'))), 'unprocessable');
    });
  });

  it('take users who exist only', () => {
    as('ana', createGroup('f', FLAT));
    const refusal = refusalOf(as('ana', putMember('f', 'u-zoe')));
    assert.deepEqual([refusal.code, refusal.path], ['not_found', 'userId']);
  });
});
