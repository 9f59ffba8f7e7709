/** Errors as the document tells of them: what each code means, and the form they have. */
import { ERROR_TABLE, type ErrorCode } from '@agenda/service-kit/errors';
import { z } from 'zod';
import { instantAnswer } from './fields.ts';

export const ERROR_CODES = Object.keys(ERROR_TABLE) as [ErrorCode, ...ErrorCode[]];

export const ERROR_MEANINGS: Readonly<Record<ErrorCode, string>> = {
  invalid_argument: 'Something in the request is wrong; `errors` names every wrong field.',
  unauthenticated: 'No token, a wrong or an expired one, or the session has ended.',
  forbidden: 'You are known, and may not do this.',
  not_found: 'It does not exist, or is not yours to see: the two look the same.',
  method_not_allowed: 'The path takes other methods; `Allow` names them.',
  conflict: 'Something stands in the way; for a time, `conflicts` lists what, and `conflictsTotal` how much.',
  version_mismatch: 'Somebody changed it meanwhile: `If-Match` names a former version.',
  payload_too_large: 'The body is larger than this path takes; the detail says how much it takes.',
  unsupported_media_type: 'The body is of a type, or encoded in a way, that this path does not take.',
  unprocessable:
    'Understood, but beyond a bound that the detail names; or this Idempotency-Key was used before.',
  rate_limited: 'Too many requests; the detail says how many are allowed, `Retry-After` when to come back.',
  internal: 'An unexpected error; the log of the node has more under the request id.',
  unimplemented: 'Not offered by this version.',
  no_leader: 'The cluster has no leader at the moment; nothing was changed.',
  overloaded: 'Too much at once; nothing was changed.',
  unavailable: 'A part of this node does not answer; nothing was changed.',
  timeout:
    'No answer in time; a write may or may not have happened. Repeating it with its Idempotency-Key is safe.',
};

const conflicting = z
  .object({
    appointmentId: z.string().meta({ description: 'empty where the viewer may see no more than "busy"' }),
    title: z.string().meta({ description: 'empty where the viewer may see no more than "busy"' }),
    start: instantAnswer,
    end: instantAnswer,
    userId: z.string().meta({ description: 'in whose agenda' }),
  })
  .meta({ id: 'Conflict' });

export const problemAnswer = z
  .object({
    type: z.string().meta({ example: 'urn:agenda-distribuida:problem:conflict' }),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.enum(ERROR_CODES),
    instance: z.string(),
    requestId: z.string(),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
    conflicts: z.array(conflicting).optional().meta({ description: 'at most 20, by start' }),
    conflictsTotal: z.int().optional().meta({ description: 'how many there are in all' }),
    retryAfterSeconds: z.int().optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457' });
