/** VALARM (RFC 5545 §3.6.6), as far as it is a reminder so many minutes before the start. */
import ICAL from 'ical.js';

const MINUTES_MAX = 40_320;

/** Undefined: something else. */
export function alarmMinutes(alarm: InstanceType<typeof ICAL.Component>): number | undefined {
  const trigger = alarm.getFirstProperty('trigger');
  const action: unknown = alarm.getFirstPropertyValue('action');
  const value: unknown = trigger?.getFirstValue();
  if (typeof action !== 'string' || !/^(DISPLAY|AUDIO)$/i.test(action)) return undefined;
  if (!trigger || trigger.getFirstParameter('related')?.toUpperCase() === 'END') return undefined;
  if (!(value instanceof ICAL.Duration)) return undefined;
  const minutes = -value.toSeconds() / 60;
  return Number.isInteger(minutes) && minutes >= 0 && minutes <= MINUTES_MAX ? minutes : undefined;
}

/** @param lines unfolded, from BEGIN to END. */
export function isPlainAlarm(lines: readonly string[]): boolean {
  if (!/^BEGIN:VALARM\s*$/i.test(lines[0] ?? '')) return false;
  return alarmMinutes(new ICAL.Component(ICAL.parse(lines.join('\r\n')))) !== undefined;
}
