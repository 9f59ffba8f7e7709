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

/** 16 characters, unguessable enough to tell requests apart. */
export function newRequestId(): string {
  return randomBytes(12).toString('base64url');
}
