/** The zone that this device is set to; UTC if it does not say. */
export function deviceTimeZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
}

/** All IANA zones that this browser knows, with those that must not be missing. */
export function knownTimeZones(current: string): string[] {
  const zones = new Set(['UTC', current, ...Intl.supportedValuesOf('timeZone')]);
  return [...zones].sort();
}

/** "GMT+1", at this moment. */
export function zoneOffset(timeZone: string, nowMs: number): string {
  const format = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'shortOffset' });
  return format.formatToParts(nowMs).find(({ type }) => type === 'timeZoneName')?.value ?? '';
}
