/** What a TZID of somebody else's calendar means. */
import { findIana } from 'windows-iana';
import { nameOfLine, type TextComponent, valueOfLine } from './icalendar-text.ts';
import { isTimeZone } from './time-zones.ts';

/** TZID of the file's VTIMEZONEs → IANA name, where it is known. */
export type ZonesOfFile = ReadonlyMap<string, string>;

export function zonesOf(components: readonly TextComponent[]): ZonesOfFile {
  const zones = new Map<string, string>();
  for (const { kind, lines } of components) {
    if (kind !== 'VTIMEZONE') continue;
    const textOf = (name: string): string => {
      const line = lines.find((candidate) => nameOfLine(candidate) === name);
      return line === undefined ? '' : valueOfLine(line).trim();
    };
    const zone = zoneNamed(textOf('TZID')) ?? zoneNamed(textOf('X-LIC-LOCATION'));
    if (zone !== undefined) zones.set(textOf('TZID'), zone);
  }
  return zones;
}

/** Undefined: nothing that we know. */
export function zoneOf(tzid: string, zones: ZonesOfFile): string | undefined {
  return zones.get(tzid) ?? zoneNamed(tzid);
}

/** An IANA name; one behind a vendor's prefix ("/example.org/20260101/Europe/Berlin"); a Windows name, by CLDR's table. */
function zoneNamed(tzid: string): string | undefined {
  const name = tzid.replace(/^"|"$/g, '');
  if (isTimeZone(name)) return name;
  const segments = name.split('/');
  const ends = [3, 2].map((count) => segments.slice(-count).join('/'));
  const prefixed = name.startsWith('/') ? ends.find((end) => isTimeZone(end)) : undefined;
  return prefixed ?? findIana(name).find((zone) => isTimeZone(zone));
}
