import assert from 'node:assert/strict';
import type { AttachRequest, AttachResponse } from '@agenda/proto/raft/v1/state_machine';
import type { ServiceError } from '@agenda/service-kit/errors';
import { createLogger } from '@agenda/service-kit/logger';
import type { SnapshotMetadata } from '../core/types.ts';
import { TAIL_ENTRIES_MAX } from '../storage/entry-tail.ts';
import { removeDirectory, temporaryDirectory } from '../testing/directories.ts';
import { DriverBench } from '../testing/driver.ts';
import { eventually } from '../testing/eventually.ts';
import { snapshotToWire } from '../transport/conversions.ts';
import { Alarms } from './alarms.ts';
import { type FeedStream, StateMachineFeed } from './feed.ts';
import { UNAPPLIED_ENTRIES_MAX } from './feed-window.ts';
import type { SuppliedSnapshot } from './snapshot-supply.ts';
import type { StateSupply } from './state-restorer.ts';

const EMPTY = new Uint8Array(0);
const NOTHING: StateSupply = { supply: () => Promise.resolve(undefined), refused: () => {} };

/** The sidecar's end of an attachment, with the agenda's hands on it. */
class Attachment implements FeedStream {
  readonly written: AttachResponse[] = [];
  failure: ServiceError | undefined;
  full = false;
  #onMessage: (message: AttachRequest) => void = () => {};
  #onEnd: () => void = () => {};
  #drain: () => void = () => {};

  write(message: AttachResponse): boolean {
    this.written.push(message);
    return !this.full;
  }

  drained(): Promise<void> {
    return new Promise((resolve) => {
      this.#drain = resolve;
    });
  }

  fail(error: ServiceError): void {
    this.failure = error;
    this.#onEnd();
  }

  onMessage(callback: (message: AttachRequest) => void): void {
    this.#onMessage = callback;
  }

  onEnd(callback: () => void): void {
    this.#onEnd = callback;
  }

  async read(): Promise<void> {
    this.full = false;
    this.#drain();
    await Promise.resolve();
  }

  end(): void {
    this.#onEnd();
  }

  hello(lastApplied: number, lastAppliedTerm: number, featureLevel = 1): void {
    const value = { lastApplied, lastAppliedTerm, featureLevel, digest: EMPTY, stateLost: '' };
    this.#onMessage({ body: { $case: 'hello', value }, mac: EMPTY });
  }

  applied(index: number): void {
    this.#onMessage({
      body: { $case: 'applied', value: { index, durableIndex: index, digest: EMPTY } },
      mac: EMPTY,
    });
  }

  installed(index: number, error = ''): void {
    this.#onMessage({ body: { $case: 'snapshotInstalled', value: { index, error } }, mac: EMPTY });
  }

  get installs() {
    return this.written.flatMap(({ body }) => (body?.$case === 'installSnapshot' ? [body.value] : []));
  }

  get discards(): string[] {
    return this.written.flatMap(({ body }) => (body?.$case === 'discardState' ? [body.value.reason] : []));
  }

  get indexes(): number[] {
    return this.written.flatMap(({ body }) =>
      body?.$case === 'committed' ? body.value.entries.map((entry) => entry.index) : [],
    );
  }

  get leaderships() {
    return this.written.flatMap(({ body }) => (body?.$case === 'leadership' ? [body.value] : []));
  }
}

describe('the feed of the state machine', () => {
  let directory: string;
  let bench: DriverBench;
  let alarms: Alarms;
  let feed: StateMachineFeed;
  let supply: StateSupply;

  beforeEach(() => {
    directory = temporaryDirectory();
    bench = new DriverBench(directory, 'a#1');
    alarms = new Alarms(
      () => bench.clock.wallMs(),
      () => {},
    );
    supply = NOTHING;
    feed = newFeed();
    bench.lead();
  });

  afterEach(() => {
    bench.close();
    removeDirectory(directory);
  });

  function newFeed(): StateMachineFeed {
    return new StateMachineFeed({
      driver: bench.driver,
      store: bench.store,
      alarms,
      clock: bench.clock,
      logger: createLogger({ component: 'raft-sidecar', nodeId: 'test', level: 'silent' }),
      clusterFeatureLevel: () => 1,
      supply,
    });
  }

  function commit(count: number): number {
    for (let at = 0; at < count; at++) bench.propose(`command ${at}`);
    bench.scheduler.settle();
    return bench.driver.commitIndex;
  }

  function attach(): Attachment {
    const attachment = new Attachment();
    void feed.attach(attachment);
    return attachment;
  }

  function range(from: number, to: number): number[] {
    return Array.from({ length: to - from + 1 }, (_, at) => from + at);
  }

  it('sends everything from the first entry to an empty database, then what is committed', () => {
    const last = commit(5);
    const agenda = attach();
    agenda.hello(0, 0);
    assert.deepEqual(agenda.indexes, range(1, last));
    const later = commit(3);
    assert.deepEqual(agenda.indexes, range(1, later));
  });

  it('goes on from where a state machine stands that comes back', () => {
    const last = commit(5);
    const first = attach();
    first.hello(0, 0);
    first.applied(last - 2);
    first.end();
    const second = attach();
    second.hello(last - 2, 2);
    assert.deepEqual(second.indexes, [last - 1, last]);
    assert.equal(feed.appliedIndex, last - 2);
  });

  it('sends at most a window of what is not applied', () => {
    commit(UNAPPLIED_ENTRIES_MAX);
    const last = commit(1_000);
    const agenda = attach();
    agenda.hello(0, 0);
    const sent = agenda.indexes.length;
    assert.equal(sent, UNAPPLIED_ENTRIES_MAX);
    agenda.applied(sent);
    assert.deepEqual(agenda.indexes, range(1, last));
  });

  it('waits for a stream that does not take more', async () => {
    const agenda = attach();
    agenda.hello(0, 0);
    agenda.full = true;
    const blockedAt = commit(1);
    const last = commit(3);
    assert.equal(agenda.indexes.at(-1), blockedAt);
    await agenda.read();
    assert.equal(agenda.indexes.at(-1), last);
  });

  it('says who leads when a state machine attaches, and again only when that changes', () => {
    const agenda = attach();
    agenda.hello(0, 0);
    commit(3);
    assert.deepEqual(agenda.leaderships, [
      { leaderId: 'a#1', term: 2, isLeader: true, acceptsWrites: true, featureLevel: 1 },
    ]);
  });

  it('lets the newest attachment win', () => {
    const first = attach();
    first.hello(0, 0);
    const second = attach();
    second.hello(0, 0);
    assert.match(first.failure?.message ?? '', /another attachment/);
    const last = commit(1);
    assert.equal(second.indexes.at(-1), last);
    assert.notEqual(first.indexes.at(-1), last);
  });

  it('takes nothing for durable but what a state machine says so', () => {
    const last = commit(5);
    const first = attach();
    first.hello(last, 2);
    assert.deepEqual([feed.appliedIndex, feed.durableIndex], [last, 0]);
    const second = attach();
    second.hello(0, 0);
    second.applied(last - 1);
    assert.equal(feed.durableIndex, last - 1);
    const third = attach();
    third.hello(2, 2);
    assert.equal(feed.durableIndex, 2, 'it has lost what it said');
  });

  /** The log begins behind the snapshot. */
  async function cutThrough(index: number): Promise<SnapshotMetadata> {
    const { committedConfiguration: configuration } = bench.driver;
    const metadata = { index, term: 2, timestampMs: 0, configuration, configurationIndex: 1 };
    const cut = [bench.driver.snapshotTaken(metadata), bench.driver.compact(index)];
    bench.scheduler.settle();
    await Promise.all(cut);
    return metadata;
  }

  function supplied(metadata: SnapshotMetadata): SuppliedSnapshot {
    const stored = { metadata, digest: EMPTY, bytes: 1, sha256: EMPTY };
    return { stored, path: '/nowhere', metadata: snapshotToWire(metadata) };
  }

  it('gives a snapshot to a state machine that stands before the log, and goes on behind it', async () => {
    const last = commit(10);
    const metadata = await cutThrough(8);
    const asked: number[] = [];
    supply = {
      supply: (indexMin) => {
        asked.push(indexMin);
        return Promise.resolve(supplied(metadata));
      },
      refused: () => {},
    };
    feed = newFeed();
    const agenda = attach();
    agenda.hello(3, 2);
    await eventually(() => agenda.installs.length === 1, 'a snapshot is given');
    assert.deepEqual([asked, agenda.indexes], [[8], []]);
    agenda.applied(3);
    agenda.installed(8);
    await eventually(() => agenda.indexes.length > 0, 'entries follow');
    assert.deepEqual(agenda.indexes, range(9, last));
    assert.deepEqual([feed.appliedIndex, feed.durableIndex], [8, 8]);
  });

  it('gives another snapshot when the state machine refuses the first one', async () => {
    commit(10);
    const metadata = await cutThrough(8);
    let refused = 0;
    supply = {
      supply: () => Promise.resolve(supplied(metadata)),
      refused: () => {
        refused += 1;
      },
    };
    feed = newFeed();
    const agenda = attach();
    agenda.hello(0, 0);
    await eventually(() => agenda.installs.length === 1, 'a snapshot is given');
    agenda.installed(8, 'it is damaged');
    await eventually(() => agenda.installs.length === 2, 'another one is given');
    assert.equal(refused, 1);
    agenda.end();
  });

  it('lets nobody go on whose state is wrong before it has given it up and got another one', async () => {
    const last = commit(10);
    const metadata = await cutThrough(8);
    supply = { supply: () => Promise.resolve(supplied(metadata)), refused: () => {} };
    feed = newFeed();
    const first = attach();
    first.hello(last, 2);
    feed.discardState('as the others say');
    assert.deepEqual(first.discards, ['as the others say']);
    const again = attach();
    again.hello(last, 2);
    assert.deepEqual(again.discards, ['as the others say'], 'it has not given it up');
    const blank = attach();
    blank.hello(0, 0);
    await eventually(() => blank.installs.length === 1, 'a snapshot is given');
    assert.ok(feed.discarded);
    blank.installed(8);
    await eventually(() => !feed.discarded, 'it is good again');
    assert.deepEqual(blank.indexes, range(9, last));
  });

  const mismatches: [string, number, number, RegExp][] = [
    [
      'another term at its last applied entry',
      2,
      9,
      /applied entry 2 of term 9, but the log has term 2 there/,
    ],
    ['applied more than the log has', 1_000, 2, /applied entry 1000 of term 2, but the log ends at/],
  ];
  for (const [title, index, term, message] of mismatches)
    it(`refuses a database that has ${title}, and raises an alarm until it is right`, () => {
      const agenda = attach();
      agenda.hello(index, term);
      assert.match(agenda.failure?.message ?? '', message);
      assert.equal(alarms.list()[0]?.code, 'state_machine_refused');
      attach().hello(2, 2);
      assert.deepEqual(alarms.list(), []);
    });

  it('stops the node, loudly, where the log on disk is not what was written', () => {
    while (bench.store.lastIndex() < 2 * TAIL_ENTRIES_MAX) commit(2_000);
    bench.database.exec('UPDATE raft_log SET timestamp_ms = timestamp_ms + 1 WHERE idx = 5');
    const agenda = attach();
    agenda.hello(0, 0);
    assert.match(
      String(bench.fatal[0]),
      /CorruptLogError: raft.db is corrupt: entry 5 does not match its checksum/,
    );
    assert.ok(bench.driver.stopped);
    assert.ok(!agenda.indexes.includes(5));
  });

  it('refuses what is out of order', () => {
    const silent = attach();
    silent.applied(1);
    assert.match(silent.failure?.message ?? '', /must be a hello/);
    const twice = attach();
    twice.hello(0, 0);
    twice.hello(0, 0);
    assert.match(twice.failure?.message ?? '', /only one hello/);
    const ahead = attach();
    ahead.hello(0, 0);
    ahead.applied(1_000);
    assert.match(ahead.failure?.message ?? '', /never sent/);
  });

  it('tells what a state machine knows though its log has not come as far yet, so that it is given that log', () => {
    const ahead = attach();
    ahead.hello(1_000, 1, 7);
    assert.match(ahead.failure?.message ?? '', /applied entry 1000 of term 1, but the log ends at/);
    assert.equal(feed.featureLevel, 7);
  });

  it('tells operators of a state machine that is away or does not get on, until it does', () => {
    bench.clock.nowMs += 20_000;
    feed.watch();
    assert.deepEqual(
      alarms.list().map(({ code }) => code),
      ['state_machine_detached'],
    );
    const agenda = attach();
    agenda.hello(0, 0);
    feed.watch();
    assert.deepEqual(alarms.list(), []);
    bench.clock.nowMs += 20_000;
    feed.watch();
    assert.deepEqual(
      alarms.list().map(({ code }) => code),
      ['state_machine_stalled'],
    );
    agenda.applied(bench.driver.commitIndex);
    bench.clock.nowMs += 20_000;
    feed.watch();
    assert.deepEqual(alarms.list(), [], 'it has nothing to do');
  });
});
