import {
  type AuditEvent,
  type AuditRecord,
  AuditServiceService,
  type QueryRequest,
} from '@agenda/proto/audit/v1/audit';
import { Role, SidecarService, Status } from '@agenda/proto/raft/v1/sidecar';
import type { ServiceError } from '@agenda/service-kit/errors';
import type { GrpcServer } from '@agenda/service-kit/grpc-server';
import { loopbackServer } from './scripted-agenda.ts';

const LOOPBACK = '127.0.0.1';
const CLOSE_GRACE_MS = 100;
const HASH_BYTES = 32;

/** A sidecar that only tells how it is. */
export class ScriptedSidecar {
  status: Status = Status.fromPartial({
    nodeId: 'agenda-1',
    memberId: 'agenda-1#1',
    clusterId: 'a-cluster',
    role: Role.ROLE_LEADER,
    leaderId: 'agenda-1#1',
    term: 3,
    firstIndex: 1,
    lastIndex: 42,
    commitIndex: 41,
    lastApplied: 40,
    configuration: { voters: ['agenda-1#1', 'agenda-2#1', 'agenda-3#1'] },
    nodes: [
      {
        nodeId: 'agenda-2',
        memberId: 'agenda-2#1',
        address: '127.0.0.1:7000',
        source: 'seed',
        lastSeenMs: 1,
      },
    ],
    bootstrapped: true,
  });
  refusal: ServiceError | undefined;
  readonly #server: GrpcServer = loopbackServer('raft-sidecar');
  #port = 0;

  get port(): number {
    return this.#port;
  }

  async start(): Promise<this> {
    this.#server.addService(SidecarService, {
      getStatus: () => {
        if (this.refusal) throw this.refusal;
        return this.status;
      },
    });
    this.#port = await this.#server.listen({ host: LOOPBACK, port: 0 });
    return this;
  }

  stop(): Promise<void> {
    return this.#server.close(CLOSE_GRACE_MS);
  }
}

/** An audit service that remembers what it is told, newest first, and what it was asked. */
export class ScriptedAudit {
  readonly events: AuditEvent[] = [];
  readonly queries: QueryRequest[] = [];
  nextCursor = '';
  readonly #server: GrpcServer = loopbackServer('audit');
  readonly #watchers = new Set<() => void>();
  #port = 0;

  get port(): number {
    return this.#port;
  }

  async start(): Promise<this> {
    this.#server.addService(AuditServiceService, {
      record: ({ events }) => {
        this.events.push(...events);
        for (const watcher of [...this.#watchers]) watcher();
        return {};
      },
      query: (request) => {
        this.queries.push(request);
        const records = this.events.map(recordOf).reverse();
        return { records, nextCursor: this.nextCursor };
      },
    });
    this.#port = await this.#server.listen({ host: LOOPBACK, port: 0 });
    return this;
  }

  stop(): Promise<void> {
    return this.#server.close(CLOSE_GRACE_MS);
  }

  /** Resolves with the first event of that action, once it is there. */
  recorded(action: string): Promise<AuditEvent> {
    return new Promise((resolve) => {
      const look = (): void => {
        const found = this.events.find((event) => event.action === action);
        if (!found) return;
        this.#watchers.delete(look);
        resolve(found);
      };
      this.#watchers.add(look);
      look();
    });
  }
}

function recordOf(event: AuditEvent, position: number): AuditRecord {
  const zero = new Uint8Array(HASH_BYTES);
  return { sequence: position + 1, event, previousHash: zero, hash: zero, logIndex: position + 1 };
}
