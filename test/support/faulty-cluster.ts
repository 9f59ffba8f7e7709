/** A cluster of real pods that reach each other only through a network with faults. */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalCluster, type LocalCluster } from '@agenda/pod/local-cluster';
import type { PodAddresses, PodProcess } from '@agenda/pod/pod-process';
import { freePorts } from '@agenda/pod/ports';
import { ApiClient, expect, PASSWORD } from './api-client.ts';
import { READY_MS } from './cluster.ts';
import { FaultNetwork } from './fault-proxy.ts';
import { forgetLogs, showLogsOf } from './pod-logs.ts';
import { ownerOf } from './socket-owner.ts';
import { until } from './until.ts';

const PORTS_PER_POD = 6;
/** Free memory that one pod needs, with room to spare. */
const POD_BYTES = 400 * 1024 * 1024;

export interface FaultyClusterOptions {
  readonly nodes: number;
  /** So many are started, and found the cluster; all unless said. */
  readonly founders?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Pods, by position, whose data lies on a disk of so many bytes. Only for root. */
  readonly diskBytes?: ReadonlyMap<number, number>;
}

export interface ClusterMember {
  readonly nodeId: string;
  readonly isVoter: boolean;
}

export class FaultyCluster {
  readonly cluster: LocalCluster;
  readonly network: FaultNetwork;
  readonly #dataDir: string;
  readonly #mounts: string[] = [];
  #kept = false;

  private constructor(dataDir: string, cluster: LocalCluster, network: FaultNetwork) {
    this.#dataDir = dataDir;
    this.cluster = cluster;
    this.network = network;
  }

  static async start(options: FaultyClusterOptions): Promise<FaultyCluster> {
    const { nodes, founders = nodes } = options;
    const dataDir = mkdtempSync(join(tmpdir(), 'agenda-faults-'));
    const addresses = await addressesOf(nodes);
    const cluster = await createLocalCluster({
      nodes,
      dataDir,
      ports: addresses,
      env: {
        RATE_LIMIT_LOGINS_PER_MINUTE: '100000',
        RATE_LIMIT_PER_USER_PER_SECOND: '100000',
        BOOTSTRAP_EXPECT: String(founders),
        ...options.env,
      },
    });
    const network = await FaultNetwork.start(
      cluster.pods.map(({ nodeId, ports }) => ({
        name: nodeId,
        advertisedPort: ports.advertised as number,
        port: ports.peer,
      })),
      (fromPort, toPort) => sidecarAt(cluster.pods, fromPort, toPort),
    );
    const test = new FaultyCluster(dataDir, cluster, network);
    showLogsOf(cluster);
    try {
      for (const [at, bytes] of options.diskBytes ?? []) test.#mount(at, bytes);
      for (const pod of cluster.pods.slice(0, founders)) pod.start();
      await cluster.waitReady(READY_MS);
    } catch (error) {
      await test.destroy();
      throw error;
    }
    return test;
  }

  get pods(): readonly PodProcess[] {
    return this.cluster.pods;
  }

  get running(): PodProcess[] {
    return this.pods.filter((pod) => pod.running);
  }

  dataDir(pod: PodProcess): string {
    return join(this.#dataDir, pod.nodeId);
  }

  others(...pods: readonly PodProcess[]): PodProcess[] {
    return this.pods.filter((pod) => !pods.includes(pod));
  }

  /** A new user, logged in. */
  async enter(username: string): Promise<ApiClient> {
    const client = new ApiClient((this.pods[0] as PodProcess).url);
    const body = { username, password: PASSWORD };
    return until(`${username} to enter`, READY_MS, async () => {
      const answer = await client.call('POST', '/api/register', { body });
      // Asked once more after no answer: it was done the first time.
      if (answer.status !== 409) expect(answer, 201);
      return client.login(username);
    });
  }

  /** One that leads and one that follows, of those that run. */
  async roles(): Promise<{ leader: PodProcess; followers: PodProcess[] }> {
    const leader = await this.cluster.waitLeader(READY_MS);
    return { leader, followers: this.running.filter((pod) => pod !== leader) };
  }

  /** Down at once, and its disk is gone. */
  async wipe(pod: PodProcess): Promise<void> {
    await pod.kill();
    const path = this.dataDir(pod);
    // The directory itself may be where a disk is mounted.
    for (const name of readdirSync(path)) rmSync(join(path, name), { recursive: true, force: true });
  }

  /** Not a byte fits on its disk any more, until `free`. */
  fillDisk(pod: PodProcess): { free(): void } {
    const path = join(this.dataDir(pod), 'ballast');
    const file = openSync(path, 'w');
    for (let bytes = 1024 * 1024; bytes >= 1; ) {
      try {
        writeSync(file, Buffer.alloc(bytes));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
        bytes = Math.floor(bytes / 2);
      }
    }
    closeSync(file);
    return { free: () => rmSync(path) };
  }

  /** These and no others vote, as all of them see it. */
  async waitVoters(client: ApiClient, pods: readonly PodProcess[], deadlineMs = READY_MS): Promise<void> {
    const wanted = pods.map(({ nodeId }) => nodeId).sort();
    await until(`the voters ${wanted.join(', ')}`, deadlineMs, async () => {
      const views = await Promise.all(pods.map((pod) => this.members(client.at(pod.url))));
      for (const view of views) {
        const voters = view.filter(({ isVoter }) => isVoter).map(({ nodeId }) => nodeId);
        if (voters.sort().join() !== wanted.join()) throw new Error(`they are ${voters.join(', ')}`);
      }
      return true;
    });
  }

  async members(client: ApiClient): Promise<ClusterMember[]> {
    return expect(await client.call('GET', '/cluster/nodes', { timeoutMs: 2_000 }), 200).body.items;
  }

  /** Logs and data outlive this, for whoever wants to know what went wrong. @returns where they are. */
  keep(): string {
    this.#kept = true;
    return this.#dataDir;
  }

  async destroy(): Promise<void> {
    for (const pod of this.running) pod.signal('SIGCONT');
    await this.cluster.kill();
    forgetLogs(this.cluster);
    await this.network.close();
    // Lazily: a process that was killed may hold it for a moment still.
    for (const path of this.#mounts) execFileSync('umount', ['-l', path]);
    if (!this.#kept) rmSync(this.#dataDir, { recursive: true, force: true });
  }

  #mount(at: number, bytes: number): void {
    const path = this.dataDir(this.pods[at] as PodProcess);
    mkdirSync(path, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', path], { stdio: 'pipe' });
    this.#mounts.push(path);
  }
}

/** Undefined: disks of a bounded size can be had; otherwise why not, in words. */
export function diskObstacle(): string | undefined {
  const path = mkdtempSync(join(tmpdir(), 'agenda-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4096', 'tmpfs', path], { stdio: 'pipe' });
    execFileSync('umount', [path], { stdio: 'pipe' });
    return undefined;
  } catch (error) {
    return `no disk can be mounted: ${(error as Error).message.trim().split('\n').at(-1)}`;
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
}

/** Undefined: enough; otherwise what is missing, in words. */
export function memoryShortage(pods: number, freeBytes: number): string | undefined {
  if (freeBytes >= pods * POD_BYTES) return undefined;
  return `${pods} pods need ${pods * POD_BYTES} bytes of memory, and ${freeBytes} are free`;
}

async function addressesOf(nodes: number): Promise<PodAddresses[]> {
  const ports = await freePorts(nodes * PORTS_PER_POD);
  return Array.from({ length: nodes }, (_, index) => {
    const [http, peer, advertised, sidecar, agenda, audit] = ports.slice(index * PORTS_PER_POD) as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    return { http, peer, advertised, sidecar, agenda, audit };
  });
}

/** The sidecars alone talk to peers. */
function sidecarAt(pods: readonly PodProcess[], fromPort: number, toPort: number): string | undefined {
  const byPid = new Map(
    pods.flatMap(({ nodeId, pids }) => {
      const pid = pids.get('raft-sidecar');
      return pid === undefined ? [] : [[pid, nodeId] as const];
    }),
  );
  const pid = ownerOf(fromPort, toPort, byPid.keys());
  return pid === undefined ? undefined : byPid.get(pid);
}
