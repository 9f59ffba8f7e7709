import assert from 'node:assert/strict';
import { GroupKind } from '@agenda/proto/agenda/v1/model';
import { PeopleLog } from './testing/people.ts';
import { createGroup, eventsOf, outcomeOf, putMember, removeMember } from './testing.ts';

describe('a calendar feed', () => {
  let log: PeopleLog;

  beforeEach(() => {
    log = new PeopleLog('ana', 'ben', 'cleo');
    log.as('ana', createGroup('g', GroupKind.GROUP_KIND_NON_HIERARCHICAL));
    log.as('ana', putMember('g', 'u-ben'));
  });

  const set = (
    name: string,
    value: { userId?: string; groupId?: string; secretHash?: Uint8Array },
  ): string => {
    const secretHash = value.secretHash ?? new Uint8Array(32).fill(1);
    return outcomeOf(
      log.as(name, { $case: 'setFeed', value: { userId: '', groupId: '', ...value, secretHash } }),
    );
  };
  const feeds = (): unknown[] =>
    log.db.prepare('SELECT user_id, group_id, hex(secret_hash) AS hash FROM feeds ORDER BY user_id').all();

  it('is one for each person: a new one takes its place, and it can be revoked', () => {
    assert.equal(set('ana', { userId: 'u-ana' }), 'done');
    assert.equal(set('ana', { userId: 'u-ana', secretHash: new Uint8Array(32).fill(2) }), 'done');
    assert.deepEqual(feeds(), [{ user_id: 'u-ana', group_id: '', hash: '02'.repeat(32) }]);
    assert.equal(set('ana', { userId: 'u-ana', secretHash: new Uint8Array(0) }), 'done');
    assert.deepEqual(feeds(), []);
  });

  it('is set by its person, or the creator of its group, with a whole hash', () => {
    assert.equal(set('ben', { userId: 'u-ana' }), 'forbidden');
    assert.equal(set('ben', { groupId: 'g' }), 'forbidden');
    assert.equal(set('cleo', { groupId: 'g' }), 'not_found');
    assert.equal(set('ana', { userId: 'u-ana', groupId: 'g' }), 'invalid_argument');
    assert.equal(set('ana', { groupId: 'g', secretHash: new Uint8Array(5) }), 'invalid_argument');
    assert.equal(set('ana', { groupId: 'g' }), 'done');
    assert.deepEqual(feeds(), [{ user_id: '', group_id: 'g', hash: '01'.repeat(32) }]);
  });

  it('of a group ends when somebody leaves, who may know its address; the creator is told', () => {
    set('ana', { groupId: 'g' });
    const [notice] = eventsOf(log.as('ben', removeMember('g', 'u-ben')), 'notificationAdded');
    assert.deepEqual(feeds(), []);
    assert.deepEqual([notice?.userId, notice?.groupId], ['u-ana', 'g']);
    assert.match(
      notice?.text ?? '',
      /^The calendar address of "group g" has ended, because ben the Tester is/,
    );
    log.as('ana', putMember('g', 'u-ben'));
    const without = eventsOf(log.as('ben', removeMember('g', 'u-ben')), 'notificationAdded');
    assert.deepEqual(without, [], 'there was none');
  });

  it('of a group goes with it', () => {
    set('ana', { groupId: 'g' });
    log.as('ana', { $case: 'deleteGroup', value: { groupId: 'g', expectedVersion: undefined } });
    assert.deepEqual(feeds(), []);
  });
});
