/** Snapshots on a simulated disk, as one process of the node sees them. */
import { createHash } from 'node:crypto';
import type { SnapshotMetadata } from '../../../services/raft-sidecar/src/core/types.ts';
import {
  CorruptSnapshotError,
  type PartialSnapshot,
  type Reading,
  type Reception,
  type SnapshotStore,
  type StoredSnapshot,
} from '../../../services/raft-sidecar/src/storage/snapshot-store.ts';
import type { Disk, SnapshotFile } from './disk.ts';

/** Older ones make room. */
const KEPT_MAX = 2;

export interface SnapshotFilesOptions {
  readonly disk: Disk;
  /** Resolves once that much time has passed and the process still lives; else never. */
  readonly syncs: () => Promise<void>;
}

export class SnapshotFiles implements SnapshotStore {
  readonly directory = '/snapshots';
  readonly #options: SnapshotFilesOptions;
  /** By path: what lies about beside the snapshots themselves. */
  readonly #plain = new Map<string, Uint8Array>();
  #nextPath = 1;

  constructor(options: SnapshotFilesOptions) {
    this.#options = options;
  }

  /** @returns the path of a plain file. */
  writePlain(data: Uint8Array): string {
    const path = `${this.directory}/${this.#nextPath++}`;
    this.#plain.set(path, data);
    return path;
  }

  readPlain(path: string): Uint8Array {
    const data = this.#plain.get(path);
    if (!data) throw new Error(`there is no file ${path}`);
    this.#plain.delete(path);
    return data;
  }

  latest(): StoredSnapshot | undefined {
    return this.#options.disk.snapshots.at(-1)?.stored;
  }

  find(index: number, term: number): StoredSnapshot | undefined {
    return this.#file(index, term)?.stored;
  }

  add(path: string, metadata: SnapshotMetadata, digest: Uint8Array): Promise<StoredSnapshot> {
    const data = this.readPlain(path);
    return this.#keep({ metadata, digest, bytes: data.length, sha256: sha256Of(data) }, data);
  }

  async expand({ metadata: { index, term } }: StoredSnapshot): Promise<string> {
    await this.#options.syncs();
    const file = this.#file(index, term);
    if (!file) throw new CorruptSnapshotError(index, 'it is gone');
    return this.writePlain(file.data);
  }

  async open({ metadata: { index, term } }: StoredSnapshot, offset: number): Promise<Reading> {
    let rest = this.#file(index, term)?.data.subarray(offset) ?? new Uint8Array(0);
    return {
      next: async (bytesMax) => {
        const next = rest.subarray(0, bytesMax);
        rest = rest.subarray(bytesMax);
        return next;
      },
      close: async () => {},
    };
  }

  /** A break loses what had come. */
  partial(): PartialSnapshot | undefined {
    return undefined;
  }

  async receive(announced: StoredSnapshot): Promise<Reception> {
    const parts: Uint8Array[] = [];
    let bytes = 0;
    const keep = (): Promise<StoredSnapshot> => {
      const data = Buffer.concat(parts);
      if (Buffer.compare(sha256Of(data), announced.sha256) !== 0)
        throw new CorruptSnapshotError(announced.metadata.index, 'it is not what was announced');
      return this.#keep(announced, data);
    };
    return {
      get bytes() {
        return bytes;
      },
      write: async (data) => {
        parts.push(data);
        bytes += data.length;
      },
      finish: async () => keep(),
      pause: async () => {},
    };
  }

  remove({ metadata: { index, term } }: StoredSnapshot): void {
    const { disk } = this.#options;
    disk.snapshots = disk.snapshots.filter(({ stored }) => !isAt(stored, index, term));
  }

  removeAll(): void {
    this.#options.disk.snapshots = [];
  }

  #file(index: number, term: number): SnapshotFile | undefined {
    return this.#options.disk.snapshots.find(({ stored }) => isAt(stored, index, term));
  }

  async #keep(stored: StoredSnapshot, data: Uint8Array): Promise<StoredSnapshot> {
    await this.#options.syncs();
    const { disk } = this.#options;
    disk.snapshots = [...disk.snapshots, { stored, data }]
      .sort((a, b) => a.stored.metadata.index - b.stored.metadata.index)
      .slice(-KEPT_MAX);
    return stored;
  }
}

function isAt({ metadata }: StoredSnapshot, index: number, term: number): boolean {
  return metadata.index === index && metadata.term === term;
}

function sha256Of(data: Uint8Array): Uint8Array {
  return createHash('sha256').update(data).digest();
}
