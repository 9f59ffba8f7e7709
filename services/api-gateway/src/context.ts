import { AuditServiceService } from '@agenda/proto/audit/v1/audit';
import { SidecarService } from '@agenda/proto/raft/v1/sidecar';
import { type GrpcChannel, podChannels } from '@agenda/service-kit/grpc-client';
import type { Part } from '@agenda/service-kit/lifecycle';
import type { Logger } from '@agenda/service-kit/logger';
import { createMetrics } from '@agenda/service-kit/metrics';
import { Signer } from '@agenda/service-kit/signature';
import { createApp } from './app.ts';
import { AgendaClient } from './clients/agenda.ts';
import { AuditReporter } from './clients/audit-reporter.ts';
import type { Config } from './config.ts';
import { openApiDocument } from './documentation/openapi.ts';
import { createHttpServer, drain, listen, type Tls } from './http-server.ts';
import { Idempotency } from './middleware/idempotency.ts';
import { RateLimits } from './middleware/rate-limits.ts';
import type { Gateway } from './routes/gateway.ts';
import { ENDPOINTS } from './routes/table.ts';
import { Tokens } from './tokens.ts';
import { EventHub } from './ws/event-hub.ts';
import { SocketServer } from './ws/server.ts';
import { Tickets } from './ws/tickets.ts';

/** Of the interface. */
const VERSION = '0.1.0';
const DRAIN_STOP_MS = 7_000;

/** Everything the gateway is made of, wired. Nothing runs before the parts are started. */
export class GatewayContext {
  readonly #config: Config;
  readonly #logger: Logger;
  readonly #channels: readonly GrpcChannel[];
  readonly #gateway: Gateway;
  readonly #hub: EventHub;
  readonly #sockets: SocketServer;
  readonly #server: ReturnType<typeof createHttpServer>;

  constructor(config: Config, logger: Logger) {
    this.#config = config;
    this.#logger = logger;
    const signer = new Signer(config.NODE_ID, config.CLUSTER_HMAC_SECRET);
    const channelTo = podChannels(config.NODE_ID, { signer, logger });
    const [agenda, sidecar, audit] = [
      channelTo('agenda', config.AGENDA_GRPC_ADDR),
      channelTo('raft-sidecar', config.SIDECAR_GRPC_ADDR),
      channelTo('audit', config.AUDIT_GRPC_ADDR),
    ];
    this.#channels = [agenda, sidecar, audit];
    const metrics = createMetrics('api-gateway', config.NODE_ID);
    const dropped = metrics.counter('audit_events_dropped_total', 'Audit events for which there was no room');
    this.#gateway = {
      agenda: new AgendaClient(agenda),
      sidecar: sidecar.carried(SidecarService),
      audit: audit.carried(AuditServiceService),
      reporter: new AuditReporter(audit, config.NODE_ID, logger, dropped),
      idempotency: new Idempotency(config.JWT_SECRET[0] as string),
      limits: new RateLimits({
        perUserPerSecond: config.RATE_LIMIT_PER_USER_PER_SECOND,
        loginsPerMinute: config.RATE_LIMIT_LOGINS_PER_MINUTE,
        perMinute: {
          searches: config.RATE_LIMIT_SEARCHES_PER_MINUTE,
          'free-slots': config.RATE_LIMIT_FREE_SLOTS_PER_MINUTE,
          imports: config.RATE_LIMIT_IMPORTS_PER_MINUTE,
          exports: config.RATE_LIMIT_EXPORTS_PER_MINUTE,
          feeds: config.RATE_LIMIT_FEEDS_PER_MINUTE,
        },
      }),
      tokens: new Tokens(config.JWT_SECRET),
      tickets: new Tickets(),
      metrics,
      logger,
      auditToken: config.AUDIT_API_TOKEN,
      openApi: openApiDocument(ENDPOINTS, VERSION),
    };
    this.#hub = new EventHub(agenda, logger);
    this.#sockets = new SocketServer({
      hub: this.#hub,
      tokens: this.#gateway.tokens,
      tickets: this.#gateway.tickets,
      agenda: this.#gateway.agenda.calls,
      reporter: this.#gateway.reporter,
      logger,
      connections: metrics.gauge('websocket_connections', 'Open WebSockets'),
      heartbeatMs: config.WEBSOCKET_HEARTBEAT_MS,
    });
    const tls = tlsOf(config);
    const app = createApp({ gateway: this.#gateway, logger, tls: tls !== undefined });
    this.#server = createHttpServer(app.callback(), tls);
  }

  /** In the order of their start; they stop in reverse: requests end first, channels last. */
  parts(): Part[] {
    return [
      { name: 'channels', stop: () => this.#closeChannels() },
      { name: 'audit reporter', stop: () => this.#gateway.reporter.close() },
      { name: 'event hub', start: () => this.#hub.start(), stop: () => this.#hub.stop() },
      { name: 'http', start: () => this.#listen(), stop: () => drain(this.#server), stopMs: DRAIN_STOP_MS },
      {
        name: 'websockets',
        start: () => this.#sockets.attach(this.#server),
        stop: () => this.#sockets.close(),
      },
    ];
  }

  async #listen(): Promise<void> {
    await listen(this.#server, this.#config.HTTP_ADDR);
    this.#logger.info({ port: this.#config.HTTP_ADDR.port }, 'the gateway listens');
  }

  #closeChannels(): void {
    for (const channel of this.#channels) channel.close();
  }
}

function tlsOf({ TLS_CERT_FILE: cert, TLS_KEY_FILE: key }: Config): Tls | undefined {
  return cert !== undefined && key !== undefined ? { cert, key } : undefined;
}
