/** Errors as RFC 9457 problem documents. */
import { ConflictDetail } from '@agenda/proto/agenda/v1/model';
import { ERROR_TABLE, type ErrorCode, ServiceError } from '@agenda/service-kit/errors';
import type { Logger } from '@agenda/service-kit/logger';
import { instant } from '../views/values.ts';
import type { RequestContext } from './context.ts';

/** For codes that pass by themselves, when the service said nothing more exact. */
const RETRY_AFTER_MS_DEFAULT = 1_000;
const PASSING: readonly ErrorCode[] = ['no_leader', 'overloaded', 'unavailable', 'rate_limited'];

/** @returns the code, for the metrics. */
export function answerProblem(context: RequestContext, thrown: unknown, logger: Logger): ErrorCode {
  const error = serviceErrorOf(thrown);
  const { requestId } = context.state;
  if (error.code === 'internal') logger.error({ err: thrown, requestId }, 'request failed');
  const { http, title } = ERROR_TABLE[error.code];
  const retryAfterMs =
    error.retryAfterMs ?? (PASSING.includes(error.code) ? RETRY_AFTER_MS_DEFAULT : undefined);
  const retryAfterSeconds =
    retryAfterMs === undefined ? undefined : Math.max(1, Math.ceil(retryAfterMs / 1_000));
  const conflict = error.code === 'conflict' && error.payload ? conflictOf(error.payload) : undefined;
  context.status = http;
  context.body = JSON.stringify({
    type: `urn:agenda-distribuida:problem:${error.code}`,
    title,
    status: http,
    detail: detailOf(error, context),
    code: error.code,
    instance: instanceOf(context),
    requestId,
    ...(error.fields.length > 0 && { errors: error.fields }),
    ...conflict,
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  });
  context.type = 'application/problem+json; charset=utf-8';
  if (retryAfterSeconds !== undefined) context.set('Retry-After', String(retryAfterSeconds));
  if (error.code === 'unauthenticated') context.set('WWW-Authenticate', 'Bearer realm="agenda"');
  return error.code;
}

function serviceErrorOf(thrown: unknown): ServiceError {
  if (thrown instanceof ServiceError) return thrown;
  return new ServiceError('internal', 'an unexpected error; the log of this node has more', {
    cause: thrown,
  });
}

/** A write whose outcome is unknown says so, and how to find out; one of which nothing was done says that. */
function detailOf(error: ServiceError, context: RequestContext): string {
  if (!context.state.isWrite) return error.message;
  if (error.nothingDone) return `${error.message}; nothing was done: send the request again`;
  if (!error.outcomeUnknown) return error.message;
  return `${error.message}; the outcome is unknown: sending the request again with the same Idempotency-Key is safe`;
}

/** A path with a secret in it is not repeated: answers get into logs and tickets. */
function instanceOf({ path, params }: RequestContext): string {
  const secret: string | undefined = params?.secret;
  return secret === undefined ? path : path.replace(secret, '…');
}

function conflictOf(payload: Uint8Array) {
  const { appointments, total } = ConflictDetail.decode(payload);
  const conflicts = appointments.map((appointment) => ({
    appointmentId: appointment.appointmentId,
    title: appointment.title,
    start: instant(appointment.startMs),
    end: instant(appointment.endMs),
    userId: appointment.userId,
  }));
  return { conflicts, conflictsTotal: Math.max(total, conflicts.length) };
}
