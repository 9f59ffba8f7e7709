import type {
  AgendaServiceService,
  Caller,
  ChangeMyPasswordRequest,
  RegisterRequest,
  SearchUsersRequest,
  SetRoleRequest,
  UpdateMyProfileRequest,
  UserResponse,
  UsersResponse,
} from '@agenda/proto/agenda/v1/agenda';
import type { CommandResult } from '@agenda/proto/agenda/v1/command';
import { type User, UserRole } from '@agenda/proto/agenda/v1/model';
import { Level } from '@agenda/proto/audit/v1/audit';
import { ServiceError } from '@agenda/service-kit/errors';
import type { CallContext, Handlers } from '@agenda/service-kit/grpc-server';
import { uuidv7 } from '@agenda/service-kit/ids';
import { timeZoneErrors } from '../calendar/time-zones.ts';
import { displayNameErrors, emailErrors, passwordErrors, usernameErrors } from '../state-machine/validate.ts';
import type { ApiContext, Handler } from './api-context.ts';
import { callerOf, requireTool, requireUser } from './callers.ts';
import { assertValid } from './invalid.ts';
import { outcomeOf } from './outcomes.ts';
import { limitErrors, limitOf } from './paging.ts';
import { LOGIN_NAME_LENGTH_MAX, lengthErrors, PASSWORD_LENGTH_MAX } from './text.ts';
import { writeAs, writeAsUser } from './writes.ts';

const QUERY_LENGTH_MAX = 100;

export function accountHandlers(api: ApiContext): Handlers<AgendaServiceService> {
  return {
    register: register(api),
    getMe: async ({ context }, call) => {
      const { userId } = await api.reads.asUser(context, call);
      return { user: knownUser(api, userId), index: api.reads.index };
    },
    updateMyProfile: updateMyProfile(api),
    changeMyPassword: changeMyPassword(api),
    searchUsers: searchUsers(api),
    setRole: setRole(api),
  };
}

function register(api: ApiContext): Handler<RegisterRequest, UserResponse> {
  return async (request, call) => {
    const username = request.username.toLowerCase();
    const timeZone = request.timeZone || 'UTC';
    const displayName = request.displayName || request.username;
    assertValid(
      usernameErrors(username, 'username'),
      passwordErrors(request.password, 'password'),
      emailErrors(request.email, 'email'),
      displayNameErrors(displayName, 'displayName'),
      timeZoneErrors(timeZone, 'timeZone'),
    );
    const passwordHash = await api.passwords.hash(request.password, call.deadlineAtMs);
    const { email } = request;
    const value = { userId: uuidv7(), username, email, displayName, timeZone, passwordHash };
    const write = writeAs(request.context, callerOf(request.context), call);
    return userResponse(await api.writes.submit(write, { $case: 'registerUser', value }));
  };
}

function updateMyProfile(api: ApiContext): Handler<UpdateMyProfileRequest, UserResponse> {
  return async (request, call) => {
    const write = writeAsUser(request.context, call);
    const { email, displayName, timeZone, expectedVersion } = request;
    if (email === undefined && displayName === undefined && timeZone === undefined)
      throw new ServiceError('invalid_argument', 'nothing to change: give email, displayName or timeZone');
    assertValid(
      email === undefined ? [] : emailErrors(email, 'email'),
      displayName === undefined ? [] : displayNameErrors(displayName, 'displayName'),
      timeZone === undefined ? [] : timeZoneErrors(timeZone, 'timeZone'),
    );
    const value = { userId: write.caller.userId, email, displayName, timeZone, expectedVersion };
    return userResponse(await api.writes.submit(write, { $case: 'updateProfile', value }));
  };
}

function changeMyPassword(api: ApiContext): Handler<ChangeMyPasswordRequest, UserResponse> {
  return async (request, call) => {
    const write = writeAsUser(request.context, call);
    assertValid(
      lengthErrors(request.currentPassword, 'currentPassword', PASSWORD_LENGTH_MAX),
      passwordErrors(request.newPassword, 'newPassword'),
    );
    await api.reads.fresh(undefined, call);
    // After its own success a retry would find the current password changed.
    const before = earlierResult(api, request);
    if (before) return userResponse(before);
    api.reads.assertSession(write.caller);
    const passwordVersion = await checkCurrentPassword(api, write.caller, request.currentPassword, call);
    const value = {
      userId: write.caller.userId,
      passwordHash: await api.passwords.hash(request.newPassword, call.deadlineAtMs),
      passwordVersion,
      keepSessionId: write.caller.sessionId,
    };
    return userResponse(await api.writes.submit(write, { $case: 'changePassword', value }));
  };
}

/** The result of the very same request, if it was applied before. */
function earlierResult(api: ApiContext, { context }: ChangeMyPasswordRequest): CommandResult | undefined {
  if (!context || context.fingerprint.length === 0) return undefined;
  const known = api.queries.commandResult(context.commandId);
  if (!known || Buffer.compare(known.fingerprint, context.fingerprint) !== 0) return undefined;
  return known.result;
}

/** @returns the version of the password that was checked. */
async function checkCurrentPassword(
  api: ApiContext,
  caller: Caller,
  password: string,
  call: CallContext,
): Promise<number> {
  const found = api.queries.userForLogin(knownUser(api, caller.userId).username);
  const matches = await api.passwords.verify(password, found?.passwordHash, call.deadlineAtMs);
  if (found && matches) return found.passwordVersion;
  api.nodeEvents.record({
    action: 'password.check_failed',
    level: Level.LEVEL_WARNING,
    outcome: 'unprocessable',
    actorId: caller.userId,
    actorName: caller.username,
    requestId: call.requestId,
    address: caller.address,
  });
  const message = 'is not the current password';
  throw new ServiceError('unprocessable', `currentPassword ${message}`, {
    fields: [{ path: 'currentPassword', message }],
  });
}

function searchUsers(api: ApiContext): Handler<SearchUsersRequest, UsersResponse> {
  return async ({ context, query, limit, cursor }, call) => {
    requireUser(callerOf(context));
    assertValid(lengthErrors(query, 'query', QUERY_LENGTH_MAX), limitErrors(limit));
    await api.reads.asUser(context, call);
    const { items, nextCursor } = api.queries.searchUsers(query, limitOf(limit), cursor);
    return { users: [...items], nextCursor, index: api.reads.index };
  };
}

function setRole(api: ApiContext): Handler<SetRoleRequest, UserResponse> {
  return async (request, call) => {
    const caller = callerOf(request.context);
    requireTool(caller);
    const username = request.username.toLowerCase();
    const { role } = request;
    const known = role === UserRole.USER_ROLE_MEMBER || role === UserRole.USER_ROLE_OPERATOR;
    assertValid(
      lengthErrors(username, 'username', LOGIN_NAME_LENGTH_MAX),
      known ? [] : [{ path: 'role', message: 'must be member or operator' }],
    );
    const write = writeAs(request.context, caller, call);
    return userResponse(await api.writes.submit(write, { $case: 'setUserRole', value: { username, role } }));
  };
}

function userResponse(result: CommandResult): UserResponse {
  return { user: outcomeOf(result, 'user'), index: result.index };
}

/** The user of a living session; users are never deleted. */
function knownUser(api: ApiContext, userId: string): User {
  const user = api.queries.user(userId);
  if (!user) throw new Error(`a session of the unknown user ${userId}`);
  return user;
}
