/** Times at which people could meet: a function of when they are busy and when they work, and of nothing else. */
import type { FreeSlot } from '@agenda/proto/agenda/v1/agenda';
import type { Span } from '@agenda/proto/agenda/v1/model';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Slots begin at multiples of this, counted from midnight UTC: every zone's offset is a multiple of it. */
const STEP_MS = 15 * MINUTE_MS;

export interface WorkingHours {
  /** Minutes since local midnight; start < end. */
  readonly startMinutes: number;
  readonly endMinutes: number;
  /** 1 (Monday) to 7. */
  readonly days: readonly number[];
}

export interface Attendee {
  readonly userId: string;
  /** IANA name. */
  readonly timeZone: string;
  /** Merged, ordered. */
  readonly busy: readonly Span[];
}

export interface SlotSearch {
  /** All of them must be free, and at work. */
  readonly required: readonly Attendee[];
  readonly optional: readonly Attendee[];
  readonly fromMs: number;
  readonly toMs: number;
  readonly durationMs: number;
  /** Kept free before and after. */
  readonly bufferMs: number;
  readonly hours: WorkingHours;
  readonly limit: number;
}

/** The best first: whoever is optional and can come counts most, then how soon it is. */
export function findFreeSlots(search: SlotSearch): FreeSlot[] {
  const { required, optional, durationMs, limit } = search;
  const working = workingTimes(search);
  const free = required
    .map((person) => available(person, working, search.bufferMs))
    .reduce(intersect, [{ startMs: search.fromMs, endMs: search.toMs }]);
  const helpers = optional.map((person) => ({
    userId: person.userId,
    free: available(person, working, search.bufferMs),
  }));
  const slots: FreeSlot[] = [];
  for (const { startMs, endMs } of free)
    for (let at = Math.ceil(startMs / STEP_MS) * STEP_MS; at + durationMs <= endMs; at += STEP_MS) {
      const slot = { startMs: at, endMs: at + durationMs };
      const missing = helpers.filter((helper) => !covers(helper.free, slot)).map(({ userId }) => userId);
      slots.push(rated(slot, missing, search));
    }
  return apart(slots.sort(byScore), limit);
}

function rated(
  slot: Span,
  missingUserIds: string[],
  { required, optional, fromMs, toMs }: SlotSearch,
): FreeSlot {
  const present = optional.length === 0 ? 1 : 1 - missingUserIds.length / optional.length;
  const soon = 1 - (slot.startMs - fromMs) / Math.max(1, toMs - fromMs);
  const all = required.length === 1 ? 'who is required is free' : `all ${required.length} people are free`;
  const coming = optional.length - missingUserIds.length;
  const reason =
    optional.length === 0 ? all : `${all}; ${coming} of ${optional.length} optional people can come`;
  return { ...slot, score: Math.round((0.7 * present + 0.3 * soon) * 1_000) / 1_000, reason, missingUserIds };
}

function byScore(one: FreeSlot, other: FreeSlot): number {
  return other.score - one.score || one.startMs - other.startMs;
}

/** Proposals do not overlap each other: ten quarters of the same free morning are one choice, not ten. */
function apart(slots: readonly FreeSlot[], limit: number): FreeSlot[] {
  const chosen: FreeSlot[] = [];
  for (const slot of slots) {
    if (chosen.length === limit) break;
    if (!chosen.some((other) => slot.startMs < other.endMs && other.startMs < slot.endMs)) chosen.push(slot);
  }
  return chosen;
}

function available(
  person: Attendee,
  working: ReadonlyMap<string, readonly Span[]>,
  bufferMs: number,
): Span[] {
  const taken = person.busy.map(({ startMs, endMs }) => ({
    startMs: startMs - bufferMs,
    endMs: endMs + bufferMs,
  }));
  return subtract(working.get(person.timeZone) ?? [], taken);
}

/** The working times of each zone that somebody lives in. */
function workingTimes(search: SlotSearch): Map<string, Span[]> {
  const zones = new Set([...search.required, ...search.optional].map(({ timeZone }) => timeZone));
  return new Map([...zones].map((zone) => [zone, workingTimesIn(zone, search)]));
}

/** What of [fromMs, toMs) is working time on that zone's clocks; a time that a clock change skips begins after the gap. */
function workingTimesIn(timeZone: string, { fromMs, toMs, hours }: SlotSearch): Span[] {
  const times: Span[] = [];
  const dateOf = (ms: number): Temporal.PlainDate =>
    Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(timeZone).toPlainDate();
  const last = dateOf(toMs + DAY_MS);
  for (
    let day = dateOf(fromMs - DAY_MS);
    Temporal.PlainDate.compare(day, last) <= 0;
    day = day.add({ days: 1 })
  ) {
    if (!hours.days.includes(day.dayOfWeek)) continue;
    const startMs = Math.max(fromMs, localMs(day, hours.startMinutes, timeZone));
    const endMs = Math.min(toMs, localMs(day, hours.endMinutes, timeZone));
    const before = times.at(-1);
    if (startMs >= endMs) continue;
    if (before && before.endMs >= startMs) before.endMs = endMs;
    else times.push({ startMs, endMs });
  }
  return times;
}

/** @param minutes since midnight by the clock on the wall; 1440: the next midnight. */
function localMs(day: Temporal.PlainDate, minutes: number, timeZone: string): number {
  if (minutes === 24 * 60) return day.add({ days: 1 }).toZonedDateTime(timeZone).epochMilliseconds;
  const plainTime = { hour: Math.floor(minutes / 60), minute: minutes % 60 };
  return day.toZonedDateTime({ timeZone, plainTime }).epochMilliseconds;
}

/** What of `spans` is not in `taken`; both by start, `taken` may overlap itself. */
function subtract(spans: readonly Span[], taken: readonly Span[]): Span[] {
  const left: Span[] = [];
  let at = 0;
  for (const { startMs, endMs } of spans) {
    let from = startMs;
    while (at < taken.length && (taken[at] as Span).endMs <= from) at++;
    for (let next = at; next < taken.length && (taken[next] as Span).startMs < endMs; next++) {
      const hole = taken[next] as Span;
      if (hole.startMs > from) left.push({ startMs: from, endMs: hole.startMs });
      from = Math.max(from, hole.endMs);
    }
    if (from < endMs) left.push({ startMs: from, endMs });
  }
  return left;
}

/** Both ordered and without overlaps of their own. */
function intersect(one: readonly Span[], other: readonly Span[]): Span[] {
  const both: Span[] = [];
  for (let i = 0, j = 0; i < one.length && j < other.length; ) {
    const a = one[i] as Span;
    const b = other[j] as Span;
    const startMs = Math.max(a.startMs, b.startMs);
    const endMs = Math.min(a.endMs, b.endMs);
    if (startMs < endMs) both.push({ startMs, endMs });
    if (a.endMs < b.endMs) i++;
    else j++;
  }
  return both;
}

function covers(spans: readonly Span[], { startMs, endMs }: Span): boolean {
  return spans.some((span) => span.startMs <= startMs && span.endMs >= endMs);
}
