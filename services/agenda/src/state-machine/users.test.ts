import assert from 'node:assert/strict';
import { NotificationKind, UserRole, VersionDetail } from '@agenda/proto/agenda/v1/model';
import { Queries } from '../queries/queries.ts';
import {
  changePassword,
  eventsOf,
  outcomeOf,
  refusalOf,
  registerUser,
  resultOf,
  setUserRole,
  startSession,
  TestLog,
  updateProfile,
} from './testing.ts';

const ANA = 'u-ana';

describe('users', () => {
  let log: TestLog;
  let queries: Queries;

  beforeEach(() => {
    log = new TestLog();
    queries = new Queries(log.db);
    log.register('ana');
    log.register('ben');
  });

  describe('registration', () => {
    it('makes a member at version 1 that knows where it was created', () => {
      const user = resultOf(log.register('cleo'), 'user');
      assert.deepEqual(
        [user.version, user.role, user.originNode, user.createdAtMs],
        [1, UserRole.USER_ROLE_MEMBER, 'agenda-1', log.nowMs],
      );
    });

    it('refuses a user name that is taken, naming the field', () => {
      const { code, path } = refusalOf(log.register('ana'));
      assert.deepEqual([code, path], ['conflict', 'username']);
    });

    it('refuses an e-mail address that is taken in other letters, naming the field', () => {
      assert.equal(outcomeOf(log.apply(registerUser('cleo', 'Cleo@Example.org'))), 'user');
      const { code, path } = refusalOf(log.apply(registerUser('cleo2', 'cleo@example.ORG')));
      assert.deepEqual([code, path], ['conflict', 'email']);
    });

    it('lets any number of users have no e-mail address', () => {
      assert.equal(outcomeOf(log.register('cleo')), 'user');
      assert.equal(outcomeOf(log.register('dora')), 'user');
    });

    it('refuses a user id that is there already, instead of failing', () => {
      const body = registerUser('cleo');
      assert.ok(body.$case === 'registerUser');
      const again = { ...body, value: { ...body.value, userId: ANA } };
      assert.equal(outcomeOf(log.apply(again)), 'conflict');
      assert.equal(queries.user(ANA)?.username, 'ana');
    });

    it('refuses fields that break a rule, naming the first one', () => {
      assert.equal(refusalOf(log.register('ANA')).path, 'username');
      assert.equal(refusalOf(log.apply(registerUser('cleo', 'nonsense'))).path, 'email');
    });

    it('never shows the password hash in a result, an event or an audit record', () => {
      const applied = [log.register('dora'), log.apply(changePassword(ANA), { actor: ANA })];
      assert.doesNotMatch(JSON.stringify(applied), /argon2id|\$new/);
    });
  });

  describe('profile', () => {
    it('changes what is given, keeps the rest, and tells the user', () => {
      const applied = log.apply(updateProfile(ANA, { displayName: 'Ana Maria' }), { actor: ANA });
      const user = resultOf(applied, 'user');
      assert.deepEqual(
        [user.displayName, user.timeZone, user.username, user.version],
        ['Ana Maria', 'Europe/Lisbon', 'ana', 2],
      );
      assert.deepEqual(eventsOf(applied, 'profileChanged'), [user]);
      assert.deepEqual(applied.events[0]?.userIds, [ANA]);
    });

    it('takes the e-mail address away when it is given as empty, and frees it for others', () => {
      log.apply(updateProfile(ANA, { email: 'ana@example.org' }), { actor: ANA });
      assert.equal(
        refusalOf(log.apply(updateProfile('u-ben', { email: 'ANA@example.org' }), { actor: 'u-ben' })).path,
        'email',
      );
      assert.equal(resultOf(log.apply(updateProfile(ANA, { email: '' }), { actor: ANA }), 'user').email, '');
      const taken = log.apply(updateProfile('u-ben', { email: 'ana@example.org' }), { actor: 'u-ben' });
      assert.equal(outcomeOf(taken), 'user');
    });

    it("lets a user keep the own e-mail address, which is nobody else's", () => {
      log.apply(updateProfile(ANA, { email: 'ana@example.org' }), { actor: ANA });
      const again = log.apply(updateProfile(ANA, { email: 'Ana@example.org' }), { actor: ANA });
      assert.equal(resultOf(again, 'user').email, 'ana@example.org');
    });

    it('refuses changes by others, of other versions, of nobody, and to what breaks a rule', () => {
      const change = { displayName: 'X' };
      assert.equal(outcomeOf(log.apply(updateProfile(ANA, change), { actor: 'u-ben' })), 'forbidden');
      assert.equal(outcomeOf(log.apply(updateProfile('u-zoe', change), { actor: 'u-zoe' })), 'not_found');
      const stale = refusalOf(
        log.apply(updateProfile(ANA, { ...change, expectedVersion: 7 }), { actor: ANA }),
      );
      assert.equal(stale.code, 'version_mismatch');
      assert.equal(VersionDetail.decode(stale.payload).currentVersion, 1);
      const blank = refusalOf(log.apply(updateProfile(ANA, { displayName: ' ' }), { actor: ANA }));
      assert.deepEqual([blank.code, blank.path], ['invalid_argument', 'displayName']);
      assert.equal(queries.user(ANA)?.version, 1);
    });
  });

  describe('password', () => {
    it('ends all other sessions and notifies', () => {
      for (const id of ['s1', 's2', 's3']) log.apply(startSession(id, ANA));
      log.apply(startSession('b1', 'u-ben'));
      const changed = log.apply(changePassword(ANA, 's1'), { actor: ANA, session: 's1' });
      assert.deepEqual(eventsOf(changed, 'sessionsEnded'), [{ sessionIds: ['s2', 's3'] }]);
      const [notification] = eventsOf(changed, 'notificationAdded');
      assert.equal(notification?.kind, NotificationKind.NOTIFICATION_KIND_PASSWORD_CHANGED);
      const living = ['s1', 's2', 's3', 'b1'].filter((id) => queries.session(id));
      assert.deepEqual(living, ['s1', 'b1']);
    });

    it('refuses a change that was checked against an older password', () => {
      log.apply(changePassword(ANA), { actor: ANA });
      const { code, path } = refusalOf(log.apply(changePassword(ANA, '', 1), { actor: ANA }));
      assert.deepEqual([code, path], ['unprocessable', 'currentPassword']);
      assert.equal(queries.userForLogin('ana')?.passwordVersion, 2);
    });

    it('refuses changes by others and of nobody', () => {
      assert.equal(outcomeOf(log.apply(changePassword(ANA), { actor: 'u-ben' })), 'forbidden');
      assert.equal(outcomeOf(log.apply(changePassword('u-zoe'), { actor: 'u-zoe' })), 'not_found');
    });
  });

  describe('roles', () => {
    it('are set by tools only', () => {
      const body = setUserRole('ana', UserRole.USER_ROLE_OPERATOR);
      assert.equal(outcomeOf(log.apply(body, { actor: ANA })), 'forbidden');
      assert.equal(resultOf(log.apply(body), 'user').role, UserRole.USER_ROLE_OPERATOR);
    });

    it('are member or operator, of a user who exists', () => {
      assert.equal(
        refusalOf(log.apply(setUserRole('ana', UserRole.USER_ROLE_UNSPECIFIED))).code,
        'invalid_argument',
      );
      assert.equal(refusalOf(log.apply(setUserRole('zoe', UserRole.USER_ROLE_OPERATOR))).code, 'not_found');
    });
  });
});
