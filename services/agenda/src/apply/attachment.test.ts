import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from '@agenda/proto/agenda/v1/command';
import { deadlineAt } from '@agenda/service-kit/deadline';
import type { GrpcChannel } from '@agenda/service-kit/grpc-client';
import { uuidv7, uuidv7Bytes } from '@agenda/service-kit/ids';
import type { AppliedEntry } from '../state-machine/machine.ts';
import { ScriptedSidecar, testLogger } from '../testing/scripted-sidecar.ts';
import { Replica } from './replica.ts';

const CHECKPOINT_LIMITS = { entriesMax: 1_000, intervalMs: 20 };

/** One replica; it can be stopped and started again on the same files. */
class Scene {
  readonly batches: (readonly AppliedEntry[])[] = [];
  readonly replica: Replica;
  readonly #channel: GrpcChannel;

  constructor(directory: string, sidecar: ScriptedSidecar) {
    this.#channel = sidecar.channel();
    this.replica = new Replica({
      directory,
      channel: this.#channel,
      logger: testLogger(),
      checkpointLimits: CHECKPOINT_LIMITS,
    });
    this.replica.applyLoop.onApplied((applied) => this.batches.push(applied));
    this.replica.start();
  }

  applied(index: number): Promise<void> {
    return this.replica.position.waitFor(index, deadlineAt(5_000));
  }

  async stop(): Promise<void> {
    await this.replica.stop();
    this.replica.close();
    this.#channel.close();
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
  let scene: Scene;

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'agenda-'));
    sidecar = await new ScriptedSidecar().start();
    scene = new Scene(directory, sidecar);
    await scene.applied(1);
  });

  afterEach(async () => {
    await scene.stop();
    await sidecar.stop();
    rmSync(directory, { recursive: true });
  });

  it('applies what arrived together in few transactions, and soon acknowledges the last with its digest', async () => {
    const before = scene.batches.length;
    for (let at = 0; at < 2_000; at += 1) sidecar.appendCommand(registration(`user-${at}`));
    await scene.applied(2_001);
    const batches = scene.batches.slice(before);
    assert.ok(batches.length < 200, `${batches.length} transactions for 2000 entries`);
    assert.ok(batches.every((batch) => batch.length <= 512));
    await sidecar.until(() => sidecar.applied.at(-1)?.index === 2_001);
    const { digest } = scene.replica.machine.lastApplied();
    assert.equal(Buffer.compare(sidecar.applied.at(-1)?.digest ?? digest.subarray(1), digest), 0);
    assert.ok(sidecar.applied.every((ack) => ack.durableIndex <= ack.index));
  });

  it('tells when what is applied has become durable, without further entries', async () => {
    sidecar.appendCommand(registration('ana'));
    await sidecar.until(() => sidecar.applied.at(-1)?.durableIndex === 2);
  });

  it('attaches again after the stream broke and goes on without gap or repeat', async () => {
    sidecar.appendCommand(registration('ana'));
    await scene.applied(2);
    sidecar.breakStreams();
    sidecar.appendCommand(registration('bob'));
    sidecar.appendCommand(registration('eve'));
    await scene.applied(4);
    assert.deepEqual(
      sidecar.hellos.map((hello) => hello.lastApplied),
      [0, 2],
    );
    assert.deepEqual(
      scene.batches.flat().map((entry) => entry.index),
      [1, 2, 3, 4],
    );
  });

  it('knows no leader while it is not attached', async () => {
    assert.equal(scene.replica.leadership.leaderKnown, true);
    const forgotten = new Promise<void>((resolve) => {
      scene.replica.leadership.onChange(() => !scene.replica.leadership.leaderKnown && resolve());
    });
    sidecar.breakStreams();
    await forgotten;
    assert.equal(scene.replica.attachment.attached, false);
    await sidecar.until(() => sidecar.hellos.length === 2);
  });

  it('goes on after a restart from what its database holds', async () => {
    sidecar.appendCommand(registration('ana'));
    await scene.applied(2);
    await scene.stop();
    sidecar.appendCommand(registration('bob'));
    scene = new Scene(directory, sidecar);
    await scene.applied(3);
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
      scene.replica.applyLoop.onHalted(resolve);
    });
    sidecar.appendCommand(registration('future', 99));
    sidecar.appendCommand(registration('bob'));
    assert.match(await halted, /log entry 2 .* feature level 99/);
    await assert.rejects(scene.applied(2), { code: 'unavailable' });
    assert.equal(scene.replica.machine.lastApplied().index, 1);
    await scene.replica.attachment.stop();
    assert.equal(scene.replica.attachment.attached, false);
    assert.equal(sidecar.hellos.length, 1);
  });

  it('stops when the sidecar leaves an entry out', async () => {
    const halted = new Promise<string>((resolve) => {
      scene.replica.applyLoop.onHalted(resolve);
    });
    await scene.replica.applyLoop.push([{ index: 3, term: 1, timestampMs: 1, payload: undefined }]);
    assert.match(await halted, /sent entry 3 where 2 was due/);
  });
});
