/** Times of a VEVENT as instants (RFC 5545 §3.3.4, §3.3.5, §3.3.6). */
import ICAL from 'ical.js';
import { type ZonesOfFile, zoneOf } from './icalendar-zones.ts';

type Component = InstanceType<typeof ICAL.Component>;
type Property = InstanceType<typeof ICAL.Property>;

export interface ReadContext {
  readonly zones: ZonesOfFile;
  /** Of times that name none. */
  readonly defaultZone: string;
}

/** The component cannot be taken; the message says why. */
export class EventProblem extends Error {}

export interface Time {
  readonly instantMs: number;
  readonly timeZone: string;
  readonly isDate: boolean;
}

/** An appointment takes time; what comes without is made as long as that. */
const SHORTEST_MS = 60_000;

/** Of all properties of that name, in their order. */
export function readTimes(component: Component, name: string, context: ReadContext): Time[] {
  return component.getAllProperties(name).flatMap((property) => {
    // As text: the parser's own objects make 30 February a day in March.
    const [, , type, ...values] = property.toJSON() as [string, object, string, ...unknown[]];
    return values.map((value) => timeOf(property, type, value, context));
  });
}

function timeOf(property: Property, type: string, value: unknown, context: ReadContext): Time {
  const name = property.name.toUpperCase();
  if (type === 'period')
    throw new EventProblem(`has a PERIOD in ${name}, whose length of its own is not taken`);
  if ((type !== 'date' && type !== 'date-time') || typeof value !== 'string')
    throw new EventProblem(`has a ${name} that is no date or time`);
  const local = plain(value, name);
  const isDate = type === 'date';
  const timeZone = isDate ? context.defaultZone : zoneOfTime(property, value, context);
  const zoned = isDate ? local.toPlainDate().toZonedDateTime(timeZone) : local.toZonedDateTime(timeZone);
  return { instantMs: zoned.epochMilliseconds, timeZone, isDate };
}

/** A leap second is the one before: the clocks of computers do not show it. */
function plain(text: string, name: string): Temporal.PlainDateTime {
  try {
    return Temporal.PlainDateTime.from(text.replace(/Z$/, '').replace(/:60$/, ':59'), { overflow: 'reject' });
  } catch {
    throw new EventProblem(`has a ${name} that does not exist`);
  }
}

function zoneOfTime(property: Property, text: string, context: ReadContext): string {
  if (text.endsWith('Z')) return 'UTC';
  const tzid = property.getFirstParameter('tzid');
  if (!tzid) return context.defaultZone;
  const zone = zoneOf(tzid, context.zones);
  if (zone === undefined)
    throw new EventProblem(
      `is in the time zone "${tzid.slice(0, 80)}", which is neither an IANA name such as Europe/Lisbon nor one of Windows`,
    );
  return zone;
}

/** DTEND, or DTSTART and DURATION, or what the RFC says where neither is given. */
export function readEndMs(
  component: Component,
  start: Time,
  context: ReadContext,
  remarks: string[],
): number {
  const [end] = readTimes(component, 'dtend', context);
  const duration: unknown = component.getFirstPropertyValue('duration');
  const endMs = end
    ? sameKind(start, end)
    : duration instanceof ICAL.Duration
      ? afterDuration(start, duration)
      : afterDays(start, start.isDate ? 1 : 0);
  if (endMs < start.instantMs) throw new EventProblem('ends before it begins');
  if (endMs > start.instantMs) return endMs;
  if (start.isDate) return afterDays(start, 1);
  remarks.push('it had no length; it takes one minute here');
  return start.instantMs + SHORTEST_MS;
}

function sameKind(start: Time, end: Time): number {
  if (start.isDate !== end.isDate) throw new EventProblem('has a date and a time for DTSTART and DTEND');
  return end.instantMs;
}

/** Days and weeks are those of the calendar; the rest is time that passes. */
function afterDuration(start: Time, duration: InstanceType<typeof ICAL.Duration>): number {
  const { weeks, days, hours, minutes, seconds, isNegative } = duration;
  if (isNegative) throw new EventProblem('has a negative DURATION');
  const dayMs = afterDays(start, weeks * 7 + days);
  return dayMs + ((hours * 60 + minutes) * 60 + seconds) * 1_000;
}

function afterDays({ instantMs, timeZone }: Time, days: number): number {
  const local = Temporal.Instant.fromEpochMilliseconds(instantMs).toZonedDateTimeISO(timeZone);
  return local.add({ days }).epochMilliseconds;
}
