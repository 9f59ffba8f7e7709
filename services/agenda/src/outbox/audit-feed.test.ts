import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuditBatch } from '@agenda/proto/agenda/v1/agenda';
import { Command } from '@agenda/proto/agenda/v1/command';
import { uuidv7, uuidv7Bytes } from '@agenda/service-kit/ids';
import type { OutboundStream } from '@agenda/service-kit/message-stream';
import type { Database } from 'better-sqlite3';
import { AppliedPosition } from '../apply/applied-position.ts';
import { openDatabase } from '../apply/database.ts';
import { Queries } from '../queries/queries.ts';
import { StateMachine } from '../state-machine/machine.ts';
import { AuditFeed } from './audit-feed.ts';

const DAY_MS = 86_400_000;
const START_MS = Date.parse('2027-01-01T00:00:00Z');

/** A reader that is always fast enough. */
class Sink {
  readonly batches: AuditBatch[] = [];
  readonly #closing = new AbortController();
  readonly stream = {
    write: (batch: AuditBatch): boolean => this.batches.push(batch) > 0,
    drained: () => Promise.resolve(),
    end: () => undefined,
    closed: this.#closing.signal,
    queuedBytes: 0,
  } satisfies OutboundStream<AuditBatch>;

  close(): void {
    this.#closing.abort();
  }
}

describe('AuditFeed', () => {
  let directory: string;
  let db: Database;
  let machine: StateMachine;
  let feed: AuditFeed;
  const mark = { trailUnsure: false, trailCompared: () => {} };

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'agenda-'));
    db = openDatabase(directory);
    machine = new StateMachine(db);
    const days = [0, 0, 3];
    machine.applyBatch(
      days.map((day, at) => ({
        index: at + 1,
        term: 1,
        timestampMs: START_MS + day * DAY_MS,
        command: command(at),
      })),
    );
    feed = new AuditFeed(new Queries(db), new AppliedPosition(machine.lastApplied()), 'agenda-1', mark);
  });

  afterEach(() => {
    feed.close();
    db.close();
    rmSync(directory, { recursive: true });
  });

  it('releases nothing for pruning before the audit service has connected', () => {
    assert.equal(machine.prune(feed.acknowledgedIndex, 100), 0);
  });

  it('takes the position from which the audit service connects as its acknowledgement, never more than is applied', () => {
    for (const [from, acknowledged] of [
      [2, 2],
      [99, 3],
      [1, 1],
    ] as const) {
      const sink = new Sink();
      void feed.serve({ fromIndex: from, compared: false }, sink.stream, 'agenda-1');
      assert.equal(feed.acknowledgedIndex, acknowledged);
      sink.close();
    }
  });

  it('releases what is acknowledged and outside of the deduplication window, and then says that it is gone', async () => {
    const sink = new Sink();
    const served = feed.serve({ fromIndex: 1, compared: false }, sink.stream, 'agenda-1');
    assert.equal(machine.prune(feed.acknowledgedIndex, 100), 1);
    const late = new Sink();
    await feed.serve({ fromIndex: 0, compared: false }, late.stream, 'agenda-1');
    assert.deepEqual(
      late.batches.map(({ upToIndex, reset, entries }) => ({ upToIndex, reset, entries })),
      [{ upToIndex: 1, reset: true, entries: [] }],
    );
    sink.close();
    await served;
  });

  it('is not believed before the trail was compared, once the state was another one than the others have', async () => {
    const unsure = {
      trailUnsure: true,
      trailCompared: () => {
        unsure.trailUnsure = false;
      },
    };
    feed = new AuditFeed(new Queries(db), new AppliedPosition(machine.lastApplied()), 'agenda-1', unsure);
    const told = new Sink();
    await feed.serve({ fromIndex: 2, compared: false }, told.stream, 'agenda-1');
    assert.equal(told.batches[0]?.reset, true);
    assert.equal(feed.acknowledgedIndex, 0);
    const sink = new Sink();
    const served = feed.serve({ fromIndex: 2, compared: true }, sink.stream, 'agenda-1');
    assert.equal(sink.batches[0]?.reset, false);
    assert.equal(feed.acknowledgedIndex, 2);
    sink.close();
    await served;
  });
});

function command(at: number): Uint8Array {
  const value = {
    userId: uuidv7(),
    username: `user-${at}`,
    email: '',
    displayName: 'x',
    timeZone: 'UTC',
    passwordHash: 'x',
  };
  const body = { $case: 'registerUser', value } as const;
  return Command.encode(Command.fromPartial({ id: uuidv7Bytes(), featureLevel: 1, body })).finish();
}
