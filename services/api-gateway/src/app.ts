/** Which request goes where. */

import { ServiceError } from '@agenda/service-kit/errors';
import type { Logger } from '@agenda/service-kit/logger';
import Router from '@koa/router';
import Koa from 'koa';
import { authenticate, principalOf } from './middleware/authentication.ts';
import type { RequestContext, RequestState } from './middleware/context.ts';
import { entry } from './middleware/entry.ts';
import * as accounts from './routes/accounts.ts';
import { answer } from './routes/answers.ts';
import * as appointments from './routes/appointments.ts';
import { listAuditLogs } from './routes/audit.ts';
import type { Gateway } from './routes/gateway.ts';
import * as notifications from './routes/notifications.ts';
import * as operations from './routes/operations.ts';
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
  const router = routes(gateway, logger);
  app.use(router.routes() as Koa.Middleware<RequestState>);
  app.use(unmatched(router) as unknown as Koa.Middleware<RequestState>);
  return app;
}

function routes(gateway: Gateway, logger: Logger): Router<RequestState> {
  // Strict: "/ui" is sent on to "/ui/", which must not be sent on again.
  const router = new Router<RequestState>({ strict: true });
  const loggedIn = authenticate(gateway.tokens, gateway.limits);

  router.post('/api/register', accounts.register(gateway));
  router.post('/api/login', accounts.login(gateway));
  router.post('/api/refresh', accounts.refresh(gateway));
  router.post('/api/logout', loggedIn, accounts.logout(gateway));
  router.get('/api/me', loggedIn, accounts.getMe(gateway));
  router.put('/api/me/profile', loggedIn, accounts.updateProfile(gateway));
  router.put('/api/me/password', loggedIn, accounts.changePassword(gateway));

  router.post('/api/appointments', loggedIn, appointments.createAppointment(gateway));
  router.get('/api/appointments/:id', loggedIn, appointments.getAppointment(gateway));
  router.put('/api/appointments/:id', loggedIn, appointments.putAppointment(gateway));
  router.patch('/api/appointments/:id', loggedIn, appointments.patchAppointment(gateway));
  router.delete('/api/appointments/:id', loggedIn, appointments.deleteAppointment(gateway));
  router.get('/api/agenda', loggedIn, appointments.listAgenda(gateway));

  router.get('/api/notifications', loggedIn, notifications.listNotifications(gateway));
  router.get('/api/notifications/unread', loggedIn, notifications.listUnread(gateway));
  router.post('/api/notifications/:id/read', loggedIn, notifications.markRead(gateway));

  router.post('/api/ws-ticket', loggedIn, async (context: RequestContext) => {
    answer(context, 201, gateway.tickets.issue(principalOf(context)));
  });
  router.get('/api/admin/audit/logs', loggedIn, listAuditLogs(gateway));

  router.get('/healthz', operations.healthz());
  router.get('/readyz', operations.readyz(gateway));
  router.get('/raft/health', operations.raftHealth(gateway));
  router.get('/cluster/nodes', operations.clusterNodes(gateway));
  router.get('/metrics', operations.metricsText(gateway, logger));

  router.get('/', async (context: RequestContext) => context.redirect('/ui/'));
  router.get('/ui', async (context: RequestContext) => context.redirect('/ui/'));
  router.get(/^\/ui\/.*$/, serveUi());
  return router;
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
