/** Which two of an agenda are in each other's way. Pure. */

import type { AgendaRange } from '../../api/agenda-api.ts';
import type { AgendaItem } from '../../api/types.ts';
import { keyOf } from '../calendar/agenda-items.ts';

export interface ConflictPair {
  readonly key: string;
  /** Begins no later than the second. */
  readonly first: AgendaItem;
  readonly second: AgendaItem;
  /** The time that they share. */
  readonly start: string;
  readonly end: string;
}

/**
 * @param marked What the server says is in conflict with something.
 * @param others What else stands in the agenda at those times.
 * @returns by the start of what the two share.
 */
export function pairsOf(
  marked: readonly AgendaItem[],
  others: readonly AgendaItem[],
): readonly ConflictPair[] {
  const markedKeys = new Set(marked.map(keyOf));
  const items = [...new Map([...others, ...marked].map((item) => [keyOf(item), item])).values()];
  items.sort((a, b) => startMs(a) - startMs(b) || (keyOf(a) < keyOf(b) ? -1 : 1));
  const pairs: ConflictPair[] = [];
  for (const [at, first] of items.entries()) {
    for (let next = at + 1; next < items.length && startMs(items[next]!) < endMs(first); next += 1) {
      const second = items[next]!;
      const isMarked = markedKeys.has(keyOf(first)) || markedKeys.has(keyOf(second));
      if (isMarked && areInConflict(first, second)) pairs.push(pairOf(first, second));
    }
  }
  return pairs.sort((a, b) => Date.parse(a.start) - Date.parse(b.start));
}

/**
 * An invitation that nobody answered yet takes no time: what it overlaps is not marked, so it has to be read from the
 * agenda.
 *
 * @returns the time that has to be read; null: each one's other side is among them.
 */
export function rangeOfUnpaired(marked: readonly AgendaItem[]): AgendaRange | null {
  const paired = new Set(pairsOf(marked, []).flatMap(({ first, second }) => [keyOf(first), keyOf(second)]));
  const alone = marked.filter((item) => !paired.has(keyOf(item)));
  if (alone.length === 0) return null;
  return {
    start: new Date(Math.min(...alone.map(startMs))).toISOString(),
    end: new Date(Math.max(...alone.map(endMs))).toISOString(),
  };
}

/** One of the two takes the time for certain, as the server counts it. */
function areInConflict(first: AgendaItem, second: AgendaItem): boolean {
  return first.id !== second.id && (takesTime(first) || takesTime(second));
}

function takesTime({ myStatus }: AgendaItem): boolean {
  return myStatus === 'accepted' || myStatus === 'auto';
}

function pairOf(first: AgendaItem, second: AgendaItem): ConflictPair {
  return {
    key: `${keyOf(first)} ${keyOf(second)}`,
    first,
    second,
    start: second.start,
    end: endMs(first) < endMs(second) ? first.end : second.end,
  };
}

function startMs({ start }: AgendaItem): number {
  return Date.parse(start);
}

function endMs({ end }: AgendaItem): number {
  return Date.parse(end);
}

/** How it came into the agenda, which says what can be done about it. */
export function standingOf({ ownerId, myStatus }: AgendaItem, viewerId: string): string {
  if (ownerId === viewerId) return 'your own';
  if (myStatus === 'auto') return 'entered for you';
  if (myStatus === 'accepted') return 'you accepted';
  return myStatus === 'tentative' ? 'you may come' : 'you have not answered';
}
