import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FetchSnapshotRequest, PeerService } from '@agenda/proto/raft/v1/peer';
import { GrpcChannel } from '@agenda/service-kit/grpc-client';
import { GrpcServer } from '@agenda/service-kit/grpc-server';
import { createLogger } from '@agenda/service-kit/logger';
import { receiverOf } from '@agenda/service-kit/nonces';
import { Signer, Verifier } from '@agenda/service-kit/signature';
import type { SnapshotMetadata } from '../core/types.ts';
import { openRaftDatabase, type RaftDatabase } from '../storage/database.ts';
import { FileSnapshotStore } from '../storage/file-snapshot-store.ts';
import type { StoredSnapshot } from '../storage/snapshot-store.ts';
import { removeDirectory, temporaryDirectory } from '../testing/directories.ts';
import { eventually } from '../testing/eventually.ts';
import { type ChunkStream, downloadSnapshot, type SnapshotPeers } from './snapshot-download.ts';
import { SnapshotFetcher } from './snapshot-fetcher.ts';
import { SnapshotServer } from './snapshot-server.ts';

const SECRET = 's'.repeat(32);
const DIGEST = Buffer.alloc(32, 7);
const logger = createLogger({ component: 'raft-sidecar', nodeId: 'test', level: 'silent' });
const signer = new Signer('agenda-2', [SECRET]);
const receiver = receiverOf('a', 'raft-sidecar');

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

class Side {
  readonly directory = temporaryDirectory();
  readonly database: RaftDatabase = openRaftDatabase(this.directory);
  readonly store = new FileSnapshotStore(join(this.directory, 'snapshots'), this.database);

  add(index: number, bytes = 3_000_000): Promise<StoredSnapshot> {
    const path = join(this.store.directory, `taken-${index}.db`);
    writeFileSync(path, randomBytes(bytes));
    return this.store.add(path, metadataAt(index), DIGEST);
  }

  remove(): void {
    this.database.close();
    removeDirectory(this.directory);
  }
}

describe('a snapshot on its way from one member to another', () => {
  let source: Side;
  let target: Side;
  let server: GrpcServer;
  let address: { host: string; port: number };
  let missing: number;
  const requests: FetchSnapshotRequest[] = [];
  const signal = new AbortController().signal;
  /** Streams break after so many chunks, as often as there are numbers. */
  let breaks: number[];

  beforeEach(async () => {
    source = new Side();
    target = new Side();
    breaks = [];
    requests.length = 0;
    missing = 0;
    const snapshots = new SnapshotServer(source.store, () => {
      missing += 1;
    });
    server = new GrpcServer({ verifier: new Verifier(receiver, [SECRET]), logger });
    server.addService(PeerService, { fetchSnapshot: (request, stream) => snapshots.serve(request, stream) });
    address = { host: '127.0.0.1', port: await server.listen({ host: '127.0.0.1', port: 0 }) };
  });

  afterEach(async () => {
    await server.close(0);
    source.remove();
    target.remove();
  });

  const peers: SnapshotPeers = {
    fetchSnapshot: (_member, request): ChunkStream => {
      requests.push(request);
      const channel = new GrpcChannel({ address, receiver, signer, logger });
      const stream = channel.serverStream(PeerService, 'fetchSnapshot', request);
      stream.onEnd(() => channel.close());
      const breakAfter = breaks.shift();
      async function* chunks() {
        let count = 0;
        for await (const chunk of stream) {
          if (count === breakAfter) stream.cancel();
          if (count++ === breakAfter) return;
          yield chunk;
        }
      }
      return { [Symbol.asyncIterator]: chunks, cancel: () => stream.cancel() };
    },
  };

  function download(index: number): Promise<StoredSnapshot> {
    const wanted = { index, term: 2 };
    return downloadSnapshot({ peers, store: target.store, member: 'a#1', wanted, signal });
  }

  function contentOf({ store }: Side): Buffer[] {
    return readdirSync(store.directory).map((name) => readFileSync(join(store.directory, name)));
  }

  it('comes in chunks, whole, with what it is of', async () => {
    const sent = await source.add(10);
    const received = await download(10);
    assert.deepEqual(received, sent);
    assert.deepEqual(target.store.latest(), sent);
    assert.deepEqual(contentOf(target), contentOf(source));
  });

  it('goes on behind what has come each time that the connection breaks', async () => {
    const sent = await source.add(10);
    breaks = [3, 1, 4];
    assert.deepEqual(await download(10), sent);
    const chunk = 256 * 1024;
    assert.deepEqual(
      requests.map(({ offset }) => offset / chunk),
      [0, 3, 4, 8],
    );
    assert.deepEqual(contentOf(target), contentOf(source));
  });

  it('begins anew when the other end has another file at that index by now', async () => {
    await source.add(10);
    breaks = [3];
    const begun = download(10);
    await eventually(() => target.store.partial(10, 2)?.bytes, 'a part is here');
    source.store.removeAll();
    const sent = await source.add(10);
    const received = await begun.catch(() => download(10));
    assert.deepEqual(received.sha256, sent.sha256);
    assert.deepEqual(contentOf(target), contentOf(source));
  });

  it('is not found where there is none so new, and another one is asked for there', async () => {
    await source.add(10);
    await assert.rejects(download(11), { code: 'not_found' });
    const wanted = { indexMin: 12 };
    const newer = downloadSnapshot({ peers, store: target.store, member: 'a#1', wanted, signal });
    await assert.rejects(newer, { code: 'not_found' });
    assert.equal(missing, 2);
    const newest = { indexMin: 5 };
    const received = await downloadSnapshot({
      peers,
      store: target.store,
      member: 'a#1',
      wanted: newest,
      signal,
    });
    assert.equal(received.metadata.index, 10);
  });

  it('is refused when it was damaged on the other disk, which then gives it to nobody any more', async () => {
    await source.add(10);
    const [name] = readdirSync(source.store.directory) as [string];
    const path = join(source.store.directory, name);
    const bytes = readFileSync(path);
    bytes[1_000_000] = (bytes[1_000_000] as number) ^ 1;
    writeFileSync(path, bytes);
    await assert.rejects(download(10));
    assert.equal(target.store.latest(), undefined);
    assert.equal(source.store.latest(), undefined);
    const again = await source.add(20);
    assert.deepEqual(await download(20), again);
  });

  it('is served to two at once; a third one waits its turn', async () => {
    await source.add(10, 20_000_000);
    const first = peers.fetchSnapshot('a#1', { index: 10, term: 2, offset: 0, sha256: DIGEST, indexMin: 0 });
    const second = peers.fetchSnapshot('a#1', { index: 10, term: 2, offset: 0, sha256: DIGEST, indexMin: 0 });
    const held = [first, second].map((stream) => stream[Symbol.asyncIterator]());
    for (const stream of held) await stream.next();
    const third = peers.fetchSnapshot('a#1', { index: 10, term: 2, offset: 0, sha256: DIGEST, indexMin: 0 });
    await assert.rejects(third[Symbol.asyncIterator]().next(), { code: 'overloaded' });
    for (const stream of [first, second]) stream.cancel();
    await download(10);
  });

  describe('for the core', () => {
    let fetcher: SnapshotFetcher;
    let fetched: number[];
    let failed: number[];

    beforeEach(() => {
      fetched = [];
      failed = [];
      const driver = {
        snapshotFetched: async ({ index }: SnapshotMetadata) => fetched.push(index) > 0,
        snapshotFailed: ({ index }: SnapshotMetadata) => void failed.push(index),
      };
      fetcher = new SnapshotFetcher({ driver: () => driver, store: target.store, peers, logger });
    });

    afterEach(() => fetcher.close());

    it('is fetched once, however often it is offered meanwhile', async () => {
      await source.add(10);
      for (let offer = 0; offer < 5; offer++) fetcher.fetch('a#1', metadataAt(10));
      await eventually(() => fetched.length === 1 && !fetcher.busy, 'it is fetched');
      assert.equal(requests.length, 1);
      fetcher.fetch('a#1', metadataAt(10));
      await eventually(() => fetched.length === 2, 'it is here already');
      assert.equal(requests.length, 1);
    });

    it('is given up for a newer one', async () => {
      await source.add(10, 20_000_000);
      await source.add(20);
      fetcher.fetch('a#1', metadataAt(10));
      await eventually(() => target.store.partial(10, 2), 'the first one is under way');
      fetcher.fetch('a#1', metadataAt(20));
      await eventually(() => fetched.length > 0, 'the newer one is here');
      assert.deepEqual([fetched, failed], [[20], []]);
      assert.equal(target.store.partial(10, 2), undefined);
    });

    it('is reported as failed where it cannot be had', async () => {
      fetcher.fetch('a#1', metadataAt(10));
      await eventually(() => failed.length === 1, 'it has failed');
      assert.equal(fetcher.busy, false);
    });
  });
});
