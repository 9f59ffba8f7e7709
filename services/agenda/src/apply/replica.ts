import { join } from 'node:path';
import type { InstallSnapshot } from '@agenda/proto/raft/v1/state_machine';
import { ServiceError } from '@agenda/service-kit/errors';
import type { GrpcChannel } from '@agenda/service-kit/grpc-client';
import { uuidv7 } from '@agenda/service-kit/ids';
import type { Logger } from '@agenda/service-kit/logger';
import type { Queries } from '../queries/queries.ts';
import { AppliedPosition } from './applied-position.ts';
import { ApplyLoop } from './apply-loop.ts';
import { Attachment, type TakenSnapshot } from './attachment.ts';
import type { Checkpointer, CheckpointLimits } from './checkpointer.ts';
import { isCorrupt } from './database.ts';
import { DatabaseFiles } from './database-files.ts';
import { LeadershipWatch } from './leadership-watch.ts';
import { ReplicaState } from './replica-state.ts';
import { checkDatabase, copyDatabase, type SnapshotPosition } from './snapshot-work.ts';

const LOST_RETRY_AFTER_MS = 1_000;

export interface ReplicaOptions {
  /** Of the database; made if it is not there. */
  readonly directory: string;
  /** To the sidecar. */
  readonly channel: Pick<GrpcChannel, 'bidiStream'>;
  readonly logger: Logger;
  readonly checkpointLimits?: Partial<CheckpointLimits>;
}

/** What became of the state: `restored`, a snapshot stands in its place; `lost`, there is none until it is rebuilt. */
export type Replacement = 'restored' | 'lost';

/** This pod's copy of the agenda: the database, and what keeps applying the log to it. */
export class Replica {
  readonly state: ReplicaState;
  readonly position: AppliedPosition;
  readonly leadership = new LeadershipWatch();
  readonly applyLoop: ApplyLoop;
  readonly attachment: Attachment;
  readonly #files: DatabaseFiles;
  readonly #logger: Logger;
  readonly #listeners: ((what: Replacement, reason: string) => void)[] = [];
  #taking = false;
  #lost: string;

  constructor({ directory, channel, logger, checkpointLimits }: ReplicaOptions) {
    this.#logger = logger;
    this.#files = new DatabaseFiles(directory);
    this.state = new ReplicaState({
      files: this.#files,
      logger,
      onDurable: () => this.applyLoop.acknowledge(),
      onFailure: (error) => this.#onFailure(error),
      ...(checkpointLimits ? { checkpointLimits } : {}),
    });
    this.#lost = this.state.foundCorrupt;
    this.position = new AppliedPosition(this.state.lastApplied());
    const { state, position, leadership } = this;
    const { checkpointer } = state;
    const onCorrupt = (error: Error): void => this.#onFailure(error);
    this.applyLoop = new ApplyLoop({ machine: state, position, checkpointer, onCorrupt, logger });
    this.attachment = new Attachment({
      channel,
      machine: state,
      applyLoop: this.applyLoop,
      leadership,
      snapshots: {
        take: (path) => this.#take(path),
        install: (request) => this.#install(request),
        discard: (reason) => this.#onDiverged(reason),
      },
      stateLost: () => this.#lost,
      logger,
    });
  }

  get machine(): Pick<ReplicaState, 'lastApplied' | 'applyBatch' | 'prune'> {
    return this.state;
  }

  get queries(): Queries {
    return this.state.queries;
  }

  get checkpointer(): Checkpointer {
    return this.state.checkpointer;
  }

  /** What was handed to the audit service may be wrong: the state was another one than that of the other replicas. */
  get trailUnsure(): boolean {
    return this.#files.trailUnsure;
  }

  /** The audit service has compared its trail with another replica's. */
  trailCompared(): void {
    this.#files.clearTrailMark();
  }

  /** Called within the turn in which the state is exchanged. */
  onReplaced(listener: (what: Replacement, reason: string) => void): void {
    this.#listeners.push(listener);
  }

  /** Starts to attach to the sidecar; does not wait for it. */
  start(): void {
    const { foundCorrupt } = this.state;
    if (foundCorrupt !== '') this.#tell('lost', foundCorrupt);
    this.attachment.start();
  }

  /** Detaches: nothing more is applied. */
  stop(): Promise<void> {
    return this.attachment.stop();
  }

  /** Closes the database. */
  close(): void {
    this.state.close();
  }

  /** Off this thread, beside whatever is applied meanwhile. @throws Error, also while another one is taken. */
  async #take(directory: string): Promise<TakenSnapshot> {
    if (this.#taking) throw new Error('a snapshot is being taken already');
    this.#taking = true;
    const path = join(directory, `taken-${uuidv7()}.db`);
    try {
      return { path, ...(await copyDatabase(this.#files.database, path)) };
    } catch (error) {
      if (isCorrupt(error)) this.#onFailure(error);
      throw error;
    } finally {
      this.#taking = false;
    }
  }

  /** @throws Error if it is not what it is said to be; then everything stays as it is. */
  async #install({ path, metadata }: InstallSnapshot): Promise<number> {
    const found = await checkDatabase(path);
    assertSame(found, metadata);
    this.checkpointer.pause();
    this.#exchangeFor(path);
    this.position.restore(found);
    this.applyLoop.rebase();
    this.#logger.warn({ index: found.index, term: found.term }, 'a snapshot is installed');
    this.#tell('restored', '');
    return found.index;
  }

  #exchangeFor(path: string): void {
    try {
      this.state.install(path);
    } catch (error) {
      // The old database is closed, and the new one not open: the next start finishes it.
      this.applyLoop.halt(error);
      throw error;
    }
  }

  /** Other replicas made something else of the same log. */
  #onDiverged(reason: string): void {
    this.#files.markTrailUnsure();
    this.#lose(`this replica's state differs from that of the others (${reason})`);
  }

  #onFailure(error: unknown): void {
    if (isCorrupt(error)) this.#lose((error as Error).message);
    else this.applyLoop.halt(error);
  }

  #lose(reason: string): void {
    this.#logger.error({ reason, aside: this.#files.aside }, 'the database is put aside');
    try {
      this.state.discard();
    } catch (error) {
      this.applyLoop.halt(error);
      return;
    }
    this.#tell('lost', reason);
    this.attachment.renew();
  }

  #tell(what: Replacement, reason: string): void {
    this.#lost = reason;
    if (what === 'lost') {
      const why = `this replica is being rebuilt: ${reason}; ask another one`;
      this.position.suspend(
        new ServiceError('unavailable', why, { nothingDone: true, retryAfterMs: LOST_RETRY_AFTER_MS }),
      );
      this.applyLoop.rebase();
    }
    for (const listener of this.#listeners) listener(what, reason);
  }
}

function assertSame(found: SnapshotPosition, told: InstallSnapshot['metadata']): void {
  if (found.index !== told?.index || found.term !== told.term)
    throw new Error(
      `the snapshot holds entry ${found.index} of term ${found.term}, not ${told?.index} of term ${told?.term}`,
    );
  if (told.digest.length > 0 && Buffer.compare(found.digest, told.digest) !== 0)
    throw new Error('the snapshot has another digest than was said');
}
