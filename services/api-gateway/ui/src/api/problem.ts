/** What can go wrong with a request, as one error class, and how it is said to people. */

import type { ConflictingAppointment, FieldProblem, Problem } from './types.ts';

/** Codes that this page adds to those of the server. */
export type ClientCode =
  | 'network'
  | 'not_sent'
  | 'deadline'
  | 'outcome_unknown'
  | 'session_ended'
  | 'cancelled'
  | 'bad_answer';

export class ApiError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem, options?: { cause?: unknown }) {
    super(problem.detail || problem.title, options);
    this.name = 'ApiError';
    this.problem = problem;
  }

  get code(): string {
    return this.problem.code;
  }

  get status(): number {
    return this.problem.status;
  }

  get fields(): readonly FieldProblem[] {
    return this.problem.errors;
  }

  get conflicts(): readonly ConflictingAppointment[] {
    return this.problem.conflicts;
  }

  get retryAfterMs(): number | null {
    return this.problem.retryAfterSeconds === null ? null : this.problem.retryAfterSeconds * 1_000;
  }
}

export function clientError(code: ClientCode, detail: string, cause?: unknown): ApiError {
  return new ApiError(
    { ...EMPTY, status: 0, code, title: detail, detail },
    cause === undefined ? undefined : { cause },
  );
}

const EMPTY = { requestId: null, errors: [], conflicts: [], retryAfterSeconds: null } as const;

/** A refusal by the server, or by something in between that does not speak RFC 9457. */
export function parseProblem(status: number, body: string, retryAfter: string | null): ApiError {
  const json = parseObject(body);
  const title = text(json.title) ?? `The server answered ${status}`;
  return new ApiError({
    status,
    title,
    detail: text(json.detail) ?? title,
    code: text(json.code) ?? CODE_OF_STATUS[status] ?? 'internal',
    requestId: text(json.requestId),
    errors: list(json.errors, isFieldProblem),
    conflicts: list(json.conflicts, isConflict),
    retryAfterSeconds: number(json.retryAfterSeconds) ?? number(retryAfter),
  });
}

const CODE_OF_STATUS: Record<number, string> = {
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not_found',
  429: 'rate_limited',
  502: 'unavailable',
  503: 'unavailable',
  504: 'timeout',
};

function parseObject(body: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {}; // A proxy's HTML page: the status says all that can be used of it.
  }
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function number(value: unknown): number | null {
  if (value === null || value === undefined || value === '') return null;
  const parsed = Number(value);
  return Number.isFinite(parsed) && parsed >= 0 ? parsed : null;
}

function list<Item>(value: unknown, check: (item: unknown) => item is Item): Item[] {
  return Array.isArray(value) ? value.filter(check) : [];
}

function isFieldProblem(value: unknown): value is FieldProblem {
  const item = value as FieldProblem | null;
  return typeof item?.path === 'string' && typeof item.message === 'string';
}

function isConflict(value: unknown): value is ConflictingAppointment {
  const item = value as ConflictingAppointment | null;
  return typeof item?.start === 'string' && typeof item.end === 'string';
}

const SENTENCES: Record<string, string> = {
  network: 'The server cannot be reached.',
  not_sent: 'The server cannot be reached. Nothing was saved.',
  deadline: 'The server did not answer in time.',
  outcome_unknown:
    'The server did not answer, so it is not known whether this was saved. Trying again is safe: it will not be saved twice.',
  session_ended: 'Your session has ended. Please log in again.',
  no_leader:
    'The servers are choosing a new leader, so nothing can be saved at this moment. Try again in a few seconds.',
  overloaded: 'The server is very busy. Try again in a few seconds.',
  unavailable: 'A part of the server is not available. Try again in a few seconds.',
  rate_limited: 'Too many requests in a short time. Wait a moment and try again.',
  version_mismatch: 'This was changed somewhere else in the meantime.',
  not_found: 'This no longer exists. It may have been deleted somewhere else.',
  internal: 'The server had an unexpected problem.',
};

/** One sentence for people; details that belong to fields are shown beside these. */
export function explain(error: unknown): string {
  if (!(error instanceof ApiError)) return error instanceof Error ? error.message : String(error);
  const sentence = SENTENCES[error.code];
  if (sentence === undefined) return error.problem.detail;
  return error.code === 'internal' && error.problem.requestId
    ? `${sentence} (request ${error.problem.requestId})`
    : sentence;
}

/** The message for one form field, by the last part of its path in the request. */
export function fieldMessage(error: unknown, name: string): string | undefined {
  if (!(error instanceof ApiError)) return undefined;
  return error.fields.find((field) => field.path.split('.').at(-1) === name)?.message;
}
