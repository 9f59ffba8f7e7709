import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SnapshotMetadata } from '../core/types.ts';
import { removeDirectory, temporaryDirectory } from '../testing/directories.ts';
import { openRaftDatabase, type RaftDatabase } from './database.ts';
import { FileSnapshotStore } from './file-snapshot-store.ts';
import type { SnapshotStore, StoredSnapshot } from './snapshot-store.ts';

const CONTENT = Buffer.concat([Buffer.alloc(200_000, 'agenda'), randomBytes(300_000)]);
const DIGEST = Buffer.alloc(32, 7);
const CHUNK_BYTES = 64 * 1024;

function metadataAt(index: number): SnapshotMetadata {
  const configuration = {
    voters: ['a#1'],
    votersOutgoing: [],
    learners: [],
    learnersNext: [],
    autoLeave: false,
  };
  return { index, term: 2, timestampMs: 5, configuration, configurationIndex: 1 };
}

describe('the snapshot store', () => {
  let directory: string;
  let database: RaftDatabase;
  let store: FileSnapshotStore;

  beforeEach(() => {
    directory = temporaryDirectory();
    open();
  });

  afterEach(() => {
    database.close();
    removeDirectory(directory);
  });

  function open(): void {
    database = openRaftDatabase(directory);
    store = new FileSnapshotStore(join(directory, 'snapshots'), database);
  }

  /** As a process that was killed leaves it. */
  function reopen(): void {
    database.close();
    open();
  }

  function files(): string[] {
    return readdirSync(store.directory);
  }

  function add(index: number, content: Buffer = CONTENT): Promise<StoredSnapshot> {
    const path = join(store.directory, `taken-${index}.db`);
    writeFileSync(path, content);
    return store.add(path, metadataAt(index), DIGEST);
  }

  async function read(from: SnapshotStore, snapshot: StoredSnapshot, offset = 0): Promise<Buffer> {
    const reading = await from.open(snapshot, offset);
    const chunks: Uint8Array[] = [];
    try {
      for (;;) {
        const chunk = await reading.next(CHUNK_BYTES);
        if (chunk.length === 0) return Buffer.concat(chunks);
        assert.ok(chunk.length <= CHUNK_BYTES);
        chunks.push(chunk);
      }
    } finally {
      await reading.close();
    }
  }

  it('keeps compressed what it is given, and gives the same back, also after a restart', async () => {
    const added = await add(10);
    assert.ok(added.bytes < CONTENT.length);
    reopen();
    assert.deepEqual(store.latest(), added);
    assert.deepEqual(store.latest()?.metadata, metadataAt(10));
    const path = await store.expand(store.latest() as StoredSnapshot);
    assert.ok(readFileSync(path).equals(CONTENT));
    assert.deepEqual(
      createHash('sha256')
        .update(await read(store, added))
        .digest(),
      added.sha256,
    );
  });

  it('keeps the newest and the one before it, and nothing else', async () => {
    for (const index of [10, 20, 30]) await add(index);
    assert.equal(store.latest()?.metadata.index, 30);
    assert.ok(store.find(20, 2));
    assert.equal(store.find(10, 2), undefined);
    assert.equal(store.find(20, 3), undefined);
    assert.equal(files().length, 2);
  });

  it('removes at its start what a crash left over, but for what it can go on receiving', async () => {
    await add(10);
    for (const name of [
      'taken-1.db',
      'taken-1.db.tmp',
      'taken-2.db.zst',
      'install-3.db',
      `9-1-${'0'.repeat(64)}.db.zst`,
    ])
      writeFileSync(join(store.directory, name), 'left over');
    const part = `40-2-${'a'.repeat(64)}.part`;
    writeFileSync(join(store.directory, part), 'begun');
    reopen();
    assert.equal(files().length, 2);
    assert.ok(files().includes(part));
    assert.equal(store.partial(40, 2)?.bytes, 5);
  });

  it('forgets a snapshot whose file is gone or cut off', async () => {
    const { metadata } = await add(10);
    await add(20);
    const [first] = files().filter((name) => name.startsWith(`${metadata.index}-`));
    truncateSync(join(store.directory, first as string), 100);
    reopen();
    assert.equal(store.find(10, 2), undefined);
    assert.equal(store.latest()?.metadata.index, 20);
  });

  function flipBit(snapshot: StoredSnapshot): void {
    const [name] = files().filter((each) => each.startsWith(`${snapshot.metadata.index}-`));
    const path = join(store.directory, name as string);
    const bytes = readFileSync(path);
    bytes[200_000] = (bytes[200_000] as number) ^ 1;
    writeFileSync(path, bytes);
  }

  it('refuses to hand out a file with a flipped bit, and removes it', async () => {
    for (const use of [(s: StoredSnapshot) => store.expand(s), (s: StoredSnapshot) => read(store, s)]) {
      const snapshot = await add(10);
      flipBit(snapshot);
      await assert.rejects(use(snapshot), { name: 'CorruptSnapshotError' });
      assert.equal(store.latest(), undefined);
      assert.deepEqual(files(), []);
    }
  });

  describe('receiving', () => {
    let sourceDirectory: string;
    let sourceDatabase: RaftDatabase;
    let source: FileSnapshotStore;
    let announced: StoredSnapshot;
    let bytes: Buffer;

    beforeEach(async () => {
      sourceDirectory = temporaryDirectory();
      sourceDatabase = openRaftDatabase(sourceDirectory);
      source = new FileSnapshotStore(join(sourceDirectory, 'snapshots'), sourceDatabase);
      const path = join(source.directory, 'taken.db');
      writeFileSync(path, CONTENT);
      announced = await source.add(path, metadataAt(50), DIGEST);
      bytes = await read(source, announced);
    });

    afterEach(() => {
      sourceDatabase.close();
      removeDirectory(sourceDirectory);
    });

    it('goes on behind what has come, also after a restart, and offers it only when it is whole', async () => {
      const first = await store.receive(announced);
      await first.write(bytes.subarray(0, 100_000));
      await first.pause();
      assert.equal(store.latest(), undefined);
      reopen();
      const part = store.partial(50, 2);
      assert.equal(part?.bytes, 100_000);
      assert.deepEqual(part?.sha256, announced.sha256);
      const second = await store.receive(announced);
      await second.write(await read(source, announced, 100_000));
      assert.deepEqual(await second.finish(), announced);
      assert.deepEqual(store.latest(), announced);
      assert.ok(readFileSync(await store.expand(announced)).equals(CONTENT));
    });

    it('refuses what is too short, too long or changed, and keeps nothing of it', async () => {
      const changed = Buffer.from(bytes);
      changed[1_000] = (changed[1_000] as number) ^ 1;
      for (const wrong of [bytes.subarray(1), Buffer.concat([bytes, Buffer.from('x')]), changed]) {
        const reception = await store.receive(announced);
        const receiving = reception.write(wrong).then(() => reception.finish());
        await assert.rejects(receiving, { name: 'CorruptSnapshotError' });
        assert.equal(store.partial(50, 2), undefined);
        assert.equal(store.latest(), undefined);
      }
    });

    it('gives up what it was receiving when another one is wanted', async () => {
      const first = await store.receive(announced);
      await first.write(bytes.subarray(0, 1_000));
      await first.pause();
      const other = { ...announced, metadata: metadataAt(60), sha256: Buffer.alloc(32, 1) };
      await (await store.receive(other)).pause();
      assert.equal(store.partial(50, 2), undefined);
      assert.ok(store.partial(60, 2));
    });

    it('reads on from a file that was replaced meanwhile', async () => {
      const reading = await source.open(announced, 0);
      const chunks = [await reading.next(CHUNK_BYTES)];
      source.remove(announced);
      assert.ok(!existsSync(join(source.directory, '50')));
      for (
        let chunk = await reading.next(CHUNK_BYTES);
        chunk.length > 0;
        chunk = await reading.next(CHUNK_BYTES)
      )
        chunks.push(chunk);
      await reading.close();
      assert.ok(Buffer.concat(chunks).equals(bytes));
    });
  });
});
