/** One HTTP exchange: a deadline, JSON both ways, and every failure as an ApiError. No retry, no session. */

import { ApiError, clientError, parseProblem } from './problem.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly deadlineMs: number;
  readonly signal?: AbortSignal;
}

export type Http = (request: HttpRequest) => Promise<unknown>;

/** @param origin Empty for the page's own origin. */
export function createHttp(origin = ''): Http {
  return async (request) => {
    const deadline = AbortSignal.timeout(request.deadlineMs);
    const signal = request.signal ? AbortSignal.any([deadline, request.signal]) : deadline;
    try {
      const response = await fetch(origin + request.path, toInit(request, signal));
      const body = await response.text();
      if (!response.ok) throw parseProblem(response.status, body, response.headers.get('retry-after'));
      return body === '' ? null : parseAnswer(body);
    } catch (error) {
      throw asApiError(error, request.signal, deadline);
    }
  };
}

function toInit(request: HttpRequest, signal: AbortSignal): RequestInit {
  const hasBody = request.body !== undefined;
  return {
    method: request.method,
    headers: {
      accept: 'application/json',
      ...(hasBody ? { 'content-type': 'application/json' } : {}),
      ...request.headers,
    },
    ...(hasBody ? { body: JSON.stringify(request.body) } : {}),
    signal,
    cache: 'no-store',
    credentials: 'omit',
  };
}

function parseAnswer(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (error) {
    throw clientError('bad_answer', 'The server sent something that is not JSON.', error);
  }
}

function asApiError(error: unknown, caller: AbortSignal | undefined, deadline: AbortSignal): ApiError {
  if (error instanceof ApiError) return error;
  if (caller?.aborted) return clientError('cancelled', 'Cancelled.', error);
  if (deadline.aborted) return clientError('deadline', 'The server did not answer in time.', error);
  return clientError('network', 'The server cannot be reached.', error);
}
