/** What the routes work with. */
import type { AuditServiceService } from '@agenda/proto/audit/v1/audit';
import type { SidecarService } from '@agenda/proto/raft/v1/sidecar';
import type { UnaryClient } from '@agenda/service-kit/grpc-client';
import type { Logger } from '@agenda/service-kit/logger';
import type { Metrics } from '@agenda/service-kit/metrics';
import type { AgendaClient } from '../clients/agenda.ts';
import type { AuditReporter } from '../clients/audit-reporter.ts';
import type { OpenApiDocument } from '../documentation/openapi.ts';
import type { Idempotency } from '../middleware/idempotency.ts';
import type { RateLimits } from '../middleware/rate-limits.ts';
import type { Tokens } from '../tokens.ts';
import type { Tickets } from '../ws/tickets.ts';

export interface Gateway {
  readonly agenda: AgendaClient;
  readonly sidecar: UnaryClient<typeof SidecarService>;
  readonly audit: UnaryClient<typeof AuditServiceService>;
  readonly reporter: AuditReporter;
  readonly idempotency: Idempotency;
  readonly limits: RateLimits;
  readonly tokens: Tokens;
  readonly tickets: Tickets;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly auditToken: string;
  readonly openApi: OpenApiDocument;
}
