import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from '@agenda/proto/agenda/v1/command';
import { deadlineAt } from '@agenda/service-kit/deadline';
import type { GrpcChannel } from '@agenda/service-kit/grpc-client';
import { uuidv7, uuidv7Bytes } from '@agenda/service-kit/ids';
import type { Database } from 'better-sqlite3';
import { type AppliedEntry, StateMachine } from '../state-machine/machine.ts';
import { ScriptedSidecar, testLogger } from '../testing/scripted-sidecar.ts';
import { AppliedPosition } from './applied-position.ts';
import { ApplyLoop } from './apply-loop.ts';
import { Attachment } from './attachment.ts';
import { Checkpointer } from './checkpointer.ts';
import { openDatabase } from './database.ts';
import { LeadershipWatch } from './leadership-watch.ts';

const logger = testLogger();

/** The applying half of one agenda; it can be stopped and started again on the same files. */
class Replica {
  readonly leadership = new LeadershipWatch();
  readonly batches: (readonly AppliedEntry[])[] = [];
  readonly db: Database;
  readonly machine: StateMachine;
  readonly position: AppliedPosition;
  readonly applyLoop: ApplyLoop;
  readonly attachment: Attachment;
  readonly #checkpointer: Checkpointer;
  readonly #channel: GrpcChannel;

  constructor(directory: string, sidecar: ScriptedSidecar) {
    this.db = openDatabase(directory);
    this.machine = new StateMachine(this.db);
    this.position = new AppliedPosition(this.machine.lastApplied());
    this.#checkpointer = new Checkpointer({
      db: this.db,
      appliedIndex: this.position.index,
      onDurable: () => this.applyLoop.acknowledge(),
      onFailure: (error) => this.applyLoop.halt(error),
      limits: { entriesMax: 1_000, intervalMs: 20 },
    });
    const { machine, position, leadership } = this;
    this.applyLoop = new ApplyLoop({ machine, position, checkpointer: this.#checkpointer, logger });
    this.applyLoop.onApplied((applied) => this.batches.push(applied));
    this.#channel = sidecar.channel();
    this.attachment = new Attachment({
      channel: this.#channel,
      machine,
      applyLoop: this.applyLoop,
      leadership,
      logger,
    });
    this.attachment.start();
  }

  applied(index: number): Promise<void> {
    return this.position.waitFor(index, deadlineAt(5_000));
  }

  async stop(): Promise<void> {
    await this.attachment.stop();
    this.#checkpointer.close();
    this.#channel.close();
    this.db.close();
  }
}

function registration(username: string, featureLevel = 1): Uint8Array {
  const value = {
    userId: uuidv7(),
    username,
    email: '',
    displayName: username,
    timeZone: 'UTC',
    passwordHash: 'x',
  };
  const body = { $case: 'registerUser', value } as const;
  return Command.encode(Command.fromPartial({ id: uuidv7Bytes(), featureLevel, body })).finish();
}

describe('Attachment and ApplyLoop', () => {
  let directory: string;
  let sidecar: ScriptedSidecar;
  let replica: Replica;

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'agenda-'));
    sidecar = await new ScriptedSidecar().start();
    replica = new Replica(directory, sidecar);
    await replica.applied(1);
  });

  afterEach(async () => {
    await replica.stop();
    await sidecar.stop();
    rmSync(directory, { recursive: true });
  });

  it('applies what arrived together in few transactions, and acknowledges each with its digest', async () => {
    const before = replica.batches.length;
    for (let at = 0; at < 2_000; at += 1) sidecar.appendCommand(registration(`user-${at}`));
    await replica.applied(2_001);
    const batches = replica.batches.slice(before);
    assert.ok(batches.length < 200, `${batches.length} transactions for 2000 entries`);
    assert.ok(batches.every((batch) => batch.length <= 512));
    await sidecar.until(() => sidecar.applied.at(-1)?.index === 2_001);
    const { digest } = replica.machine.lastApplied();
    assert.equal(Buffer.compare(sidecar.applied.at(-1)?.digest ?? digest.subarray(1), digest), 0);
    assert.ok(sidecar.applied.every((ack) => ack.durableIndex <= ack.index));
  });

  it('tells when what is applied has become durable, without further entries', async () => {
    sidecar.appendCommand(registration('ana'));
    await sidecar.until(() => sidecar.applied.at(-1)?.durableIndex === 2);
  });

  it('attaches again after the stream broke and goes on without gap or repeat', async () => {
    sidecar.appendCommand(registration('ana'));
    await replica.applied(2);
    sidecar.breakStreams();
    sidecar.appendCommand(registration('bob'));
    sidecar.appendCommand(registration('eve'));
    await replica.applied(4);
    assert.deepEqual(
      sidecar.hellos.map((hello) => hello.lastApplied),
      [0, 2],
    );
    assert.deepEqual(
      replica.batches.flat().map((entry) => entry.index),
      [1, 2, 3, 4],
    );
  });

  it('knows no leader while it is not attached', async () => {
    assert.equal(replica.leadership.leaderKnown, true);
    const forgotten = new Promise<void>((resolve) => {
      replica.leadership.onChange(() => !replica.leadership.leaderKnown && resolve());
    });
    sidecar.breakStreams();
    await forgotten;
    assert.equal(replica.attachment.attached, false);
    await sidecar.until(() => sidecar.hellos.length === 2);
  });

  it('goes on after a restart from what its database holds', async () => {
    sidecar.appendCommand(registration('ana'));
    await replica.applied(2);
    await replica.stop();
    sidecar.appendCommand(registration('bob'));
    replica = new Replica(directory, sidecar);
    await replica.applied(3);
    assert.deepEqual(
      sidecar.hellos.map(({ lastApplied, lastAppliedTerm }) => [lastApplied, lastAppliedTerm]),
      [
        [0, 0],
        [2, 1],
      ],
    );
  });

  it('stops at a command it does not know, applies nothing after it, and stays detached', async () => {
    const halted = new Promise<string>((resolve) => {
      replica.applyLoop.onHalted(resolve);
    });
    sidecar.appendCommand(registration('future', 99));
    sidecar.appendCommand(registration('bob'));
    assert.match(await halted, /log entry 2 .* feature level 99/);
    await assert.rejects(replica.applied(2), { code: 'unavailable' });
    assert.equal(replica.machine.lastApplied().index, 1);
    await replica.attachment.stop();
    assert.equal(replica.attachment.attached, false);
    assert.equal(sidecar.hellos.length, 1);
  });

  it('stops when the sidecar leaves an entry out', async () => {
    const halted = new Promise<string>((resolve) => {
      replica.applyLoop.onHalted(resolve);
    });
    await replica.applyLoop.push([{ index: 3, term: 1, timestampMs: 1, payload: undefined }]);
    assert.match(await halted, /sent entry 3 where 2 was due/);
  });
});
