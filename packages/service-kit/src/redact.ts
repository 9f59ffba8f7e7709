/** What may be logged of a value: nothing that is named like a secret, no bytes, no bottomless depth. */
import pino from 'pino';

/** Any part of a name, so that `x-audit-token`, `refresh_token` and `clusterHmacSecret` are caught alike. */
const SECRET_NAME =
  /password|passwd|secret|token|authorization|cookie|ticket|signature|credential|^mac$|^jwt$/i;
const DEPTH_MAX = 6;
const REMOVED = '[removed]';

/** A copy; the value itself is not changed. Numbers and truth values stay: they count secrets, they are none. */
export function redacted(fields: object, depth = 0): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields))
    copy[name] = SECRET_NAME.test(name) && isTelling(value) ? REMOVED : redactedValue(value, depth);
  return copy;
}

function isTelling(value: unknown): boolean {
  return typeof value === 'string' || (typeof value === 'object' && value !== null);
}

function redactedValue(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (depth >= DEPTH_MAX) return '[too deep]';
  if (value instanceof Error) return redacted(pino.stdSerializers.err(value), depth + 1);
  if (Array.isArray(value)) return value.map((item) => redactedValue(item, depth + 1));
  // Dates and the like say themselves what they are.
  if ('toJSON' in value) return value;
  return redacted(value, depth + 1);
}
