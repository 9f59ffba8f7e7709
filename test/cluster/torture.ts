/**
 * `make torture MINUTES=…`: real pods under faults by chance, with clients at work; ends at the first thing that they should
 * not have seen. The seed gives the same faults again, though not the same moments.
 */
import { randomBytes } from 'node:crypto';
import { Random } from '../../services/raft-sidecar/src/core/random.ts';
import { strike } from '../support/fault-schedule.ts';
import { clusterObstacle, FaultyCluster } from '../support/faulty-cluster.ts';
import { untilSame } from '../support/replicas.ts';
import { diskObstacle } from '../support/small-disk.ts';
import { Trial } from '../support/trial.ts';

const STRIKES_PER_ROUND = 5;
const OPERATIONS_BETWEEN = 30;
/** Of each pod's own disk. */
const DISK_BYTES = 256 * 1024 * 1024;
/** A pod that is gone for so long is no member any more; faults are over before. */
const TIMING = { REPLACE_AFTER: '1s', DEAD_AFTER: '15s' };

const minutes = Number(process.env.MINUTES || 10);
const nodes = Number(process.env.PODS || 7);
const seed = Number(process.env.SEED || randomBytes(4).readUInt32LE());
const generator = new Random(seed);
const random = (bound: number): number => generator.below(bound);
const startedAt = performance.now();
let stopping = false;
process.once('SIGINT', () => {
  stopping = true;
});

function say(line: string): void {
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  process.stdout.write(`${String(seconds).padStart(5)} s  ${line}\n`);
}

async function round(test: FaultyCluster, number: number): Promise<Trial> {
  const username = `torture-${number}`;
  const client = await test.enter(username);
  const trial = new Trial(test, client, username);
  const { operations, acknowledged } = await trial.run(async (progress) => {
    for (let count = 0; count < STRIKES_PER_ROUND; count++) {
      await strike({ test, random, log: say });
      await progress(OPERATIONS_BETWEEN);
    }
  });
  await test.waitMembers(test.pods);
  say(`round ${number}: ${operations} operations are linearizable, ${acknowledged} writes kept on all pods`);
  return trial;
}

async function torture(): Promise<void> {
  const obstacle = clusterObstacle(nodes);
  if (obstacle) throw new Error(obstacle);
  say(`seed ${seed}, ${nodes} pods, ${minutes} minutes (again: make torture SEED=${seed} PODS=${nodes})`);
  const noDisk = diskObstacle();
  if (noDisk) say(`no disk is struck: ${noDisk}`);
  const diskBytes = new Map(noDisk ? [] : Array.from({ length: nodes }, (_, at) => [at, DISK_BYTES]));
  const test = await FaultyCluster.start({ nodes, env: TIMING, diskBytes });
  const trials: Trial[] = [];
  try {
    while (!stopping && performance.now() - startedAt < minutes * 60_000)
      trials.push(await round(test, trials.length + 1));
    await test.waitAllServe();
    for (const trial of trials) await trial.assertKept(test.pods.map((pod) => pod.url));
    await untilSame(test.pods.map((pod) => test.dataDirOf(pod)));
    say(`nothing lost, nothing doubled, nothing out of order in ${trials.length} rounds`);
  } catch (error) {
    say(`FAILED in round ${trials.length + 1}, seed ${seed}; what the pods left is in ${test.keep()}`);
    throw error;
  } finally {
    await test.destroy();
  }
}

await torture();
// Left to itself, Node may never end (see counting-reporter.cjs).
process.exit();
