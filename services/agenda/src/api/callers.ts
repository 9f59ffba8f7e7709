import type { Caller } from '@agenda/proto/agenda/v1/agenda';
import { ServiceError } from '@agenda/service-kit/errors';

const ANONYMOUS: Caller = { userId: '', sessionId: '', username: '', address: '', tool: '' };

export function callerOf(context: { readonly caller: Caller | undefined } | undefined): Caller {
  return context?.caller ?? ANONYMOUS;
}

/** Somebody who is logged in, as far as the gateway's token says. @throws ServiceError `unauthenticated`, or `forbidden` for a tool: it has no agenda of its own. */
export function requireUser(caller: Caller): Caller {
  if (caller.userId !== '' && caller.sessionId !== '') return caller;
  if (caller.tool !== '')
    throw new ServiceError('forbidden', 'this call acts for a user; an internal tool has none');
  throw new ServiceError('unauthenticated', 'log in first');
}

/** @throws ServiceError `forbidden` unless an internal tool calls with the cluster's own authority. */
export function requireTool(caller: Caller): void {
  if (caller.tool === '' || caller.userId !== '')
    throw new ServiceError('forbidden', 'only internal tools may do this, and never in the name of a user');
}
