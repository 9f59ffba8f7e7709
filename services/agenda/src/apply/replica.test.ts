import assert from 'node:assert/strict';
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from '@agenda/proto/agenda/v1/command';
import type { SnapshotTaken } from '@agenda/proto/raft/v1/state_machine';
import { deadlineAt } from '@agenda/service-kit/deadline';
import type { GrpcChannel } from '@agenda/service-kit/grpc-client';
import { uuidv7, uuidv7Bytes } from '@agenda/service-kit/ids';
import Database from 'better-sqlite3';
import { ScriptedSidecar, testLogger } from '../testing/scripted-sidecar.ts';
import { type Replacement, Replica } from './replica.ts';

const PAGE_BYTES = 4_096;
const METADATA = { timestampMs: 0, configuration: undefined, configurationIndex: 0 };

/** A replica beside a scripted sidecar. */
class Scene {
  readonly replica: Replica;
  readonly replaced: [Replacement, string][] = [];
  readonly #channel: GrpcChannel;

  constructor(directory: string, sidecar: ScriptedSidecar) {
    this.#channel = sidecar.channel();
    this.replica = new Replica({ directory, channel: this.#channel, logger: testLogger() });
    this.replica.onReplaced((what, reason) => this.replaced.push([what, reason]));
    this.replica.start();
  }

  applied(index: number): Promise<void> {
    return this.replica.position.waitFor(index, deadlineAt(5_000));
  }

  usernames(): string[] {
    return this.replica.queries.searchUsers('', 10_000, '').items.map(({ username }) => username);
  }

  async stop(): Promise<void> {
    await this.replica.stop();
    this.replica.close();
    this.#channel.close();
  }
}

function registration(username: string): Uint8Array {
  const value = {
    userId: uuidv7(),
    username,
    email: '',
    displayName: username,
    timeZone: 'UTC',
    passwordHash: 'x',
  };
  const body = { $case: 'registerUser', value } as const;
  return Command.encode(Command.fromPartial({ id: uuidv7Bytes(), featureLevel: 1, body })).finish();
}

/** Every row of every table that is the same on all replicas. */
function contentOf(path: string): unknown {
  const db = new Database(path, { readonly: true });
  try {
    const tables = db
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'local_state' ORDER BY name")
      .all() as { name: string }[];
    return tables.map(({ name }) => [name, db.prepare(`SELECT * FROM ${name}`).all()]);
  } finally {
    db.close();
  }
}

/** The heads of some pages. */
function damage(path: string): void {
  const file = openSync(path, 'r+');
  for (let page = 1; page < 12; page += 1) writeSync(file, Buffer.alloc(64, 0xa5), 0, 64, page * PAGE_BYTES);
  closeSync(file);
}

describe('a replica and its snapshots', () => {
  let scratch: string;
  let snapshots: string;
  let sidecar: ScriptedSidecar;
  let scene: Scene;

  beforeEach(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'agenda-replica-'));
    snapshots = join(scratch, 'snapshots');
    mkdirSync(snapshots);
    sidecar = await new ScriptedSidecar().start();
    scene = new Scene(join(scratch, 'agenda'), sidecar);
    await scene.applied(1);
  });

  afterEach(async () => {
    await scene.stop();
    await sidecar.stop();
    rmSync(scratch, { recursive: true });
  });

  async function register(...names: string[]): Promise<void> {
    for (const name of names) sidecar.appendCommand(registration(name));
    await scene.applied(sidecar.log.length);
  }

  async function take(): Promise<SnapshotTaken> {
    const before = sidecar.taken.length;
    sidecar.tell({ $case: 'takeSnapshot', value: { directory: snapshots } });
    await sidecar.until(() => sidecar.taken.length > before);
    return sidecar.taken.at(-1) as SnapshotTaken;
  }

  async function install(
    path: string,
    at: { index: number; term: number; digest: Uint8Array },
  ): Promise<string> {
    const before = sidecar.installed.length;
    const metadata = { ...METADATA, ...at };
    sidecar.tell({ $case: 'installSnapshot', value: { path, metadata } });
    await sidecar.until(() => sidecar.installed.length > before);
    return sidecar.installed.at(-1)?.error ?? '';
  }

  it('takes one that holds exactly what was applied at its index, while writes go on', async () => {
    await register('ana', 'bob');
    const taking = take();
    for (let at = 0; at < 500; at += 1) sidecar.appendCommand(registration(`later-${at}`));
    const { path, index, term, digest, error } = await taking;
    assert.equal(error, '');
    assert.ok(index >= 3 && index <= 503, `at ${index}`);
    const db = new Database(path, { readonly: true });
    const users = db.prepare('SELECT count(*) AS count FROM users').get() as { count: number };
    db.close();
    assert.equal(users.count, index - 1);
    assert.deepEqual([term, digest.length], [1, 32]);
    await scene.applied(503);
  });

  it('takes one at a time', async () => {
    const both = [take(), take()];
    const errors = (await Promise.all(both)).map(({ error }) => error);
    await sidecar.until(() => sidecar.taken.length === 2);
    assert.deepEqual(sidecar.taken.map(({ error }) => error).sort(), [
      '',
      'a snapshot is being taken already',
    ]);
    assert.ok(errors.length === 2);
  });

  it('becomes what a snapshot says, within one turn, and goes on behind it', async () => {
    await register('ana', 'bob');
    const taken = await take();
    await register('later');
    const waiting = scene.applied(3);
    assert.equal(await install(taken.path, taken), '');
    await waiting;
    assert.deepEqual(scene.usernames(), ['ana', 'bob']);
    assert.equal(scene.replica.position.index, 3);
    assert.deepEqual(scene.replaced, [['restored', '']]);
    sidecar.goOnBehind(3);
    await scene.applied(4);
    assert.deepEqual(scene.usernames(), ['ana', 'bob', 'later']);
  });

  it('is byte for byte what the replica was that the snapshot is from', async () => {
    await register(...Array.from({ length: 50 }, (_, at) => `user-${at}`));
    const taken = await take();
    const copy = join(snapshots, 'copy.db');
    copyFileSync(taken.path, copy);
    const other = new Scene(join(scratch, 'other'), sidecar);
    try {
      assert.equal(await install(taken.path, taken), '');
      assert.deepEqual(contentOf(join(scratch, 'agenda', 'agenda.db')), contentOf(copy));
    } finally {
      await other.stop();
    }
  });

  it('knows after a restart what it installed', async () => {
    await register('ana', 'bob');
    const taken = await take();
    await register('later');
    await install(taken.path, taken);
    await scene.stop();
    scene = new Scene(join(scratch, 'agenda'), sidecar);
    await scene.applied(4);
    assert.equal(sidecar.hellos.at(-1)?.lastApplied, 3);
  });

  it('refuses one that is damaged, or another than was said, and stays as it is', async () => {
    await register(...Array.from({ length: 300 }, (_, at) => `user-${at}`));
    const taken = await take();
    const copy = (name: string): string => {
      const path = join(snapshots, name);
      copyFileSync(taken.path, path);
      return path;
    };
    const damaged = copy('damaged.db');
    damage(damaged);
    assert.notEqual(await install(damaged, taken), '');
    assert.match(await install(copy('a.db'), { ...taken, index: 7 }), /holds entry 301 of term 1, not 7/);
    assert.match(await install(copy('b.db'), { ...taken, digest: Buffer.alloc(32, 1) }), /another digest/);
    assert.notEqual(await install(join(snapshots, 'nowhere.db'), taken), '');
    assert.equal(scene.usernames().length, 300);
    assert.deepEqual(scene.replaced, []);
    await register('still there');
  });

  it('puts its state aside when it is told that it is wrong, serves nobody, and is rebuilt by a snapshot', async () => {
    await register('ana', 'bob');
    const taken = await take();
    const later = scene.replica.position.waitFor(9, deadlineAt(5_000));
    const refused = assert.rejects(later, { code: 'unavailable', message: /being rebuilt.*as they say/ });
    sidecar.tell({ $case: 'discardState', value: { reason: 'as they say' } });
    await sidecar.until(() => sidecar.hellos.length === 2);
    await refused;
    assert.equal(sidecar.hellos.at(-1)?.lastApplied, 0);
    assert.equal(scene.replica.position.index, 0);
    assert.ok(scene.replica.trailUnsure);
    assert.ok(existsSync(join(scratch, 'agenda', 'agenda.db.aside')));
    assert.equal(await install(taken.path, taken), '');
    assert.equal(scene.replica.position.failure, undefined);
    assert.deepEqual(scene.usernames(), ['ana', 'bob']);
    assert.deepEqual(
      scene.replaced.map(([what]) => what),
      ['lost', 'restored'],
    );
  });

  it('puts a corrupt database aside at its start and asks for everything', async () => {
    await register(...Array.from({ length: 300 }, (_, at) => `user-${at}`));
    await scene.stop();
    damage(join(scratch, 'agenda', 'agenda.db'));
    const before = sidecar.hellos.length;
    scene = new Scene(join(scratch, 'agenda'), sidecar);
    await sidecar.until(() => sidecar.hellos.length > before);
    assert.equal(sidecar.hellos.at(-1)?.lastApplied, 0);
    await sidecar.until(() => scene.replica.position.index === 301);
    assert.equal(scene.usernames().length, 300);
    assert.equal(scene.replica.position.failure, undefined);
  });

  it('puts a file aside that is no database', async () => {
    await scene.stop();
    const path = join(scratch, 'agenda', 'agenda.db');
    const file = openSync(path, 'w');
    writeSync(file, 'this is no database at all, but long enough to be taken for one'.repeat(100));
    closeSync(file);
    scene = new Scene(join(scratch, 'agenda'), sidecar);
    await sidecar.until(() => sidecar.hellos.length === 2);
    assert.equal(sidecar.hellos.at(-1)?.lastApplied, 0);
    await sidecar.until(() => scene.replica.position.index === 1);
  });

  it('notices corruption when it copies the database, and asks for everything again', async () => {
    await register(...Array.from({ length: 300 }, (_, at) => `user-${at}`));
    scene.replica.checkpointer.checkpoint();
    damage(join(scratch, 'agenda', 'agenda.db'));
    const before = sidecar.hellos.length;
    sidecar.tell({ $case: 'takeSnapshot', value: { directory: snapshots } });
    await sidecar.until(() => sidecar.hellos.length > before);
    assert.equal(sidecar.hellos.at(-1)?.lastApplied, 0);
    await sidecar.until(() => scene.replica.position.index === 301);
    assert.equal(scene.usernames().length, 300);
  });

  it('ends the batch at a checkpoint entry, so that the digest told is the one there', async () => {
    await register('ana');
    const before = sidecar.applied.length;
    const entry = (index: number, payload: unknown) => ({ index, term: 1, timestampMs: 1, payload });
    const checkpoint = { $case: 'checkpoint', value: new Uint8Array(0) };
    const command = { $case: 'command', value: registration('bob') };
    const value = { entries: [entry(3, checkpoint), entry(4, command)] } as never;
    sidecar.tell({ $case: 'committed', value });
    await sidecar.until(() => sidecar.applied.at(-1)?.index === 4);
    const told = sidecar.applied.slice(before);
    assert.ok(told.some(({ index }) => index === 3));
  });
});
