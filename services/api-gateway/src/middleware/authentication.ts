import { ServiceError } from '@agenda/service-kit/errors';
import type { Next } from 'koa';
import type { Principal, Tokens } from '../tokens.ts';
import type { RequestContext } from './context.ts';
import type { RateLimits } from './rate-limits.ts';

/** Lets nobody through without a valid access token, nor more often than the limit allows. */
export function authenticate(tokens: Tokens, limits: RateLimits) {
  return async (context: RequestContext, next: Next): Promise<void> => {
    const [scheme, token, ...rest] = context.get('authorization').split(' ');
    if (scheme?.toLowerCase() !== 'bearer' || !token || rest.length > 0)
      throw new ServiceError(
        'unauthenticated',
        'send "Authorization: Bearer <token>"; POST /api/login gives one',
      );
    const principal = tokens.known(token) ?? (await tokens.verifyAccess(token));
    context.state.principal = principal;
    limits.countUser(principal.userId);
    await next();
  };
}

/** Behind `authenticate` there always is one. */
export function principalOf(context: RequestContext): Principal {
  const { principal } = context.state;
  if (!principal) throw new Error(`${context.path} is not behind authentication`);
  return principal;
}
