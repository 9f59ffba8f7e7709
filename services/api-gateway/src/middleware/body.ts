/** Bodies, with a limit and with errors that say what is wrong. */
import { isUtf8 } from 'node:buffer';
import { ServiceError } from '@agenda/service-kit/errors';
import type { z } from 'zod';
import { parse } from '../schemas/parse.ts';
import type { RequestContext } from './context.ts';
import { locateJsonError } from './json-error.ts';

const BODY_BYTES_MAX = 256 * 1024;
const CALENDAR_BYTES_MAX = 1024 * 1024;
const JSON_TYPES = new Set(['application/json', 'application/merge-patch+json']);
const CALENDAR_TYPES = new Set(['text/calendar']);

/** JSON: reads, parses and validates. @throws ServiceError */
export async function readBody<T extends z.ZodType>(
  context: RequestContext,
  schema: T,
): Promise<z.output<T>> {
  assertType(context, JSON_TYPES);
  return parse(schema, parseJson(await readRaw(context, BODY_BYTES_MAX)));
}

/** The same where every field has a default: no body at all will do. @throws ServiceError */
export async function readOptionalBody<T extends z.ZodType>(
  context: RequestContext,
  schema: T,
): Promise<z.output<T>> {
  const { headers } = context.req;
  const none = headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0;
  return none ? parse(schema, {}) : readBody(context, schema);
}

/** iCalendar, as it came. @throws ServiceError */
export async function readCalendar(context: RequestContext): Promise<Buffer> {
  assertType(context, CALENDAR_TYPES);
  return await readRaw(context, CALENDAR_BYTES_MAX);
}

function assertType(context: RequestContext, types: ReadonlySet<string>): void {
  const type = (context.get('content-type').split(';')[0] ?? '').trim().toLowerCase();
  if (!types.has(type))
    throw new ServiceError(
      'unsupported_media_type',
      `the body must be ${[...types][0]}, but is "${type || 'unnamed'}"`,
    );
  const encoding = context.get('content-encoding') || 'identity';
  if (encoding !== 'identity')
    throw new ServiceError('unsupported_media_type', `the body must not be encoded, but is "${encoding}"`);
}

function parseJson(raw: Buffer): unknown {
  if (!isUtf8(raw)) throw new ServiceError('invalid_argument', 'the body is not valid UTF-8');
  const text = raw.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    // The parser's own words would quote the body, and do not always say where.
    const { line, column } = locateJsonError(text);
    const message = `the body is not valid JSON: see line ${line}, column ${column}`;
    throw new ServiceError('invalid_argument', message, { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ServiceError('invalid_argument', 'the body must be a JSON object');
  return value;
}

/** Keeps the bytes for the fingerprint of the request. */
async function readRaw({ req, state }: RequestContext, bytesMax: number): Promise<Buffer> {
  if (Number(req.headers['content-length']) > bytesMax) throw tooLarge(bytesMax);
  const raw = await new Promise<Buffer>((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    req.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > bytesMax) reject(tooLarge(bytesMax));
      else chunks.push(chunk);
    });
    req.once('end', () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
    req.once('error', (cause) =>
      reject(new ServiceError('invalid_argument', 'the body broke off', { cause })),
    );
  });
  state.rawBody = raw;
  return raw;
}

function tooLarge(bytesMax: number): ServiceError {
  return new ServiceError('payload_too_large', `the body may have at most ${bytesMax} bytes`);
}
