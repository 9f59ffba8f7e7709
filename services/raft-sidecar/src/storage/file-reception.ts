/** A snapshot's file on its way in: appended to a part, and complete once it is what was announced. */
import { createHash } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { CorruptSnapshotError, type Reception, type StoredSnapshot } from './snapshot-store.ts';

const READ_BYTES = 1024 * 1024;

export class FileReception implements Reception {
  readonly #path: string;
  readonly #announced: StoredSnapshot;
  readonly #file: FileHandle;
  /** Gives it its final name. */
  readonly #complete: () => Promise<void>;
  readonly #hash = createHash('sha256');
  #bytes = 0;

  private constructor(
    path: string,
    announced: StoredSnapshot,
    file: FileHandle,
    complete: () => Promise<void>,
  ) {
    this.#path = path;
    this.#announced = announced;
    this.#file = file;
    this.#complete = complete;
  }

  get bytes(): number {
    return this.#bytes;
  }

  static async open(
    path: string,
    announced: StoredSnapshot,
    complete: () => Promise<void>,
  ): Promise<FileReception> {
    const file = await open(path, 'a+');
    const reception = new FileReception(path, announced, file, complete);
    await reception.#readOn();
    return reception;
  }

  async write(data: Uint8Array): Promise<void> {
    if (this.#bytes + data.length > this.#announced.bytes)
      return this.#refuse(`more than its ${this.#announced.bytes} bytes came`);
    await this.#file.appendFile(data);
    this.#hash.update(data);
    this.#bytes += data.length;
  }

  async finish(): Promise<StoredSnapshot> {
    const { bytes, sha256 } = this.#announced;
    if (this.#bytes !== bytes) await this.#refuse(`${this.#bytes} of ${bytes} bytes came`);
    if (Buffer.compare(this.#hash.digest(), sha256) !== 0) await this.#refuse('its SHA-256 is another one');
    await this.#file.sync();
    await this.#file.close();
    await this.#complete();
    return this.#announced;
  }

  pause(): Promise<void> {
    return this.#file.close();
  }

  /** What came before counts for the sum. */
  async #readOn(): Promise<void> {
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    for (;;) {
      const { bytesRead } = await this.#file.read(buffer, 0, READ_BYTES, this.#bytes);
      if (bytesRead === 0) return;
      this.#hash.update(buffer.subarray(0, bytesRead));
      this.#bytes += bytesRead;
    }
  }

  async #refuse(what: string): Promise<never> {
    await this.#file.close();
    await rm(this.#path, { force: true });
    throw new CorruptSnapshotError(this.#announced.metadata.index, what);
  }
}
