import assert from 'node:assert/strict';
import type { Caller } from '@agenda/proto/agenda/v1/agenda';
import { UserRole } from '@agenda/proto/agenda/v1/model';
import type { ServiceError } from '@agenda/service-kit/errors';
import { AgendaUnderTest, DEADLINE, write } from '../testing/agenda-under-test.ts';

const TOOL: Caller = { userId: '', sessionId: '', username: '', address: '', tool: 'agendactl' };
const READ = { consistency: 0, minIndex: 0 } as const;

function refusedAs(code: string, ...paths: string[]): (error: ServiceError) => boolean {
  return (error) => {
    assert.equal(error.code, code, error.message);
    assert.deepEqual(
      error.fields.map((field) => field.path),
      paths,
    );
    return true;
  };
}

describe('accounts', () => {
  const agenda = new AgendaUnderTest();
  before(() => agenda.start());
  after(() => agenda.stop());

  const register = (username: string, changes: object = {}) =>
    agenda.client.register(
      {
        context: write(),
        username,
        password: 'correct horse',
        email: '',
        displayName: '',
        timeZone: '',
        ...changes,
      },
      DEADLINE,
    );

  it('registers with defaults, in lower case, and answers with the log index', async () => {
    const { user, index } = await register('Ana.Silva');
    assert.equal(user?.username, 'ana.silva');
    assert.equal(user?.displayName, 'Ana.Silva');
    assert.equal(user?.timeZone, 'UTC');
    assert.equal(user?.role, UserRole.USER_ROLE_MEMBER);
    assert.equal(index, agenda.sidecar.log.length);
  });

  it('names every field that is wrong at once', async () => {
    await assert.rejects(
      register('a', {
        password: 'short',
        email: 'x',
        displayName: 'x'.repeat(200),
        timeZone: 'Europe/Atlantis',
      }),
      refusedAs('invalid_argument', 'username', 'password', 'email', 'displayName', 'timeZone'),
    );
  });

  it('refuses a user name that is taken, whatever its case', async () => {
    await register('taken');
    await assert.rejects(register('TAKEN'), refusedAs('conflict', 'username'));
  });

  it('gives a repeated registration its first result', async () => {
    const context = { ...write(), fingerprint: new Uint8Array(32).fill(7) };
    const first = await register('repeat', { context });
    const second = await register('repeat', { context });
    assert.deepEqual(second, first);
  });

  it('logs in with the right password only, and tells a wrong name and a wrong password alike', async () => {
    await register('logan');
    const login = (username: string, password: string) =>
      agenda.client.login({ context: write(), username, password }, DEADLINE);
    const { user, session } = await login('LOGAN', 'correct horse');
    assert.equal(user?.username, 'logan');
    assert.equal(session?.generation, 1);
    const errors = await Promise.allSettled([
      login('logan', 'wrong horse'),
      login('nobody', 'correct horse'),
    ]);
    const messages = errors.map((error) => (error as PromiseRejectedResult).reason as ServiceError);
    assert.deepEqual(
      messages.map(({ code, message }) => [code, message]),
      Array(2).fill(['unauthenticated', 'the user name or the password is wrong']),
    );
  });

  it('moves a session on with each refresh and ends it when an old token comes back', async () => {
    const caller = await agenda.person('rita');
    const refresh = (generation: number) =>
      agenda.client.refresh({ context: write(), sessionId: caller.sessionId, generation }, DEADLINE);
    assert.equal((await refresh(1)).session?.generation, 2);
    assert.equal((await refresh(2)).session?.generation, 3);
    await assert.rejects(refresh(1), refusedAs('unauthenticated'));
    await assert.rejects(refresh(3), refusedAs('unauthenticated'));
    await assert.rejects(
      agenda.client.getMe({ context: { ...READ, caller } }, DEADLINE),
      refusedAs('unauthenticated'),
    );
  });

  it('shows and changes the profile of whoever is logged in', async () => {
    const caller = await agenda.person('paula');
    const changed = await agenda.client.updateMyProfile(
      {
        context: write(caller),
        displayName: 'Paula P.',
        email: undefined,
        timeZone: 'Europe/Lisbon',
        expectedVersion: 1,
      },
      DEADLINE,
    );
    assert.equal(changed.user?.version, 2);
    const me = await agenda.client.getMe({ context: { ...READ, caller } }, DEADLINE);
    assert.deepEqual(me.user, changed.user);
    assert.ok(me.index >= changed.index);
    await assert.rejects(
      agenda.client.updateMyProfile(
        {
          context: write(caller),
          displayName: 'Late',
          email: undefined,
          timeZone: undefined,
          expectedVersion: 1,
        },
        DEADLINE,
      ),
      refusedAs('version_mismatch'),
    );
  });

  it('wants somebody logged in', async () => {
    await assert.rejects(
      agenda.client.getMe({ context: { ...READ, caller: undefined } }, DEADLINE),
      refusedAs('unauthenticated'),
    );
    await assert.rejects(
      agenda.client.getMe({ context: { ...READ, caller: TOOL } }, DEADLINE),
      refusedAs('forbidden'),
    );
    await assert.rejects(agenda.client.logout({ context: write() }, DEADLINE), refusedAs('unauthenticated'));
  });

  it('refuses reads and writes of a session that was logged out', async () => {
    const caller = await agenda.person('oscar');
    await agenda.client.logout({ context: write(caller) }, DEADLINE);
    const gone = refusedAs('unauthenticated');
    await assert.rejects(agenda.client.getMe({ context: { ...READ, caller } }, DEADLINE), gone);
    await assert.rejects(agenda.client.logout({ context: write(caller) }, DEADLINE), gone);
  });

  it('ends all other sessions when the password is changed, and a retry gets the same answer', async () => {
    const other = await agenda.person('petra');
    const caller = await agenda.logIn('petra', 'correct horse');
    const request = {
      context: { ...write(caller), fingerprint: new Uint8Array(32).fill(9) },
      currentPassword: 'correct horse',
      newPassword: 'battery staple',
    };
    const first = await agenda.client.changeMyPassword(request, DEADLINE);
    assert.deepEqual(await agenda.client.changeMyPassword(request, DEADLINE), first);
    await agenda.client.getMe({ context: { ...READ, caller } }, DEADLINE);
    await assert.rejects(
      agenda.client.getMe({ context: { ...READ, caller: other } }, DEADLINE),
      refusedAs('unauthenticated'),
    );
    await assert.rejects(agenda.logIn('petra', 'correct horse'), refusedAs('unauthenticated'));
    await agenda.logIn('petra', 'battery staple');
  });

  it('does not change a password without the current one', async () => {
    const caller = await agenda.person('quinn');
    await assert.rejects(
      agenda.client.changeMyPassword(
        { context: write(caller), currentPassword: 'wrong horse', newPassword: 'battery staple' },
        DEADLINE,
      ),
      refusedAs('unprocessable', 'currentPassword'),
    );
  });

  it('finds users by prefix, page by page', async () => {
    for (const name of ['zoe-1', 'zoe-2', 'zoe-3']) await register(name);
    const caller = await agenda.person('walter');
    const search = (cursor: string) =>
      agenda.client.searchUsers({ context: { ...READ, caller }, query: 'zoe', limit: 2, cursor }, DEADLINE);
    const first = await search('');
    const second = await search(first.nextCursor);
    assert.deepEqual(
      [...first.users, ...second.users].map((user) => user.username),
      ['zoe-1', 'zoe-2', 'zoe-3'],
    );
    assert.equal(second.nextCursor, '');
  });

  it('lets internal tools, and nobody else, set roles', async () => {
    const caller = await agenda.person('otto');
    const setRole = (who: Caller) =>
      agenda.client.setRole(
        { context: write(who), username: 'otto', role: UserRole.USER_ROLE_OPERATOR },
        DEADLINE,
      );
    await assert.rejects(setRole(caller), refusedAs('forbidden'));
    assert.equal((await setRole(TOOL)).user?.role, UserRole.USER_ROLE_OPERATOR);
  });

  it('refuses a write without a command id', async () => {
    await assert.rejects(
      register('noid', { context: { ...write(), commandId: new Uint8Array(3) } }),
      refusedAs('invalid_argument', 'context.commandId'),
    );
  });
});
