import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { figure, secondsSince } from '../figures.ts';
import { docker, dockerOutput } from '../lab.ts';
import { REPLICAS, SERVICE, type Task } from '../stack.ts';
import { clients, HEALTHY_MS, NOW, SECRETS_DIR, stack } from './context.ts';

describe('the stack on three hosts', () => {
  let tasks: readonly Task[] = [];

  it('comes up: every task healthy, one cluster with seven voters, one leader', async () => {
    await stack.makeSecrets();
    const startedAt = performance.now();
    await stack.deploy(NOW);
    tasks = await stack.waitRunning(REPLICAS, HEALTHY_MS);
    figure('start: seven tasks healthy', secondsSince(startedAt));
    const leader = await stack.waitRedundant(REPLICAS, HEALTHY_MS);
    figure('start: seven voters, writes accepted', secondsSince(startedAt));
    const health = await Promise.all(tasks.map((task) => stack.healthOf(task)));
    assert.deepEqual(new Set(health.map(({ leaderId }) => leaderId)), new Set([leader.memberId]));
    assert.deepEqual(
      health.map(({ nodeId }) => nodeId).sort(),
      Array.from({ length: REPLICAS }, (_, at) => `agenda-${at + 1}`),
    );
  });

  it('spreads them over the hosts', () => {
    const counts = stack.hosts.map((host) => tasks.filter((task) => task.host === host).length);
    assert.deepEqual(counts.sort(), [2, 2, 3]);
  });

  it('gives each task a volume of its own', async () => {
    const volumes = await Promise.all(
      tasks.map(async (task) => {
        const format = '{{range .Mounts}}{{if eq .Type "volume"}}{{.Name}} {{.Destination}}{{end}}{{end}}';
        return docker(task.host, 'inspect', '--format', format, await stack.containerOf(task));
      }),
    );
    assert.deepEqual(
      volumes,
      tasks.map(({ slot }) => `agenda-data-${slot} /data`),
    );
  });

  it('runs them without rights: another user than root, no capabilities, nothing to write to but data and /tmp', async () => {
    const task = tasks[0] as Task;
    const container = await stack.containerOf(task);
    const shell = (script: string) => dockerOutput(task.host, 'exec', container, 'sh', '-c', script);
    assert.match(await shell('id -u'), /^1000\n/);
    assert.match(await shell('grep CapEff /proc/1/status'), /0000000000000000/);
    assert.match(await shell('touch /opt/agenda/x'), /Read-only file system/);
    assert.match(await shell('tr "\\0" " " </proc/1/cmdline'), /docker-init/);
    assert.equal(await shell('for tool in gcc cc make tsc vite; do command -v $tool; done'), '');
  });

  it('shows no secret to those who inspect it, in no log, and not in the history of the image', async () => {
    await clients.register();
    const folder = join(SECRETS_DIR, 'v1');
    const secrets = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8').trim());
    assert.equal(secrets.length, 3);
    const texts = [
      await stack.swarm('service', 'inspect', SERVICE),
      await dockerOutput(stack.hosts[0] as 1, 'service', 'logs', SERVICE),
      await docker(1, 'image', 'history', '--no-trunc', NOW),
      await docker(1, 'image', 'inspect', NOW),
      await stack.swarm('secret', 'inspect', ...(await stack.swarm('secret', 'ls', '--quiet')).split('\n')),
    ];
    for (const task of tasks) texts.push(await docker(task.host, 'inspect', await stack.containerOf(task)));
    for (const text of texts) {
      assert.ok(text.length > 100, 'there is something to look through');
      for (const secret of secrets) assert.ok(!text.includes(secret), 'a secret stands there in clear');
    }
  });
});
