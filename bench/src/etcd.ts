/** Three etcd nodes on loopback, as the peer beside us in the same run. Started only where `etcd` is installed. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Target } from './http-load.ts';

const NODES = 3;
const START_DEADLINE_MS = 20_000;
const POLL_MS = 100;
const PUT_DEADLINE_MS = 1_000;

export interface EtcdCluster {
  readonly version: string;
  readonly targets: readonly Target[];
  stop(): Promise<void>;
}

/** Undefined: etcd is not installed here. */
export function etcdVersion(): string | undefined {
  const run = spawnSync('etcd', ['--version'], { encoding: 'utf8' });
  if (run.error || run.status !== 0) return undefined;
  return /etcd Version: (\S+)/.exec(run.stdout)?.[1];
}

/** Throws if the cluster does not answer a put within 20 s. */
export async function startEtcd(version: string): Promise<EtcdCluster> {
  const directory = mkdtempSync(join(tmpdir(), 'agenda-bench-etcd-'));
  const ports = await freePorts(NODES * 2);
  const nodes = Array.from({ length: NODES }, (_, index) => ({
    name: `etcd-${index + 1}`,
    client: ports[index] as number,
    peer: ports[NODES + index] as number,
  }));
  const initialCluster = nodes.map((node) => `${node.name}=http://127.0.0.1:${node.peer}`).join(',');
  const children = nodes.map((node) => startNode(node, directory, initialCluster));
  const targets = nodes.map((node) => ({ host: '127.0.0.1', port: node.client }));
  const stop = async (): Promise<void> => {
    await Promise.all(children.map(end));
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    for (const target of targets) await untilAnswers(target);
  } catch (error) {
    await stop();
    throw error;
  }
  return { version, targets, stop };
}

function startNode(
  node: { name: string; client: number; peer: number },
  directory: string,
  initialCluster: string,
): ChildProcess {
  const client = `http://127.0.0.1:${node.client}`;
  const peer = `http://127.0.0.1:${node.peer}`;
  return spawn(
    'etcd',
    [
      ...['--name', node.name, '--data-dir', join(directory, node.name), '--log-level', 'error'],
      ...['--listen-client-urls', client, '--advertise-client-urls', client],
      ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
      ...['--initial-cluster', initialCluster, '--initial-cluster-state', 'new'],
    ],
    { stdio: 'ignore' },
  );
}

function end(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });
}

/** Throws if it is not acknowledged within a second. */
export async function put({ host, port }: Target, key: string, value: string): Promise<void> {
  const answer = await fetch(`http://${host}:${port}/v3/kv/put`, {
    method: 'POST',
    body: JSON.stringify({ key: base64(key), value: base64(value) }),
    signal: AbortSignal.timeout(PUT_DEADLINE_MS),
  });
  if (!answer.ok) throw new Error(`a put was answered with status ${answer.status}`);
}

async function untilAnswers(target: Target): Promise<void> {
  const deadlineAt = performance.now() + START_DEADLINE_MS;
  let last: unknown;
  while (performance.now() < deadlineAt) {
    try {
      await put(target, 'ready', 'yes');
      return;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new Error(`etcd on port ${target.port} did not answer within ${START_DEADLINE_MS} ms`, {
    cause: last,
  });
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
          const server = createServer();
          server.once('error', reject);
          server.listen(0, '127.0.0.1', () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** A put of a value about as large as an appointment's JSON; every key is new, as every appointment is. */
export function putRequest(target: Target, key: string, value: string): Buffer {
  return post(target, '/v3/kv/put', JSON.stringify({ key: base64(key), value: base64(value) }));
}

/** A linearizable read of one key (etcd's default). */
export function rangeRequest(target: Target, key: string): Buffer {
  return post(target, '/v3/kv/range', JSON.stringify({ key: base64(key) }));
}

function post(target: Target, path: string, body: string): Buffer {
  return Buffer.from(
    `POST ${path} HTTP/1.1\r\nHost: ${target.host}:${target.port}\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
