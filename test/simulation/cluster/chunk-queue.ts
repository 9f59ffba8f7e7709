/** The receiving end of a snapshot on its way. */
import type { SnapshotChunk } from '@agenda/proto/raft/v1/peer';
import type { ChunkStream } from '../../../services/raft-sidecar/src/runtime/snapshot-download.ts';

export class ChunkQueue implements ChunkStream {
  readonly #cancelling = new AbortController();
  readonly #chunks: SnapshotChunk[] = [];
  #ended = false;
  #error: Error | undefined;
  #wake: () => void = () => {};

  get cancelled(): AbortSignal {
    return this.#cancelling.signal;
  }

  push(chunk: SnapshotChunk): void {
    this.#chunks.push(chunk);
    this.#wake();
  }

  fail(error: Error): void {
    this.#error = error;
    this.#end();
  }

  cancel(): void {
    this.#cancelling.abort();
    this.#end();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<SnapshotChunk> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk) yield chunk;
      else if (this.#error) throw this.#error;
      else if (this.#ended) return;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }

  #end(): void {
    this.#ended = true;
    this.#wake();
  }
}
