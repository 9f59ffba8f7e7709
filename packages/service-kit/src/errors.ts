/** The one error class of all services and the one table from a code to gRPC and HTTP (RFC 9457). */

import { ErrorDetail } from '@agenda/proto/kit/v1/carrier';
import { type Metadata, status } from '@grpc/grpc-js';

const UINT32_MAX = 0xffff_ffff;

export interface FieldError {
  /** Dotted path in the request: `participants.2.userId`. */
  readonly path: string;
  readonly message: string;
}

interface ErrorRow {
  readonly grpc: status;
  readonly http: number;
  readonly title: string;
}

export const ERROR_TABLE = {
  invalid_argument: { grpc: status.INVALID_ARGUMENT, http: 400, title: 'The request is not valid' },
  unauthenticated: { grpc: status.UNAUTHENTICATED, http: 401, title: 'Not logged in' },
  forbidden: { grpc: status.PERMISSION_DENIED, http: 403, title: 'Not allowed' },
  not_found: { grpc: status.NOT_FOUND, http: 404, title: 'Not found' },
  method_not_allowed: { grpc: status.UNIMPLEMENTED, http: 405, title: 'Method not allowed' },
  conflict: { grpc: status.ALREADY_EXISTS, http: 409, title: 'In conflict with what is there' },
  version_mismatch: { grpc: status.ABORTED, http: 412, title: 'Changed by somebody else meanwhile' },
  payload_too_large: { grpc: status.OUT_OF_RANGE, http: 413, title: 'Too large' },
  unsupported_media_type: { grpc: status.INVALID_ARGUMENT, http: 415, title: 'Unsupported media type' },
  unprocessable: { grpc: status.FAILED_PRECONDITION, http: 422, title: 'Cannot be processed' },
  rate_limited: { grpc: status.RESOURCE_EXHAUSTED, http: 429, title: 'Too many requests' },
  internal: { grpc: status.INTERNAL, http: 500, title: 'Internal error' },
  unimplemented: { grpc: status.UNIMPLEMENTED, http: 501, title: 'Not implemented' },
  no_leader: { grpc: status.UNAVAILABLE, http: 503, title: 'No leader at the moment' },
  overloaded: { grpc: status.RESOURCE_EXHAUSTED, http: 503, title: 'Overloaded' },
  unavailable: { grpc: status.UNAVAILABLE, http: 503, title: 'A part of this node is not available' },
  timeout: { grpc: status.DEADLINE_EXCEEDED, http: 504, title: 'No answer in time' },
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERROR_TABLE;

export interface ErrorOptions {
  readonly fields?: readonly FieldError[];
  /** When a retry may succeed. */
  readonly retryAfterMs?: number;
  /** Encoded message that belongs to the code (`conflict`: agenda.v1.ConflictDetail). */
  readonly payload?: Uint8Array;
  readonly cause?: unknown;
  /**
   * `unavailable` and `timeout` only: the request is known to have had no effect, because it never left, changes nothing,
   * or was refused before anything was done. Crosses the wire. Not to be said, nor passed on, by whoever has done a part of it already.
   */
  readonly nothingDone?: boolean;
}

/**
 * An error that crosses a service boundary. Of `timeout` and `unavailable` the outcome is unknown, unless they say that
 * nothing was done.
 */
export class ServiceError extends Error {
  readonly code: ErrorCode;
  readonly fields: readonly FieldError[];
  readonly retryAfterMs: number | undefined;
  readonly payload: Uint8Array | undefined;
  readonly nothingDone: boolean;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ServiceError';
    this.code = code;
    this.fields = options.fields ?? [];
    this.retryAfterMs = wholeMs(options.retryAfterMs);
    this.payload = options.payload;
    this.nothingDone = options.nothingDone ?? false;
  }

  /** True if the request may or may not have taken effect. */
  get outcomeUnknown(): boolean {
    return (this.code === 'timeout' || this.code === 'unavailable') && !this.nothingDone;
  }
}

/** The wire takes whole numbers only, and callees measure fractions. */
function wholeMs(ms: number | undefined): number | undefined {
  return ms !== undefined && ms >= 0 ? Math.min(Math.ceil(ms), UINT32_MAX) : undefined;
}

/** The trailer in which a unary RPC carries its encoded kit.v1.ErrorDetail. */
export const ERROR_TRAILER = 'agenda-error-bin';

/** What is unexpected tells the caller nothing of its inside. */
export function toErrorDetail(error: unknown): ErrorDetail {
  if (!(error instanceof ServiceError))
    return ErrorDetail.fromPartial({
      code: 'internal',
      message: 'an unexpected error; the log of this node has more',
    });
  return ErrorDetail.fromPartial({
    code: error.code,
    message: error.message,
    fields: error.fields.map((field) => ({ ...field })),
    retryAfterMs: error.retryAfterMs ?? 0,
    payload: error.payload ?? new Uint8Array(0),
    nothingDone: error.nothingDone,
  });
}

export function fromErrorDetail(detail: ErrorDetail): ServiceError {
  const code: ErrorCode = Object.hasOwn(ERROR_TABLE, detail.code) ? (detail.code as ErrorCode) : 'internal';
  return new ServiceError(code, detail.message, {
    fields: detail.fields,
    ...(detail.retryAfterMs > 0 ? { retryAfterMs: detail.retryAfterMs } : {}),
    ...(detail.payload.length > 0 ? { payload: detail.payload } : {}),
    nothingDone: detail.nothingDone,
  });
}

interface GrpcFailure {
  readonly code: status;
  readonly details?: string;
  readonly metadata?: Metadata;
}

const CODE_OF_STATUS: Partial<Record<status, ErrorCode>> = {
  [status.INVALID_ARGUMENT]: 'invalid_argument',
  [status.UNAUTHENTICATED]: 'unauthenticated',
  [status.PERMISSION_DENIED]: 'forbidden',
  [status.NOT_FOUND]: 'not_found',
  [status.RESOURCE_EXHAUSTED]: 'overloaded',
  [status.UNIMPLEMENTED]: 'unimplemented',
  [status.DEADLINE_EXCEEDED]: 'timeout',
  [status.UNAVAILABLE]: 'unavailable',
  [status.CANCELLED]: 'unavailable',
};

/** Whatever was thrown, as the one class: our own as it is, gRPC failures by their trailer or status. */
export function toServiceError(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  if (isGrpcFailure(error)) {
    const detail = decodeTrailer(error.metadata);
    if (detail) return fromErrorDetail(detail);
    const code = CODE_OF_STATUS[error.code] ?? 'internal';
    return new ServiceError(code, error.details ?? `gRPC status ${error.code}`, { cause: error });
  }
  return new ServiceError('internal', error instanceof Error ? error.message : String(error), {
    cause: error,
  });
}

/** What cannot be decoded was not written by us: the gRPC status has to do. */
function decodeTrailer(metadata: Metadata | undefined): ErrorDetail | undefined {
  const encoded = metadata?.get(ERROR_TRAILER)[0];
  if (!(encoded instanceof Uint8Array)) return undefined;
  try {
    return ErrorDetail.decode(encoded);
  } catch {
    return undefined;
  }
}

/** grpc-js hands failures on as errors to clients, and as plain objects to servers. */
function isGrpcFailure(error: unknown): error is GrpcFailure {
  if (typeof error !== 'object' || error === null) return false;
  return 'code' in error && typeof error.code === 'number' && 'details' in error;
}
