/** Appointments as an iCalendar file (RFC 5545). Lines are folded at 75 octets, texts are escaped, zones are told. */
import ICAL from 'ical.js';
import { type EventContent, isUnderstood } from './icalendar-event.ts';
import { zoneComponent } from './icalendar-vtimezone.ts';
import { instantOf, wallOf } from './local-time.ts';

// Its continuation lines begin with a blank that it does not count.
ICAL.foldLength = 74;

export interface ExportedEvent extends EventContent {
  /** From 0, grows with each change. */
  readonly sequence: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

/** jCal (RFC 7265). */
type Property = [name: string, parameters: Record<string, string>, type: string, ...values: unknown[]];
type Component = [name: string, properties: Property[], components: Component[]];

const PRODUCT = '-//Agenda Distribuida//Agenda//EN';

export function writeCalendar(name: string, events: readonly ExportedEvent[]): string {
  const properties: Property[] = [
    ['prodid', {}, 'text', PRODUCT],
    ['version', {}, 'text', '2.0'],
    ['calscale', {}, 'text', 'GREGORIAN'],
    // Of a type that the RFC does not know, so it is escaped here.
    ['x-wr-calname', {}, 'unknown', name.replace(/[\\;,]/g, '\\$&')],
  ];
  const calendar: Component = ['vcalendar', properties, [...zonesOf(events), ...events.map(eventComponent)]];
  return ICAL.stringify(calendar);
}

/** Those that recur for ever are told about a few years ahead: those who read it know the zone's name. */
const ZONE_AHEAD_MS = 5 * 366 * 86_400_000;

function zonesOf(events: readonly ExportedEvent[]): Component[] {
  const ranges = new Map<string, { fromMs: number; toMs: number }>();
  for (const { timeZone, startMs, endMs, allDay } of events) {
    if (allDay || timeZone === 'UTC') continue;
    const known = ranges.get(timeZone);
    ranges.set(timeZone, {
      fromMs: Math.min(startMs, known?.fromMs ?? startMs),
      toMs: Math.max(endMs, known?.toMs ?? endMs),
    });
  }
  return [...ranges]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([timeZone, { fromMs, toMs }]) => zoneComponent(timeZone, fromMs, toMs + ZONE_AHEAD_MS) as Component,
    );
}

function eventComponent(event: ExportedEvent): Component {
  const { recurrenceStartMs, addedMs, excludedMs } = event;
  const extra = extraOf(event.extra);
  const text = (name: string, value: string): Property[] => (value === '' ? [] : [[name, {}, 'text', value]]);
  const properties: Property[] = [
    ['uid', {}, 'text', event.uid],
    ...(recurrenceStartMs === undefined ? [] : [timeProperty('recurrence-id', event, [recurrenceStartMs])]),
    ['dtstamp', {}, 'date-time', utcText(event.updatedAtMs)],
    ['created', {}, 'date-time', utcText(event.createdAtMs)],
    ['last-modified', {}, 'date-time', utcText(event.updatedAtMs)],
    ['sequence', {}, 'integer', event.sequence],
    ...text('summary', event.title),
    ...text('description', event.description),
    ...text('location', event.location),
    timeProperty('dtstart', event, [event.startMs]),
    endProperty(event),
    ...(event.rule === ''
      ? []
      : [['rrule', {}, 'recur', ICAL.Recur.fromString(event.rule).toJSON()] as Property]),
    ...(addedMs.length === 0 ? [] : [timeProperty('rdate', event, addedMs)]),
    ...(excludedMs.length === 0 ? [] : [timeProperty('exdate', event, excludedMs)]),
    ...(event.confidential ? text('class', 'PRIVATE') : []),
    ...extra.properties,
  ];
  const alarms = event.reminderMinutes.map((minutes) => alarmComponent(minutes, event.title));
  return ['vevent', properties, [...alarms, ...extra.components]];
}

/** In the zone that the file tells about, or a date if it is all-day. */
function timeProperty(name: string, event: ExportedEvent, instantsMs: readonly number[]): Property {
  const { timeZone, allDay } = event;
  // The clock shows an hour twice when it is put back; a local time is always the first one (RFC 5545 §3.3.5).
  const isTold = instantsMs.every(
    (instantMs) => instantOf(wallOf(instantMs, timeZone), timeZone) === instantMs,
  );
  const anchorsRule = name === 'dtstart' && event.rule !== '';
  if (!allDay && (timeZone === 'UTC' || (!isTold && !anchorsRule)))
    return [name, {}, 'date-time', ...instantsMs.map(utcText)];
  const texts = instantsMs.map((instantMs) => wallText(instantMs, timeZone));
  if (allDay) return [name, {}, 'date', ...texts.map((text) => text.slice(0, 10))];
  return [name, { tzid: timeZone }, 'date-time', ...texts];
}

function endProperty(event: ExportedEvent): Property {
  const end = timeProperty('dtend', event, [event.endMs]);
  const [, , , text] = end;
  const utcEnd = event.timeZone !== 'UTC' && `${text}`.endsWith('Z');
  return utcEnd
    ? ['duration', {}, 'duration', `PT${Math.round((event.endMs - event.startMs) / 1_000)}S`]
    : end;
}

function utcText(instantMs: number): string {
  return `${wallText(instantMs, 'UTC')}Z`;
}

function wallText(instantMs: number, timeZone: string): string {
  return new Date(wallOf(instantMs, timeZone)).toISOString().slice(0, 19);
}

function alarmComponent(minutes: number, title: string): Component {
  const properties: Property[] = [
    ['action', {}, 'text', 'DISPLAY'],
    ['description', {}, 'text', title],
    ['trigger', {}, 'duration', minutes === 0 ? 'PT0S' : `-PT${minutes}M`],
  ];
  return ['valarm', properties, []];
}

interface Extra {
  readonly properties: readonly Property[];
  readonly components: readonly Component[];
}

const NOTHING: Extra = { properties: [], components: [] };

/** Parsed again, so that it cannot end the component that it stands in; what cannot be read is left out. */
function extraOf(lines: string): Extra {
  if (lines === '') return NOTHING;
  try {
    const text = ['BEGIN:VEVENT', ...lines.split('\n'), 'END:VEVENT'].join('\r\n');
    const [name, properties, components] = ICAL.parse(text) as unknown as Component;
    if (name !== 'vevent' || !Array.isArray(properties)) return NOTHING;
    return { properties: properties.filter(([property]) => !isUnderstood(property)), components };
  } catch {
    return NOTHING;
  }
}
