/** A login to try the local cluster with. */
import { randomUUID } from 'node:crypto';
import { AgendaServiceService } from '@agenda/proto/agenda/v1/agenda';
import { UserRole } from '@agenda/proto/agenda/v1/model';
import { GrpcChannel } from '@agenda/service-kit/grpc-client';
import { uuidv7Bytes } from '@agenda/service-kit/ids';
import { createLogger } from '@agenda/service-kit/logger';
import { receiverOf } from '@agenda/service-kit/nonces';
import { Signer } from '@agenda/service-kit/signature';
import type { LocalCluster } from './local-cluster.ts';
import type { PodProcess } from './pod-process.ts';

export const DEMO_USERNAME = 'demo';
const DEADLINE_MS = 10_000;
const ATTEMPTS_MAX = 5;
const RETRY_MS = 500;
const CREATED = 201;
const OK = 200;
const CONFLICT = 409;
const UNAVAILABLE = 503;

/**
 * Registers the demo user if it is not there, and makes it an operator if it is none.
 *
 * @returns false: its password is no longer the one that was made for it.
 */
export async function ensureDemoUser({ pods, secrets }: LocalCluster): Promise<boolean> {
  const [pod] = pods as [PodProcess];
  const login = { username: DEMO_USERNAME, password: secrets.demoPassword };
  const registered = await post(pod, '/api/register', {
    ...login,
    displayName: 'Demo',
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC',
  });
  if (registered.status === CREATED) {
    await setOperator(pod, secrets.hmac, DEMO_USERNAME);
    return true;
  }
  if (registered.status !== CONFLICT)
    throw new Error(`the demo user cannot be registered: ${registered.status} ${await registered.text()}`);
  const answer = await post(pod, '/api/login', login);
  if (answer.status !== OK) return false;
  const { user } = (await answer.json()) as { user: { role: string } };
  if (user.role !== 'operator') await setOperator(pod, secrets.hmac, DEMO_USERNAME);
  return true;
}

/** As an internal tool, over signed gRPC. */
export async function setOperator(pod: PodProcess, hmacSecret: string, username: string): Promise<void> {
  const channel = new GrpcChannel({
    address: { host: '127.0.0.1', port: pod.ports.agenda },
    receiver: receiverOf(pod.nodeId, 'agenda'),
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

/** Repeated with the same key while the cluster has no leader. */
async function post(pod: PodProcess, path: string, body: object): Promise<Response> {
  const headers = { 'content-type': 'application/json', 'idempotency-key': randomUUID() };
  for (let attempt = 1; ; attempt++) {
    const response = await fetch(pod.url + path, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(DEADLINE_MS),
    });
    if (response.status !== UNAVAILABLE || attempt === ATTEMPTS_MAX) return response;
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}
