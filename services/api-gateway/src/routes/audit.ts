import { createHash, timingSafeEqual } from 'node:crypto';
import { UserRole } from '@agenda/proto/agenda/v1/model';
import { type Filter, Level } from '@agenda/proto/audit/v1/audit';
import { ServiceError } from '@agenda/service-kit/errors';
import type { z } from 'zod';
import { readContext } from '../middleware/consistency.ts';
import type { RequestContext } from '../middleware/context.ts';
import { auditLogsAnswer, auditQuerySchema } from '../schemas/audit.ts';
import { parse } from '../schemas/parse.ts';
import { auditView } from '../views/audit.ts';
import { LEVEL_VALUES, listView } from '../views/values.ts';
import { answer } from './answers.ts';
import type { Endpoint, Route } from './endpoint.ts';
import type { Gateway } from './gateway.ts';

const DEADLINE_MS = 3_000;

/** For a living session of an operator who also holds the audit token. */
function listAuditLogs(gateway: Gateway): Route {
  return async (context) => {
    await assertOperator(gateway, context);
    const query = parse(auditQuerySchema, context.query);
    const { limit, cursor } = query;
    const { records, nextCursor } = await gateway.audit.query(
      { filter: filterOf(query), limit, cursor, oldestFirst: false },
      { deadlineMs: DEADLINE_MS, requestId: context.state.requestId },
    );
    report(gateway, context, 'ok');
    answer(context, 200, listView(records.map(auditView), nextCursor));
  };
}

/** The role is asked of the agenda: a token may be older than its loss. */
async function assertOperator(gateway: Gateway, context: RequestContext): Promise<void> {
  const request = { context: readContext(context) };
  const { user } = await gateway.agenda.read(context, (calls, options) => calls.getMe(request, options));
  const tokenMatches = sameText(context.get('x-audit-token'), gateway.auditToken);
  if (user?.role === UserRole.USER_ROLE_OPERATOR && tokenMatches) return;
  report(gateway, context, 'forbidden');
  throw new ServiceError(
    'forbidden',
    'the audit trail is for operators who send the audit token in X-Audit-Token',
  );
}

/** In constant time; hashed first, so that not even the length shows. */
function sameText(left: string, right: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(left), digest(right));
}

function report({ reporter }: Gateway, { state }: RequestContext, outcome: string): void {
  reporter.report({
    action: 'audit.read',
    outcome,
    level: outcome === 'ok' ? Level.LEVEL_INFO : Level.LEVEL_WARNING,
    actorId: state.principal?.userId ?? '',
    actorName: state.principal?.username ?? '',
    requestId: state.requestId,
    address: state.address,
  });
}

function filterOf(query: z.output<typeof auditQuerySchema>): Filter {
  return {
    fromMs: query.from ?? 0,
    toMs: query.to ?? 0,
    actor: query.actor,
    action: query.action,
    component: query.component,
    minimumLevel: query.level ? LEVEL_VALUES[query.level] : Level.LEVEL_UNSPECIFIED,
    requestId: query.requestId,
    nodeId: query.node,
    text: query.text,
  };
}

export const auditEndpoints: readonly Endpoint[] = [
  {
    method: 'get',
    path: '/api/admin/audit/logs',
    topic: 'Operators',
    summary: 'The audit trail, newest first, for an operator who also sends the audit token in X-Audit-Token',
    agenda: 'read',
    query: auditQuerySchema,
    answers: { 200: { what: 'A page of it.', schema: auditLogsAnswer } },
    errors: ['forbidden'],
    handler: listAuditLogs,
  },
];
