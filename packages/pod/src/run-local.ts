/** `make run`: a cluster on loopback until Ctrl-C. */
import { existsSync, renameSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { DEMO_USERNAME, ensureDemoUser } from './demo.ts';
import { createLocalCluster, fixedAddresses, type LocalCluster } from './local-cluster.ts';
import { preflight, takeLock } from './preflight.ts';

const READY_MS_MAX = 60_000;
const EXIT_UNUSABLE = 1;

const startedAt = performance.now();
const nodes = Number(process.env.NODES ?? 3);
const dataDir = resolve(process.env.DATA ?? '.data');

function say(text: string): void {
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1).padStart(5);
  process.stdout.write(`${seconds} s  ${text}\n`);
}

async function main(): Promise<void> {
  const problems = await preflight(nodes, dataDir, fixedAddresses(nodes || 0));
  if (problems.length > 0) {
    for (const problem of problems) process.stderr.write(`make run: ${problem}\n`);
    process.exit(EXIT_UNUSABLE);
  }
  takeLock(dataDir);
  const cluster = await createLocalCluster({ nodes, dataDir, ports: 'fixed' });
  // One log of the run before is kept; this run's begins empty.
  for (const { logFile } of cluster.pods) if (existsSync(logFile)) renameSync(logFile, `${logFile}.1`);
  stopOnSignal(cluster);
  say(`starting ${nodes} pods, data in ${dataDir}`);
  cluster.start();
  for (const pod of cluster.pods) void pod.exited.then((code) => onExit(cluster, pod.nodeId, code));
  await Promise.all(
    cluster.pods.map(async (pod) => {
      await pod.waitReady(READY_MS_MAX);
      say(`${pod.nodeId} serves`);
    }),
  );
  await ensureDemoUser(cluster);
  await announce(cluster);
}

async function announce(cluster: LocalCluster): Promise<void> {
  const leader = await cluster.waitLeader(READY_MS_MAX);
  say(`${leader.nodeId} leads`);
  const urls = cluster.pods.map((pod) => `    http://localhost:${pod.ports.http}/ui/`);
  process.stdout.write(
    [
      '',
      '  Agenda Distribuida is up:',
      ...urls,
      '',
      `  log in as ${DEMO_USERNAME} with password ${cluster.secrets.demoPassword}`,
      `  audit token in ${cluster.secrets.auditTokenFile}, logs in ${resolve(dataDir, 'logs')}`,
      '  Ctrl-C stops everything; the data stays.',
      '',
      '',
    ].join('\n'),
  );
}

let stopping = false;

function stopOnSignal(cluster: LocalCluster): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      if (stopping) {
        say('killing what is left');
        void cluster.kill().then(() => process.exit(EXIT_UNUSABLE));
        return;
      }
      void stop(cluster, 0);
    });
}

async function stop(cluster: LocalCluster, exitCode: number): Promise<void> {
  stopping = true;
  process.stdout.write('\n');
  say('stopping: gateways drain, agendas finish, leadership is handed over, audit flushes');
  await cluster.stop();
  rmSync(resolve(dataDir, 'run.pid'), { force: true });
  say('stopped');
  process.exit(exitCode);
}

/** A pod restarts its own processes; when a whole pod ends, something is wrong that only a person can mend. */
function onExit(cluster: LocalCluster, nodeId: string, code: number | null): void {
  if (stopping) return;
  const log = cluster.pods.find((pod) => pod.nodeId === nodeId)?.logFile;
  say(`${nodeId} has ended with code ${code}; its log says why: ${log}`);
  if (cluster.pods.every((pod) => !pod.running)) void stop(cluster, EXIT_UNUSABLE);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`make run: ${(error as Error).message}\n`);
  process.exit(EXIT_UNUSABLE);
}
