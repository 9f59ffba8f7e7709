import type {
  AgendaServiceService,
  Caller,
  DoneResponse,
  LoginRequest,
  LogoutRequest,
  RefreshRequest,
  SessionResponse,
} from '@agenda/proto/agenda/v1/agenda';
import type { CommandResult } from '@agenda/proto/agenda/v1/command';
import { Level } from '@agenda/proto/audit/v1/audit';
import { ServiceError } from '@agenda/service-kit/errors';
import type { Handlers } from '@agenda/service-kit/grpc-server';
import { uuidv7 } from '@agenda/service-kit/ids';
import type { ApiContext, Handler } from './api-context.ts';
import { callerOf } from './callers.ts';
import { assertValid } from './invalid.ts';
import { outcomeOf } from './outcomes.ts';
import { LOGIN_NAME_LENGTH_MAX, lengthErrors, PASSWORD_LENGTH_MAX } from './text.ts';
import { writeAs, writeAsUser } from './writes.ts';

/** Of a session from its start or its last refresh: 30 days. */
const SESSION_LIFETIME_SECONDS = 30 * 86_400;

export function sessionHandlers(api: ApiContext): Handlers<AgendaServiceService> {
  return { login: login(api), refresh: refresh(api), logout: logout(api) };
}

function login(api: ApiContext): Handler<LoginRequest, SessionResponse> {
  return async (request, call) => {
    const username = request.username.toLowerCase();
    assertValid(
      lengthErrors(username, 'username', LOGIN_NAME_LENGTH_MAX),
      lengthErrors(request.password, 'password', PASSWORD_LENGTH_MAX),
    );
    await api.reads.fresh(undefined, call);
    const found = api.queries.userForLogin(username);
    const matches = await api.passwords.verify(request.password, found?.passwordHash, call.deadlineAtMs);
    const client = callerOf(request.context);
    if (!found || !matches) throw loginFailed(api, username, client, call.requestId);
    const caller = { ...client, userId: found.user.id, username: found.user.username, sessionId: '' };
    const value = {
      sessionId: uuidv7(),
      userId: found.user.id,
      passwordVersion: found.passwordVersion,
      lifetimeSeconds: SESSION_LIFETIME_SECONDS,
    };
    const write = writeAs(request.context, caller, call);
    return sessionResponse(api, await api.writes.submit(write, { $case: 'startSession', value }));
  };
}

function loginFailed(api: ApiContext, username: string, client: Caller, requestId: string): ServiceError {
  api.nodeEvents.record({
    action: 'login.failed',
    level: Level.LEVEL_WARNING,
    outcome: 'unauthenticated',
    actorName: username,
    requestId,
    address: client.address,
  });
  return new ServiceError('unauthenticated', 'the user name or the password is wrong');
}

/** The gateway has checked the refresh token; whether its generation still counts is decided in apply. */
function refresh(api: ApiContext): Handler<RefreshRequest, SessionResponse> {
  return async (request, call) => {
    const { sessionId, generation } = request;
    assertValid(sessionId === '' ? [{ path: 'sessionId', message: 'is missing' }] : []);
    const value = { sessionId, generation, lifetimeSeconds: SESSION_LIFETIME_SECONDS };
    const caller = { ...callerOf(request.context), sessionId: '' };
    const write = writeAs(request.context, caller, call);
    return sessionResponse(api, await api.writes.submit(write, { $case: 'refreshSession', value }));
  };
}

function logout(api: ApiContext): Handler<LogoutRequest, DoneResponse> {
  return async (request, call) => {
    const write = writeAsUser(request.context, call);
    const { sessionId } = write.caller;
    const result = await api.writes.submit(write, { $case: 'endSession', value: { sessionId } });
    outcomeOf(result, 'done');
    return { index: result.index };
  };
}

/** The user as this replica has it, which is at least as new as the session. */
function sessionResponse(api: ApiContext, result: CommandResult): SessionResponse {
  const session = outcomeOf(result, 'session');
  return { user: api.queries.user(session.userId), session, index: result.index };
}
