/** An iCalendar file as text: lines are unfolded and parted into components, so that what is wrong with one stays there. */

export interface TextComponent {
  /** "VEVENT" */
  readonly kind: string;
  /** Unfolded, from BEGIN to END. */
  readonly lines: readonly string[];
}

export interface CalendarText {
  /** Properties of the calendar itself, unfolded. */
  readonly properties: readonly string[];
  readonly components: readonly TextComponent[];
}

export const CALENDAR_BYTES_MAX = 1_048_576;
/** In a file; what lies within another one counts as well. */
export const COMPONENTS_MAX = 5_000;

/** @returns a problem, as a sentence without its subject ("the calendar …"), for what is no calendar at all. */
export function readCalendarText(bytes: Uint8Array): CalendarText | { readonly problem: string } {
  if (bytes.length > CALENDAR_BYTES_MAX)
    return { problem: `has ${bytes.length} bytes; at most ${CALENDAR_BYTES_MAX} are taken at once` };
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return { problem: 'is not UTF-8, which is what iCalendar is written in (RFC 5545 §3.1.4)' };
  }
  // RFC 5545 §3.1: a line break and one blank mean that the line goes on.
  const lines = text.replace(/\r?\n[ \t]/g, '').split(/\r?\n/);
  return partsOf(lines);
}

function partsOf(lines: readonly string[]): CalendarText | { readonly problem: string } {
  const properties: string[] = [];
  const components: TextComponent[] = [];
  const open: string[] = [];
  let current: string[] = [];
  let count = 0;
  for (const line of lines) {
    const [, mark, name] = /^(BEGIN|END):(.*?)\s*$/i.exec(line) ?? [];
    if (mark?.toUpperCase() === 'BEGIN') {
      open.push((name as string).toUpperCase());
      if (++count > COMPONENTS_MAX) return { problem: `has more than ${COMPONENTS_MAX} components` };
    }
    if (open.length === 0 && line.trim() !== '')
      return { problem: 'does not begin with BEGIN:VCALENDAR, so it is no iCalendar file' };
    if (open.length >= 2) current.push(line);
    else if (open.length === 1 && mark === undefined && line !== '') properties.push(line);
    if (mark?.toUpperCase() !== 'END') continue;
    const kind = open.pop() ?? '';
    if (kind !== name?.toUpperCase())
      return { problem: `has END:${name?.slice(0, 50)} where ${kind} ends; it may be cut or damaged` };
    if (open.length !== 1) continue;
    components.push({ kind, lines: current });
    current = [];
  }
  if (open.length > 0) return { problem: `ends within ${open.at(-1)?.slice(0, 50)}; it may be cut` };
  if (count === 0) return { problem: 'is empty; it must begin with BEGIN:VCALENDAR' };
  return { properties, components };
}

/** "DTSTART;TZID=Europe/Berlin:2026…" → "DTSTART" */
export function nameOfLine(line: string): string {
  return (/^[A-Za-z0-9-]+/.exec(line)?.[0] ?? '').toUpperCase();
}

/** What follows the first colon outside quotes. */
export function valueOfLine(line: string): string {
  return /^(?:[^":]|"[^"]*")*:(.*)$/.exec(line)?.[1] ?? '';
}
