/** `agendactl` as a process, in the environment of one pod. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { LocalCluster } from '@agenda/pod/local-cluster';
import type { PodProcess } from '@agenda/pod/pod-process';

const MAIN = fileURLToPath(new URL('../../packages/agendactl/src/main.ts', import.meta.url));

export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface OperatedCluster {
  readonly cluster: LocalCluster;
  dataDirOf(pod: PodProcess): string;
}

export async function runAgendactl(
  test: OperatedCluster,
  pod: PodProcess,
  ...args: string[]
): Promise<Ended> {
  const env = {
    ...process.env,
    NODE_ID: pod.nodeId,
    DATA_DIR: test.dataDirOf(pod),
    SIDECAR_GRPC_ADDR: `127.0.0.1:${pod.ports.sidecar}`,
    AGENDA_GRPC_ADDR: `127.0.0.1:${pod.ports.agenda}`,
    CLUSTER_HMAC_SECRET: test.cluster.secrets.hmac,
  };
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [MAIN, ...args], { env });
    return { code: 0, out: stdout, err: stderr };
  } catch (error) {
    const failed = error as { code: number; stdout: string; stderr: string };
    return { code: failed.code, out: failed.stdout, err: failed.stderr };
  }
}
