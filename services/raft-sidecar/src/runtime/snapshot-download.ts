/** Fetches one snapshot from one member, going on where a break left it. */
import type { FetchSnapshotRequest, SnapshotChunk } from '@agenda/proto/raft/v1/peer';
import { ServiceError, toServiceError } from '@agenda/service-kit/errors';
import type { MemberId } from '../core/types.ts';
import {
  CorruptSnapshotError,
  type Reception,
  type SnapshotStore,
  type StoredSnapshot,
} from '../storage/snapshot-store.ts';
import { snapshotFromWire } from '../transport/conversions.ts';

/** In a row without a byte. */
const ATTEMPTS_MAX = 4;
/** Between two chunks. */
const IDLE_MS_MAX = 5_000;
const REST_MS = 100;
const NO_HASH = new Uint8Array(0);

export interface ChunkStream extends AsyncIterable<SnapshotChunk> {
  cancel(): void;
}

export interface SnapshotPeers {
  /** @throws ServiceError if it cannot be reached. */
  fetchSnapshot(member: MemberId, request: FetchSnapshotRequest): ChunkStream;
}

/** That one, or the newest that is not older than `indexMin`. */
export type WantedSnapshot =
  | { readonly index: number; readonly term: number }
  | { readonly indexMin: number };

export interface DownloadOptions {
  readonly peers: SnapshotPeers;
  readonly store: SnapshotStore;
  readonly member: MemberId;
  readonly wanted: WantedSnapshot;
  /** Gives up; what has come stays. */
  readonly signal: AbortSignal;
}

/**
 * @returns a snapshot that is complete, checked and synced here.
 * @throws ServiceError (`not_found`: that member has none such), CorruptSnapshotError, or the error of the disk.
 */
export async function downloadSnapshot(options: DownloadOptions): Promise<StoredSnapshot> {
  const { wanted, signal } = options;
  let known = 'index' in wanted ? wanted : undefined;
  for (let failures = 0; ; ) {
    const attempt = new Attempt(options, known);
    try {
      return await attempt.run();
    } catch (error) {
      known ??= attempt.position;
      failures = attempt.bytes > 0 ? 1 : failures + 1;
      if (signal.aborted || failures >= ATTEMPTS_MAX || !mayPass(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, REST_MS));
    }
  }
}

/** A broken connection, or a member that serves enough others. */
function mayPass(error: unknown): boolean {
  if (error instanceof CorruptSnapshotError) return false;
  const { code } = toServiceError(error);
  return code === 'unavailable' || code === 'timeout' || code === 'overloaded';
}

class Attempt {
  readonly #options: DownloadOptions;
  readonly #known: { readonly index: number; readonly term: number } | undefined;
  /** That came now. */
  bytes = 0;
  /** Of what the other member sends. */
  position: { readonly index: number; readonly term: number } | undefined;

  constructor(
    options: DownloadOptions,
    known: { readonly index: number; readonly term: number } | undefined,
  ) {
    this.#options = options;
    this.#known = known;
  }

  async run(): Promise<StoredSnapshot> {
    const { peers, member, signal } = this.#options;
    const stream = peers.fetchSnapshot(member, this.#request());
    const cancel = (): void => stream.cancel();
    const idle = setTimeout(cancel, IDLE_MS_MAX);
    signal.addEventListener('abort', cancel);
    try {
      return await this.#receive(stream, () => idle.refresh());
    } finally {
      clearTimeout(idle);
      signal.removeEventListener('abort', cancel);
      stream.cancel();
    }
  }

  #request(): FetchSnapshotRequest {
    const { store, wanted } = this.#options;
    const { index, term } = this.#known ?? { index: 0, term: 0 };
    const part = this.#known && store.partial(index, term);
    const indexMin = 'indexMin' in wanted ? wanted.indexMin : 0;
    return { index, term, offset: part?.bytes ?? 0, sha256: part?.sha256 ?? NO_HASH, indexMin };
  }

  async #receive(stream: ChunkStream, onChunk: () => void): Promise<StoredSnapshot> {
    let reception: Reception | undefined;
    try {
      for await (const chunk of stream) {
        if (this.#options.signal.aborted) break;
        onChunk();
        reception ??= await this.#begin(chunk);
        if (chunk.offset !== reception.bytes)
          throw new ServiceError('internal', `byte ${chunk.offset} came, where ${reception.bytes} was due`);
        await reception.write(chunk.data);
        this.bytes += chunk.data.length;
        if (reception.bytes < chunk.totalBytes) continue;
        const whole = reception;
        reception = undefined;
        return await whole.finish();
      }
    } finally {
      await reception?.pause();
    }
    throw new ServiceError('unavailable', 'the snapshot broke off');
  }

  async #begin({ metadata: wire, totalBytes, sha256 }: SnapshotChunk): Promise<Reception> {
    const metadata = snapshotFromWire(wire);
    if (!wire || !metadata) throw new ServiceError('internal', 'the first chunk does not say what it is of');
    const { index, term } = metadata;
    this.position = { index, term };
    if (this.#known && (index !== this.#known.index || term !== this.#known.term))
      throw new ServiceError('internal', `a snapshot at ${index} came, and not the one that was asked for`);
    return this.#options.store.receive({ metadata, digest: wire.digest, bytes: totalBytes, sha256 });
  }
}
