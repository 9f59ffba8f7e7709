/** A state machine that is the list of what it applied; it takes and installs snapshots of that as files. */
import { createHash } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Entry } from '@agenda/proto/raft/v1/entry';
import {
  type AttachRequest,
  type AttachResponse,
  StateMachineService,
} from '@agenda/proto/raft/v1/state_machine';
import type { GrpcChannel } from '@agenda/service-kit/grpc-client';
import type { MessageStream } from '@agenda/service-kit/message-stream';

/** Everything that committed, in order, as a state machine sees it. */
export interface Applied {
  readonly index: number;
  readonly term: number;
  /** Empty unless it is a command. */
  readonly text: string;
}

const EMPTY = new Uint8Array(0);
const REATTACH_MS = 20;

export class TestMachine {
  readonly #channel: GrpcChannel;
  readonly #applied: Applied[];
  readonly #featureLevel: number;
  #stream: MessageStream<AttachRequest, AttachResponse>;
  #taken = 0;
  /** It attaches anew when this attachment has ended. */
  #lost = false;
  /** As the sidecar said last. */
  clusterFeatureLevel = 0;
  installed = 0;
  discarded: string[] = [];

  /** @param applied where it stands, and where it notes what it applies. */
  constructor(channel: GrpcChannel, applied: Applied[], featureLevel: number) {
    this.#channel = channel;
    this.#applied = applied;
    this.#featureLevel = featureLevel;
    this.#stream = this.#attach();
  }

  get index(): number {
    return this.#applied.at(-1)?.index ?? 0;
  }

  detach(): void {
    this.#lost = false;
    this.#stream.cancel();
  }

  /** Something else than the log says stands here from now on. */
  corrupt(how = 'something else'): void {
    const [first] = this.#applied;
    if (first) this.#applied[0] = { ...first, text: `${first.text} and ${how}` };
  }

  /** As with an emptied data directory. */
  lose(): void {
    this.#applied.length = 0;
    this.#lost = true;
    this.#stream.cancel();
  }

  #attach(): MessageStream<AttachRequest, AttachResponse> {
    const stream = this.#channel.bidiStream(StateMachineService, 'attach');
    stream.onMessage(({ body }) => this.#receive(stream, body));
    stream.onEnd(() => {
      setTimeout(() => {
        if (!this.#lost) return;
        this.#lost = false;
        this.#stream = this.#attach();
      }, REATTACH_MS);
    });
    const { index, term } = this.#applied.at(-1) ?? { index: 0, term: 0 };
    const featureLevel = this.#featureLevel;
    const hello = { lastApplied: index, lastAppliedTerm: term, featureLevel, digest: EMPTY, stateLost: '' };
    stream.write({ body: { $case: 'hello', value: hello }, mac: EMPTY });
    return stream;
  }

  #receive(stream: MessageStream<AttachRequest, AttachResponse>, body: AttachResponse['body']): void {
    if (body?.$case === 'committed') this.#apply(stream, body.value.entries);
    else if (body?.$case === 'leadership') this.clusterFeatureLevel = body.value.featureLevel;
    else if (body?.$case === 'takeSnapshot') this.#take(stream, body.value.directory);
    else if (body?.$case === 'installSnapshot') this.#install(stream, body.value.path);
    else if (body?.$case === 'discardState') {
      this.discarded.push(body.value.reason);
      this.lose();
    }
  }

  #apply(stream: MessageStream<AttachRequest, AttachResponse>, entries: readonly Entry[]): void {
    for (const { index, term, payload } of entries) {
      const text = payload?.$case === 'command' ? Buffer.from(payload.value).toString() : '';
      this.#applied.push({ index, term, text });
      if (payload?.$case === 'checkpoint') this.#acknowledge(stream);
    }
    this.#acknowledge(stream);
  }

  #acknowledge(stream: MessageStream<AttachRequest, AttachResponse>): void {
    const { index } = this;
    const value = { index, durableIndex: index, digest: this.#digest() };
    stream.write({ body: { $case: 'applied', value }, mac: EMPTY });
  }

  #take(stream: MessageStream<AttachRequest, AttachResponse>, directory: string): void {
    const path = join(directory, `taken-${++this.#taken}.json`);
    writeFileSync(path, JSON.stringify(this.#applied));
    const { index, term } = this.#applied.at(-1) as Applied;
    const value = { path, index, term, digest: this.#digest(), error: '' };
    stream.write({ body: { $case: 'snapshotTaken', value }, mac: EMPTY });
  }

  #install(stream: MessageStream<AttachRequest, AttachResponse>, path: string): void {
    const restored = JSON.parse(readFileSync(path, 'utf8')) as Applied[];
    rmSync(path);
    this.#applied.splice(0, this.#applied.length, ...restored);
    this.installed += 1;
    const value = { index: this.index, error: '' };
    stream.write({ body: { $case: 'snapshotInstalled', value }, mac: EMPTY });
  }

  #digest(): Buffer {
    const texts = this.#applied.map(({ text }) => text);
    return createHash('sha256').update(JSON.stringify(texts)).digest();
  }
}
