/** VTIMEZONE (RFC 5545 §3.6.5) for a stretch of time: what this machine's tz data says, change by change. */

/** No zone changed its clocks more often in the time that appointments can have. */
const CHANGES_MAX = 2_000;

interface Observance {
  readonly fromOffset: string;
  readonly toOffset: string;
  readonly daylight: boolean;
  /** Local times at which it begins, by the clock that was before. */
  readonly starts: string[];
}

/** @returns jCal (RFC 7265). */
export function zoneComponent(timeZone: string, fromMs: number, toMs: number): unknown[] {
  const observances = observancesOf(timeZone, fromMs, toMs).map(
    ({ fromOffset, toOffset, daylight, starts }) => {
      const [first, ...later] = starts;
      const properties: unknown[] = [
        ['dtstart', {}, 'date-time', first],
        ['tzoffsetfrom', {}, 'utc-offset', fromOffset],
        ['tzoffsetto', {}, 'utc-offset', toOffset],
        ...(later.length === 0 ? [] : [['rdate', {}, 'date-time', ...later]]),
      ];
      return [daylight ? 'daylight' : 'standard', properties, []];
    },
  );
  return ['vtimezone', [['tzid', {}, 'text', timeZone]], observances];
}

function observancesOf(timeZone: string, fromMs: number, toMs: number): Observance[] {
  const begin = Temporal.Instant.fromEpochMilliseconds(fromMs).toZonedDateTimeISO(timeZone);
  let change = begin.getTimeZoneTransition('previous') ?? undefined;
  const observances = new Map<string, Observance>();
  if (!change) {
    const offset = begin.offset;
    observances.set('', {
      fromOffset: offset,
      toOffset: offset,
      daylight: false,
      starts: ['1970-01-01T00:00:00'],
    });
    change = begin.getTimeZoneTransition('next') ?? undefined;
  }
  for (let count = 0; change && change.epochMilliseconds < toMs && count < CHANGES_MAX; count++) {
    addChange(observances, change);
    change = change.getTimeZoneTransition('next') ?? undefined;
  }
  return [...observances.values()];
}

function addChange(observances: Map<string, Observance>, change: Temporal.ZonedDateTime): void {
  const before = change.subtract({ milliseconds: 1 });
  const [fromOffset, toOffset] = [before.offset, change.offset];
  const start = before.toPlainDateTime().add({ milliseconds: 1 }).toString({ smallestUnit: 'second' });
  const key = `${fromOffset}${toOffset}`;
  const known = observances.get(key);
  if (known) {
    known.starts.push(start);
  } else {
    const daylight = change.offsetNanoseconds > before.offsetNanoseconds;
    observances.set(key, { fromOffset, toOffset, daylight, starts: [start] });
  }
}
