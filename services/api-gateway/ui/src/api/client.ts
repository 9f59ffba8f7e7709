/** Requests as the session's user: renewal of the token, bounded retries, idempotent writes. */

import type { Http, HttpRequest } from './http.ts';
import { ApiError, clientError } from './problem.ts';
import type { Session } from './session.ts';

/** One try; the server's own deadlines are shorter. */
const ATTEMPT_DEADLINE_MS = 12_000;
/** After these a read fails with the last error. */
const READ_ATTEMPTS_MAX = 3;
/** After these, or after the budget, a write fails: as refused, or as of unknown outcome. */
const WRITE_ATTEMPTS_MAX = 4;
const WRITE_BUDGET_MS = 20_000;
const RETRY_BASE_MS = 300;
/** A server that asks for a longer pause is not retried by itself. */
const RETRY_WAIT_MAX_MS = 4_000;

const RETRIED = new Set([
  'not_sent',
  'network',
  'deadline',
  'timeout',
  'no_leader',
  'overloaded',
  'unavailable',
]);
/** The request may have arrived and taken effect. */
const OUTCOME_OPEN = new Set(['network', 'deadline', 'timeout', 'unavailable', 'bad_answer']);
/** Said before the log was asked: tells nothing about an earlier try of the same write. */
const TELLS_NOTHING = new Set([
  'not_sent',
  'no_leader',
  'overloaded',
  'rate_limited',
  'unauthenticated',
  'session_ended',
]);

export interface ReadOptions extends Pick<HttpRequest, 'answer'> {
  readonly signal?: AbortSignal;
}

export interface WriteOptions {
  /** The same key for the same intention: keep it when a person tries again. */
  readonly idempotencyKey: string;
  /** The version that the change was made from. */
  readonly version?: number;
  /** Without a session: register, log in. */
  readonly anonymous?: boolean;
  /** Of a body that is not JSON. */
  readonly contentType?: string;
  /** Of one try, for what the server may take longer over. */
  readonly deadlineMs?: number;
}

export interface ClientPorts {
  readonly http: Http;
  readonly session: Pick<Session, 'accessToken' | 'replaceToken'>;
  readonly wait: (delayMs: number) => Promise<void>;
  readonly nowMs: () => number;
}

export class ApiClient {
  readonly #ports: ClientPorts;

  constructor(ports: ClientPorts) {
    this.#ports = ports;
  }

  read<Answer>(path: string, options: ReadOptions = {}): Promise<Answer> {
    return this.#ask({ method: 'GET', path, deadlineMs: ATTEMPT_DEADLINE_MS, ...options });
  }

  /** A question that is too long for an address; like any other it changes nothing, so it may be asked again. */
  question<Answer>(path: string, body: unknown, options: ReadOptions = {}): Promise<Answer> {
    return this.#ask({ method: 'POST', path, body, deadlineMs: ATTEMPT_DEADLINE_MS, ...options });
  }

  async #ask<Answer>(request: HttpRequest): Promise<Answer> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return (await this.#asUser(request)) as Answer;
      } catch (error) {
        const delayMs = retryDelayMs(error, attempt);
        if (attempt === READ_ATTEMPTS_MAX || delayMs === null || request.signal?.aborted) throw error;
        await this.#ports.wait(delayMs);
      }
    }
  }

  /** Resolves when the write has taken effect; rejects with `outcome_unknown` when that cannot be told. */
  async write<Answer>(
    method: 'POST' | 'PATCH' | 'PUT' | 'DELETE',
    path: string,
    body: unknown,
    options: WriteOptions,
  ): Promise<Answer> {
    const request = toWriteRequest(method, path, body, options);
    const send = options.anonymous ? this.#ports.http : (one: HttpRequest) => this.#asUser(one);
    const startedMs = this.#ports.nowMs();
    let open: ApiError | null = null;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return (await send(request)) as Answer;
      } catch (error) {
        const failure = error as ApiError;
        if (OUTCOME_OPEN.has(failure.code)) open = failure;
        const delayMs = retryDelayMs(failure, attempt);
        const spentMs = this.#ports.nowMs() - startedMs;
        const over = attempt === WRITE_ATTEMPTS_MAX || spentMs + (delayMs ?? 0) > WRITE_BUDGET_MS;
        if (delayMs === null || over) throw finalError(failure, open);
        await this.#ports.wait(delayMs);
      }
    }
  }

  async #asUser(request: HttpRequest): Promise<unknown> {
    const token = await this.#ports.session.accessToken().catch(rethrowAsNotSent);
    try {
      return await this.#ports.http(withToken(request, token));
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 401) throw error;
      const next = await this.#ports.session.replaceToken(token).catch(rethrowAsNotSent);
      return this.#ports.http(withToken(request, next));
    }
  }
}

/** Without a token the request itself was never made, so its outcome is known. */
function rethrowAsNotSent(error: unknown): never {
  if (!(error instanceof ApiError) || !OUTCOME_OPEN.has(error.code)) throw error;
  throw clientError('not_sent', 'The server cannot be reached.', error);
}

function toWriteRequest(
  method: HttpRequest['method'],
  path: string,
  body: unknown,
  options: WriteOptions,
): HttpRequest {
  return {
    method,
    path,
    deadlineMs: options.deadlineMs ?? ATTEMPT_DEADLINE_MS,
    headers: {
      'idempotency-key': options.idempotencyKey,
      ...(options.version === undefined ? {} : { 'if-match': `"${options.version}"` }),
    },
    ...(body === undefined ? {} : { body }),
    ...(options.contentType === undefined ? {} : { contentType: options.contentType }),
  };
}

function withToken(request: HttpRequest, token: string): HttpRequest {
  return { ...request, headers: { ...request.headers, authorization: `Bearer ${token}` } };
}

/** Null: trying again by itself would not help. Doubles with each attempt, with jitter. */
function retryDelayMs(error: unknown, attempt: number): number | null {
  if (!(error instanceof ApiError) || !RETRIED.has(error.code)) return null;
  const asked = error.retryAfterMs;
  if (asked !== null && asked > RETRY_WAIT_MAX_MS) return null;
  const backoffMs = RETRY_BASE_MS * 2 ** (attempt - 1) * (0.75 + Math.random() / 2);
  return Math.min(Math.max(backoffMs, asked ?? 0), RETRY_WAIT_MAX_MS);
}

function finalError(last: ApiError, open: ApiError | null): ApiError {
  if (open === null) return last;
  const undecided = last === open || OUTCOME_OPEN.has(last.code) || TELLS_NOTHING.has(last.code);
  return undecided ? clientError('outcome_unknown', 'It is not known whether this was saved.', last) : last;
}
