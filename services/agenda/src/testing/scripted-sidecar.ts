import type { Entry } from '@agenda/proto/raft/v1/entry';
import { type ProposeResponse, SidecarService } from '@agenda/proto/raft/v1/sidecar';
import {
  type Applied,
  type AttachRequest,
  AttachResponse,
  type Hello,
  Leadership,
  type SnapshotInstalled,
  type SnapshotTaken,
  StateMachineService,
} from '@agenda/proto/raft/v1/state_machine';
import type { ServiceError } from '@agenda/service-kit/errors';
import { GrpcChannel } from '@agenda/service-kit/grpc-client';
import { GrpcServer } from '@agenda/service-kit/grpc-server';
import { createLogger, type Logger } from '@agenda/service-kit/logger';
import type { MessageStream } from '@agenda/service-kit/message-stream';
import { type ReceivingService, receiverOf } from '@agenda/service-kit/nonces';
import { Signer, Verifier } from '@agenda/service-kit/signature';
import { StateMachine } from '../state-machine/machine.ts';

type AttachStream = MessageStream<AttachResponse, AttachRequest>;

/**
 * What becomes of one Propose call. `lose`: answered like an append, but the entry never gets into the log. `hold`: not
 * answered until `release`. An error: refused with it. `drop`: appended, but the answer is the error.
 */
export type Verdict = 'append' | 'lose' | 'hold' | ServiceError | { readonly drop: ServiceError };

export const TEST_SECRETS = ['a-secret-of-the-tests-that-is-long-enough'];

export function testLogger(): Logger {
  return createLogger({ component: 'test', nodeId: 'agenda-1', level: 'silent' });
}

export function testSigner(): Signer {
  return new Signer('agenda-1', TEST_SECRETS);
}

/** Of another process of the pod under test. */
export function testVerifier(service: ReceivingService): Verifier {
  return new Verifier(receiverOf('agenda-1', service), TEST_SECRETS);
}

/**
 * A sidecar of one member that speaks the real protocol over loopback: it appends, commits at once and delivers in
 * order, unless a test tells it otherwise.
 */
export class ScriptedSidecar {
  readonly log: Entry[] = [];
  readonly proposals: Uint8Array[] = [];
  readonly hellos: Hello[] = [];
  readonly applied: Applied[] = [];
  readonly taken: SnapshotTaken[] = [];
  readonly installed: SnapshotInstalled[] = [];
  /** Asked for each Propose call, with its number from 1. */
  verdict: (attempt: number) => Verdict = () => 'append';
  /** Asked for each ReadIndex call; an error refuses it. */
  readVerdict: () => ServiceError | 'answer' = () => 'answer';
  readIndexCalls = 0;
  leadership: Leadership = Leadership.fromPartial({
    leaderId: 'agenda-1#1',
    term: 1,
    isLeader: true,
    acceptsWrites: true,
    featureLevel: StateMachine.featureLevel,
  });
  readonly #server = new GrpcServer({ verifier: testVerifier('raft-sidecar'), logger: testLogger() });
  readonly #streams = new Set<AttachStream>();
  readonly #watchers = new Set<() => void>();
  #held: (() => void)[] = [];
  #port = 0;

  async start(): Promise<this> {
    this.#server.addService(SidecarService, {
      propose: ({ command }) => this.#propose(command),
      readIndex: () => this.#readIndex(),
    });
    this.#server.addService(StateMachineService, { attach: (stream) => this.#attach(stream) });
    this.#port = await this.#server.listen({ host: '127.0.0.1', port: this.#port });
    this.appendEmpty();
    return this;
  }

  get port(): number {
    return this.#port;
  }

  channel(): GrpcChannel {
    return new GrpcChannel({
      address: { host: '127.0.0.1', port: this.#port },
      receiver: receiverOf('agenda-1', 'raft-sidecar'),
      signer: testSigner(),
      logger: testLogger(),
    });
  }

  async stop(): Promise<void> {
    this.release();
    await this.#server.close(100);
  }

  /** Appends and delivers the entry that starts a term. */
  appendEmpty(): void {
    this.#append(undefined);
  }

  appendCommand(command: Uint8Array): Entry {
    return this.#append({ $case: 'command', value: command });
  }

  lead(change: Partial<Leadership>): void {
    this.leadership = { ...this.leadership, ...change };
    for (const stream of this.#streams) this.#sendLeadership(stream);
  }

  /** Says this on every attached stream. */
  tell(body: NonNullable<AttachResponse['body']>): void {
    for (const stream of this.#streams) stream.write(AttachResponse.fromPartial({ body }));
  }

  /** Goes on behind that index, as after an installed snapshot. */
  goOnBehind(index: number): void {
    for (const stream of this.#streams) this.#send(stream, this.log.slice(index));
  }

  /** A new leader: its term, and the empty entry that starts it. */
  newTerm(): void {
    this.lead({ term: this.leadership.term + 1 });
    this.appendEmpty();
  }

  /** Answers the Propose calls that are on hold, as appended. */
  release(): void {
    for (const answer of this.#held.splice(0)) answer();
  }

  /** Breaks every attached stream. */
  breakStreams(): void {
    for (const stream of this.#streams) stream.end();
    this.#streams.clear();
  }

  /** Resolves once the condition holds; it is looked at after everything that happens here. */
  until(condition: () => boolean): Promise<void> {
    if (condition()) return Promise.resolve();
    return new Promise((resolve) => {
      const watcher = (): void => {
        if (!condition()) return;
        this.#watchers.delete(watcher);
        resolve();
      };
      this.#watchers.add(watcher);
    });
  }

  #propose(command: Uint8Array): Promise<ProposeResponse> | ProposeResponse {
    this.proposals.push(command);
    const verdict = this.verdict(this.proposals.length);
    this.#happened();
    const lost = { index: this.log.length + 1, term: this.leadership.term };
    if (verdict === 'lose') return lost;
    if (verdict instanceof Error) throw verdict;
    if (verdict === 'hold')
      return new Promise((resolve) => {
        this.#held.push(() => resolve(this.appendCommand(command)));
      });
    const entry = this.appendCommand(command);
    if (verdict !== 'append') throw verdict.drop;
    return entry;
  }

  #readIndex(): { index: number } {
    this.readIndexCalls += 1;
    const verdict = this.readVerdict();
    this.#happened();
    if (verdict instanceof Error) throw verdict;
    return { index: this.log.length };
  }

  #append(payload: Entry['payload']): Entry {
    const entry = {
      index: this.log.length + 1,
      term: this.leadership.term,
      timestampMs: Date.now(),
      payload,
    };
    this.log.push(entry);
    for (const stream of this.#streams) this.#send(stream, [entry]);
    return entry;
  }

  async #attach(stream: AttachStream): Promise<void> {
    for await (const { body } of stream) {
      if (body?.$case === 'hello') {
        this.hellos.push(body.value);
        this.#streams.add(stream);
        this.#sendLeadership(stream);
        this.#send(stream, this.log.slice(body.value.lastApplied));
      } else if (body?.$case === 'applied') this.applied.push(body.value);
      else if (body?.$case === 'snapshotTaken') this.taken.push(body.value);
      else if (body?.$case === 'snapshotInstalled') this.installed.push(body.value);
      this.#happened();
    }
    this.#streams.delete(stream);
  }

  #send(stream: AttachStream, entries: Entry[]): void {
    stream.write(AttachResponse.fromPartial({ body: { $case: 'committed', value: { entries } } }));
  }

  #sendLeadership(stream: AttachStream): void {
    stream.write(AttachResponse.fromPartial({ body: { $case: 'leadership', value: this.leadership } }));
  }

  #happened(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }
}
