/** Which request goes where. */

import { ServiceError } from '@agenda/service-kit/errors';
import type { Logger } from '@agenda/service-kit/logger';
import Router from '@koa/router';
import Koa, { type Next } from 'koa';
import { authenticate } from './middleware/authentication.ts';
import type { RequestContext, RequestState } from './middleware/context.ts';
import { entry } from './middleware/entry.ts';
import type { Gateway } from './routes/gateway.ts';
import { ENDPOINTS } from './routes/table.ts';
import { serveUi } from './routes/ui.ts';

export interface AppOptions {
  readonly gateway: Gateway;
  readonly logger: Logger;
  readonly tls: boolean;
}

export function createApp({ gateway, logger, tls }: AppOptions): Koa<RequestState> {
  const { metrics, reporter } = gateway;
  const app = new Koa<RequestState>();
  // What the entry could not turn into an answer (a socket that broke while it was written to).
  app.on('error', (error) => logger.warn({ err: error }, 'an answer could not be sent'));
  app.use(
    entry({
      logger,
      tls,
      onForgedToken: ({ state }, { message }) =>
        reporter.reportForgedToken(state.address, state.requestId, message),
      durations: metrics.histogram('http_request_seconds', 'HTTP requests', ['method', 'route', 'status']),
      failures: metrics.counter('http_problems_total', 'Problem answers by code', ['code']),
    }) as unknown as Koa.Middleware<RequestState>,
  );
  const router = routes(gateway);
  app.use(router.routes() as Koa.Middleware<RequestState>);
  app.use(unmatched(router) as unknown as Koa.Middleware<RequestState>);
  return app;
}

export function routes(gateway: Gateway): Router<RequestState> {
  // Strict: "/ui" is sent on to "/ui/", which must not be sent on again.
  const router = new Router<RequestState>({ strict: true });
  const loggedIn = authenticate(gateway.tokens, gateway.limits);
  for (const { method, path, access, agenda, budget, handler } of ENDPOINTS) {
    const before = [
      ...(agenda === 'write' ? [markWrite] : []),
      ...(access === 'anybody' ? [] : [loggedIn]),
      ...(budget ? [gateway.limits.spending(budget)] : []),
    ];
    router[method](path, ...before, handler(gateway));
  }
  router.get('/', async (context: RequestContext) => context.redirect('/ui/'));
  router.get('/ui', async (context: RequestContext) => context.redirect('/ui/'));
  router.get(/^\/ui\/.*$/, serveUi());
  return router;
}

function markWrite(context: RequestContext, next: Next): Promise<void> {
  context.state.isWrite = true;
  return next();
}

/** Nothing matched: the path is unknown, or the method is not for it. */
function unmatched(router: Router<RequestState>) {
  return async (context: RequestContext): Promise<void> => {
    const methods = new Set(
      router.match(context.path, context.method).path.flatMap((layer) => layer.methods),
    );
    if (methods.size === 0) throw new ServiceError('not_found', `there is nothing at ${context.path}`);
    const allowed = [...methods].join(', ');
    context.set('Allow', allowed);
    throw new ServiceError('method_not_allowed', `${context.path} takes ${allowed}, not ${context.method}`);
  };
}
