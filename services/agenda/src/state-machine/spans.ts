/** Appointments by how long they are, so that "what overlaps this?" is a few bounded index ranges (see schema.ts). */

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** The longest span of each class; the last is the longest appointment that is possible. */
export const SPAN_CLASS_MS = [2 * HOUR_MS, DAY_MS, 32 * DAY_MS, 366 * DAY_MS] as const;
export const SPAN_MS_MAX: number = SPAN_CLASS_MS[SPAN_CLASS_MS.length - 1] as number;

export function spanClass(startMs: number, endMs: number): number {
  return SPAN_CLASS_MS.findIndex((longestMs) => endMs - startMs <= longestMs);
}

/**
 * The union of one query per class over a person's entries that overlap [@fromMs, @toMs).
 *
 * @param select the columns, of `agenda_entries e`.
 * @param also a further condition.
 */
export function overlapQuery(select: string, also: string): string {
  return SPAN_CLASS_MS.map(
    (longestMs, spanClass) =>
      `SELECT ${select} FROM agenda_entries e
       WHERE e.person_id = @personId AND e.span_class = ${spanClass}
         AND e.start_ms > @fromMs - ${longestMs} AND e.start_ms < @toMs AND e.end_ms > @fromMs AND ${also}`,
  ).join('\nUNION ALL\n');
}
