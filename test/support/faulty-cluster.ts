/** A cluster of real pods that reach each other only through a network with faults. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createLocalCluster, type LocalCluster } from '@agenda/pod/local-cluster';
import type { PodAddresses, PodProcess } from '@agenda/pod/pod-process';
import { freePorts } from '@agenda/pod/ports';
import { ApiClient, expect, PASSWORD } from './api-client.ts';
import { READY_MS } from './cluster.ts';
import { FaultNetwork } from './fault-proxy.ts';
import { forgetLogs, showLogsOf } from './pod-logs.ts';
import { SmallDisk } from './small-disk.ts';
import { KNOWS_SOCKET_OWNERS, ownerOf } from './socket-owner.ts';
import { until } from './until.ts';

const PORTS_PER_POD = 6;
/** Free memory that one pod needs: under load it has about 210 MiB to itself (PSS). */
const POD_BYTES = 320 * 1024 * 1024;
const CLOCK_SHIFT = pathToFileURL(join(import.meta.dirname, 'clock-shift.ts')).href;

export interface FaultyClusterOptions {
  readonly nodes: number;
  /** BOOTSTRAP_EXPECT; `start` starts so many. All unless said. */
  readonly founders?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Pods, by position, whose data lies on a disk of their own, of so many bytes. */
  readonly diskBytes?: ReadonlyMap<number, number>;
}

export class FaultyCluster {
  readonly cluster: LocalCluster;
  readonly network: FaultNetwork;
  readonly #dataDir: string;
  readonly #disks = new Map<PodProcess, SmallDisk>();
  #kept = false;

  private constructor(dataDir: string, cluster: LocalCluster, network: FaultNetwork) {
    this.#dataDir = dataDir;
    this.cluster = cluster;
    this.network = network;
  }

  static async start(options: FaultyClusterOptions): Promise<FaultyCluster> {
    const test = await FaultyCluster.prepare(options);
    try {
      for (const pod of test.pods.slice(0, options.founders)) pod.start();
      await test.cluster.waitReady(READY_MS);
    } catch (error) {
      await test.destroy();
      throw error;
    }
    return test;
  }

  /** Nothing runs yet but the network. */
  static async prepare(options: FaultyClusterOptions): Promise<FaultyCluster> {
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
        NODE_OPTIONS: `--import ${CLOCK_SHIFT}`,
        CLOCK_SHIFTS: clocksIn(dataDir),
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
      mkdirSync(clocksIn(dataDir));
      for (const pod of cluster.pods) test.shiftClock(pod, 0);
      for (const [at, bytes] of options.diskBytes ?? []) {
        const pod = cluster.pods[at] as PodProcess;
        test.#disks.set(pod, SmallDisk.mount(test.dataDirOf(pod), bytes));
      }
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

  /** DATA_DIR of a pod. */
  dataDirOf({ nodeId }: PodProcess): string {
    return join(this.#dataDir, nodeId);
  }

  /** Of pods that have one of their own. */
  get disks(): ReadonlyMap<PodProcess, SmallDisk> {
    return this.#disks;
  }

  /** Its wall clock is off by so much, from now on. */
  shiftClock({ nodeId }: PodProcess, shiftMs: number): void {
    writeFileSync(join(clocksIn(this.#dataDir), nodeId), new Float64Array([shiftMs]));
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

  /** As Swarm would: a pod whose supervisor gave up one of its processes has ended. */
  revive(): void {
    for (const pod of this.pods) if (!pod.running) pod.start();
  }

  /** All of them serve, however often they have to be started. */
  async waitAllServe(): Promise<void> {
    await until('all pods to serve', READY_MS, async () => {
      this.revive();
      await this.cluster.waitReady(READY_MS);
      return this.running.length === this.pods.length || undefined;
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
    const path = this.dataDirOf(pod);
    // The directory itself may be where a disk is mounted.
    for (const name of readdirSync(path)) rmSync(join(path, name), { recursive: true, force: true });
  }

  /** These are the members and no others, all of them voters, as all of them see it. */
  async waitMembers(pods: readonly PodProcess[]): Promise<void> {
    const wanted = pods.map(({ nodeId }) => nodeId).sort();
    await until(`${wanted.join(', ')} to be the members`, READY_MS, async () => {
      for (const health of await Promise.all(pods.map((pod) => pod.raftHealth()))) {
        const { voters, learners } = health?.configuration ?? { voters: [], learners: [] };
        const names = voters.map((id) => id.slice(0, id.indexOf('#'))).sort();
        if (names.join() !== wanted.join() || learners.length > 0)
          throw new Error(`${names.join(', ')} vote, ${learners.length} learn`);
      }
      return true;
    });
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
    for (const disk of this.#disks.values()) disk.unmount();
    if (!this.#kept) rmSync(this.#dataDir, { recursive: true, force: true });
  }
}

/** Undefined: such a cluster can be had here; otherwise why not, in words. */
export function clusterObstacle(pods: number): string | undefined {
  if (!KNOWS_SOCKET_OWNERS) return 'this system does not tell whose a socket is';
  const neededBytes = pods * POD_BYTES;
  // Of the machine, or of the container if that is less; what caches hold is available.
  const availableBytes = process.availableMemory();
  if (availableBytes >= neededBytes) return undefined;
  return `${pods} pods need ${neededBytes} bytes of memory, and ${availableBytes} are available`;
}

function clocksIn(dataDir: string): string {
  return join(dataDir, 'clocks');
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
