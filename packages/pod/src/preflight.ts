/** What `make run` checks before it starts anything: one clear line for each thing that is wrong. */
import {
  accessSync,
  constants,
  mkdirSync,
  readdirSync,
  readFileSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { PodAddresses } from './pod-process.ts';
import { isPortFree } from './ports.ts';

const FREE_BYTES_MIN = 200 * 1024 * 1024;
const NODES_MAX = 9;

/** @returns what is wrong; empty: nothing. The data directory is made if it is not there. */
export async function preflight(
  nodes: number,
  dataDir: string,
  addresses: readonly PodAddresses[],
): Promise<string[]> {
  if (!Number.isInteger(nodes) || nodes < 1 || nodes > NODES_MAX)
    return [`NODES must be a whole number from 1 to ${NODES_MAX}`];
  const directory = directoryProblem(dataDir);
  if (directory) return [directory];
  const problems = [diskProblem(dataDir), shrinkProblem(nodes, dataDir), runningProblem(dataDir)];
  const found = problems.filter((problem) => problem !== undefined);
  // Ports of another run on the same data would only repeat what is said already.
  return found.length > 0 ? found : portProblems(addresses);
}

function directoryProblem(dataDir: string): string | undefined {
  try {
    mkdirSync(dataDir, { recursive: true });
    if (!statSync(dataDir).isDirectory())
      return `${dataDir} is not a directory: choose another one with DATA=…`;
    accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    return `${dataDir} cannot be used for data (${(error as Error).message}): choose another one with DATA=…`;
  }
}

function diskProblem(dataDir: string): string | undefined {
  const { bavail, bsize } = statfsSync(dataDir);
  const freeBytes = bavail * bsize;
  if (freeBytes >= FREE_BYTES_MIN) return undefined;
  return `${mib(freeBytes)} are free where ${dataDir} is; at least ${mib(FREE_BYTES_MIN)} are needed`;
}

function mib(bytes: number): string {
  return `${Math.floor(bytes / 1024 / 1024)} MiB`;
}

/** The log of the data says who votes: with fewer nodes there might be no majority. */
function shrinkProblem(nodes: number, dataDir: string): string | undefined {
  const existing = readdirSync(dataDir).filter((name) => /^agenda-\d+$/.test(name)).length;
  if (existing <= nodes) return undefined;
  return `${dataDir} holds the data of ${existing} nodes: start with NODES=${existing}, or choose another directory with DATA=…`;
}

function runningProblem(dataDir: string): string | undefined {
  const pid = lockHolder(dataDir);
  if (pid === undefined) return undefined;
  return `another "make run" (process ${pid}) uses ${dataDir}: stop it first, or choose another directory with DATA=…`;
}

async function portProblems(addresses: readonly PodAddresses[]): Promise<string[]> {
  const ports = addresses.flatMap((address) => Object.values(address) as number[]);
  const free = await Promise.all(ports.map((port) => isPortFree(port, '127.0.0.1')));
  return ports
    .filter((_, index) => !free[index])
    .map((port) => `port ${port} is in use: end what listens there ("ss -ltnp 'sport = :${port}'" shows it)`);
}

function lockFile(dataDir: string): string {
  return join(dataDir, 'run.pid');
}

/** The process that runs on this data, if it lives. */
function lockHolder(dataDir: string): number | undefined {
  let text: string;
  try {
    text = readFileSync(lockFile(dataDir), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const pid = Number(text);
  try {
    process.kill(pid, 0);
    return pid === process.pid ? undefined : pid;
  } catch {
    // It was killed and left its file behind; the pods' own locks guard the data itself.
    return undefined;
  }
}

export function takeLock(dataDir: string): void {
  writeFileSync(lockFile(dataDir), String(process.pid));
}
