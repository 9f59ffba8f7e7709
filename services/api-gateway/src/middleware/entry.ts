/** The first and the last of every request: its id, its headers, its errors as problems, its line in the log. */

import type { Logger } from '@agenda/service-kit/logger';
import { newRequestId } from '@agenda/service-kit/request-context';
import type { Next } from 'koa';
import type { Counter, Histogram } from 'prom-client';
import { ForgedToken } from '../tokens.ts';
import type { RequestContext } from './context.ts';
import { answerProblem } from './problems.ts';

const SANE_REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;

export interface EntryOptions {
  readonly logger: Logger;
  readonly durations: Histogram<'method' | 'route' | 'status'>;
  readonly failures: Counter<'code'>;
  readonly tls: boolean;
  readonly onForgedToken: (context: RequestContext, error: ForgedToken) => void;
}

export function entry(options: EntryOptions) {
  return async (context: RequestContext, next: Next): Promise<void> => {
    const startedAt = performance.now();
    const given = context.get('x-request-id');
    const { state } = context;
    state.requestId = SANE_REQUEST_ID.test(given) ? given : newRequestId();
    state.address = context.req.socket.remoteAddress ?? '';
    setHeaders(context, options.tls);
    try {
      await next();
    } catch (error) {
      if (error instanceof ForgedToken) options.onForgedToken(context, error);
      const code = answerProblem(context, error, options.logger);
      options.failures.inc({ code });
    }
    const route = (context as { _matchedRoute?: string })._matchedRoute ?? 'none';
    const seconds = (performance.now() - startedAt) / 1_000;
    options.durations.observe({ method: context.method, route, status: context.status }, seconds);
    logAccess(options.logger, context, route, seconds);
  };
}

/** API answers are for programs: nothing may be run, framed, sniffed or cached. The page sets its own policy. */
function setHeaders(context: RequestContext, tls: boolean): void {
  context.set({
    'X-Request-Id': context.state.requestId,
    'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Cache-Control': 'no-store',
  });
  if (tls) context.set('Strict-Transport-Security', 'max-age=31536000; includeSubDomains');
}

/** Requests that went well are worth a line only to whoever looks closely. */
function logAccess(logger: Logger, context: RequestContext, route: string, seconds: number): void {
  const { status } = context;
  const level = status >= 500 ? 'warn' : status >= 400 ? 'info' : 'debug';
  if (!logger.isLevelEnabled(level)) return;
  const { requestId, address, principal } = context.state;
  const line = { requestId, method: context.method, route, status, ms: Math.round(seconds * 1_000), address };
  logger[level]({ ...line, userId: principal?.userId }, 'request');
}
