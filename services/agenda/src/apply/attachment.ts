import { setTimeout as sleep } from 'node:timers/promises';
import {
  AttachRequest,
  type AttachResponse,
  type InstallSnapshot,
  StateMachineService,
} from '@agenda/proto/raft/v1/state_machine';
import { ServiceError, toServiceError } from '@agenda/service-kit/errors';
import type { GrpcChannel } from '@agenda/service-kit/grpc-client';
import type { Logger } from '@agenda/service-kit/logger';
import type { MessageStream } from '@agenda/service-kit/message-stream';
import { StateMachine } from '../state-machine/machine.ts';
import type { ApplyLoop } from './apply-loop.ts';
import type { LeadershipWatch } from './leadership-watch.ts';
import type { SnapshotPosition } from './snapshot-work.ts';

/** Doubles with each failure in a row. */
const RECONNECT_MS_MIN = 50;
const RECONNECT_MS_MAX = 2_000;

type AttachStream = Pick<MessageStream<AttachRequest, AttachResponse>, 'write'>;

export interface TakenSnapshot extends SnapshotPosition {
  readonly path: string;
}

/** What the sidecar asks besides applying. */
export interface SnapshotHandlers {
  take(directory: string): Promise<TakenSnapshot>;
  /** @returns its index */
  install(request: InstallSnapshot): Promise<number>;
  /** Ends this attachment. */
  discard(reason: string): void;
}

export interface AttachmentOptions {
  readonly channel: Pick<GrpcChannel, 'bidiStream'>;
  readonly machine: Pick<StateMachine, 'lastApplied'>;
  readonly applyLoop: ApplyLoop;
  readonly leadership: LeadershipWatch;
  readonly snapshots: SnapshotHandlers;
  /** Why the state that was here is gone; empty: it is not. */
  readonly stateLost: () => string;
  readonly logger: Logger;
}

/** Keeps this agenda attached to its sidecar's stream of committed entries for as long as it can apply them. */
export class Attachment {
  readonly #options: AttachmentOptions;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #cancelStream: (() => void) | undefined;
  #attached = false;
  #failuresInRow = 0;

  constructor(options: AttachmentOptions) {
    this.#options = options;
    options.applyLoop.onHalted(() => this.#detach());
  }

  get attached(): boolean {
    return this.#attached;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Attaches anew: the position is another one. */
  renew(): void {
    this.#cancelStream?.();
  }

  async stop(): Promise<void> {
    this.#detach();
    await this.#running;
  }

  #detach(): void {
    this.#stopping.abort();
    this.#cancelStream?.();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const failure = await this.#attachOnce();
      if (signal.aborted) return;
      const delayMs = Math.min(RECONNECT_MS_MIN * 2 ** this.#failuresInRow, RECONNECT_MS_MAX);
      this.#failuresInRow += 1;
      this.#options.logger.warn(
        { reason: failure.message, delayMs },
        'not attached to the sidecar; trying again',
      );
      await sleep(delayMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** @returns why it ended */
  async #attachOnce(): Promise<ServiceError> {
    const { channel, applyLoop, leadership, machine } = this.#options;
    const stream = channel.bidiStream(StateMachineService, 'attach');
    this.#cancelStream = () => stream.cancel();
    try {
      const { index, term, digest } = machine.lastApplied();
      const hello = {
        lastApplied: index,
        lastAppliedTerm: term,
        featureLevel: StateMachine.featureLevel,
        digest,
        stateLost: this.#options.stateLost(),
      };
      stream.write(AttachRequest.fromPartial({ body: { $case: 'hello', value: hello } }));
      applyLoop.attach((applied) =>
        stream.write(AttachRequest.fromPartial({ body: { $case: 'applied', value: applied } })),
      );
      for await (const message of stream) await this.#receive(stream, message);
      return new ServiceError('unavailable', 'the sidecar ended the stream');
    } catch (error) {
      return toServiceError(error);
    } finally {
      stream.cancel();
      this.#cancelStream = undefined;
      this.#attached = false;
      applyLoop.detach();
      leadership.forget();
    }
  }

  #receive(stream: AttachStream, { body }: AttachResponse): Promise<void> | void {
    if (!this.#attached) {
      this.#attached = true;
      this.#failuresInRow = 0;
      this.#options.logger.info('attached to the sidecar');
    }
    switch (body?.$case) {
      case 'committed':
        return this.#options.applyLoop.push(body.value.entries);
      case 'leadership':
        return this.#options.leadership.update(body.value);
      case 'takeSnapshot':
        // Entries must not wait for it.
        void this.#take(stream, body.value.directory);
        return;
      case 'installSnapshot':
        return this.#install(stream, body.value);
      case 'discardState':
        return this.#options.snapshots.discard(body.value.reason);
      default:
        this.#options.logger.error('the sidecar sent a kind of message that this version does not know');
    }
  }

  /** Never rejects. */
  async #take(stream: AttachStream, directory: string): Promise<void> {
    try {
      const taken = await this.#options.snapshots.take(directory);
      stream.write(AttachRequest.fromPartial({ body: { $case: 'snapshotTaken', value: taken } }));
    } catch (error) {
      const { message } = error as Error;
      this.#options.logger.error({ err: error }, 'no snapshot could be taken');
      stream.write(
        AttachRequest.fromPartial({ body: { $case: 'snapshotTaken', value: { error: message } } }),
      );
    }
  }

  /** What follows on the stream waits until it is done. Never rejects. */
  async #install(stream: AttachStream, request: InstallSnapshot): Promise<void> {
    try {
      const index = await this.#options.snapshots.install(request);
      stream.write(AttachRequest.fromPartial({ body: { $case: 'snapshotInstalled', value: { index } } }));
    } catch (error) {
      const { message } = error as Error;
      this.#options.logger.error({ err: error }, 'a snapshot could not be installed');
      const value = { index: request.metadata?.index ?? 0, error: message };
      stream.write(AttachRequest.fromPartial({ body: { $case: 'snapshotInstalled', value } }));
    }
  }
}
