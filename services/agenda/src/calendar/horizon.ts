/** How far series are expanded. */

const DAY_MS = 86_400_000;

/** When a series is booked or changed. */
const HORIZON_MS = 731 * DAY_MS;
/** The leader extends what is expanded less far than that. */
export const EXTENDED_AHEAD_MS: number = 365 * DAY_MS;
/** `expanded_until_ms` of a series that has no more occurrences: the first instant that no appointment can have. */
export const SERIES_ENDED_MS = 253_402_300_800_000;

/** Exclusive: occurrences that start before it are made. */
export function horizonOf(startMs: number, nowMs: number): number {
  return Math.min(Math.max(startMs, nowMs) + HORIZON_MS, SERIES_ENDED_MS);
}
