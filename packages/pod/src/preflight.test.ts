import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { podChildren } from './children.ts';
import { fixedAddresses } from './local-cluster.ts';
import { releaseLock, takeLock } from './lock.ts';
import { boundLogs, startLogs } from './logs.ts';
import { freePorts, isPortFree } from './ports.ts';
import { dataProblems, firstPortProblem, nodesProblem, portProblems } from './preflight.ts';
import { ensureSecrets } from './secrets.ts';

describe('before make run starts anything', () => {
  let directory: string;
  const servers: Server[] = [];

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'agenda-run-'));
  });
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
    rmSync(directory, { recursive: true, force: true });
  });

  async function occupy(port: number): Promise<void> {
    const server = createServer();
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  }

  it('NODES is taken from 1 to 9 only', () => {
    for (const good of ['1', '3', '7', '9']) assert.equal(nodesProblem(good), undefined);
    for (const bad of ['0', '10', '-1', '2.5', 'three', '1e9', ' 3'])
      assert.match(nodesProblem(bad) ?? '', /from 1 to 9/);
  });

  it('a first port is taken when all that follow are ports too', () => {
    assert.equal(firstPortProblem('HTTP_PORT', '65533', 3), undefined);
    for (const bad of ['65534', '0', '-1', '80a', ''])
      assert.match(firstPortProblem('HTTP_PORT', bad, 3) ?? '', /HTTP_PORT must be a port from 1 to 65533/);
  });

  it('a data directory is made, with those above it', () => {
    assert.deepEqual(dataProblems(3, join(directory, 'a', 'b')), []);
    assert.ok(statSync(join(directory, 'a', 'b')).isDirectory());
  });

  it('a file in the place of the data directory is refused, saying so', () => {
    const file = join(directory, 'file');
    writeFileSync(file, '');
    for (const path of [file, join(file, 'below')]) {
      const [problem, ...more] = dataProblems(3, path);
      assert.match(problem ?? '', /not a directory\): choose another directory with DATA=/);
      assert.deepEqual(more, []);
    }
  });

  it('a place that takes no directories is refused at once', () => {
    assert.match(dataProblems(3, '/proc/agenda/data')[0] ?? '', /cannot be used for data/);
  });

  it('data of more nodes is refused, and data of fewer is taken', () => {
    for (const node of [1, 2, 3, 4, 5]) mkdirSync(join(directory, `agenda-${node}`));
    assert.match(dataProblems(3, directory)[0] ?? '', /data of 5 nodes.*NODES=5/);
    assert.deepEqual(dataProblems(5, directory), []);
    assert.deepEqual(dataProblems(7, directory), []);
  });

  it('each port that is taken has a line of its own, with the variable that changes it', async () => {
    const [http, inner] = (await freePorts(2)) as [number, number];
    const addresses = fixedAddresses(1, http, inner);
    await occupy(http);
    await occupy(inner + 2);
    const problems = await portProblems(addresses);
    assert.equal(problems.length, 2);
    assert.match(problems[0] ?? '', new RegExp(`port ${http} is in use.*HTTP_PORT=`));
    assert.match(problems[1] ?? '', new RegExp(`port ${inner + 2} is in use.*INNER_PORT=`));
  });

  it('nodes have ports of their own', () => {
    const ports = fixedAddresses(9, 8080, 7000).flatMap((address) => Object.values(address));
    assert.equal(new Set(ports).size, 45);
    assert.deepEqual(fixedAddresses(2, 8080, 7000)[1], {
      http: 8081,
      peer: 7010,
      sidecar: 7011,
      agenda: 7012,
      audit: 7013,
    });
  });

  it('free ports are all different, free, and below those of outgoing connections', async () => {
    const ports = await freePorts(50);
    assert.equal(new Set(ports).size, 50);
    for (const port of ports) {
      assert.ok(port >= 10_000 && port < 32_768);
      assert.ok(await isPortFree(port, '127.0.0.1'));
    }
    await occupy(ports[0] as number);
    assert.equal(await isPortFree(ports[0] as number, '127.0.0.1'), false);
  });

  it('the data is for one run at a time', () => {
    assert.equal(takeLock(directory), undefined);
    assert.equal(takeLock(directory), undefined, 'its own lock is no other run');
    releaseLock(directory);
    assert.equal(takeLock(directory), undefined);
  });

  it('the lock of a run that was killed is taken over, also when its pid belongs to another process now', () => {
    for (const stale of ['999999999', '1', 'not a pid', '']) {
      writeFileSync(join(directory, 'run.pid'), stale);
      assert.equal(takeLock(directory), undefined, `stale: ${stale}`);
      assert.equal(readFileSync(join(directory, 'run.pid'), 'utf8'), String(process.pid));
    }
  });

  it('secrets are made once, differ, and are readable by their owner only', () => {
    const secrets = ensureSecrets(join(directory, 'secrets'));
    assert.deepEqual(ensureSecrets(join(directory, 'secrets')), secrets);
    const files = Object.entries(secrets.env).filter(([name]) => name.endsWith('_FILE'));
    const contents = files.map(([, file]) => readFileSync(file, 'utf8').trim());
    assert.equal(new Set([...contents, secrets.demoPassword]).size, 4);
    for (const content of contents) assert.match(content, /^[0-9a-f]{64}$/);
    for (const [, file] of files) assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal(statSync(join(directory, 'secrets', 'demo-password')).mode & 0o777, 0o600);
  });

  it('secrets of the own environment do not reach the pods beside those of the files', () => {
    const { env } = ensureSecrets(join(directory, 'secrets'));
    for (const name of Object.keys(env).filter((key) => key.endsWith('_FILE')))
      assert.equal(env[name.replace('_FILE', '')], '');
  });

  it('the log of the run before is kept, and a new one begins', () => {
    const log = join(directory, 'agenda-1.log');
    startLogs([log]);
    writeFileSync(log, 'former');
    startLogs([log]);
    assert.equal(readFileSync(`${log}.1`, 'utf8'), 'former');
    assert.throws(() => readFileSync(log), { code: 'ENOENT' });
  });

  it('a log that grows too long is cut, and its former part kept', () => {
    const log = join(directory, 'agenda-1.log');
    writeFileSync(log, 'x'.repeat(100));
    boundLogs([log, join(directory, 'none.log')], 100);
    assert.equal(statSync(log).size, 100);
    writeFileSync(log, 'x'.repeat(101));
    boundLogs([log], 100);
    assert.equal(statSync(log).size, 0);
    assert.equal(statSync(`${log}.1`).size, 101);
  });

  it('the bounds of memory can be set, and a wrong one is named', () => {
    const flags = podChildren({ POD_OLD_SPACE_MB: '128', POD_SEMI_SPACE_MB: '2' })[0]?.nodeFlags;
    assert.deepEqual(flags?.slice(-2), ['--max-old-space-size=128', '--max-semi-space-size=2']);
    assert.throws(() => podChildren({ POD_OLD_SPACE_MB: 'lots' }), /POD_OLD_SPACE_MB must be a whole number/);
  });

  // The superuser may write everywhere.
  if (process.getuid?.() !== 0)
    it('a directory without permission is refused', () => {
      chmodSync(directory, 0o500);
      assert.match(dataProblems(3, directory)[0] ?? '', /EACCES/);
    });
});
