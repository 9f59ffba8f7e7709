/** The audit services of some pods, which keep what they are told in memory. */
import { type AuditEvent, AuditServiceService } from '@agenda/proto/audit/v1/audit';
import { GrpcServer } from '@agenda/service-kit/grpc-server';
import { createLogger } from '@agenda/service-kit/logger';
import { receiverOf } from '@agenda/service-kit/nonces';
import { Verifier } from '@agenda/service-kit/signature';

export class AuditRecorder {
  readonly events: AuditEvent[] = [];
  readonly #secret: string;
  /** By node. */
  readonly #servers = new Map<string, { readonly server: GrpcServer; readonly port: Promise<number> }>();

  constructor(secret: string) {
    this.#secret = secret;
  }

  /** Where the audit service of that node's pod listens. */
  portOf(nodeId: string): Promise<number> {
    return this.#servers.getOrInsertComputed(nodeId, () => this.#serve(nodeId)).port;
  }

  async stop(): Promise<void> {
    for (const { server } of this.#servers.values()) await server.close(0);
  }

  #serve(nodeId: string): { server: GrpcServer; port: Promise<number> } {
    const server = new GrpcServer({
      verifier: new Verifier(receiverOf(nodeId, 'audit'), [this.#secret]),
      logger: createLogger({ component: 'raft-sidecar', nodeId: 'test', level: 'silent' }),
    });
    server.addService(AuditServiceService, {
      record: ({ events }) => {
        this.events.push(...events);
        return {};
      },
    });
    return { server, port: server.listen({ host: '127.0.0.1', port: 0 }) };
  }
}
