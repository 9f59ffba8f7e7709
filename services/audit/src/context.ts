import { join } from 'node:path';
import { AuditServiceService } from '@agenda/proto/audit/v1/audit';
import { type DataLock, lockDirectory } from '@agenda/service-kit/data-lock';
import { type GrpcChannel, podChannels } from '@agenda/service-kit/grpc-client';
import { GrpcServer } from '@agenda/service-kit/grpc-server';
import type { Part } from '@agenda/service-kit/lifecycle';
import type { Logger } from '@agenda/service-kit/logger';
import { receiverOf } from '@agenda/service-kit/nonces';
import { Signer, Verifier } from '@agenda/service-kit/signature';
import type { Database } from 'better-sqlite3';
import { auditHandlers } from './api.ts';
import type { Config } from './config.ts';
import { Feed } from './feed.ts';
import { OwnEvents } from './own-events.ts';
import { AuditQueries } from './query.ts';
import { AuditStore, openDatabase } from './store.ts';
import { Submitter } from './submit.ts';
import { TrailCopier } from './trail-copier.ts';

const DRAIN_MS = 2_000;

/** Everything the audit service is made of, wired. Nothing runs before the parts are started. */
export class AuditContext {
  readonly #config: Config;
  readonly #logger: Logger;
  readonly #lock: DataLock;
  readonly #db: Database;
  readonly #store: AuditStore;
  readonly #agenda: GrpcChannel;
  readonly #sidecar: GrpcChannel;
  readonly #feed: Feed;
  readonly #submitter: Submitter;
  readonly #server: GrpcServer;
  readonly #stopping = new AbortController();
  #port = 0;

  constructor(config: Config, logger: Logger) {
    this.#config = config;
    this.#logger = logger;
    const directory = join(config.DATA_DIR, 'audit');
    this.#lock = lockDirectory(directory);
    this.#db = openDatabase(directory);
    this.#store = new AuditStore(this.#db);
    const signer = new Signer(config.NODE_ID, config.CLUSTER_HMAC_SECRET);
    const channelTo = podChannels(config.NODE_ID, { signer, logger });
    this.#agenda = channelTo('agenda', config.AGENDA_GRPC_ADDR);
    this.#sidecar = channelTo('raft-sidecar', config.SIDECAR_GRPC_ADDR);
    const own = new OwnEvents(this.#store, config.NODE_ID, logger);
    this.#feed = new Feed({
      agenda: this.#agenda,
      store: this.#store,
      logger,
      copier: new TrailCopier({
        others: this.#sidecar.client(AuditServiceService),
        store: this.#store,
        logger,
        onReplaced: (fromSequence, count) => own.trailReplaced(fromSequence, count),
      }),
      onTrailBehind: (logIndex, reason) => own.trailBehind(logIndex, reason),
    });
    this.#submitter = new Submitter(this.#agenda, this.#store, logger);
    this.#server = new GrpcServer({
      verifier: new Verifier(receiverOf(config.NODE_ID, 'audit'), config.CLUSTER_HMAC_SECRET, {
        receiverOptional: config.CLUSTER_RECEIVER_OPTIONAL,
      }),
      logger,
      reflection: true,
      onRefused: (refused) => own.signatureRefused(refused),
    });
    this.#server.addService(
      AuditServiceService,
      auditHandlers(this.#store, new AuditQueries(this.#db, this.#store), this.#stopping.signal),
    );
  }

  /** Of the gRPC server, once it is started. */
  get port(): number {
    return this.#port;
  }

  /** In the order of their start; they stop in reverse. */
  parts(): Part[] {
    return [
      { name: 'lock', stop: () => this.#lock.release() },
      { name: 'database', stop: () => void this.#db.close() },
      { name: 'channels', stop: () => this.#closeChannels() },
      { name: 'feed', start: () => this.#feed.start(), stop: () => this.#feed.stop() },
      { name: 'submitter', start: () => this.#submitter.start(), stop: () => this.#submitter.stop() },
      { name: 'server', start: () => this.#listen(), stop: () => this.#server.close(DRAIN_MS) },
      { name: 'tails', stop: () => this.#stopping.abort() },
    ];
  }

  #closeChannels(): void {
    this.#agenda.close();
    this.#sidecar.close();
  }

  async #listen(): Promise<void> {
    this.#port = await this.#server.listen(this.#config.AUDIT_GRPC_ADDR);
    this.#server.setServing(true);
    this.#logger.info({ port: this.#port, records: this.#store.lastSequence }, 'the audit service listens');
  }
}
