/** From a VEVENT to what an appointment is made of (RFC 5545 §3.6.1). Nothing is expanded here. */
import ICAL from 'ical.js';
import { alarmMinutes, isPlainAlarm } from './icalendar-alarm.ts';
import { nameOfLine, type TextComponent, valueOfLine } from './icalendar-text.ts';
import { EventProblem, type ReadContext, readEndMs, readTimes, type Time } from './icalendar-time.ts';

/** Longer ones are skipped: half of a file for one appointment is a picture that was attached. */
const COMPONENT_CHARACTERS_MAX = 131_072;

/** What a VEVENT and an appointment tell each other, in both directions. */
export interface EventContent {
  readonly uid: string;
  /** RFC 5545 RECURRENCE-ID: the start, by its rule, of the one occurrence that is changed; undefined: none. */
  readonly recurrenceStartMs: number | undefined;
  readonly title: string;
  readonly description: string;
  readonly location: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly timeZone: string;
  readonly allDay: boolean;
  /** CLASS:PRIVATE or CONFIDENTIAL. */
  readonly confidential: boolean;
  /** RFC 5545 value; empty: none. */
  readonly rule: string;
  readonly addedMs: readonly number[];
  readonly excludedMs: readonly number[];
  readonly reminderMinutes: readonly number[];
  /** Properties and components that are kept for export only, as unfolded lines. */
  readonly extra: string;
}

export interface CalendarEvent extends EventContent {
  readonly cancelled: boolean;
  /** What was understood otherwise than it was meant, for the report. */
  readonly remarks: readonly string[];
}

/** What we understand, or write anew. The rest is kept. */
const UNDERSTOOD: ReadonlySet<string> = new Set([
  'BEGIN',
  'END',
  'UID',
  'RECURRENCE-ID',
  'DTSTAMP',
  'CREATED',
  'LAST-MODIFIED',
  'SEQUENCE',
  'SUMMARY',
  'DESCRIPTION',
  'LOCATION',
  'DTSTART',
  'DTEND',
  'DURATION',
  'RRULE',
  'RDATE',
  'EXDATE',
  'CLASS',
]);

/** Whether the property, in any case, is one that an appointment holds in fields of its own. */
export function isUnderstood(name: string): boolean {
  return UNDERSTOOD.has(name.toUpperCase());
}

/** @returns a problem as a sentence without its subject. */
export function readEvent(
  component: TextComponent,
  context: ReadContext,
): CalendarEvent | { readonly problem: string } {
  try {
    return eventOf(component, context);
  } catch (error) {
    if (error instanceof EventProblem) return { problem: error.message };
    // The parser throws errors of its own, and plain ones for what is no iCalendar at all.
    return { problem: `cannot be read: ${error instanceof Error ? error.message.slice(0, 200) : 'unknown'}` };
  }
}

/** @returns "" if the component has none, or cannot be read. */
export function uidOf({ lines }: TextComponent): string {
  const line = lines.find((candidate) => nameOfLine(candidate) === 'UID');
  return line === undefined ? '' : valueOfLine(line).trim();
}

function eventOf({ lines }: TextComponent, context: ReadContext): CalendarEvent {
  const characters = lines.reduce((sum, line) => sum + line.length, 0);
  if (characters > COMPONENT_CHARACTERS_MAX)
    throw new EventProblem(`has ${characters} characters; at most ${COMPONENT_CHARACTERS_MAX} are taken`);
  // The rule is read by our own reader, which says better what is wrong with it.
  const rules = lines.filter((line) => nameOfLine(line) === 'RRULE');
  if (rules.length > 1) throw new EventProblem('has more than one RRULE; one is taken');
  if (lines.some((line) => nameOfLine(line) === 'EXRULE'))
    throw new EventProblem('has EXRULE, which RFC 5545 no longer knows; give EXDATE');
  const withoutRules = lines.filter((line) => nameOfLine(line) !== 'RRULE' && line !== '');
  const component = new ICAL.Component(ICAL.parse(withoutRules.join('\r\n')));

  const uid = textOf(component, 'uid');
  if (uid === '') throw new EventProblem('has no UID');
  const [start, ...more] = readTimes(component, 'dtstart', context);
  if (!start || more.length > 0) throw new EventProblem('must have one DTSTART');
  const remarks: string[] = [];
  const endMs = readEndMs(component, start, context, remarks);
  const [recurrenceId] = readTimes(component, 'recurrence-id', context);
  if (component.getFirstProperty('recurrence-id')?.getFirstParameter('range'))
    throw new EventProblem('is for one occurrence and all that follow (RANGE), which is not taken');
  if (textOf(component, 'transp').toUpperCase() === 'TRANSPARENT')
    remarks.push('it was marked as not taking time (TRANSP), but takes it here');
  const alarms = alarmsOf(component, remarks);
  return {
    uid,
    recurrenceStartMs: recurrenceId?.instantMs,
    cancelled: textOf(component, 'status').toUpperCase() === 'CANCELLED',
    title: oneLine(textOf(component, 'summary')) || 'Untitled',
    description: textOf(component, 'description').replace(/\r\n?/g, '\n'),
    location: oneLine(textOf(component, 'location')),
    startMs: start.instantMs,
    endMs,
    timeZone: start.timeZone,
    allDay: start.isDate,
    confidential: /^(PRIVATE|CONFIDENTIAL)$/i.test(textOf(component, 'class')),
    rule: rules.length === 0 ? '' : valueOfLine(rules[0] as string).trim(),
    addedMs: instantsOf(readTimes(component, 'rdate', context)),
    excludedMs: instantsOf(readTimes(component, 'exdate', context)),
    reminderMinutes: alarms,
    extra: extraOf(lines, alarms.length > 0),
    remarks,
  };
}

function instantsOf(times: readonly Time[]): number[] {
  return [...new Set(times.map((time) => time.instantMs))].sort((a, b) => a - b);
}

function textOf(component: InstanceType<typeof ICAL.Component>, name: string): string {
  const value: unknown = component.getFirstPropertyValue(name);
  return typeof value === 'string' ? value : '';
}

function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim();
}

/** At most five; further alarms, and those that do more than remind, are kept as they are. */
const REMINDERS_MAX = 5;

function alarmsOf(component: InstanceType<typeof ICAL.Component>, remarks: string[]): number[] {
  const minutes = new Set<number>();
  for (const alarm of component.getAllSubcomponents('valarm')) {
    const before = alarmMinutes(alarm);
    if (before !== undefined) minutes.add(before);
  }
  const sorted = [...minutes].sort((a, b) => a - b);
  if (sorted.length > REMINDERS_MAX)
    remarks.push(`it has ${sorted.length} alarms; ${REMINDERS_MAX} are taken`);
  return sorted.slice(0, REMINDERS_MAX);
}

/** @param withAlarms alarms became reminders, which export writes again: they are left out here. */
function extraOf(lines: readonly string[], withAlarms: boolean): string {
  const kept: string[] = [];
  let nested: string[] = [];
  let depth = 0;
  for (const line of lines.slice(1, -1)) {
    const name = nameOfLine(line);
    if (name === 'BEGIN') depth += 1;
    if (depth > 0) nested.push(line);
    else if (line !== '' && !UNDERSTOOD.has(name)) kept.push(line);
    if (name !== 'END') continue;
    depth -= 1;
    if (depth > 0) continue;
    if (!withAlarms || !isPlainAlarm(nested)) kept.push(...nested);
    nested = [];
  }
  return kept.join('\n');
}
