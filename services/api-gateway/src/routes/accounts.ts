import type { SessionResponse } from '@agenda/proto/agenda/v1/agenda';
import type { Session, User } from '@agenda/proto/agenda/v1/model';
import { readBody } from '../middleware/body.ts';
import { expectedVersion, setETag } from '../middleware/conditions.ts';
import { readContext } from '../middleware/consistency.ts';
import type { RequestContext } from '../middleware/context.ts';
import {
  loginSchema,
  passwordSchema,
  profileSchema,
  refreshSchema,
  registerSchema,
  sessionAnswer,
  userAnswer,
} from '../schemas/accounts.ts';
import { readQuerySchema } from '../schemas/fields.ts';
import { ACCESS_LIFETIME_SECONDS } from '../tokens.ts';
import { userView } from '../views/accounts.ts';
import { answer, answerEmpty } from './answers.ts';
import type { Endpoint, Route } from './endpoint.ts';
import type { Gateway } from './gateway.ts';

function register({ agenda, idempotency, limits }: Gateway): Route {
  return async (context) => {
    const body = await readBody(context, registerSchema);
    await limits.countLogin(context, body.username);
    const request = {
      context: idempotency.writeContext(context, `register ${body.username.toLowerCase()}`),
      username: body.username,
      password: body.password,
      email: body.email ?? '',
      displayName: body.displayName ?? '',
      timeZone: body.timeZone ?? '',
    };
    const { user, index } = await agenda.write(context, (calls, options) => calls.register(request, options));
    context.set('Location', '/api/me');
    answer(context, 201, userView(user as User), index);
  };
}

function login({ agenda, idempotency, limits, tokens }: Gateway): Route {
  return async (context) => {
    const { username, password } = await readBody(context, loginSchema);
    await limits.countLogin(context, username);
    const write = idempotency.writeContext(context, `login ${username.toLowerCase()}`);
    const request = { context: write, username, password };
    const response = await agenda.write(context, (calls, options) => calls.login(request, options));
    await answerSession(context, tokens, response);
  };
}

function refresh({ agenda, idempotency, tokens }: Gateway): Route {
  return async (context) => {
    const { refreshToken } = await readBody(context, refreshSchema);
    const { sessionId, generation } = await tokens.verifyRefresh(refreshToken);
    const request = {
      context: idempotency.writeContext(context, `refresh ${sessionId}`),
      sessionId,
      generation,
    };
    const response = await agenda.write(context, (calls, options) => calls.refresh(request, options));
    await answerSession(context, tokens, response);
  };
}

async function answerSession(
  context: RequestContext,
  tokens: Gateway['tokens'],
  response: SessionResponse,
): Promise<void> {
  const user = response.user as User;
  const issued = await tokens.issue(user, response.session as Session);
  answer(
    context,
    200,
    { ...issued, expiresInSeconds: ACCESS_LIFETIME_SECONDS, user: userView(user) },
    response.index,
  );
}

function logout({ agenda, idempotency }: Gateway): Route {
  return async (context) => {
    const request = { context: idempotency.writeContext(context) };
    const { index } = await agenda.write(context, (calls, options) => calls.logout(request, options));
    answerEmpty(context, index);
  };
}

function getMe({ agenda }: Gateway): Route {
  return async (context) => {
    const request = { context: readContext(context) };
    const { user, index } = await agenda.read(context, (calls, options) => calls.getMe(request, options));
    answerUser(context, user as User, index);
  };
}

function updateProfile({ agenda, idempotency }: Gateway): Route {
  return async (context) => {
    const { email, displayName, timeZone } = await readBody(context, profileSchema);
    const request = {
      context: idempotency.writeContext(context),
      email: email === null ? '' : email,
      displayName,
      timeZone,
      expectedVersion: expectedVersion(context),
    };
    const { user, index } = await agenda.write(context, (calls, options) =>
      calls.updateMyProfile(request, options),
    );
    answerUser(context, user as User, index);
  };
}

function changePassword({ agenda, idempotency, limits }: Gateway): Route {
  return async (context) => {
    const body = await readBody(context, passwordSchema);
    // The current password can be guessed here as well as at the login.
    await limits.countLogin(context, context.state.principal?.username ?? '');
    const request = { context: idempotency.writeContext(context), ...body };
    const { index } = await agenda.write(context, (calls, options) =>
      calls.changeMyPassword(request, options),
    );
    answerEmpty(context, index);
  };
}

function answerUser(context: RequestContext, user: User, index: number): void {
  setETag(context, user.version);
  answer(context, 200, userView(user), index);
}

const SESSION = { 200: { what: 'A session begins, or goes on.', schema: sessionAnswer } };
const ME = { 200: { what: 'You.', schema: userAnswer, headers: ['ETag'] } } as const;
const EMPTY = { 204: { what: 'Done.' } };

export const accountEndpoints: readonly Endpoint[] = [
  {
    method: 'post',
    path: '/api/register',
    topic: 'Accounts',
    summary: 'Register',
    access: 'anybody',
    agenda: 'write',
    body: { schema: registerSchema },
    answers: { 201: { what: 'Registered; log in next.', schema: userAnswer, headers: ['Location'] } },
    errors: ['conflict', 'rate_limited'],
    handler: register,
  },
  {
    method: 'post',
    path: '/api/login',
    topic: 'Accounts',
    summary: 'Log in: a session with its tokens',
    access: 'anybody',
    agenda: 'write',
    body: { schema: loginSchema },
    answers: SESSION,
    errors: ['unauthenticated', 'rate_limited'],
    handler: login,
  },
  {
    method: 'post',
    path: '/api/refresh',
    topic: 'Accounts',
    summary:
      'Fresh tokens for a refresh token, which works once (and 30 seconds more, if the answer was lost)',
    access: 'anybody',
    agenda: 'write',
    body: { schema: refreshSchema },
    answers: SESSION,
    errors: ['unauthenticated'],
    handler: refresh,
  },
  {
    method: 'post',
    path: '/api/logout',
    topic: 'Accounts',
    summary: 'End this session everywhere at once',
    agenda: 'write',
    answers: EMPTY,
    handler: logout,
  },
  {
    method: 'get',
    path: '/api/me',
    topic: 'Accounts',
    summary: 'Yourself',
    agenda: 'read',
    query: readQuerySchema,
    answers: ME,
    handler: getMe,
  },
  {
    method: 'put',
    path: '/api/me/profile',
    topic: 'Accounts',
    summary: 'Change name, e-mail or time zone; what is left out stays',
    agenda: 'write',
    conditional: true,
    body: { schema: profileSchema },
    answers: ME,
    errors: ['conflict'],
    handler: updateProfile,
  },
  {
    method: 'put',
    path: '/api/me/password',
    topic: 'Accounts',
    summary: 'Change the password; all other sessions end',
    agenda: 'write',
    body: { schema: passwordSchema },
    answers: EMPTY,
    errors: ['forbidden', 'conflict'],
    handler: changePassword,
  },
];
