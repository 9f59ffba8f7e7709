import type { GrpcChannel } from '@agenda/service-kit/grpc-client';
import type { Logger } from '@agenda/service-kit/logger';
import type { Database } from 'better-sqlite3';
import { Queries } from '../queries/queries.ts';
import { StateMachine } from '../state-machine/machine.ts';
import { AppliedPosition } from './applied-position.ts';
import { ApplyLoop } from './apply-loop.ts';
import { Attachment } from './attachment.ts';
import { Checkpointer, type CheckpointLimits } from './checkpointer.ts';
import { openDatabase } from './database.ts';
import { LeadershipWatch } from './leadership-watch.ts';

export interface ReplicaOptions {
  /** Of the database; made if it is not there. */
  readonly directory: string;
  /** To the sidecar. */
  readonly channel: Pick<GrpcChannel, 'bidiStream'>;
  readonly logger: Logger;
  readonly checkpointLimits?: CheckpointLimits;
}

/** This pod's copy of the agenda: the database, and what keeps applying the log to it. */
export class Replica {
  readonly machine: StateMachine;
  readonly queries: Queries;
  readonly position: AppliedPosition;
  readonly leadership = new LeadershipWatch();
  readonly applyLoop: ApplyLoop;
  readonly attachment: Attachment;
  readonly #db: Database;
  readonly #checkpointer: Checkpointer;

  constructor({ directory, channel, logger, checkpointLimits }: ReplicaOptions) {
    this.#db = openDatabase(directory);
    this.machine = new StateMachine(this.#db);
    this.queries = new Queries(this.#db);
    this.position = new AppliedPosition(this.machine.lastApplied());
    this.#checkpointer = new Checkpointer({
      db: this.#db,
      appliedIndex: this.position.index,
      onDurable: () => this.applyLoop.acknowledge(),
      onFailure: (error) => this.applyLoop.halt(error),
      ...(checkpointLimits ? { limits: checkpointLimits } : {}),
    });
    const { machine, position, leadership } = this;
    this.applyLoop = new ApplyLoop({ machine, position, checkpointer: this.#checkpointer, logger });
    this.attachment = new Attachment({ channel, machine, applyLoop: this.applyLoop, leadership, logger });
  }

  /** Starts to attach to the sidecar; does not wait for it. */
  start(): void {
    this.attachment.start();
  }

  /** Detaches: nothing more is applied. */
  stop(): Promise<void> {
    return this.attachment.stop();
  }

  /** Closes the database. */
  close(): void {
    this.#checkpointer.close();
    this.#db.close();
  }
}
