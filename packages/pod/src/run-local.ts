/** `make run`: a cluster on loopback until Ctrl-C. */
import { resolve } from 'node:path';
import { DEMO_USERNAME, ensureDemoUser } from './demo.ts';
import {
  createLocalCluster,
  fixedAddresses,
  HTTP_PORT_FIRST,
  INNER_PORT_FIRST,
  INNER_PORTS_STEP,
  type LocalCluster,
} from './local-cluster.ts';
import { releaseLock, takeLock } from './lock.ts';
import { boundLogs, startLogs } from './logs.ts';
import {
  dataProblems,
  firstPortProblem,
  nodesProblem,
  overlapProblem,
  portProblems,
  runningProblem,
} from './preflight.ts';

const READY_MS_MAX = 60_000;
const LOGS_INTERVAL_MS = 5_000;
const EXIT_UNUSABLE = 1;
const NODES_DEFAULT = '3';

const startedAt = performance.now();
const dataDir = resolve(process.env.DATA || '.data');
let cluster: LocalCluster | undefined;
let stopping = false;

function say(text: string): void {
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1).padStart(5);
  process.stdout.write(`${seconds} s  ${text}\n`);
}

async function main(): Promise<void> {
  const { nodes, addresses } = settings();
  refuseFor(dataProblems(nodes, dataDir));
  const other = takeLock(dataDir);
  if (other !== undefined) refuseFor([runningProblem(other, dataDir)]);
  const ports = await portProblems(addresses);
  if (ports.length > 0) releaseLock(dataDir);
  refuseFor(ports);
  const created = await createLocalCluster({ nodes, dataDir, ports: addresses });
  cluster = created;
  const logFiles = created.pods.map(({ logFile }) => logFile);
  startLogs(logFiles);
  setInterval(() => boundLogs(logFiles), LOGS_INTERVAL_MS);
  say(`starting ${nodes} ${nodes === 1 ? 'pod' : 'pods'}, data in ${dataDir}`);
  created.start();
  for (const pod of created.pods) void pod.exited.then((code) => onExit(created, pod.nodeId, code));
  await Promise.all(
    created.pods.map(async (pod) => {
      await pod.waitReady(READY_MS_MAX);
      say(`${pod.nodeId} serves`);
    }),
  );
  await announce(created);
}

function settings() {
  const text = process.env.NODES || NODES_DEFAULT;
  const nodesWrong = nodesProblem(text);
  refuseFor(nodesWrong ? [nodesWrong] : []);
  const nodes = Number(text);
  const http = process.env.HTTP_PORT || String(HTTP_PORT_FIRST);
  const inner = process.env.INNER_PORT || String(INNER_PORT_FIRST);
  const wrong = [
    firstPortProblem('HTTP_PORT', http, nodes),
    firstPortProblem('INNER_PORT', inner, nodes * INNER_PORTS_STEP),
  ];
  refuseFor(wrong.filter((problem) => problem !== undefined));
  const addresses = fixedAddresses(nodes, Number(http), Number(inner));
  const overlap = overlapProblem(addresses);
  refuseFor(overlap ? [overlap] : []);
  return { nodes, addresses };
}

/** Ends this process if there are any. */
function refuseFor(problems: readonly string[]): void {
  if (problems.length === 0) return;
  for (const problem of problems) process.stderr.write(`make run: ${problem}\n`);
  process.exit(EXIT_UNUSABLE);
}

async function announce(ready: LocalCluster): Promise<void> {
  const leader = await ready.waitLeader(READY_MS_MAX);
  say(`${leader.nodeId} leads`);
  const passwordKnown = await ensureDemoUser(ready);
  const urls = ready.pods.map((pod) => `    http://localhost:${pod.ports.http}/ui/`);
  const password = passwordKnown
    ? `with password ${ready.secrets.demoPassword}`
    : 'with the password that was chosen for it';
  process.stdout.write(
    [
      '',
      '  Agenda Distribuida is up:',
      ...urls,
      '',
      `  log in as ${DEMO_USERNAME} (an operator) ${password}`,
      `  audit token in ${ready.secrets.auditTokenFile}`,
      `  logs in ${resolve(dataDir, 'logs')}`,
      '  Ctrl-C stops everything; the data stays.',
      '',
      '',
    ].join('\n'),
  );
}

function onSignal(): void {
  if (!cluster) {
    releaseLock(dataDir);
    process.exit(EXIT_UNUSABLE);
  }
  if (!stopping) {
    void stop(cluster, 0);
    return;
  }
  say('killing what is left');
  void cluster.kill().then(() => process.exit(EXIT_UNUSABLE));
}

async function stop(running: LocalCluster, exitCode: number): Promise<void> {
  stopping = true;
  process.stdout.write('\n');
  say('stopping: gateways drain, agendas finish, leadership is handed over, audit flushes');
  await Promise.all(
    running.pods.map(async (pod) => {
      if (!pod.running) return;
      await pod.stop();
      say(`${pod.nodeId} stopped`);
    }),
  );
  releaseLock(dataDir);
  process.exit(exitCode);
}

/** A pod restarts its own processes; when a whole pod ends, something is wrong that only a person can mend. */
function onExit(running: LocalCluster, nodeId: string, code: number | null): void {
  if (stopping) return;
  const log = running.pods.find((pod) => pod.nodeId === nodeId)?.logFile;
  say(`${nodeId} has ended with code ${code}; its log says why: ${log}`);
  if (running.pods.every((pod) => !pod.running)) void stop(running, EXIT_UNUSABLE);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
try {
  await main();
} catch (error) {
  // Pods that are asked to stop while they start are no failure.
  if (!stopping) {
    process.stderr.write(`make run: ${(error as Error).message}\n`);
    if (cluster) await stop(cluster, EXIT_UNUSABLE);
    releaseLock(dataDir);
    process.exit(EXIT_UNUSABLE);
  }
}
