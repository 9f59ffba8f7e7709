/** A snapshot's file on its way out. It stays readable while it is open, even if it is removed meanwhile. */
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { CorruptSnapshotError, type Reading, type StoredSnapshot } from './snapshot-store.ts';

const SKIP_BYTES = 1024 * 1024;

export class FileReading implements Reading {
  readonly #file: FileHandle;
  readonly #snapshot: StoredSnapshot;
  readonly #onCorrupt: () => void;
  readonly #hash = createHash('sha256');
  #position = 0;

  private constructor(file: FileHandle, snapshot: StoredSnapshot, onCorrupt: () => void) {
    this.#file = file;
    this.#snapshot = snapshot;
    this.#onCorrupt = onCorrupt;
  }

  static async open(path: string, snapshot: StoredSnapshot, onCorrupt: () => void): Promise<FileReading> {
    return new FileReading(await open(path, 'r'), snapshot, onCorrupt);
  }

  /** Reads what the other end has, for the sum over all of it. */
  async skip(bytes: number): Promise<void> {
    while (this.#position < bytes) await this.#read(Math.min(SKIP_BYTES, bytes - this.#position));
  }

  async next(bytesMax: number): Promise<Uint8Array> {
    const left = this.#snapshot.bytes - this.#position;
    if (left <= 0) return new Uint8Array(0);
    const data = await this.#read(Math.min(bytesMax, left));
    if (this.#position === this.#snapshot.bytes && !this.#isSound())
      this.#refuse('its SHA-256 is another one');
    return data;
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  async #read(bytes: number): Promise<Uint8Array> {
    const { buffer, bytesRead } = await this.#file.read(Buffer.allocUnsafe(bytes), 0, bytes, this.#position);
    if (bytesRead === 0) this.#refuse(`it ends at ${this.#position} of ${this.#snapshot.bytes} bytes`);
    const data = buffer.subarray(0, bytesRead);
    this.#hash.update(data);
    this.#position += bytesRead;
    return data;
  }

  #isSound(): boolean {
    return Buffer.compare(this.#hash.copy().digest(), this.#snapshot.sha256) === 0;
  }

  #refuse(what: string): never {
    this.#onCorrupt();
    throw new CorruptSnapshotError(this.#snapshot.metadata.index, what);
  }
}
