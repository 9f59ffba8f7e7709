import type { FieldError } from '@agenda/service-kit/errors';

/** Zones that were found to be known or not; tz data does not change while a process runs. */
const KNOWN = new Map<string, boolean>();
const KNOWN_MAX = 2_000;
/** Of Temporal and Date (ECMA-262, "Time Values"). */
const INSTANT_MS_MAX = 8.64e15;

/** True for an IANA name or link ("Europe/Lisbon", "UTC"), false for offsets ("+01:00"). */
export function isTimeZone(name: string): boolean {
  const known = KNOWN.get(name);
  if (known !== undefined) return known;
  const found = /^[A-Za-z][A-Za-z0-9_+\-/]{0,63}$/.test(name) && resolves(name);
  if (KNOWN.size < KNOWN_MAX) KNOWN.set(name, found);
  return found;
}

function resolves(name: string): boolean {
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

export function timeZoneErrors(name: string, path: string): FieldError[] {
  if (isTimeZone(name)) return [];
  return [{ path, message: `must be an IANA time zone such as "Europe/Lisbon" or "UTC", but is "${name}"` }];
}

/** The start of a local day; where midnight does not exist (a clock change), the day's first instant. */
export function isStartOfDay(instantMs: number, timeZone: string): boolean {
  if (Math.abs(instantMs) > INSTANT_MS_MAX) return false;
  const local = Temporal.Instant.fromEpochMilliseconds(instantMs).toZonedDateTimeISO(timeZone);
  return local.startOfDay().epochMilliseconds === instantMs;
}
