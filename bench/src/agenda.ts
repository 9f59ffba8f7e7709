/** A cluster of real pods under measurement. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalCluster, type LocalCluster } from '@agenda/pod/local-cluster';
import type { PodProcess } from '@agenda/pod/pod-process';
import type { Target } from './http-load.ts';

const NODES = 3;
const READY_MS = 60_000;
const PASSWORD = 'a password of the bench';
export const SLOT_MS = 600_000;
export const FIRST_SLOT_MS: number = Date.UTC(2027, 0, 1);
/** Registrations under way at once: each costs a password hash. */
const REGISTRATIONS_AT_ONCE = 4;

export interface BenchCluster {
  readonly cluster: LocalCluster;
  readonly targets: readonly Target[];
  destroy(): Promise<void>;
}

/** @param prepare called before the pods start. */
export async function startAgenda(
  prepare: (cluster: LocalCluster, dataDir: string) => void = () => {},
): Promise<BenchCluster> {
  const dataDir = mkdtempSync(join(tmpdir(), 'agenda-bench-'));
  const env = {
    RATE_LIMIT_PER_USER_PER_SECOND: '1000000',
    RATE_LIMIT_LOGINS_PER_MINUTE: '1000000',
    LOG_LEVEL: 'warn',
  };
  const cluster = await createLocalCluster({ nodes: NODES, dataDir, ports: 'free', env });
  const destroy = async (): Promise<void> => {
    await cluster.kill();
    rmSync(dataDir, { recursive: true, force: true });
  };
  try {
    prepare(cluster, dataDir);
    cluster.start();
    await cluster.waitReady(READY_MS);
  } catch (error) {
    await destroy();
    throw error;
  }
  const targets = cluster.pods.map((pod) => ({ host: '127.0.0.1', port: pod.ports.http }));
  return { cluster, targets, destroy };
}

/** One token for each of so many users. */
export async function enterUsers(pod: PodProcess, prefix: string, count: number): Promise<string[]> {
  const tokens: string[] = [];
  for (let from = 0; from < count; from += REGISTRATIONS_AT_ONCE) {
    const size = Math.min(REGISTRATIONS_AT_ONCE, count - from);
    const names = Array.from({ length: size }, (_, offset) => `${prefix}-${from + offset}`);
    tokens.push(...(await Promise.all(names.map((name) => enterUser(pod, name)))));
  }
  return tokens;
}

async function enterUser(pod: PodProcess, username: string): Promise<string> {
  await post(pod, '/api/register', { username, password: PASSWORD });
  const login = (await post(pod, '/api/login', { username, password: PASSWORD })) as { token: string };
  return login.token;
}

async function post(pod: PodProcess, path: string, body: unknown): Promise<unknown> {
  const response = await fetch(pod.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
  return response.json();
}

/** The appointment of a user's n-th slot: no two of a user overlap. */
export function appointmentBody(slot: number): string {
  const startMs = FIRST_SLOT_MS + slot * SLOT_MS;
  return JSON.stringify({
    title: `Appointment ${slot}`,
    description: 'What there is to say about it, in a line or so.',
    location: 'Room 12',
    start: new Date(startMs).toISOString(),
    end: new Date(startMs + SLOT_MS).toISOString(),
    timeZone: 'Europe/Lisbon',
  });
}

export function createRequest(target: Target, token: string, slot: number): Buffer {
  const body = appointmentBody(slot);
  return Buffer.from(
    `POST /api/appointments HTTP/1.1\r\nHost: ${target.host}:${target.port}\r\nAuthorization: Bearer ${token}\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

export function readRequest(target: Target, token: string, id: string): Buffer {
  return Buffer.from(
    `GET /api/appointments/${id} HTTP/1.1\r\nHost: ${target.host}:${target.port}\r\nAuthorization: Bearer ${token}\r\n\r\n`,
  );
}

export interface PodMemory {
  readonly nodeId: string;
  /** Sum over the pod's processes; pages that they share count once for each. */
  readonly rssMib: number;
  /** Shared pages are divided among those who share them. */
  readonly pssMib: number;
}

/** Linux only: read from /proc. */
export function memoryOf(pod: PodProcess): PodMemory {
  let rss = 0;
  let pss = 0;
  for (const pid of pod.pids.values()) {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    rss += Number(/^Rss:\s+(\d+)/m.exec(rollup)?.[1]);
    pss += Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1]);
  }
  return { nodeId: pod.nodeId, rssMib: Math.round(rss / 1024), pssMib: Math.round(pss / 1024) };
}
