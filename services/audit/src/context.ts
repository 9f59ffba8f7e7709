import { join } from 'node:path';
import { AuditServiceService, Level } from '@agenda/proto/audit/v1/audit';
import { GrpcChannel } from '@agenda/service-kit/grpc-client';
import { GrpcServer, type RefusedCall } from '@agenda/service-kit/grpc-server';
import { uuidv7Bytes } from '@agenda/service-kit/ids';
import type { Part } from '@agenda/service-kit/lifecycle';
import type { Logger } from '@agenda/service-kit/logger';
import { Signer, Verifier } from '@agenda/service-kit/signature';
import type { Database } from 'better-sqlite3';
import { auditHandlers } from './api.ts';
import type { Config } from './config.ts';
import { Feed } from './feed.ts';
import { AuditQueries } from './query.ts';
import { AuditStore, openDatabase } from './store.ts';
import { Submitter } from './submit.ts';

const DRAIN_MS = 2_000;
/** Refused signatures are recorded at most this often; how many fell between is in the next record. */
const REFUSALS_INTERVAL_MS = 1_000;

/** Everything the audit service is made of, wired. Nothing runs before the parts are started. */
export class AuditContext {
  readonly #config: Config;
  readonly #logger: Logger;
  readonly #db: Database;
  readonly #store: AuditStore;
  readonly #agenda: GrpcChannel;
  readonly #feed: Feed;
  readonly #submitter: Submitter;
  readonly #server: GrpcServer;
  #port = 0;
  #refusedAtMs = Number.NEGATIVE_INFINITY;
  #refusalsLeftOut = 0;

  constructor(config: Config, logger: Logger) {
    this.#config = config;
    this.#logger = logger;
    this.#db = openDatabase(join(config.DATA_DIR, 'audit'));
    this.#store = new AuditStore(this.#db);
    const signer = new Signer(config.NODE_ID, config.CLUSTER_HMAC_SECRET);
    this.#agenda = new GrpcChannel({ address: config.AGENDA_GRPC_ADDR, signer, logger });
    this.#feed = new Feed(this.#agenda, this.#store, logger);
    this.#submitter = new Submitter(this.#agenda, this.#store, logger);
    this.#server = new GrpcServer({
      verifier: new Verifier(config.CLUSTER_HMAC_SECRET),
      logger,
      reflection: true,
      onRefused: (refused) => this.#onRefused(refused),
    });
    this.#server.addService(
      AuditServiceService,
      auditHandlers(this.#store, new AuditQueries(this.#db, this.#store)),
    );
  }

  /** Of the gRPC server, once it is started. */
  get port(): number {
    return this.#port;
  }

  /** In the order of their start; they stop in reverse. */
  parts(): Part[] {
    return [
      { name: 'database', stop: () => void this.#db.close() },
      { name: 'channel', stop: () => this.#agenda.close() },
      { name: 'feed', start: () => this.#feed.start(), stop: () => this.#feed.stop() },
      { name: 'submitter', start: () => this.#submitter.start(), stop: () => this.#submitter.stop() },
      { name: 'server', start: () => this.#listen(), stop: () => this.#server.close(DRAIN_MS) },
    ];
  }

  async #listen(): Promise<void> {
    this.#port = await this.#server.listen(this.#config.AUDIT_GRPC_ADDR);
    this.#server.setServing(true);
    this.#logger.info({ port: this.#port, records: this.#store.lastSequence }, 'the audit service listens');
  }

  #onRefused({ method, reason, peer }: RefusedCall): void {
    const now = performance.now();
    if (now - this.#refusedAtMs < REFUSALS_INTERVAL_MS) {
      this.#refusalsLeftOut += 1;
      return;
    }
    this.#refusedAtMs = now;
    const detailJson = JSON.stringify({ reason, leftOut: this.#refusalsLeftOut });
    this.#refusalsLeftOut = 0;
    this.#store.addPending([
      {
        id: uuidv7Bytes(),
        atMs: Date.now(),
        level: Level.LEVEL_WARNING,
        component: 'audit',
        nodeId: this.#config.NODE_ID,
        actorId: '',
        actorName: '',
        action: 'signature.refused',
        target: method,
        requestId: '',
        address: peer,
        detailJson,
        outcome: 'unauthenticated',
      },
    ]);
  }
}
