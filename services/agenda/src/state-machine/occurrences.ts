/** What apply asks of the occurrences that were expanded for it. */
import type { AppointmentFields } from '@agenda/proto/agenda/v1/command';
import type { Span } from '@agenda/proto/agenda/v1/model';
import { SPAN_MS_MAX } from './spans.ts';
import type { FieldProblem } from './validate.ts';

/** Of one series, when it is booked or changed. */
export const OCCURRENCES_MAX = 750;
/** Of one series in all: one that is extended year after year ends there. */
export const SERIES_OCCURRENCES_MAX = 5_000;
/** Dates added to a series; dates taken out of it. */
export const SERIES_DATES_MAX = 1_000;

/** @param prefix of the paths, with its dot; empty: none. */
export function occurrenceErrors(fields: AppointmentFields, prefix: string): FieldProblem[] {
  const { recurrence, occurrences } = fields;
  const path = `${prefix}occurrences`;
  if (!recurrence)
    return occurrences.length === 0 ? [] : [{ path, message: 'must not be given without recurrence' }];
  if (occurrences.length === 0) return [{ path, message: 'must be at least one' }];
  if (occurrences.length > OCCURRENCES_MAX)
    return [{ path, message: `must be at most ${OCCURRENCES_MAX}, but are ${occurrences.length}` }];
  const dates = Math.max(recurrence.addedMs.length, recurrence.excludedMs.length);
  if (dates > SERIES_DATES_MAX)
    return [
      { path: `${prefix}recurrence`, message: `must add or take out at most ${SERIES_DATES_MAX} dates` },
    ];
  return areOrdered(occurrences, 0)
    ? []
    : [{ path, message: 'must be ordered by start, each after the one before' }];
}

/** Each of a length that an appointment may have, no two with the same start, none before that instant. */
export function areOrdered(spans: readonly Span[], fromMs: number): boolean {
  let earliestMs = fromMs;
  for (const { startMs, endMs } of spans) {
    const sound = Number.isSafeInteger(startMs) && Number.isSafeInteger(endMs);
    if (!sound || startMs < earliestMs || endMs <= startMs || endMs - startMs > SPAN_MS_MAX) return false;
    earliestMs = startMs + 1;
  }
  return true;
}
