import { join } from 'node:path';
import { AgendaServiceService } from '@agenda/proto/agenda/v1/agenda';
import { AuditServiceService, Level } from '@agenda/proto/audit/v1/audit';
import { SidecarService } from '@agenda/proto/raft/v1/sidecar';
import { GrpcChannel } from '@agenda/service-kit/grpc-client';
import { GrpcServer, type RefusedCall } from '@agenda/service-kit/grpc-server';
import type { Part } from '@agenda/service-kit/lifecycle';
import type { Logger } from '@agenda/service-kit/logger';
import { Signer, Verifier } from '@agenda/service-kit/signature';
import type { Database } from 'better-sqlite3';
import { agendaHandlers } from './api/handlers.ts';
import { AppliedPosition } from './apply/applied-position.ts';
import { ApplyLoop } from './apply/apply-loop.ts';
import { Attachment } from './apply/attachment.ts';
import { Checkpointer } from './apply/checkpointer.ts';
import { openDatabase } from './apply/database.ts';
import { LeadershipWatch } from './apply/leadership-watch.ts';
import { ReadBarrier } from './apply/read-barrier.ts';
import type { Config } from './config.ts';
import { AuditFeed } from './outbox/audit-feed.ts';
import { EventFeed } from './outbox/event-feed.ts';
import { NodeEventRecorder } from './outbox/node-event-recorder.ts';
import { Pruner } from './outbox/pruner.ts';
import { Proposer } from './proposals/proposer.ts';
import { Queries } from './queries/queries.ts';
import { StateMachine } from './state-machine/machine.ts';

/** What calls under way are given to end when the process is asked to stop. */
const DRAIN_MS = 3_000;
const STOP_MS = 5_000;

/** Everything the agenda is made of, wired. Nothing runs before the parts are started. */
export class AgendaContext {
  readonly #config: Config;
  readonly #logger: Logger;
  readonly #db: Database;
  readonly #machine: StateMachine;
  readonly #queries: Queries;
  readonly #position: AppliedPosition;
  readonly #leadership = new LeadershipWatch();
  readonly #checkpointer: Checkpointer;
  readonly #applyLoop: ApplyLoop;
  readonly #sidecar: GrpcChannel;
  readonly #audit: GrpcChannel;
  readonly #attachment: Attachment;
  readonly #proposer: Proposer;
  readonly #barrier: ReadBarrier;
  readonly #events: EventFeed;
  readonly #auditFeed: AuditFeed;
  readonly #nodeEvents: NodeEventRecorder;
  readonly #pruner: Pruner;
  readonly #server: GrpcServer;
  #port = 0;

  constructor(config: Config, logger: Logger) {
    this.#config = config;
    this.#logger = logger;
    const signer = new Signer(config.NODE_ID, config.CLUSTER_HMAC_SECRET);
    this.#sidecar = new GrpcChannel({ address: config.SIDECAR_GRPC_ADDR, signer, logger });
    this.#audit = new GrpcChannel({ address: config.AUDIT_GRPC_ADDR, signer, logger });

    this.#db = openDatabase(join(config.DATA_DIR, 'agenda'));
    this.#machine = new StateMachine(this.#db);
    this.#queries = new Queries(this.#db);
    const last = this.#machine.lastApplied();
    const position = new AppliedPosition(last);
    this.#position = position;
    this.#checkpointer = new Checkpointer({
      db: this.#db,
      appliedIndex: last.index,
      onDurable: () => this.#applyLoop.acknowledge(),
      onFailure: (error) => this.#applyLoop.halt(error),
    });
    const machine = this.#machine;
    const leadership = this.#leadership;
    this.#applyLoop = new ApplyLoop({ machine, position, checkpointer: this.#checkpointer, logger });
    this.#attachment = new Attachment({
      channel: this.#sidecar,
      machine,
      applyLoop: this.#applyLoop,
      leadership,
      logger,
    });

    const sidecar = this.#sidecar.carried(SidecarService);
    this.#proposer = new Proposer({ sidecar, leadership, position });
    this.#barrier = new ReadBarrier({ sidecar, leadership, position });
    this.#events = new EventFeed(this.#queries, position);
    this.#auditFeed = new AuditFeed(this.#queries, position, config.NODE_ID);
    this.#nodeEvents = new NodeEventRecorder({
      audit: this.#audit.carried(AuditServiceService),
      nodeId: config.NODE_ID,
      logger,
    });
    const acknowledgedIndex = (): number => this.#auditFeed.acknowledgedIndex;
    this.#pruner = new Pruner({ machine, acknowledgedIndex, logger });

    this.#server = new GrpcServer({
      verifier: new Verifier(config.CLUSTER_HMAC_SECRET),
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
      { name: 'database', stop: () => this.#closeDatabase() },
      { name: 'channels', stop: () => this.#closeChannels() },
      { name: 'node events', stop: () => this.#nodeEvents.close(), stopMs: STOP_MS },
      { name: 'attachment', start: () => this.#attachment.start(), stop: () => this.#attachment.stop() },
      { name: 'pruner', start: () => this.#pruner.start(), stop: () => this.#pruner.stop() },
      { name: 'proposer', stop: () => this.#proposer.close(DRAIN_MS), stopMs: STOP_MS },
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
      queries: this.#queries,
      machine: this.#machine,
      position: this.#position,
      leadership: this.#leadership,
      applyLoop: this.#applyLoop,
      attachment: this.#attachment,
      proposer: this.#proposer,
      barrier: this.#barrier,
      events: this.#events,
      auditFeed: this.#auditFeed,
      nodeEvents: this.#nodeEvents,
    });
  }

  /** Who is told of what. Requests are answered first, then the streams are fed. */
  #connect(): void {
    this.#applyLoop.onApplied((applied, entries) => this.#proposer.onApplied(applied, entries));
    this.#applyLoop.onApplied((applied) => this.#events.onApplied(applied));
    this.#applyLoop.onApplied((applied) => this.#auditFeed.onApplied(applied));
    this.#applyLoop.onHalted((reason) => this.#onHalted(reason));
    this.#leadership.onChange(() => this.#updateServing());
  }

  /** Serving: attached, applying, and a leader is known. */
  #updateServing(): void {
    this.#server.setServing(this.#leadership.leaderKnown && this.#applyLoop.haltReason === undefined);
  }

  #onHalted(reason: string): void {
    this.#updateServing();
    const { failure } = this.#position;
    if (failure) this.#proposer.onHalted(failure);
    this.#nodeEvents.record({
      action: 'apply.stopped',
      level: Level.LEVEL_ALARM,
      outcome: 'unavailable',
      detail: { reason, applied: this.#position.index },
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
    this.#logger.info({ port: this.#port, applied: this.#position.index }, 'the agenda listens');
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

  #closeDatabase(): void {
    this.#checkpointer.close();
    this.#db.close();
  }
}
