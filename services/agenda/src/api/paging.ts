import type { FieldError } from '@agenda/service-kit/errors';

const LIMIT_DEFAULT = 50;
const LIMIT_MAX = 200;
const DAY_MS = 86_400_000;
const WINDOW_DAYS_MAX = 400;

/** 0 stands for the default. */
export function limitErrors(limit: number): FieldError[] {
  if (limit <= LIMIT_MAX) return [];
  return [{ path: 'limit', message: `must be 1 to ${LIMIT_MAX}, but is ${limit}` }];
}

export function limitOf(limit: number): number {
  return limit === 0 ? LIMIT_DEFAULT : limit;
}

/** Of a question about a stretch of time, [startMs, endMs). */
export function windowErrors(startMs: number, endMs: number): FieldError[] {
  if (startMs >= endMs) return [{ path: 'end', message: 'must be after start' }];
  if (endMs - startMs > WINDOW_DAYS_MAX * DAY_MS)
    return [{ path: 'end', message: `must be at most ${WINDOW_DAYS_MAX} days after start` }];
  return [];
}
