/** Fields that several requests share. */
import { z } from 'zod';

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)$/;
const YEAR_MIN = 1970;

const INSTANT_EXAMPLE = '2026-05-04T09:30:00+02:00';

/** An RFC 3339 instant with an offset; milliseconds since 1970. */
export const instantField = z
  .string()
  .meta({ format: 'date-time', description: 'RFC 3339 with an offset', example: INSTANT_EXAMPLE })
  .transform((text, context) => {
    const ms = instantMs(text);
    if (ms !== undefined) return ms;
    context.addIssue(
      `must be an RFC 3339 instant with an offset in the years 1970 to 9999, like ${INSTANT_EXAMPLE}`,
    );
    return z.NEVER;
  });

/** Undefined: no instant, or one of a day that does not exist. */
function instantMs(text: string): number | undefined {
  const match = RFC3339.exec(text);
  if (!match) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const milliseconds = Number((match[7] ?? '').padEnd(3, '0').slice(0, 3));
  const localMs = Date.UTC(year, month - 1, day, hour, minute, second, milliseconds);
  const local = new Date(localMs);
  const exists =
    // Date.UTC takes the years 0 to 99 for 1900 to 1999.
    local.getUTCFullYear() === year &&
    local.getUTCMonth() === month - 1 &&
    local.getUTCDate() === day &&
    hour < 24 &&
    minute < 60 &&
    second < 60;
  const offsetMs = offsetOf(match[8] as string);
  if (!exists || offsetMs === undefined) return undefined;
  const ms = localMs - offsetMs;
  const utcYear = new Date(ms).getUTCFullYear();
  return utcYear >= YEAR_MIN && utcYear <= 9_999 ? ms : undefined;
}

function offsetOf(text: string): number | undefined {
  if (text === 'Z' || text === 'z') return 0;
  const hours = Number(text.slice(1, 3));
  const minutes = Number(text.slice(4, 6));
  if (hours > 23 || minutes > 59) return undefined;
  return (text.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}

export const timeZoneField = z
  .string()
  .min(1)
  .max(64)
  .meta({ description: 'IANA time zone', example: 'Europe/Madrid' });

/** In either case, as RFC 9562 wants it; ids are kept in lower case. */
export const idField = z.uuid('must be a UUID').transform((id) => id.toLowerCase());

/** Of a query string: a whole number; 0 if it is not given. */
export function wholeNumberField(min: number, max: number) {
  return z
    .string()
    .meta({ type: 'integer', minimum: min, maximum: max })
    .optional()
    .transform((text, context) => {
      if (text === undefined) return 0;
      const value = /^\d{1,15}$/.test(text) ? Number(text) : -1;
      if (value >= min && value <= max) return value;
      context.addIssue(`must be a whole number from ${min} to ${max}`);
      return z.NEVER;
    });
}

/** Of a query string: a page size. */
export function limitField(max: number) {
  return wholeNumberField(1, max);
}

export const cursorField = z
  .string()
  .max(512)
  .meta({ description: '`nextCursor` of the page before; without it the first page' })
  .default('');

/** Every read may say how fresh it must be (middleware/consistency.ts). */
export const consistencyField = z
  .string()
  .meta({ enum: ['linearizable', 'stale'], default: 'linearizable' })
  .optional();

const LIMIT_MAX = 200;

/** What every list takes. */
export const pageFields = {
  limit: limitField(LIMIT_MAX),
  cursor: cursorField,
  consistency: consistencyField,
};

export const pageQuerySchema = z.strictObject(pageFields);

/** What lists over a stretch of time take. */
export const rangeFields = { start: instantField, end: instantField };

export const rangePageQuerySchema = z.strictObject({ ...rangeFields, ...pageFields });

/** Of a read that says no more than how fresh it must be. */
export const readQuerySchema = z.strictObject({ consistency: consistencyField });

/** In answers: UTC with milliseconds. */
export const instantAnswer = z
  .string()
  .meta({ format: 'date-time', description: 'UTC with milliseconds', example: '2026-05-04T07:30:00.000Z' });

export const versionAnswer = z.int().min(1).meta({ description: 'grows by one at each change; the ETag' });

export function listOf<T extends z.ZodType>(item: T) {
  return z.object({
    items: z.array(item),
    nextCursor: z.string().nullable().meta({ description: 'pass as `cursor`; null: this was the last page' }),
  });
}
