import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { freePorts } from './ports.ts';

describe('the processes of this package', function () {
  // Whole pods start here, on a machine that may be busy.
  this.timeout(60_000);
  let directory: string;
  const children: ChildProcess[] = [];

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'agenda-pod-'));
  });
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  });

  function start(file: string, env: Record<string, string>) {
    const child = spawn(process.execPath, [join(import.meta.dirname, file)], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.push(child);
    const output = { stdout: text(child.stdout), stderr: text(child.stderr) };
    return { child, ...output, exited: once(child, 'exit').then(([code]) => code as number) };
  }

  async function podEnvironment(): Promise<Record<string, string>> {
    const [http, peer, sidecar, agenda, audit] = await freePorts(5);
    return {
      NODE_ID: 'agenda-1',
      DATA_DIR: directory,
      ADVERTISE_ADDR: `127.0.0.1:${peer}`,
      HTTP_ADDR: `127.0.0.1:${http}`,
      PEER_ADDR: `127.0.0.1:${peer}`,
      SIDECAR_GRPC_ADDR: `127.0.0.1:${sidecar}`,
      AGENDA_GRPC_ADDR: `127.0.0.1:${agenda}`,
      AUDIT_GRPC_ADDR: `127.0.0.1:${audit}`,
      CLUSTER_HMAC_SECRET: 'h'.repeat(32),
      JWT_SECRET: 'j'.repeat(32),
      AUDIT_API_TOKEN: 'a'.repeat(32),
    };
  }

  interface Line {
    readonly type?: string;
    readonly name?: string;
    readonly pid?: number;
    readonly code?: number;
    readonly component?: string;
  }
  const podLines = (output: string): Line[] =>
    output
      .split('\n')
      .filter((line) => line.includes('"component":"pod"'))
      .map((line) => JSON.parse(line) as Line);

  describe('a pod', () => {
    it('exits with 78 and says what is missing when its configuration is wrong, without a restart', async () => {
      const { NODE_ID, ...env } = await podEnvironment();
      const { stdout, stderr, exited } = start('main.ts', env);
      assert.equal(await exited, 78);
      assert.match(await stderr, /NODE_ID is missing/);
      const starts = podLines(await stdout).filter(({ type }) => type === 'child_started');
      assert.equal(starts.length, 4);
    });

    it('refuses a wrong bound of memory in one line', async () => {
      const { stderr, exited } = start('main.ts', { POD_OLD_SPACE_MB: '1 GB' });
      assert.equal(await exited, 78);
      assert.equal((await stderr).trim().split('\n').length, 1);
    });

    it('tells the pids of its four processes in its log, and stops them in order at SIGTERM', async () => {
      const { child, stdout, exited } = start('main.ts', await podEnvironment());
      await new Promise<void>((resolve) => {
        let seen = '';
        child.stdout?.on('data', (data: Buffer) => {
          seen += data;
          if (podLines(seen.slice(0, seen.lastIndexOf('\n'))).some(({ type }) => type === 'ready')) resolve();
        });
      });
      child.kill('SIGTERM');
      assert.equal(await exited, 0);
      const lines = podLines(await stdout);
      const started = lines.filter(({ type }) => type === 'child_started');
      const names = ['agenda', 'api-gateway', 'audit', 'raft-sidecar'];
      assert.deepEqual(started.map(({ name }) => name).sort(), names);
      for (const { pid } of started) assert.throws(() => process.kill(pid as number, 0), { code: 'ESRCH' });
      const exits = lines.filter(({ type }) => type === 'child_exited');
      assert.deepEqual(
        exits.map(({ name, code }) => [name, code]),
        ['api-gateway', 'agenda', 'raft-sidecar', 'audit'].map((name) => [name, 0]),
      );
    });
  });

  describe('make run', () => {
    const run = (env: Record<string, string>) =>
      start('run-local.ts', { DATA: join(directory, 'data'), ...env });

    it('refuses wrong settings before it touches anything', async () => {
      for (const [env, message] of [
        [{ NODES: '0' }, /^make run: NODES must be a whole number from 1 to 9, but is "0"\n$/],
        [{ HTTP_PORT: 'x' }, /^make run: HTTP_PORT must be a port .*\n$/],
        [{ HTTP_PORT: '7001' }, /^make run: HTTP_PORT and INNER_PORT are too close: port 7001 .*\n$/],
      ] as [Record<string, string>, RegExp][]) {
        const { stderr, exited } = run(env);
        assert.equal(await exited, 1);
        assert.match(await stderr, message);
        assert.equal(existsSync(join(directory, 'data')), false);
      }
    });

    it('refuses data that is no directory in one line', async () => {
      writeFileSync(join(directory, 'data'), '');
      const { stderr, exited } = run({});
      assert.equal(await exited, 1);
      assert.match(await stderr, /^make run: .* is not a directory.*\n$/);
    });

    it('starts a cluster of one, says who leads and how to log in, and goes on with the same data later', async () => {
      const [http, inner] = (await freePorts(2)) as [number, number];
      const env = { NODES: '1', HTTP_PORT: String(http), INNER_PORT: String(inner) };
      const passwords: (string | undefined)[] = [];
      for (let turn = 0; turn < 2; turn++) {
        const { child, stdout, exited } = run(env);
        await new Promise<void>((resolve) => {
          let seen = '';
          child.stdout?.on('data', (data: Buffer) => {
            seen += data;
            if (seen.includes('Ctrl-C')) resolve();
          });
          void exited.then(() => resolve());
        });
        child.kill('SIGINT');
        assert.equal(await exited, 0);
        const output = await stdout;
        assert.match(output, /agenda-1 leads/);
        assert.match(output, new RegExp(`http://localhost:${http}/ui/`));
        assert.match(output, /agenda-1 stopped/);
        passwords.push(/with password (\S+)/.exec(output)?.[1]);
        assert.equal(existsSync(join(directory, 'data', 'run.pid')), false);
      }
      assert.ok(passwords[0]);
      assert.equal(passwords[0], passwords[1]);
    });

    it('stops in order, with 0, when it is interrupted while it starts', async () => {
      const [http] = (await freePorts(1)) as [number];
      // Well apart: three pods have thirty inner ports.
      const env = { NODES: '3', HTTP_PORT: String(http), INNER_PORT: String(http + 10) };
      const { child, stdout, stderr, exited } = run(env);
      await Promise.race([once(child.stdout, 'data'), exited]);
      child.kill('SIGINT');
      assert.equal(await exited, 0);
      assert.match(await stdout, /agenda-3 stopped/);
      assert.equal(await stderr, '');
    });
  });
});
