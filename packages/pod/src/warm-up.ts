/**
 * Starts one pod, waits until it serves, and stops it: when an image is built, as proof that what was copied is whole, and
 * to fill NODE_COMPILE_CACHE for all containers that start from it.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalCluster, type LocalCluster } from './local-cluster.ts';
import type { PodProcess } from './pod-process.ts';

const READY_MS_MAX = 60_000;
const CHECK_MS_MAX = 10_000;

const dataDir = mkdtempSync(join(tmpdir(), 'agenda-warm-up-'));
const startedAt = performance.now();
let exitCode = 1;
const cluster = await createLocalCluster({ nodes: 1, dataDir, ports: 'free' });
try {
  exitCode = await warmUp(cluster);
} finally {
  await cluster.kill();
  rmSync(dataDir, { recursive: true, force: true });
}
process.exit(exitCode);

async function warmUp({ pods }: LocalCluster): Promise<number> {
  const [pod] = pods as [PodProcess];
  pod.start();
  try {
    await pod.waitReady(READY_MS_MAX);
  } catch (error) {
    process.stderr.write(`${readFileSync(pod.logFile, 'utf8')}\n${(error as Error).message}\n`);
    return 1;
  }
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  process.stdout.write(`a pod serves after ${seconds} s\n`);
  const checked = spawnSync(process.execPath, [join(import.meta.dirname, 'health-check.ts')], {
    env: { ...process.env, HTTP_ADDR: `127.0.0.1:${pod.ports.http}` },
    stdio: 'inherit',
    timeout: CHECK_MS_MAX,
  });
  const stopped = await pod.stop();
  if (stopped !== 0) process.stderr.write(`the pod stopped with code ${stopped}\n`);
  return stopped === 0 && checked.status === 0 ? 0 : 1;
}
