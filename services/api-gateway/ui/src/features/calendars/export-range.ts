/** Which days an exported file holds, and what it is called. Pure. */

import type { AgendaRange } from '../../api/agenda-api.ts';
import { addDays, startOfDay } from '../calendar/zoned-time.ts';

/** The same as the server's. */
const DAYS_MAX = 400;
const DAY_MS = 86_400_000;
const NAME_CHARACTERS_MAX = 60;

/** Dates as inputs hold them; both are included. */
export interface Days {
  readonly first: string;
  readonly last: string;
}

/** What is wrong with them, as a sentence. */
export function checkDays({ first, last }: Days): string | undefined {
  const days = (Date.parse(last) - Date.parse(first)) / DAY_MS + 1;
  if (Number.isNaN(days)) return 'Choose a first and a last day.';
  if (days < 1) return 'It cannot end before it begins.';
  if (days > DAYS_MAX) return `These are ${days} days; ${DAYS_MAX} are exported at once.`;
  return undefined;
}

/** Null: they are no dates. */
export function rangeOf({ first, last }: Days, timeZone: string): AgendaRange | null {
  if (startOfDay(last, timeZone) === null) return null;
  const start = startOfDay(first, timeZone);
  const end = startOfDay(addDays(last, 1), timeZone);
  return start === null || end === null ? null : { start, end };
}

/** `Sales team` is `sales-team-2026-07-01-to-2026-07-31.ics`. */
export function fileNameOf(whose: string, { first, last }: Days): string {
  const words = whose.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  const name = words.join('-').slice(0, NAME_CHARACTERS_MAX) || 'agenda';
  return `${name}-${first}-to-${last}.ics`;
}
