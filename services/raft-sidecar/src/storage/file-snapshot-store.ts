/**
 * Snapshots as files, compressed with zstd. A file gets its final name once it is complete and synced, and its row after
 * that; so whatever a crash leaves is either whole or has no row and is removed at the next start. A part of a snapshot
 * that was being received stays, to be gone on with.
 */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib';
import type { SnapshotMetadata } from '../core/types.ts';
import type { RaftDatabase } from './database.ts';
import { FileReading } from './file-reading.ts';
import { FileReception } from './file-reception.ts';
import {
  CorruptSnapshotError,
  type PartialSnapshot,
  type Reading,
  type Reception,
  type SnapshotStore,
  type StoredSnapshot,
} from './snapshot-store.ts';
import { SnapshotTable } from './snapshot-table.ts';

/** One more than the newest, so that whoever fetches the one before can finish. */
const KEPT = 2;
/** zstd's own default: 3 is about as fast as the disk. */
const LEVEL = 3;
const PART = /^(\d+)-(\d+)-([0-9a-f]{64})\.part$/;

export class FileSnapshotStore implements SnapshotStore {
  readonly directory: string;
  readonly #table: SnapshotTable;
  #snapshots: StoredSnapshot[];

  /** Removes what a crash left over. @param directory made if it is not there. */
  constructor(directory: string, database: RaftDatabase) {
    this.directory = directory;
    mkdirSync(directory, { recursive: true });
    this.#table = new SnapshotTable(database);
    this.#snapshots = this.#table.all().filter((snapshot) => this.#isThere(snapshot));
    const known = new Set(this.#snapshots.map((snapshot) => nameOf(snapshot)));
    for (const name of readdirSync(directory))
      if (!known.has(name) && !PART.test(name)) rmSync(join(directory, name), { recursive: true });
  }

  latest(): StoredSnapshot | undefined {
    return this.#snapshots[0];
  }

  find(index: number, term: number): StoredSnapshot | undefined {
    return this.#snapshots.find(({ metadata }) => metadata.index === index && metadata.term === term);
  }

  async add(path: string, metadata: SnapshotMetadata, digest: Uint8Array): Promise<StoredSnapshot> {
    const compressed = `${path}.zst`;
    const tap = new HashTap();
    const params = { [constants.ZSTD_c_compressionLevel]: LEVEL };
    const sink = createWriteStream(compressed, { flush: true });
    try {
      await pipeline(createReadStream(path), createZstdCompress({ params }), tap, sink);
      const snapshot = { metadata, digest, bytes: tap.bytes, sha256: tap.digest() };
      await this.#keep(compressed, snapshot);
      return snapshot;
    } finally {
      // A disk that is full must not be filled further with what nobody needs.
      for (const leftOver of [path, compressed]) await rm(leftOver, { force: true });
    }
  }

  async expand(snapshot: StoredSnapshot): Promise<string> {
    const { index } = snapshot.metadata;
    const path = join(this.directory, `install-${index}.db`);
    const tap = new HashTap();
    const sink = createWriteStream(path, { flush: true });
    try {
      await pipeline(createReadStream(this.#pathOf(snapshot)), tap, createZstdDecompress(), sink);
      if (Buffer.compare(tap.digest(), snapshot.sha256) !== 0)
        throw new CorruptSnapshotError(index, 'its SHA-256 is another one');
      return path;
    } catch (error) {
      await rm(path, { force: true });
      if (!isDamage(error)) throw error;
      this.remove(snapshot);
      throw error instanceof CorruptSnapshotError ? error : new CorruptSnapshotError(index, String(error));
    }
  }

  async open(snapshot: StoredSnapshot, offset: number): Promise<Reading> {
    const reading = await FileReading.open(this.#pathOf(snapshot), snapshot, () => this.remove(snapshot));
    await reading.skip(offset);
    return reading;
  }

  partial(index: number, term: number): PartialSnapshot | undefined {
    for (const name of readdirSync(this.directory)) {
      const [, partIndex, partTerm, sha256 = ''] = PART.exec(name) ?? [];
      if (Number(partIndex) !== index || Number(partTerm) !== term) continue;
      const { size: bytes } = statSync(join(this.directory, name));
      return { bytes, sha256: Buffer.from(sha256, 'hex') };
    }
    return undefined;
  }

  async receive(announced: StoredSnapshot): Promise<Reception> {
    const { index, term } = announced.metadata;
    const part = `${index}-${term}-${hexOf(announced.sha256)}.part`;
    for (const name of readdirSync(this.directory))
      if (PART.test(name) && name !== part) rmSync(join(this.directory, name));
    const path = join(this.directory, part);
    return FileReception.open(path, announced, () => this.#keep(path, announced));
  }

  remove(snapshot: StoredSnapshot): void {
    this.#snapshots = this.#snapshots.filter((other) => other !== snapshot);
    this.#table.delete(snapshot);
    rmSync(this.#pathOf(snapshot), { force: true });
  }

  removeAll(): void {
    for (const snapshot of this.#snapshots) this.remove(snapshot);
  }

  /** @param path synced. */
  async #keep(path: string, snapshot: StoredSnapshot): Promise<void> {
    await rename(path, this.#pathOf(snapshot));
    const directory = await open(this.directory, 'r');
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
    this.#table.insert(snapshot);
    const others = this.#snapshots.filter((other) => nameOf(other) !== nameOf(snapshot));
    this.#snapshots = [snapshot, ...others].sort((a, b) => b.metadata.index - a.metadata.index);
    for (const old of this.#snapshots.slice(KEPT)) this.remove(old);
  }

  #isThere(snapshot: StoredSnapshot): boolean {
    const stats = statSync(this.#pathOf(snapshot), { throwIfNoEntry: false });
    if (stats?.size === snapshot.bytes) return true;
    this.#table.delete(snapshot);
    return false;
  }

  #pathOf(snapshot: StoredSnapshot): string {
    return join(this.directory, nameOf(snapshot));
  }
}

function nameOf({ metadata, sha256 }: StoredSnapshot): string {
  return `${metadata.index}-${metadata.term}-${hexOf(sha256)}.db.zst`;
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** Anything that zstd cannot read is damaged. */
function isDamage(error: unknown): boolean {
  return (
    error instanceof CorruptSnapshotError || String((error as { code?: string }).code).startsWith('ZSTD_')
  );
}

/** Passes bytes on, and counts and hashes them. */
class HashTap extends Transform {
  readonly #hash = createHash('sha256');
  bytes = 0;

  override _transform(chunk: Buffer, _encoding: string, done: (error: null, chunk: Buffer) => void): void {
    this.#hash.update(chunk);
    this.bytes += chunk.length;
    done(null, chunk);
  }

  digest(): Buffer {
    return this.#hash.digest();
  }
}
