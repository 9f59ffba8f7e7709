import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import {
  durationMs,
  EnvironmentError,
  flag,
  formatHostPort,
  hostPort,
  hostPortList,
  integer,
  readEnvironment,
  secret,
  secretPair,
} from './environment.ts';

const LONG = 'x'.repeat(32);

describe('the environment', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'environment-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  function file(content: string): string {
    const path = join(folder, `secret-${Math.random()}`);
    writeFileSync(path, content);
    return path;
  }

  function problems(shape: z.ZodRawShape, env: NodeJS.ProcessEnv): readonly string[] {
    try {
      readEnvironment(z.object(shape), env);
    } catch (error) {
      assert.ok(error instanceof EnvironmentError);
      return error.problems;
    }
    return [];
  }

  it('is parsed, with defaults, and frozen', () => {
    const schema = z.object({
      NODE_ID: z.string(),
      HTTP_ADDR: hostPort('0.0.0.0:8080'),
      PEER_ADDR: hostPort(),
      DISCOVERY_SEEDS: hostPortList(),
      BOOTSTRAP_EXPECT: integer(1, 9, 1),
      DEAD_AFTER: durationMs('10m'),
    });
    const read = readEnvironment(schema, {
      NODE_ID: 'agenda-1',
      PEER_ADDR: '[::1]:7000',
      DISCOVERY_SEEDS: ' a:1, b.c:65535 ,',
      UNKNOWN: 'is none of ours',
    });
    assert.deepEqual(read, {
      NODE_ID: 'agenda-1',
      HTTP_ADDR: { host: '0.0.0.0', port: 8080 },
      PEER_ADDR: { host: '::1', port: 7000 },
      DISCOVERY_SEEDS: [
        { host: 'a', port: 1 },
        { host: 'b.c', port: 65_535 },
      ],
      BOOTSTRAP_EXPECT: 1,
      DEAD_AFTER: 600_000,
    });
    assert.ok(Object.isFrozen(read));
  });

  it('tells everything that is wrong at once, what it is and what would be right', () => {
    const shape = {
      CLUSTER_HMAC_SECRET: secretPair(32),
      PEER_ADDR: hostPort(),
      HEARTBEAT_MS: integer(10, 1_000, 50),
      DEAD_AFTER: durationMs(),
      NODE_ID: z.string({ error: 'is missing' }),
      JWT_SECRET: secretPair(32),
    };
    const found = problems(shape, {
      CLUSTER_HMAC_SECRET: 'short',
      PEER_ADDR: 'localhost',
      HEARTBEAT_MS: '5O',
      DEAD_AFTER: '10',
      JWT_SECRET_FILE: join(folder, 'missing'),
    });
    assert.equal(found.length, 6);
    const patterns = {
      CLUSTER_HMAC_SECRET: /is too short: at least 32 bytes/,
      PEER_ADDR: /must be host:port .* but is "localhost"/,
      HEARTBEAT_MS: /must be a whole number from 10 to 1000, but is "5O"/,
      DEAD_AFTER: /must be a duration like 500ms.*but is "10"/,
      NODE_ID: /is missing/,
      JWT_SECRET: /JWT_SECRET_FILE names a file that cannot be read/,
    };
    for (const [name, pattern] of Object.entries(patterns))
      assert.match(found.find((problem) => problem.startsWith(name)) ?? '', pattern);
    const message = new EnvironmentError(found).message;
    for (const problem of found) assert.ok(message.includes(`\n  - ${problem}`));
  });

  it('never shows a secret that is wrong', () => {
    assert.ok(
      !problems({ TOKEN: secret(16) }, { TOKEN: 'hunter2' })
        .join()
        .includes('hunter2'),
    );
  });

  it('takes a secret from a file, trimmed, also an optional one', () => {
    const schema = z.object({ TOKEN: secret(16), MORE: secret(16).optional(), NONE: secret(16).optional() });
    const read = readEnvironment(schema, { TOKEN_FILE: file(`${LONG}\n`), MORE_FILE: file(LONG) });
    assert.equal(read.TOKEN, LONG);
    assert.equal(read.MORE, LONG);
    assert.equal(read.NONE, undefined);
  });

  it('refuses a secret that is given twice, and an empty file', () => {
    const shape = { TOKEN: secret(16) };
    assert.deepEqual(problems(shape, { TOKEN: LONG, TOKEN_FILE: file(LONG) }), [
      'TOKEN and TOKEN_FILE are both set: set one',
    ]);
    assert.match(problems(shape, { TOKEN_FILE: file('\n') })[0] ?? '', /TOKEN is too short/);
  });

  it('reads the file of a secret only', () => {
    assert.equal(problems({ NODE_ID: z.string() }, { NODE_ID_FILE: file('agenda-1') }).length, 1);
  });

  it('takes one secret, or two during a rotation, from one line or two', () => {
    const schema = z.object({ PAIR: secretPair(4) });
    assert.deepEqual(readEnvironment(schema, { PAIR: 'only' }).PAIR, ['only']);
    assert.deepEqual(readEnvironment(schema, { PAIR: 'newer, older' }).PAIR, ['newer', 'older']);
    assert.deepEqual(readEnvironment(schema, { PAIR_FILE: file('newer\nolder\n') }).PAIR, ['newer', 'older']);
    assert.match(
      problems({ PAIR: secretPair(4) }, { PAIR: 'aaaa,bbbb,cccc' })[0] ?? '',
      /one secret, or two/,
    );
    assert.match(problems({ PAIR: secretPair(4) }, { PAIR: 'newer,old' })[0] ?? '', /too short/);
  });

  it('takes true and false for a flag, and nothing else', () => {
    const schema = z.object({ ON: flag(true), OFF: flag(false) });
    assert.deepEqual({ ...readEnvironment(schema, {}) }, { ON: true, OFF: false });
    assert.deepEqual({ ...readEnvironment(schema, { ON: 'false', OFF: 'true' }) }, { ON: false, OFF: true });
    assert.deepEqual(problems({ ON: flag(true) }, { ON: 'yes' }), ['ON must be true or false']);
  });

  it('counts the bytes of a secret, not its characters', () => {
    assert.equal(readEnvironment(z.object({ S: secret(4) }), { S: 'éé' }).S, 'éé');
  });

  it('takes an empty variable for one that is not set', () => {
    assert.equal(readEnvironment(z.object({ N: integer(1, 9, 3) }), { N: '' }).N, 3);
    assert.deepEqual(problems({ N: integer(1, 9) }, { N: '' }), ['N is missing']);
  });

  it('refuses malformed addresses, numbers and durations', () => {
    for (const text of ['a', 'a:', ':1', 'a:b', 'a:65536', 'a:-1', '::1:7000', '[::1]', 'a b:1', 'a:1:2'])
      assert.equal(problems({ A: hostPort() }, { A: text }).length, 1, text);
    for (const text of ['1.5', '1e3', '0x10', ' ', '--1', '0', '10', '9999999999999999'])
      assert.equal(problems({ N: integer(1, 9) }, { N: text }).length, 1, text);
    for (const text of ['1', 's', '-1s', '1.5s', '1 s', '1w'])
      assert.equal(problems({ D: durationMs() }, { D: text }).length, 1, text);
    assert.match(problems({ L: hostPortList() }, { L: 'a:1,b,c:x' })[0] ?? '', /but has "b", "c:x"/);
  });

  it('knows its units', () => {
    const cases = { '500ms': 500, '10s': 10_000, '10m': 600_000, '24h': 86_400_000, '30d': 2_592_000_000 };
    for (const [text, ms] of Object.entries(cases))
      assert.equal(readEnvironment(z.object({ D: durationMs() }), { D: text }).D, ms);
  });

  it('writes an address as it reads it', () => {
    for (const text of ['127.0.0.1:80', '[::1]:80', 'tasks.agenda:7000']) {
      const { A } = readEnvironment(z.object({ A: hostPort() }), { A: text });
      assert.equal(formatHostPort(A), text);
    }
  });
});
