import {
  type AgendaServiceService,
  DoneResponse,
  SessionResponse,
  UserResponse,
} from '@agenda/proto/agenda/v1/agenda';
import { type Session, User, UserRole, VersionDetail } from '@agenda/proto/agenda/v1/model';
import { ServiceError } from '@agenda/service-kit/errors';
import type { Handlers } from '@agenda/service-kit/grpc-server';
import { uuidv7 } from '@agenda/service-kit/ids';
import type { AgendaState } from './agenda-state.ts';

const SESSION_MS = 30 * 86_400_000;

/** Users and sessions of the scripted agenda. */
export function accountHandlers(state: AgendaState): Handlers<typeof AgendaServiceService> {
  return {
    register: ({ context, username, password, email, displayName, timeZone }) =>
      state.write(context, (index) => {
        const name = username.toLowerCase();
        if (state.account(name)) {
          const fields = [{ path: 'username', message: 'is taken' }];
          throw new ServiceError('conflict', 'username is taken', { fields });
        }
        const user = newUser(name, { email, displayName: displayName || username, timeZone });
        state.accounts.set(user.id, { user, password });
        return UserResponse.fromPartial({ user, index });
      }),
    login: ({ context, username, password }) => {
      const account = state.account(username.toLowerCase());
      if (account?.password !== password)
        throw new ServiceError('unauthenticated', 'the user name or the password is wrong');
      return state.write(context, (index) => {
        const session = newSession(account.user.id);
        state.sessions.set(session.id, session);
        return SessionResponse.fromPartial({ user: account.user, session, index });
      });
    },
    refresh: ({ context, sessionId, generation }) =>
      state.write(context, (index) => {
        const session = state.sessions.get(sessionId);
        if (!session) throw new ServiceError('unauthenticated', 'this session has ended; log in again');
        if (session.generation !== generation) {
          endSessions(state, index, session.userId, [sessionId]);
          throw new ServiceError('unauthenticated', 'this refresh token was used before');
        }
        const next = { ...session, generation: generation + 1 };
        state.sessions.set(sessionId, next);
        return SessionResponse.fromPartial({
          user: state.accounts.get(session.userId)?.user ?? {},
          session: next,
          index,
        });
      }),
    logout: ({ context }) =>
      state.write(context, (index) => {
        const { userId, sessionId } = state.userOf(context);
        endSessions(state, index, userId, [sessionId]);
        return DoneResponse.fromPartial({ index });
      }),
    ...profileHandlers(state),
  };
}

function profileHandlers(state: AgendaState): Handlers<typeof AgendaServiceService> {
  return {
    getMe: ({ context }) => {
      const { userId } = state.read(context);
      return UserResponse.fromPartial({ user: state.accounts.get(userId)?.user ?? {}, index: state.index });
    },
    updateMyProfile: ({ context, email, displayName, timeZone, expectedVersion }) =>
      state.write(context, (index) => {
        const account = state.accounts.get(state.userOf(context).userId);
        if (!account) throw new Error('a session of nobody');
        const { user } = account;
        assertVersion(user.version, expectedVersion);
        account.user = {
          ...user,
          email: email ?? user.email,
          displayName: displayName ?? user.displayName,
          timeZone: timeZone ?? user.timeZone,
          version: user.version + 1,
        };
        state.emit(index, [user.id], { $case: 'profileChanged', value: account.user });
        return UserResponse.fromPartial({ user: account.user, index });
      }),
    changeMyPassword: ({ context, currentPassword, newPassword }) =>
      state.write(context, (index) => {
        const { userId, sessionId } = state.userOf(context);
        const account = state.accounts.get(userId);
        if (account?.password !== currentPassword) {
          const fields = [{ path: 'currentPassword', message: 'is not the current password' }];
          throw new ServiceError('unprocessable', 'currentPassword is not the current password', { fields });
        }
        account.password = newPassword;
        const others = [...state.sessions.values()].filter((s) => s.userId === userId && s.id !== sessionId);
        endSessions(
          state,
          index,
          userId,
          others.map((session) => session.id),
        );
        return UserResponse.fromPartial({ user: account.user, index });
      }),
  };
}

export function newUser(username: string, given: Partial<User> = {}): User {
  const now = Date.now();
  return User.fromPartial({
    id: uuidv7(),
    username,
    displayName: given.displayName || username,
    email: given.email ?? '',
    timeZone: given.timeZone || 'UTC',
    role: given.role ?? UserRole.USER_ROLE_MEMBER,
    version: 1,
    originNode: 'agenda-1',
    createdAtMs: now,
    updatedAtMs: now,
  });
}

export function newSession(userId: string): Session {
  const now = Date.now();
  return { id: uuidv7(), userId, generation: 1, createdAtMs: now, expiresAtMs: now + SESSION_MS };
}

export function endSessions(
  state: AgendaState,
  index: number,
  userId: string,
  sessionIds: readonly string[],
): void {
  for (const id of sessionIds) state.sessions.delete(id);
  state.emit(index, [userId], { $case: 'sessionsEnded', value: { sessionIds: [...sessionIds] } });
}

/** @throws ServiceError `version_mismatch` with the current version. */
export function assertVersion(current: number, expected: number | undefined): void {
  if (expected === undefined || expected === current) return;
  const payload = VersionDetail.encode({ currentVersion: current }).finish();
  throw new ServiceError('version_mismatch', `the version is ${current} now`, { payload });
}
