/** Several pods on loopback, with no Docker. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { addressEnv, type PodAddresses, PodProcess } from './pod-process.ts';
import { freePorts } from './ports.ts';
import { type ClusterSecrets, ensureSecrets } from './secrets.ts';

const PORTS_PER_POD = 5;
const POLL_MS = 25;
/** `make run`: pod 1 serves HTTP on 8080, pod 2 on 8081; their inner ports are 7000–7003, 7010–7013, … */
export const HTTP_PORT_FIRST = 8080;
export const INNER_PORT_FIRST = 7000;
export const INNER_PORTS_STEP = 10;

export type Variables = Readonly<Record<string, string>>;

export interface LocalClusterOptions {
  readonly nodes: number;
  readonly dataDir: string;
  /** Of each pod; or any free ones (for tests). */
  readonly ports: 'free' | readonly PodAddresses[];
  /** For every pod, or as it says for each, over the defaults. */
  readonly env?: Variables | ((nodeId: string) => Variables);
}

export class LocalCluster {
  readonly pods: readonly PodProcess[];
  readonly secrets: ClusterSecrets;

  constructor(pods: readonly PodProcess[], secrets: ClusterSecrets) {
    this.pods = pods;
    this.secrets = secrets;
  }

  start(): void {
    for (const pod of this.pods) pod.start();
  }

  /** All running pods serve. @throws Error after the deadline */
  async waitReady(deadlineMs: number): Promise<void> {
    await Promise.all(this.pods.filter((pod) => pod.running).map((pod) => pod.waitReady(deadlineMs)));
  }

  /** The pod that leads, agreed on by a majority of those that run. @throws Error after the deadline */
  async waitLeader(deadlineMs: number): Promise<PodProcess> {
    const deadlineAt = performance.now() + deadlineMs;
    for (;;) {
      const leader = await this.leader();
      if (leader) return leader;
      if (performance.now() > deadlineAt) throw new Error(`no leader within ${deadlineMs} ms`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  async leader(): Promise<PodProcess | undefined> {
    const healths = await Promise.all(this.pods.map((pod) => (pod.running ? pod.raftHealth() : undefined)));
    const votes = new Map<string, number>();
    for (const health of healths)
      if (health?.leaderId) votes.set(health.leaderId, (votes.get(health.leaderId) ?? 0) + 1);
    const majority = Math.floor(this.pods.filter((pod) => pod.running).length / 2) + 1;
    const at = healths.findIndex(
      (health) => health?.isLeader && (votes.get(health.memberId) ?? 0) >= majority,
    );
    return this.pods[at];
  }

  /** One after the other would be a rolling stop; this is the end: all together. */
  async stop(): Promise<void> {
    await Promise.all(this.pods.map((pod) => pod.stop()));
  }

  async kill(): Promise<void> {
    await Promise.all(this.pods.map((pod) => pod.kill()));
  }
}

/** Prepares directories, secrets and ports; nothing runs yet. */
export async function createLocalCluster(options: LocalClusterOptions): Promise<LocalCluster> {
  const { nodes, dataDir } = options;
  const secrets = ensureSecrets(join(dataDir, 'secrets'));
  mkdirSync(join(dataDir, 'logs'), { recursive: true });
  const addresses = options.ports === 'free' ? await freeAddresses(nodes) : options.ports;
  const seeds = addresses.map(({ peer, advertised }) => `127.0.0.1:${advertised ?? peer}`).join(',');
  const pods = addresses.map((ports, index) => {
    const nodeId = `agenda-${index + 1}`;
    const env = {
      NODE_ID: nodeId,
      DATA_DIR: join(dataDir, nodeId),
      ...addressEnv(ports),
      ...secrets.env,
      BOOTSTRAP_EXPECT: String(nodes),
      DISCOVERY_SEEDS: seeds,
      ...(typeof options.env === 'function' ? options.env(nodeId) : options.env),
    };
    return new PodProcess(nodeId, ports, env, join(dataDir, 'logs', `${nodeId}.log`));
  });
  return new LocalCluster(pods, secrets);
}

export function fixedAddresses(nodes: number, httpFirst: number, innerFirst: number): PodAddresses[] {
  return Array.from({ length: nodes }, (_, index) => {
    const inner = innerFirst + index * INNER_PORTS_STEP;
    return {
      http: httpFirst + index,
      peer: inner,
      sidecar: inner + 1,
      agenda: inner + 2,
      audit: inner + 3,
    };
  });
}

export async function freeAddresses(nodes: number): Promise<PodAddresses[]> {
  const ports = await freePorts(nodes * PORTS_PER_POD);
  return Array.from({ length: nodes }, (_, index) => {
    const [http, peer, sidecar, agenda, audit] = ports.slice(index * PORTS_PER_POD) as [
      number,
      number,
      number,
      number,
      number,
    ];
    return { http, peer, sidecar, agenda, audit };
  });
}
