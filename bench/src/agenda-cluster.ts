/**
 * The second step of `make bench-agenda`: creates over REST on three pods whose agenda holds one million appointments,
 * and on three pods that have the same people and no appointments, in turns. Every create is another person's.
 */
import { join } from 'node:path';
import { createRequest, FIRST_SLOT_MS, memoryOf, SLOT_MS } from './agenda.ts';
import { median } from './agenda-creates.ts';
import { DAY_MS, NOW_MS } from './agenda-data-writer.ts';
import { type LoadRun, runLoad, summarize } from './http-load.ts';
import { LARGE_AGENDA, makeLargeAgenda, SIZES, say } from './large-agenda.ts';
import { type SeededCluster, startSeeded } from './seeded-cluster.ts';

const CONNECTIONS = 64;
const WARMUP_MS = Number(process.env.BENCH_WARMUP_MS ?? 10_000);
const SETTLE_MS = 500;
const MEASURE_MS = Number(process.env.BENCH_MEASURE_MS ?? 4_000);
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);
/** Behind everything that the large agenda holds: nothing is in the way. */
const FREE_SLOT = Math.ceil((NOW_MS + 400 * DAY_MS - FIRST_SLOT_MS) / SLOT_MS);

class Contender {
  readonly #cluster: SeededCluster;
  /** How often each connection has been through its people. */
  readonly #turns = new Array<number>(CONNECTIONS).fill(0);
  readonly runs: LoadRun[] = [];

  constructor(cluster: SeededCluster) {
    this.#cluster = cluster;
  }

  load(warmupMs: number, measureMs: number): Promise<LoadRun> {
    const { targets } = this.#cluster;
    return runLoad({
      connections: CONNECTIONS,
      targets,
      warmupMs,
      measureMs,
      request: (connection) => this.#request(connection),
    });
  }

  /** Of each pod, pages that its processes share counted once. */
  get memoryMib(): readonly number[] {
    return this.#cluster.cluster.pods.map((pod) => memoryOf(pod).pssMib);
  }

  destroy(): Promise<void> {
    return this.#cluster.destroy();
  }

  #request(connection: number): Buffer {
    const { targets, tokens } = this.#cluster;
    const people = Math.floor(tokens.length / CONNECTIONS);
    const turn = this.#turns[connection] as number;
    this.#turns[connection] = turn + 1;
    const token = tokens[connection + (turn % people) * CONNECTIONS] as string;
    const target = targets[connection % targets.length] as (typeof targets)[number];
    return createRequest(target, token, FREE_SLOT + Math.floor(turn / people));
  }
}

async function compare(large: Contender, empty: Contender): Promise<void> {
  const both = [large, empty];
  for (const one of both) await one.load(WARMUP_MS, SETTLE_MS);
  for (let round = 0; round < ROUNDS; round++)
    for (const one of both) one.runs.push(await one.load(SETTLE_MS, MEASURE_MS));
  say(
    `creates over REST, three pods, ${CONNECTIONS} connections, ${ROUNDS} rounds of ${MEASURE_MS} ms in turns:`,
  );
  for (const [label, one] of [
    ['on it', large],
    ['on an empty one', empty],
  ] as const) {
    const { perSecond, p50Ms, p99Ms, maxMs, failed, complaints } = summarize(one.runs);
    say(
      `  ${label.padEnd(18)}${perSecond.toFixed(0).padStart(6)}/s, p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms, longest ${maxMs.toFixed(0)} ms, failed ${failed}; a pod has ${one.memoryMib.join(', ')} MiB`,
    );
    for (const text of complaints) say(`  failed: ${text}`);
  }
  const ratios = large.runs.map((run, round) => perSecond(run) / perSecond(empty.runs[round] as LoadRun));
  const each = ratios.map((ratio) => ratio.toFixed(2)).join(', ');
  say(`  as fast as on an empty one: ${median(ratios).toFixed(2)} (${each})  mark: ≥ 0.80`);
}

function perSecond({ latenciesMs, seconds }: LoadRun): number {
  return latenciesMs.length / seconds;
}

async function main(): Promise<void> {
  makeLargeAgenda();
  const large = new Contender(await startSeeded(join(LARGE_AGENDA, 'agenda.db'), SIZES.users));
  try {
    const empty = new Contender(await startSeeded(undefined, SIZES.users));
    try {
      await compare(large, empty);
    } finally {
      await empty.destroy();
    }
  } finally {
    await large.destroy();
  }
}

await main();
// Left to itself, Node may never end (see test/counting-reporter.cjs).
process.exit();
