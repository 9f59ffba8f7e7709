import { join } from 'node:path';
import { AgendaServiceService } from '@agenda/proto/agenda/v1/agenda';
import { AuditServiceService, Level } from '@agenda/proto/audit/v1/audit';
import { SidecarService } from '@agenda/proto/raft/v1/sidecar';
import { type DataLock, lockDirectory } from '@agenda/service-kit/data-lock';
import { type GrpcChannel, podChannels } from '@agenda/service-kit/grpc-client';
import { GrpcServer, type RefusedCall } from '@agenda/service-kit/grpc-server';
import type { Part } from '@agenda/service-kit/lifecycle';
import type { Logger } from '@agenda/service-kit/logger';
import { receiverOf } from '@agenda/service-kit/nonces';
import { Signer, Verifier } from '@agenda/service-kit/signature';
import { CommandFactory } from './api/command-factory.ts';
import { FeedSecrets } from './api/feed-secrets.ts';
import { agendaHandlers } from './api/handlers.ts';
import { Writes } from './api/writes.ts';
import { isDiskFailure } from './apply/database.ts';
import { ReadBarrier } from './apply/read-barrier.ts';
import { type Replacement, Replica } from './apply/replica.ts';
import type { Config } from './config.ts';
import { Maintenance, SYSTEM_CLOCK } from './maintenance/maintenance.ts';
import { maintenanceTasks } from './maintenance/tasks.ts';
import { AuditFeed } from './outbox/audit-feed.ts';
import { EventFeed } from './outbox/event-feed.ts';
import { NodeEventRecorder } from './outbox/node-event-recorder.ts';
import { Pruner } from './outbox/pruner.ts';
import { Proposer } from './proposals/proposer.ts';
import { SearchIndex } from './search/search-index.ts';

/** What calls under way are given to end when the process is asked to stop. */
const DRAIN_MS = 3_000;
const STOP_MS = 5_000;

/** Everything the agenda is made of, wired. Nothing runs before the parts are started. */
export class AgendaContext {
  readonly #config: Config;
  readonly #logger: Logger;
  readonly #lock: DataLock;
  readonly #replica: Replica;
  readonly #sidecar: GrpcChannel;
  readonly #audit: GrpcChannel;
  readonly #proposer: Proposer;
  readonly #barrier: ReadBarrier;
  readonly #events: EventFeed;
  readonly #auditFeed: AuditFeed;
  readonly #nodeEvents: NodeEventRecorder;
  readonly #pruner: Pruner;
  readonly #searchIndex: SearchIndex;
  readonly #maintenance: Maintenance;
  readonly #server: GrpcServer;
  readonly #onDiskFailure: () => void;
  /** The state is being rebuilt. */
  #lost = false;
  #port = 0;

  /** @param onDiskFailure called once: the process should end, and be started again. */
  constructor(config: Config, logger: Logger, onDiskFailure: () => void) {
    this.#config = config;
    this.#onDiskFailure = onDiskFailure;
    this.#logger = logger;
    const signer = new Signer(config.NODE_ID, config.CLUSTER_HMAC_SECRET);
    const channelTo = podChannels(config.NODE_ID, { signer, logger });
    this.#sidecar = channelTo('raft-sidecar', config.SIDECAR_GRPC_ADDR);
    this.#audit = channelTo('audit', config.AUDIT_GRPC_ADDR);

    const directory = join(config.DATA_DIR, 'agenda');
    this.#lock = lockDirectory(directory);
    this.#replica = new Replica({ directory, channel: this.#sidecar, logger });
    const { machine, queries, position, leadership } = this.#replica;

    const sidecar = this.#sidecar.carried(SidecarService);
    this.#proposer = new Proposer({ sidecar, leadership, position });
    this.#barrier = new ReadBarrier({ sidecar, leadership, position });
    this.#events = new EventFeed(queries, position);
    this.#auditFeed = new AuditFeed(queries, position, config.NODE_ID, this.#replica);
    this.#nodeEvents = new NodeEventRecorder({
      audit: this.#audit.carried(AuditServiceService),
      nodeId: config.NODE_ID,
      logger,
    });
    const acknowledgedIndex = (): number => this.#auditFeed.acknowledgedIndex;
    this.#pruner = new Pruner({ machine, acknowledgedIndex, logger });
    const writes = new Writes(new CommandFactory(config.NODE_ID), this.#proposer);
    this.#maintenance = new Maintenance({
      leadership,
      tasks: maintenanceTasks({ queries, propose: (body) => writes.submitOwn(body) }),
      clock: SYSTEM_CLOCK,
      logger,
    });

    this.#searchIndex = new SearchIndex(join(config.DATA_DIR, 'agenda'), {
      changesOf: (userId, since, limit) => queries.sync.changesOf(userId, since, limit, position.index),
      appointmentOf: (userId, id) =>
        queries.appointmentFor(userId, id) ?? queries.agendas.deletedAppointment(userId, id),
    });

    this.#server = new GrpcServer({
      verifier: new Verifier(receiverOf(config.NODE_ID, 'agenda'), config.CLUSTER_HMAC_SECRET, {
        receiverOptional: config.CLUSTER_RECEIVER_OPTIONAL,
      }),
      logger,
      reflection: true,
      onRefused: (refused) => this.#onRefused(refused),
    });
    this.#server.addService(AgendaServiceService, this.#handlers());
    this.#connect();
  }

  /** Of the gRPC server, once it is started. */
  get port(): number {
    return this.#port;
  }

  /**
   * In the order of their start. They stop in reverse: streams end, calls end, proposals end, then the agenda detaches
   * and its database closes.
   */
  parts(): Part[] {
    return [
      { name: 'lock', stop: () => this.#lock.release() },
      { name: 'database', stop: () => this.#replica.close() },
      { name: 'search index', stop: () => this.#searchIndex.close() },
      { name: 'channels', stop: () => this.#closeChannels() },
      { name: 'node events', stop: () => this.#nodeEvents.close(), stopMs: STOP_MS },
      { name: 'replica', start: () => this.#replica.start(), stop: () => this.#replica.stop() },
      { name: 'pruner', start: () => this.#pruner.start(), stop: () => this.#pruner.stop() },
      { name: 'proposer', stop: () => this.#proposer.close(DRAIN_MS), stopMs: STOP_MS },
      { name: 'maintenance', start: () => this.#maintenance.start(), stop: () => this.#maintenance.stop() },
      {
        name: 'server',
        start: () => this.#listen(),
        stop: () => this.#server.close(DRAIN_MS),
        stopMs: STOP_MS,
      },
      { name: 'feeds', stop: () => this.#closeFeeds() },
    ];
  }

  #handlers() {
    return agendaHandlers({
      nodeId: this.#config.NODE_ID,
      replica: this.#replica,
      proposer: this.#proposer,
      barrier: this.#barrier,
      events: this.#events,
      auditFeed: this.#auditFeed,
      searchIndex: this.#searchIndex,
      nodeEvents: this.#nodeEvents,
      feedSecrets: new FeedSecrets(this.#config.CLUSTER_HMAC_SECRET),
    });
  }

  /** Who is told of what. Requests are answered first, then the streams are fed. */
  #connect(): void {
    this.#replica.applyLoop.onApplied((applied, entries) => this.#proposer.onApplied(applied, entries));
    this.#replica.applyLoop.onApplied((applied) => this.#events.onApplied(applied));
    this.#replica.applyLoop.onApplied(() => this.#lost && this.#updateServing());
    this.#replica.applyLoop.onApplied((applied) => this.#auditFeed.onApplied(applied));
    this.#replica.onReplaced((what, reason) => this.#onReplaced(what, reason));
    this.#replica.applyLoop.onHalted((reason, error) => this.#onHalted(reason, error));
    this.#replica.leadership.onChange(() => this.#updateServing());
  }

  /** Serving: attached, applying, and a leader is known. */
  #updateServing(): void {
    this.#lost = this.#replica.position.failure !== undefined;
    this.#server.setServing(this.#replica.leadership.leaderKnown && !this.#lost);
  }

  #onHalted(reason: string, error: unknown): void {
    this.#updateServing();
    const { failure } = this.#replica.position;
    if (failure) this.#proposer.onHalted(failure);
    this.#nodeEvents.record({
      action: 'apply.stopped',
      level: Level.LEVEL_ALARM,
      outcome: 'unavailable',
      detail: { reason, applied: this.#replica.position.index },
    });
    // Started again, it goes on once the disk does; what it cannot apply, it could not apply then either.
    if (isDiskFailure(error)) this.#onDiskFailure();
  }

  #onReplaced(what: Replacement, reason: string): void {
    this.#updateServing();
    if (what === 'restored') {
      this.#searchIndex.rebuild();
      this.#proposer.onRestored();
      this.#events.onRestored(this.#replica.trailUnsure);
      this.#auditFeed.onRestored(this.#replica.trailUnsure);
    }
    const { index } = this.#replica.position;
    this.#nodeEvents.record({
      action: what === 'restored' ? 'state.restored' : 'state.lost',
      level: what === 'restored' ? Level.LEVEL_WARNING : Level.LEVEL_ALARM,
      outcome: what === 'restored' ? 'ok' : 'unavailable',
      detail: { applied: index, reason },
    });
  }

  #onRefused({ method, reason, peer }: RefusedCall): void {
    this.#nodeEvents.record({
      action: 'signature.refused',
      level: Level.LEVEL_WARNING,
      outcome: 'unauthenticated',
      target: method,
      address: peer,
      detail: { reason },
    });
  }

  async #listen(): Promise<void> {
    this.#port = await this.#server.listen(this.#config.AGENDA_GRPC_ADDR);
    this.#logger.info({ port: this.#port, applied: this.#replica.position.index }, 'the agenda listens');
  }

  #closeFeeds(): void {
    this.#events.close();
    this.#auditFeed.close();
  }

  #closeChannels(): void {
    this.#barrier.close();
    this.#sidecar.close();
    this.#audit.close();
  }
}
