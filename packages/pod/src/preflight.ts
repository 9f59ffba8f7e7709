/** What `make run` checks before it starts anything: one clear line for each thing that is wrong. */
import { accessSync, constants, existsSync, mkdirSync, readdirSync, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { PodAddresses } from './pod-process.ts';
import { isPortFree } from './ports.ts';

const FREE_BYTES_MIN = 200 * 1024 * 1024;
const NODES_MAX = 9;
const PORT_MAX = 65_535;
const ELSEWHERE = 'choose another directory with DATA=…';

/** A whole number in that range, or what is wrong with it. */
export function nodesProblem(text: string): string | undefined {
  if (new RegExp(`^[1-${NODES_MAX}]$`).test(text)) return undefined;
  return `NODES must be a whole number from 1 to ${NODES_MAX}, but is "${text}"`;
}

/** @param count so many ports are used from that one on. */
export function firstPortProblem(name: string, text: string, count: number): string | undefined {
  const last = PORT_MAX - count + 1;
  if (/^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= last) return undefined;
  return `${name} must be a port from 1 to ${last}, but is "${text}"`;
}

export function overlapProblem(addresses: readonly PodAddresses[]): string | undefined {
  const ports = addresses.flatMap((address) => Object.values(address) as number[]);
  const twice = ports.find((port, at) => ports.indexOf(port) !== at);
  if (twice === undefined) return undefined;
  return `HTTP_PORT and INNER_PORT are too close: port ${twice} would be used twice; choose others`;
}

/** @returns what is wrong; empty: nothing. The data directory is made if it is not there. */
export function dataProblems(nodes: number, dataDir: string): string[] {
  const directory = directoryProblem(dataDir);
  if (directory) return [directory];
  return [diskProblem(dataDir), shrinkProblem(nodes, dataDir)].filter((problem) => problem !== undefined);
}

function directoryProblem(dataDir: string): string | undefined {
  try {
    makeDirectory(dataDir);
    accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === 'EEXIST' || code === 'ENOTDIR' ? 'it is not a directory' : message;
    return `${dataDir} cannot be used for data (${reason}): ${ELSEWHERE}`;
  }
}

/** Level by level: Node's own recursive form never returns where a file system takes no directories (/proc). */
function makeDirectory(path: string): void {
  if (existsSync(path)) {
    if (!statSync(path).isDirectory()) throw Object.assign(new Error('not a directory'), { code: 'ENOTDIR' });
    return;
  }
  makeDirectory(dirname(path));
  mkdirSync(path);
}

function diskProblem(dataDir: string): string | undefined {
  const { bavail, bsize } = statfsSync(dataDir);
  const freeBytes = bavail * bsize;
  if (freeBytes >= FREE_BYTES_MIN) return undefined;
  return `only ${mib(freeBytes)} are free where ${dataDir} is, and at least ${mib(FREE_BYTES_MIN)} are needed: ${ELSEWHERE}`;
}

function mib(bytes: number): string {
  return `${Math.floor(bytes / 1024 / 1024)} MiB`;
}

/** The log of the data says who votes: with fewer nodes there might be no majority. */
function shrinkProblem(nodes: number, dataDir: string): string | undefined {
  const existing = readdirSync(dataDir).filter((name) => /^agenda-\d+$/.test(name)).length;
  if (existing <= nodes) return undefined;
  return `${dataDir} holds the data of ${existing} nodes, whose majority ${nodes} might not be: start with NODES=${existing}, or ${ELSEWHERE}`;
}

/** For the data of another run that still goes on. */
export function runningProblem(pid: number, dataDir: string): string {
  return `another "make run" (process ${pid}) uses ${dataDir}: stop it first, or ${ELSEWHERE}`;
}

/** One line for each port that cannot be had. */
export async function portProblems(addresses: readonly PodAddresses[]): Promise<string[]> {
  const wanted = addresses.flatMap(({ http, ...inner }) => [
    { port: http, variable: 'HTTP_PORT' },
    ...Object.values<number>(inner).map((port) => ({ port, variable: 'INNER_PORT' })),
  ]);
  const problems = await Promise.all(wanted.map(({ port, variable }) => portProblem(port, variable)));
  return problems.filter((problem) => problem !== undefined);
}

async function portProblem(port: number, variable: string): Promise<string | undefined> {
  const remedy = `choose others with ${variable}=…`;
  try {
    if (await isPortFree(port, '127.0.0.1')) return undefined;
  } catch (error) {
    return `port ${port} cannot be used (${(error as Error).message}): ${remedy}`;
  }
  return `port ${port} is in use: end what listens there ("ss -ltnp 'sport = :${port}'" shows it), or ${remedy}`;
}
