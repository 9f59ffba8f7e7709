/** A cluster of real pods for one test file, in a directory of its own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createLocalCluster,
  freeAddresses,
  type LocalCluster,
  type Variables,
} from '@agenda/pod/local-cluster';
import type { PodAddresses, PodProcess } from '@agenda/pod/pod-process';
import { ApiClient } from './api-client.ts';
import { forgetLogs, showLogsOf } from './pod-logs.ts';

export const READY_MS = 60_000;
const NO_LIMITS = { RATE_LIMIT_LOGINS_PER_MINUTE: '100000', RATE_LIMIT_PER_USER_PER_SECOND: '100000' };

export class TestCluster {
  readonly #dataDir: string;
  readonly cluster: LocalCluster;
  readonly #twins: PodProcess[] = [];
  #kept = false;

  private constructor(dataDir: string, cluster: LocalCluster) {
    this.#dataDir = dataDir;
    this.cluster = cluster;
  }

  /**
   * @param env over the defaults; asked for each pod if it is a function.
   * @param running so many pods are started; the others are there to be started later.
   */
  static async start(
    nodes: number,
    env: Variables | ((nodeId: string) => Variables) = {},
    running = nodes,
  ): Promise<TestCluster> {
    const dataDir = mkdtempSync(join(tmpdir(), 'agenda-cluster-'));
    const cluster = await createLocalCluster({
      nodes,
      dataDir,
      ports: 'free',
      env: (nodeId) => ({ ...NO_LIMITS, ...(typeof env === 'function' ? env(nodeId) : env) }),
    });
    const test = new TestCluster(dataDir, cluster);
    showLogsOf(cluster);
    try {
      for (const pod of cluster.pods.slice(0, running)) pod.start();
      await cluster.waitReady(READY_MS);
    } catch (error) {
      await test.destroy();
      throw error;
    }
    return test;
  }

  get pods() {
    return this.cluster.pods;
  }

  /** DATA_DIR of a pod. */
  dataDirOf({ nodeId }: PodProcess): string {
    return join(this.#dataDir, nodeId);
  }

  /** A second task of that node, at other addresses, that is to be started yet. */
  async twin(pod: PodProcess, dataDir: string): Promise<PodProcess> {
    const [ports] = (await freeAddresses(1)) as [PodAddresses];
    const twin = pod.twin(ports, dataDir, `${pod.logFile}.twin`);
    this.#twins.push(twin);
    return twin;
  }

  /** A directory that goes with this cluster. */
  directory(name: string): string {
    return join(this.#dataDir, name);
  }

  /** A client of one pod, by its position. */
  client(pod: number): ApiClient {
    const found = this.cluster.pods[pod];
    if (!found) throw new Error(`there is no pod ${pod}`);
    return new ApiClient(found.url);
  }

  /** Logs and data outlive this, for whoever wants to know what went wrong. @returns where they are. */
  keep(): string {
    this.#kept = true;
    return this.#dataDir;
  }

  async destroy(): Promise<void> {
    await Promise.all([this.cluster.kill(), ...this.#twins.map((twin) => twin.kill())]);
    forgetLogs(this.cluster);
    if (!this.#kept) rmSync(this.#dataDir, { recursive: true, force: true });
  }
}
