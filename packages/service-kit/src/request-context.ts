/** The request that the running code works for, without passing it through every signature. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';

export interface RequestContext {
  readonly requestId: string;
  /** On the clock of performance.now(). */
  readonly deadlineAtMs: number;
}

const storage = new AsyncLocalStorage<RequestContext>();

export function runWithRequest<T>(context: RequestContext, run: () => T): T {
  return storage.run(context, run);
}

export function currentRequest(): RequestContext | undefined {
  return storage.getStore();
}

/** Of this process; drawn once, because random bytes for every request cost more than their use. */
const PROCESS_PREFIX = randomBytes(9).toString('base64url');
let requests = 0;

/** Tells requests apart, across processes and restarts; no secret. */
export function newRequestId(): string {
  requests += 1;
  return `${PROCESS_PREFIX}-${requests.toString(36)}`;
}
