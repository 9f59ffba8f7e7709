/** A cluster of real pods for one test file, in a directory of its own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalCluster, type LocalCluster } from '@agenda/pod/local-cluster';
import type { PodProcess } from '@agenda/pod/pod-process';
import { ApiClient } from './api-client.ts';

export const READY_MS = 60_000;

export class TestCluster {
  readonly #dataDir: string;
  readonly cluster: LocalCluster;

  private constructor(dataDir: string, cluster: LocalCluster) {
    this.#dataDir = dataDir;
    this.cluster = cluster;
  }

  /** @param running so many pods are started; the others are there to be started later. */
  static async start(
    nodes: number,
    env: Readonly<Record<string, string>> = {},
    running = nodes,
  ): Promise<TestCluster> {
    const dataDir = mkdtempSync(join(tmpdir(), 'agenda-cluster-'));
    const cluster = await createLocalCluster({
      nodes,
      dataDir,
      ports: 'free',
      env: { RATE_LIMIT_LOGINS_PER_MINUTE: '100000', RATE_LIMIT_PER_USER_PER_SECOND: '100000', ...env },
    });
    const test = new TestCluster(dataDir, cluster);
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

  /** A client of one pod, by its position. */
  client(pod: number): ApiClient {
    const found = this.cluster.pods[pod];
    if (!found) throw new Error(`there is no pod ${pod}`);
    return new ApiClient(found.url);
  }

  async destroy(): Promise<void> {
    await this.cluster.kill();
    rmSync(this.#dataDir, { recursive: true, force: true });
  }
}
