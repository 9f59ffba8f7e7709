/** A login to try the local cluster with. */
import { AgendaServiceService } from '@agenda/proto/agenda/v1/agenda';
import { UserRole } from '@agenda/proto/agenda/v1/model';
import { GrpcChannel } from '@agenda/service-kit/grpc-client';
import { uuidv7Bytes } from '@agenda/service-kit/ids';
import { createLogger } from '@agenda/service-kit/logger';
import { Signer } from '@agenda/service-kit/signature';
import type { LocalCluster } from './local-cluster.ts';
import type { PodProcess } from './pod-process.ts';

export const DEMO_USERNAME = 'demo';
const DEADLINE_MS = 10_000;
const CONFLICT = 409;

/** Registers the demo user if it is not there, and makes it an operator. */
export async function ensureDemoUser({ pods, secrets }: LocalCluster): Promise<void> {
  const [pod] = pods as [PodProcess];
  const body = {
    username: DEMO_USERNAME,
    password: secrets.demoPassword,
    displayName: 'Demo',
    timeZone: ownTimeZone(),
  };
  const response = await fetch(`${pod.url}/api/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(DEADLINE_MS),
  });
  if (response.status === CONFLICT) return;
  if (!response.ok)
    throw new Error(`the demo user cannot be registered: ${response.status} ${await response.text()}`);
  await setOperator(pod, secrets.hmac, DEMO_USERNAME);
}

/** As an internal tool, over signed gRPC. */
export async function setOperator(pod: PodProcess, hmacSecret: string, username: string): Promise<void> {
  const channel = new GrpcChannel({
    address: { host: '127.0.0.1', port: pod.ports.agenda },
    signer: new Signer('make-run', [hmacSecret]),
    logger: createLogger({ component: 'pod', nodeId: 'make-run', level: 'silent' }),
  });
  const caller = { userId: '', sessionId: '', username: '', address: '', tool: 'make-run' };
  const context = { caller, commandId: uuidv7Bytes(), fingerprint: new Uint8Array(0) };
  try {
    const agenda = channel.client(AgendaServiceService);
    await agenda.setRole(
      { context, username, role: UserRole.USER_ROLE_OPERATOR },
      { deadlineMs: DEADLINE_MS },
    );
  } finally {
    channel.close();
  }
}

function ownTimeZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
}
