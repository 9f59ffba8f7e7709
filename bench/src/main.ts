/**
 * `make bench`: three pods on loopback, and three etcd nodes beside them in the same run where etcd is installed.
 *
 * Both get the same closed-loop client, the same disk with fsync on, and the same two or so cores that the client
 * uses too, in turns of a few seconds: what else the machine does hits both. What counts is the ratio; the figures
 * themselves are this machine's.
 */
import { cpus } from 'node:os';
import { type BenchCluster, enterUsers, memoryOf, startAgenda } from './agenda.ts';
import { type EtcdCluster, etcdVersion, startEtcd } from './etcd.ts';
import { measureFailover } from './failover.ts';
import { type LoadResult, type LoadRun, runLoad, summarize } from './http-load.ts';
import { type Contender, etcdContender, type Load, podContender } from './loads.ts';

const LOADS: readonly Load[] = [
  { kind: 'create', connections: 1 },
  { kind: 'create', connections: 64 },
  { kind: 'create', connections: 256 },
  { kind: 'read', connections: 64 },
];
/** Of each load, once, before anything is measured: services that have just started run code that is not compiled yet. */
const WARMUP_MS = Number(process.env.BENCH_WARMUP_MS ?? 15_000);
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3);
/** Of one load in one round. */
const MEASURE_MS = Number(process.env.BENCH_MEASURE_MS ?? 4_000);
/** Of one load in one round: connections are opened, batches find their size. */
const SETTLE_MS = 500;
const FAILOVER_ROUNDS = Number(process.env.BENCH_FAILOVERS ?? 7);

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function run(contender: Contender, load: Load, warmupMs: number, measureMs: number): Promise<LoadRun> {
  const { connections } = load;
  const { targets } = contender;
  return runLoad({ connections, targets, warmupMs, measureMs, request: contender.request(load) });
}

/** One result for each contender and load, in the order of both. */
async function measure(contenders: readonly Contender[]): Promise<LoadResult[][]> {
  for (const contender of contenders)
    for (const load of LOADS.filter(({ connections }) => connections === 64))
      await run(contender, load, WARMUP_MS, SETTLE_MS);
  const runs = contenders.map(() => LOADS.map((): LoadRun[] => []));
  for (let round = 0; round < ROUNDS; round++)
    for (const [at, load] of LOADS.entries())
      for (const [who, contender] of contenders.entries())
        runs[who]?.[at]?.push(await run(contender, load, SETTLE_MS, MEASURE_MS));
  return runs.map((own) => own.map(summarize));
}

function table(own: readonly LoadResult[], peer: readonly LoadResult[] | undefined): string {
  const head = ['', 'agenda /s', 'p50 ms', 'p99 ms', 'failed', 'etcd /s', 'p50 ms', 'p99 ms', 'ratio'];
  const rows = LOADS.map(({ kind, connections }, at) => {
    const label = kind === 'create' ? 'create (etcd: put)' : 'linearizable read (etcd: range)';
    const ours = own[at] as LoadResult;
    const theirs = peer?.[at];
    return [
      `${label}, ${connections}`,
      ours.perSecond.toFixed(0),
      ours.p50Ms.toFixed(1),
      ours.p99Ms.toFixed(1),
      String(ours.failed),
      theirs?.perSecond.toFixed(0) ?? '–',
      theirs?.p50Ms.toFixed(1) ?? '–',
      theirs?.p99Ms.toFixed(1) ?? '–',
      theirs ? (ours.perSecond / theirs.perSecond).toFixed(2) : '–',
    ];
  });
  return [head, ...rows]
    .map((row) => row.map((cell, at) => (at === 0 ? cell.padEnd(34) : cell.padStart(10))).join(''))
    .join('\n');
}

function sayMemory(bench: BenchCluster, when: string): void {
  for (const { nodeId, rssMib, pssMib } of bench.cluster.pods.map(memoryOf))
    say(
      `${nodeId} ${when}: ${pssMib} MiB, pages that its processes share counted once (RSS added up: ${rssMib})`,
    );
}

async function sayFailover(bench: BenchCluster): Promise<void> {
  const [pod] = bench.cluster.pods;
  if (!pod || FAILOVER_ROUNDS === 0) return;
  const [token] = await enterUsers(pod, 'failover', 1);
  const times = (await measureFailover(bench, token as string, FAILOVER_ROUNDS, 0)).sort((a, b) => a - b);
  const median = times[Math.floor(times.length / 2)] ?? 0;
  const list = times.map((ms) => ms.toFixed(0)).join(', ');
  say(
    `fail-over, kill -9 of the leader's pod to the next acknowledged write: median ${median.toFixed(0)} ms (${list})`,
  );
}

async function bench(pods: BenchCluster, etcd: EtcdCluster | undefined): Promise<void> {
  sayMemory(pods, 'after the start');
  const contenders = [await podContender(pods, LOADS), ...(etcd ? [await etcdContender(etcd, LOADS)] : [])];
  const [own, peer] = await measure(contenders);
  if (!own) return;
  say(`\n${table(own, peer)}\n`);
  for (const text of own.flatMap(({ complaints }) => complaints)) say(`failed: ${text}`);
  sayMemory(pods, 'after the load');
  // Alone: an election is timed to the millisecond.
  await etcd?.stop();
  await sayFailover(pods);
}

async function main(): Promise<void> {
  const version = etcdVersion();
  say(
    `${cpus().length} cores (${cpus()[0]?.model}), Node ${process.version}, etcd ${version ?? 'not installed: no peer in this run'}`,
  );
  say(`each load: ${ROUNDS} rounds of ${MEASURE_MS} ms, after a warm-up of ${WARMUP_MS} ms`);
  const etcd = version === undefined ? undefined : await startEtcd(version);
  try {
    const pods = await startAgenda();
    try {
      await bench(pods, etcd);
    } finally {
      await pods.destroy();
    }
  } finally {
    await etcd?.stop();
  }
}

await main();
// Left to itself, Node may never end (see test/counting-reporter.cjs).
process.exit();
