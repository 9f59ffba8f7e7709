import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, type CommandResult } from '@agenda/proto/agenda/v1/command';
import { SidecarService } from '@agenda/proto/raft/v1/sidecar';
import { deadlineAt } from '@agenda/service-kit/deadline';
import { ServiceError } from '@agenda/service-kit/errors';
import type { GrpcChannel } from '@agenda/service-kit/grpc-client';
import { uuidv7, uuidv7Bytes } from '@agenda/service-kit/ids';
import { Replica } from '../apply/replica.ts';
import { ScriptedSidecar, testLogger } from '../testing/scripted-sidecar.ts';
import { Proposer } from './proposer.ts';

/** A proposer between a scripted sidecar and a real state machine. */
class Scene {
  readonly sidecar = new ScriptedSidecar();
  readonly #directory = mkdtempSync(join(tmpdir(), 'agenda-'));
  #channel!: GrpcChannel;
  replica!: Replica;
  proposer!: Proposer;

  async start(): Promise<this> {
    await this.sidecar.start();
    this.#channel = this.sidecar.channel();
    this.replica = new Replica({ directory: this.#directory, channel: this.#channel, logger: testLogger() });
    const { leadership, position, applyLoop } = this.replica;
    this.proposer = new Proposer({ sidecar: this.#channel.carried(SidecarService), leadership, position });
    applyLoop.onApplied((applied, entries) => this.proposer.onApplied(applied, entries));
    applyLoop.onHalted(() => position.failure && this.proposer.onHalted(position.failure));
    this.replica.start();
    await position.waitFor(1, deadlineAt(5_000));
    return this;
  }

  async stop(): Promise<void> {
    await this.proposer.close(0);
    await this.replica.stop();
    this.replica.close();
    this.#channel.close();
    await this.sidecar.stop();
    rmSync(this.#directory, { recursive: true });
  }

  propose(command: Command, deadlineMs = 9_000): Promise<CommandResult> {
    return this.proposer.propose(command, deadlineAt(deadlineMs), 'request');
  }

  commandsInLog(): number {
    return this.sidecar.log.filter((entry) => entry.payload).length;
  }
}

function registration(username: string, changes: Partial<Command> = {}): Command {
  const value = {
    userId: uuidv7(),
    username,
    email: '',
    displayName: username,
    timeZone: 'UTC',
    passwordHash: 'x',
  };
  return {
    id: uuidv7Bytes(),
    featureLevel: 1,
    fingerprint: new Uint8Array(0),
    actorId: '',
    sessionId: '',
    actorName: '',
    requestId: 'request',
    address: '',
    originNode: 'agenda-1',
    body: { $case: 'registerUser', value },
    ...changes,
  };
}

function usernameOf({ outcome }: CommandResult): string {
  assert.equal(outcome?.$case, 'user', JSON.stringify(outcome));
  return outcome.value.username;
}

function failsWith(code: string): (error: ServiceError) => boolean {
  return (error) => {
    assert.equal(error.code, code, error.message);
    return true;
  };
}

describe('Proposer', () => {
  let scene: Scene;

  beforeEach(async () => {
    scene = await new Scene().start();
  });

  afterEach(() => scene.stop());

  it('answers with what apply computed, at the index where it was applied', async () => {
    const result = await scene.propose(registration('ana'));
    assert.equal(usernameOf(result), 'ana');
    assert.equal(result.index, 2);
    assert.equal(scene.replica.position.index, 2);
    assert.equal(scene.proposer.pendingCount, 0);
  });

  it('proposes again what a new term has overtaken', async () => {
    scene.sidecar.verdict = (attempt) => (attempt === 1 ? 'lose' : 'append');
    const result = scene.propose(registration('ana'));
    await scene.sidecar.until(() => scene.sidecar.proposals.length === 1);
    scene.sidecar.newTerm();
    assert.equal(usernameOf(await result), 'ana');
    assert.equal(scene.sidecar.proposals.length, 2);
  });

  it('proposes again at once when the answer of a lost proposal comes after the new term', async () => {
    scene.sidecar.verdict = (attempt) => {
      if (attempt > 1) return 'append';
      scene.sidecar.newTerm();
      return 'lose';
    };
    // The verdict loses in the new term; the next term's entry is what tells.
    const result = scene.propose(registration('ana'));
    await scene.sidecar.until(() => scene.sidecar.proposals.length === 1);
    scene.sidecar.newTerm();
    assert.equal(usernameOf(await result), 'ana');
  });

  it('brings back all that one leader lost, not one after the other', async () => {
    scene.sidecar.verdict = (attempt) => (attempt <= 50 ? 'lose' : 'append');
    const results = Array.from({ length: 50 }, (_, at) => scene.propose(registration(`user-${at}`)));
    await scene.sidecar.until(() => scene.sidecar.proposals.length === 50);
    scene.sidecar.newTerm();
    assert.equal((await Promise.all(results)).length, 50);
    assert.equal(scene.sidecar.proposals.length, 100);
  });

  it('settles by apply alone when the answer to Propose never comes', async () => {
    const error = new ServiceError('unavailable', 'the peer went away');
    scene.sidecar.verdict = (attempt) => (attempt === 1 ? { drop: error } : 'hold');
    assert.equal(usernameOf(await scene.propose(registration('ana'))), 'ana');
    assert.equal(scene.commandsInLog(), 1);
  });

  it('proposes the same id again when the outcome is unknown, and it is applied once', async () => {
    scene.sidecar.verdict = (attempt) =>
      attempt <= 2 ? new ServiceError('unavailable', 'the peer went away') : 'append';
    const command = registration('ana');
    assert.equal(usernameOf(await scene.propose(command)), 'ana');
    assert.equal(usernameOf(await scene.propose(command)), 'ana');
    assert.equal(scene.sidecar.proposals.length, 4);
    assert.equal(scene.commandsInLog(), 2);
  });

  it('waits for a leader and goes on when there is one', async () => {
    scene.sidecar.lead({ leaderId: '' });
    await new Promise<void>((resolve) => {
      scene.replica.leadership.onChange(resolve);
    });
    const result = scene.propose(registration('ana'));
    assert.equal(scene.sidecar.proposals.length, 0);
    scene.sidecar.newTerm();
    scene.sidecar.lead({ leaderId: 'agenda-2#1' });
    assert.equal(usernameOf(await result), 'ana');
  });

  it('refuses with no_leader and Retry-After within two seconds when nobody leads', async () => {
    scene.replica.leadership.forget();
    const startMs = performance.now();
    await assert.rejects(scene.propose(registration('ana')), (error: ServiceError) => {
      return error.code === 'no_leader' && (error.retryAfterMs ?? 0) > 0;
    });
    assert.ok(performance.now() - startMs < 2_000);
    assert.equal(scene.sidecar.proposals.length, 0);
  });

  it('keeps trying a known leader that says no_leader, then gives up within two seconds', async () => {
    scene.sidecar.verdict = () => new ServiceError('no_leader', 'electing');
    const startMs = performance.now();
    await assert.rejects(scene.propose(registration('ana')), failsWith('no_leader'));
    assert.ok(performance.now() - startMs < 2_000);
    assert.ok(scene.sidecar.proposals.length > 3);
  });

  it('never says no_leader once an attempt may have been appended', async () => {
    scene.sidecar.verdict = (attempt) =>
      attempt === 1 ? new ServiceError('timeout', 'no answer') : new ServiceError('no_leader', 'electing');
    await assert.rejects(scene.propose(registration('ana'), 1_800), (error: ServiceError) => {
      return error.code === 'timeout' && /same Idempotency-Key is safe/.test(error.message);
    });
  });

  it('does not take it for unknown when the sidecar refuses because it is stopping', async () => {
    scene.sidecar.verdict = () =>
      new ServiceError('unavailable', 'this service is stopping', { nothingDone: true });
    await assert.rejects(scene.propose(registration('ana')), (error: ServiceError) => {
      assert.equal(error.code, 'no_leader', error.message);
      return (error.retryAfterMs ?? 0) > 0;
    });
    assert.equal(scene.commandsInLog(), 0);
  });

  it('says that the outcome is unknown when an appended command is not applied in time', async () => {
    scene.sidecar.verdict = () => 'lose';
    await assert.rejects(scene.propose(registration('ana'), 100), failsWith('timeout'));
    assert.equal(scene.proposer.pendingCount, 0);
  });

  it('passes overloaded on', async () => {
    scene.sidecar.verdict = () => new ServiceError('overloaded', 'full', { retryAfterMs: 250 });
    await assert.rejects(scene.propose(registration('ana')), (error: ServiceError) => {
      return error.code === 'overloaded' && error.retryAfterMs === 250;
    });
  });

  it('lets two requests with one id share one proposal and one result', async () => {
    const command = registration('ana');
    scene.sidecar.verdict = () => 'hold';
    const both = [scene.propose(command), scene.propose({ ...command, requestId: 'retry' })];
    await scene.sidecar.until(() => scene.sidecar.proposals.length === 1);
    assert.equal(scene.proposer.pendingCount, 1);
    scene.sidecar.release();
    assert.deepEqual((await Promise.all(both)).map(usernameOf), ['ana', 'ana']);
    assert.equal(scene.sidecar.proposals.length, 1);
  });

  it('refuses an id that is under way with another fingerprint', async () => {
    const command = registration('ana', { fingerprint: new Uint8Array(32).fill(1) });
    scene.sidecar.verdict = () => 'hold';
    const first = scene.propose(command);
    await assert.rejects(
      scene.propose({ ...command, fingerprint: new Uint8Array(32).fill(2) }),
      failsWith('unprocessable'),
    );
    await scene.sidecar.until(() => scene.sidecar.proposals.length === 1);
    scene.sidecar.release();
    assert.equal(usernameOf(await first), 'ana');
  });

  it('does not take the result of another request that used the same id elsewhere', async () => {
    const other = registration('bob', { fingerprint: new Uint8Array(32).fill(2) });
    const ours = registration('ana', { id: other.id, fingerprint: new Uint8Array(32).fill(1) });
    scene.sidecar.verdict = () => 'hold';
    const result = scene.propose(ours);
    await scene.sidecar.until(() => scene.sidecar.proposals.length === 1);
    scene.sidecar.appendCommand(Command.encode(other).finish());
    scene.sidecar.release();
    const { outcome } = await result;
    assert.equal(outcome?.$case === 'refusal' && outcome.value.code, 'unprocessable');
  });

  it('answers everybody unavailable or unknown once a command cannot be applied', async () => {
    scene.sidecar.verdict = () => 'lose';
    const underWay = assert.rejects(scene.propose(registration('ana')), failsWith('timeout'));
    await scene.sidecar.until(() => scene.sidecar.proposals.length === 1);
    scene.sidecar.appendCommand(Command.encode(registration('eve', { featureLevel: 99 })).finish());
    await underWay;
    await assert.rejects(scene.propose(registration('bob')), failsWith('unavailable'));
    assert.match(scene.replica.applyLoop.haltReason ?? '', /feature level 99/);
    assert.equal(scene.replica.position.index, 1);
  });

  it('refuses what is too large for the log before it is proposed', async () => {
    const huge = registration('ana', { actorName: 'x'.repeat(1024 * 1024) });
    await assert.rejects(scene.propose(huge), failsWith('payload_too_large'));
    assert.equal(scene.sidecar.proposals.length, 0);
  });

  it('does not propose what not every replica can apply yet', async () => {
    scene.sidecar.lead({ featureLevel: 1 });
    await scene.sidecar.until(() => scene.replica.leadership.current.featureLevel === 1);
    await assert.rejects(scene.propose(registration('ana', { featureLevel: 2 })), failsWith('unavailable'));
    assert.equal(scene.sidecar.proposals.length, 0);
  });

  it('proposes it as soon as they can: in a young cluster that is a moment later', async () => {
    const { leadership } = scene.replica;
    scene.sidecar.lead({ featureLevel: 1 });
    await scene.sidecar.until(() => leadership.current.featureLevel === 1);
    const result = scene.propose(registration('ana', { featureLevel: 2 }));
    let proposedTooEarly = 0;
    leadership.onChange(() => {
      if (leadership.current.featureLevel < 2) proposedTooEarly += scene.sidecar.proposals.length;
    });
    for (const featureLevel of [1, 2]) scene.sidecar.lead({ featureLevel });
    assert.equal(usernameOf(await result), 'ana');
    assert.equal(proposedTooEarly, 0);
  });

  it('lets what is under way end when it closes, and takes nothing more', async () => {
    scene.sidecar.verdict = () => 'hold';
    const result = scene.propose(registration('ana'));
    await scene.sidecar.until(() => scene.sidecar.proposals.length === 1);
    const closed = scene.proposer.close(5_000);
    await assert.rejects(scene.propose(registration('bob')), failsWith('unavailable'));
    scene.sidecar.release();
    await closed;
    assert.equal(usernameOf(await result), 'ana');
  });
});
