/** One HTTP exchange: a deadline, JSON both ways, and every failure as an ApiError. No retry, no session. */

import { ApiError, clientError, parseProblem } from './problem.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON, or as it is where `contentType` says what it is. */
  readonly body?: unknown;
  readonly contentType?: string;
  /** What a good answer is; JSON unless it says otherwise. */
  readonly answer?: 'json' | 'text';
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
      if (request.answer === 'text') return body;
      return body === '' ? null : parseAnswer(body);
    } catch (error) {
      throw asApiError(error, request.signal, deadline);
    }
  };
}

function toInit(request: HttpRequest, signal: AbortSignal): RequestInit {
  const { body, contentType } = request;
  return {
    method: request.method,
    headers: {
      accept: request.answer === 'text' ? '*/*' : 'application/json',
      ...(body === undefined ? {} : { 'content-type': contentType ?? 'application/json' }),
      ...request.headers,
    },
    ...(body === undefined ? {} : { body: contentType ? (body as BodyInit) : JSON.stringify(body) }),
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
