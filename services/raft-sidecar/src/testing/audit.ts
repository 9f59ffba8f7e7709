/** An audit service that keeps what it is told in memory. */
import { type AuditEvent, AuditServiceService } from '@agenda/proto/audit/v1/audit';
import { GrpcServer } from '@agenda/service-kit/grpc-server';
import { createLogger } from '@agenda/service-kit/logger';
import { Verifier } from '@agenda/service-kit/signature';

export class AuditRecorder {
  readonly events: AuditEvent[] = [];
  readonly #server: GrpcServer;
  #port = 0;

  constructor(secret: string) {
    this.#server = new GrpcServer({
      verifier: new Verifier([secret]),
      logger: createLogger({ component: 'raft-sidecar', nodeId: 'test', level: 'silent' }),
    });
    this.#server.addService(AuditServiceService, {
      record: ({ events }) => {
        this.events.push(...events);
        return {};
      },
    });
  }

  get port(): number {
    return this.#port;
  }

  async start(): Promise<void> {
    this.#port = await this.#server.listen({ host: '127.0.0.1', port: 0 });
  }

  stop(): Promise<void> {
    return this.#server.close(0);
  }
}
