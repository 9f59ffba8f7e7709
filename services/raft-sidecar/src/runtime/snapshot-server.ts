/** Hands snapshots out to members that need one. */
import type { FetchSnapshotRequest, SnapshotChunk } from '@agenda/proto/raft/v1/peer';
import { ServiceError } from '@agenda/service-kit/errors';
import type { OutboundStream } from '@agenda/service-kit/message-stream';
import type { Reading, SnapshotStore, StoredSnapshot } from '../storage/snapshot-store.ts';
import { snapshotToWire } from '../transport/conversions.ts';

/** At once; a further one is refused as overloaded. */
const SERVED_MAX = 2;
const CHUNK_BYTES = 256 * 1024;
const RETRY_AFTER_MS = 1_000;
const EMPTY = new Uint8Array(0);

export class SnapshotServer {
  readonly #store: SnapshotStore;
  /** A newer one is worth taking. */
  readonly #onMissing: () => void;
  #served = 0;

  constructor(store: SnapshotStore, onMissing: () => void) {
    this.#store = store;
    this.#onMissing = onMissing;
  }

  /** @throws ServiceError `not_found`, `overloaded`. */
  async serve(request: FetchSnapshotRequest, stream: OutboundStream<SnapshotChunk>): Promise<void> {
    const snapshot = this.#find(request);
    if (this.#served >= SERVED_MAX)
      throw new ServiceError('overloaded', `${SERVED_MAX} snapshots are being served already`, {
        retryAfterMs: RETRY_AFTER_MS,
      });
    this.#served += 1;
    try {
      const isSameFile = Buffer.compare(request.sha256, snapshot.sha256) === 0;
      const offset = isSameFile ? Math.min(request.offset, snapshot.bytes) : 0;
      const reading = await this.#store.open(snapshot, offset);
      try {
        await send(snapshot, reading, offset, stream);
      } finally {
        await reading.close();
      }
    } finally {
      this.#served -= 1;
    }
  }

  #find({ index, term, indexMin }: FetchSnapshotRequest): StoredSnapshot {
    const snapshot = index > 0 ? this.#store.find(index, term) : this.#store.latest();
    if (snapshot && snapshot.metadata.index >= indexMin) return snapshot;
    this.#onMissing();
    throw new ServiceError('not_found', `no snapshot at or behind ${Math.max(index, indexMin)} is here now`);
  }
}

async function send(
  { metadata, digest, bytes, sha256 }: StoredSnapshot,
  reading: Reading,
  from: number,
  stream: OutboundStream<SnapshotChunk>,
): Promise<void> {
  let offset = from;
  do {
    const data = await reading.next(CHUNK_BYTES);
    const isFirst = offset === from;
    const isLast = offset + data.length >= bytes;
    const taken = stream.write({
      offset,
      data,
      totalBytes: bytes,
      sha256: isFirst || isLast ? sha256 : EMPTY,
      metadata: isFirst ? snapshotToWire(metadata, digest) : undefined,
      mac: EMPTY,
    });
    if (!taken) await stream.drained();
    offset += data.length;
  } while (offset < bytes && !stream.closed.aborted);
}
