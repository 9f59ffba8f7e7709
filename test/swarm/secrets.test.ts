/** secrets.sh with a stand-in for the docker client that keeps what it is given as files: no engine is there to ask. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SCRIPT = join(import.meta.dirname, '../../deploy/swarm/secrets.sh');
const DOCKER = `#!/bin/bash
case "$1 $2" in
  'secret inspect') [ -e "$SWARM/$3" ] ;;
  'secret create') cp "$4" "$SWARM/$3" ;;
  *) exit 2 ;;
esac
`;

describe('the script that makes secrets', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'agenda-secrets-'));
    mkdirSync(join(directory, 'swarm'));
    mkdirSync(join(directory, 'bin'));
    writeFileSync(join(directory, 'bin/docker'), DOCKER, { mode: 0o755 });
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  function run(...args: string[]) {
    const { status, stdout, stderr } = spawnSync(SCRIPT, args, {
      encoding: 'utf8',
      env: {
        ...process.env,
        PATH: `${join(directory, 'bin')}:${process.env.PATH}`,
        SWARM: join(directory, 'swarm'),
        SECRETS_DIR: join(directory, 'secrets'),
      },
    });
    return { status, output: stdout + stderr };
  }
  const given = (name: string): string => readFileSync(join(directory, 'swarm', name), 'utf8');
  const all = (): string[] => readdirSync(join(directory, 'swarm')).map(given);

  it('gives the swarm three secrets, prints none, and leaves copies that only their owner can read', () => {
    const { status, output } = run();
    assert.equal(status, 0, output);
    assert.deepEqual(readdirSync(join(directory, 'swarm')).sort(), [
      'agenda-audit-token-1',
      'agenda-cluster-hmac-1',
      'agenda-jwt-1',
    ]);
    for (const secret of all()) {
      assert.match(secret, /^[0-9a-f]{64}$/);
      assert.ok(!output.includes(secret));
    }
    assert.equal(new Set(all()).size, 3);
    assert.equal(statSync(join(directory, 'secrets')).mode & 0o077, 0);
    assert.equal(statSync(join(directory, 'secrets/v1/jwt')).mode & 0o077, 0);
  });

  it('changes nothing when it is run again', () => {
    run();
    const before = all();
    const { status, output } = run();
    assert.equal(status, 0, output);
    assert.match(output, /agenda-jwt-1 is there already/);
    assert.deepEqual(all(), before);
  });

  it('rotates in three steps, at each of which every replica accepts what those of the step before sign', () => {
    run();
    const { status, output } = run('--rotate', '2');
    assert.equal(status, 0, output);
    const steps = ['1', '2', '3', '4'].map((version) => given(`agenda-cluster-hmac-${version}`).split(','));
    const [[old], , , [fresh]] = steps as [[string], string[], string[], [string]];
    assert.notEqual(old, fresh);
    assert.deepEqual(steps, [[old], [old, fresh], [fresh, old], [fresh]]);
    for (const secret of [old, fresh]) assert.ok(!output.includes(secret));
    assert.equal(given('agenda-audit-token-2'), given('agenda-audit-token-1'));
    assert.equal(given('agenda-audit-token-3'), given('agenda-audit-token-4'));
    assert.notEqual(given('agenda-audit-token-3'), given('agenda-audit-token-1'));
  });

  it('begins no rotation in the middle of another, nor without the version before', () => {
    run();
    run('--rotate', '2');
    assert.match(run('--rotate', '4').output, /version 3 is a step of a rotation/);
    assert.match(run('--rotate', '9').output, /v8 is not there/);
    assert.match(run('--rotate', 'x').output, /needs a version/);
  });

  it('makes certificates by authorities whose keys are gone', () => {
    const { status, output } = run('--tls');
    assert.equal(status, 0, output);
    const files = readdirSync(join(directory, 'secrets/tls-v1')).sort();
    assert.deepEqual(files, [
      'cluster-tls-ca',
      'cluster-tls-cert',
      'cluster-tls-key',
      'tls-ca',
      'tls-cert',
      'tls-key',
    ]);
    for (const kind of ['tls', 'cluster-tls']) {
      const [ca, cert] = ['ca', 'cert'].map((part) => join(directory, 'secrets/tls-v1', `${kind}-${part}`));
      const verified = spawnSync('openssl', ['verify', '-CAfile', ca as string, cert as string]);
      assert.equal(verified.status, 0, String(verified.stderr));
    }
  });
});
