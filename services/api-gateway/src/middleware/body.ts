/** JSON bodies, with a limit and with errors that say what is wrong. */
import { isUtf8 } from 'node:buffer';
import { ServiceError } from '@agenda/service-kit/errors';
import type { z } from 'zod';
import { parse } from '../schemas/parse.ts';
import type { RequestContext } from './context.ts';
import { locateJsonError } from './json-error.ts';

const BODY_BYTES_MAX = 256 * 1024;
const JSON_TYPES = new Set(['application/json', 'application/merge-patch+json']);

/** Reads, parses and validates. @throws ServiceError */
export async function readBody<T extends z.ZodType>(
  context: RequestContext,
  schema: T,
): Promise<z.output<T>> {
  const type = (context.get('content-type').split(';')[0] ?? '').trim().toLowerCase();
  if (!JSON_TYPES.has(type))
    throw new ServiceError(
      'unsupported_media_type',
      `the body must be application/json, but is "${type || 'unnamed'}"`,
    );
  const encoding = context.get('content-encoding') || 'identity';
  if (encoding !== 'identity')
    throw new ServiceError('unsupported_media_type', `the body must not be encoded, but is "${encoding}"`);
  const raw = await readRaw(context);
  context.state.rawBody = raw;
  return parse(schema, parseJson(raw));
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

function readRaw({ req }: RequestContext): Promise<Buffer> {
  if (Number(req.headers['content-length']) > BODY_BYTES_MAX) return Promise.reject(tooLarge());
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    req.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > BODY_BYTES_MAX) reject(tooLarge());
      else chunks.push(chunk);
    });
    req.once('end', () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
    req.once('error', (cause) =>
      reject(new ServiceError('invalid_argument', 'the body broke off', { cause })),
    );
  });
}

function tooLarge(): ServiceError {
  return new ServiceError('payload_too_large', `the body may have at most ${BODY_BYTES_MAX} bytes`);
}
