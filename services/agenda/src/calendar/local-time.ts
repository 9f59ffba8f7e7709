/** Between instants and what the clocks on the wall of a zone show. Times on the wall are written as if in UTC, in ms. */

export const DAY_MS = 86_400_000;

/** What the clocks in that zone show at that instant. */
export function wallOf(instantMs: number, timeZone: string): number {
  const local = Temporal.Instant.fromEpochMilliseconds(instantMs).toZonedDateTimeISO(timeZone);
  return instantMs + Math.round(local.offsetNanoseconds / 1e6);
}

/**
 * When the clocks there show that. A time that they skip counts as if they had not been changed yet, one that they show
 * twice is the first (RFC 5545 §3.3.5).
 */
export function instantOf(wallMs: number, timeZone: string): number {
  return plain(wallMs).toZonedDateTime(timeZone, { disambiguation: 'compatible' }).epochMilliseconds;
}

/** The first instant of the day on the wall. Some zones skip midnight when they change their clocks. */
export function startOfDay(wallMs: number, timeZone: string): number {
  return plain(wallMs).toPlainDate().toZonedDateTime(timeZone).epochMilliseconds;
}

function plain(wallMs: number): Temporal.PlainDateTime {
  return Temporal.Instant.fromEpochMilliseconds(wallMs).toZonedDateTimeISO('UTC').toPlainDateTime();
}
