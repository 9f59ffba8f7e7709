/**
 * `make bench`: three pods on loopback, and three etcd nodes beside them in the same run where etcd is installed.
 *
 * Both get the same closed-loop client, the same disk with fsync on, and the same two or so cores that the client
 * uses too. What counts is the ratio; the figures themselves are this machine's.
 */
import { cpus } from 'node:os';
import {
  type BenchCluster,
  createRequest,
  enterUsers,
  memoryOf,
  readRequest,
  startAgenda,
} from './agenda.ts';
import { etcdVersion, putRequest, rangeRequest, startEtcd } from './etcd.ts';
import { measureFailover } from './failover.ts';
import { type LoadResult, runLoad, type Target } from './http-load.ts';

const CONNECTIONS = [1, 64, 256] as const;
const READ_CONNECTIONS = 64;
const WARMUP_MS = Number(process.env.BENCH_WARMUP_MS ?? 3_000);
const MEASURE_MS = Number(process.env.BENCH_MEASURE_MS ?? 8_000);
const FAILOVER_ROUNDS = Number(process.env.BENCH_FAILOVERS ?? 7);
/** About as many bytes as an appointment's JSON. */
const ETCD_VALUE = 'x'.repeat(300);

type Results = Map<string, LoadResult>;

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function load(
  connections: number,
  targets: readonly Target[],
  request: (connection: number, turn: number) => Buffer,
) {
  return runLoad({ connections, targets, warmupMs: WARMUP_MS, measureMs: MEASURE_MS, request });
}

function targetOf(targets: readonly Target[], connection: number): Target {
  return targets[connection % targets.length] as Target;
}

async function benchAgenda(bench: BenchCluster): Promise<Results> {
  const { cluster, targets } = bench;
  const [pod] = cluster.pods;
  if (!pod) throw new Error('there is no pod');
  const results: Results = new Map();
  // Each connection is a user of its own; a user's slots never overlap.
  const tokens = await enterUsers(pod, 'bench', Math.max(...CONNECTIONS));
  const slots = tokens.map(() => 0);
  for (const connections of CONNECTIONS) {
    const result = await load(connections, targets, (connection) => {
      const slot = slots[connection] as number;
      slots[connection] = slot + 1;
      return createRequest(targetOf(targets, connection), tokens[connection] as string, slot);
    });
    results.set(`create ${connections}`, result);
  }
  const ids = await Promise.all(tokens.slice(0, READ_CONNECTIONS).map((token) => firstId(pod.url, token)));
  results.set(
    `read ${READ_CONNECTIONS}`,
    await load(READ_CONNECTIONS, targets, (connection) =>
      readRequest(targetOf(targets, connection), tokens[connection] as string, ids[connection] as string),
    ),
  );
  return results;
}

async function firstId(url: string, token: string): Promise<string> {
  const query = 'start=2027-01-01T00:00:00Z&end=2027-02-01T00:00:00Z&limit=1';
  const response = await fetch(`${url}/api/agenda?${query}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const { items } = (await response.json()) as { items: { id: string }[] };
  if (!items[0]) throw new Error('there is nothing to read');
  return items[0].id;
}

async function benchEtcd(version: string): Promise<Results> {
  const etcd = await startEtcd(version);
  try {
    const results: Results = new Map();
    let round = 0;
    for (const connections of CONNECTIONS) {
      round += 1;
      const result = await load(connections, etcd.targets, (connection, turn) =>
        putRequest(targetOf(etcd.targets, connection), `k-${round}-${connection}-${turn}`, ETCD_VALUE),
      );
      results.set(`create ${connections}`, result);
    }
    const result = await load(READ_CONNECTIONS, etcd.targets, (connection) =>
      rangeRequest(targetOf(etcd.targets, connection), `k-2-${connection}-0`),
    );
    results.set(`read ${READ_CONNECTIONS}`, result);
    return results;
  } finally {
    await etcd.stop();
  }
}

function table(agenda: Results, etcd: Results | undefined): string {
  const head = ['', 'agenda /s', 'p50 ms', 'p99 ms', 'failed', 'etcd /s', 'p50 ms', 'p99 ms', 'ratio'];
  const rows = [...agenda].map(([name, own]) => {
    const peer = etcd?.get(name);
    return [
      label(name),
      own.perSecond.toFixed(0),
      own.p50Ms.toFixed(1),
      own.p99Ms.toFixed(1),
      String(own.failed),
      peer?.perSecond.toFixed(0) ?? '–',
      peer?.p50Ms.toFixed(1) ?? '–',
      peer?.p99Ms.toFixed(1) ?? '–',
      peer ? (own.perSecond / peer.perSecond).toFixed(2) : '–',
    ];
  });
  return [head, ...rows]
    .map((row) => row.map((cell, at) => (at === 0 ? cell.padEnd(34) : cell.padStart(10))).join(''))
    .join('\n');
}

function label(name: string): string {
  const [what, connections] = name.split(' ');
  const full = what === 'create' ? 'create (etcd: put)' : 'linearizable read (etcd: range)';
  return `${full}, ${connections}`;
}

function complaints(results: Results): string[] {
  return [...results].flatMap(([name, { complaints: said }]) => said.map((text) => `${name}: ${text}`));
}

async function main(): Promise<void> {
  const version = etcdVersion();
  say(
    `${cpus().length} cores (${cpus()[0]?.model}), Node ${process.version}, etcd ${version ?? 'not installed: no peer in this run'}`,
  );
  const etcd = version === undefined ? undefined : await benchEtcd(version);
  const bench = await startAgenda();
  try {
    const idle = bench.cluster.pods.map(memoryOf);
    const agenda = await benchAgenda(bench);
    const busy = bench.cluster.pods.map(memoryOf);
    say(`\n${table(agenda, etcd)}\n`);
    for (const text of complaints(agenda)) say(`failed: ${text}`);
    for (const [at, memory] of busy.entries())
      say(
        `${memory.nodeId}: ${idle[at]?.rssMib} MiB RSS (${idle[at]?.pssMib} PSS) idle, ${memory.rssMib} MiB RSS (${memory.pssMib} PSS) after the load`,
      );
    const [pod] = bench.cluster.pods;
    if (!pod) return;
    const [token] = await enterUsers(pod, 'failover', 1);
    const times = (await measureFailover(bench, token as string, FAILOVER_ROUNDS, 0)).sort((a, b) => a - b);
    const median = times[Math.floor(times.length / 2)] ?? 0;
    const list = times.map((ms) => ms.toFixed(0)).join(', ');
    say(
      `fail-over, kill -9 of the leader's pod to the next acknowledged write: median ${median.toFixed(0)} ms (${list})`,
    );
  } finally {
    await bench.destroy();
  }
}

await main();
