/** The agendas of several people as one: what stands there, and for whom. Pure. */

import { nameOf } from '../../api/people-api.ts';
import type { AgendaItem } from '../../api/types.ts';
import { type AgendaItems, keyOf } from '../calendar/agenda-items.ts';

/** Somebody whose agenda is shown. */
export interface ShownPerson {
  readonly userId: string;
  readonly username: string;
  readonly displayName: string;
}

/** One appearance of one appointment, in however many agendas it stands. */
export interface SharedEntry {
  /** As it stands in the first of them. */
  readonly item: AgendaItem;
  readonly userIds: readonly string[];
}

export type SharedEntries = ReadonlyMap<string, SharedEntry>;

export const NO_ENTRIES: SharedEntries = new Map();

/** What several have is one entry, with the names of all. */
export function gather(items: readonly AgendaItem[]): SharedEntries {
  const entries = new Map<string, SharedEntry>();
  for (const item of items) {
    const key = keyOf(item);
    const known = entries.get(key);
    entries.set(
      key,
      known === undefined
        ? { item, userIds: [item.userId] }
        : { item: known.item, userIds: [...known.userIds, item.userId] },
    );
  }
  return entries;
}

/**
 * The viewer's own entries come from the agenda that follows every live event, so that they are as fresh, and can be
 * moved, as there.
 */
export function withOwn(entries: SharedEntries, own: AgendaItems, viewerId: string): SharedEntries {
  const merged = new Map<string, SharedEntry>();
  for (const [key, { item, userIds }] of entries) {
    const others = userIds.filter((id) => id !== viewerId);
    if (others.length > 0) merged.set(key, { item, userIds: others });
  }
  for (const [key, item] of own.byKey)
    merged.set(key, { item, userIds: [viewerId, ...(merged.get(key)?.userIds ?? [])] });
  return merged;
}

/** How an entry is marked in the grid. */
export interface EntryMark {
  /** Whose it is. */
  readonly names: string;
  /** Said with the title, where the agendas of several people are shown. */
  readonly named: boolean;
  /** A name of the style sheet's. */
  readonly color: string;
}

export interface ShownEntries {
  readonly items: AgendaItems;
  /** By key. */
  readonly marks: ReadonlyMap<string, EntryMark>;
}

/** @param hidden Who was taken out of sight: entries that only they have are not shown. */
export function shownEntries(
  entries: SharedEntries,
  people: readonly ShownPerson[],
  viewerId: string,
  hidden: ReadonlySet<string>,
): ShownEntries {
  const names = shortNames(people, viewerId);
  const colors = colorsOf(people, viewerId);
  const byKey = new Map<string, AgendaItem>();
  const marks = new Map<string, EntryMark>();
  for (const [key, { item, userIds }] of entries) {
    if (userIds.every((id) => hidden.has(id))) continue;
    const [first = ''] = userIds;
    const several = userIds.length > 1;
    // The answers of several are summed up by the status of the appointment.
    byKey.set(key, several && !userIds.includes(viewerId) ? { ...item, myStatus: null } : item);
    marks.set(key, {
      names: namesOf(userIds, names, people.length),
      named: people.length > 1,
      color: several ? SEVERAL_COLOR : (colors.get(first) ?? SEVERAL_COLOR),
    });
  }
  return { items: { byKey, removed: new Map() }, marks };
}

/** As in tokens.css. */
const PERSON_COLORS = 8;
const OWN_COLOR = 'var(--event)';
const SEVERAL_COLOR = 'var(--event-others)';

/** One for each, again from the first when there are more people than colours: names tell who it is. */
export function colorsOf(people: readonly ShownPerson[], viewerId: string): ReadonlyMap<string, string> {
  const others = people.map(({ userId }) => userId).filter((id) => id !== viewerId);
  // Not by rank, so that a change of rank leaves the colours alone.
  const colors = new Map(
    others.toSorted().map((id, at) => [id, `var(--person-${(at % PERSON_COLORS) + 1})`]),
  );
  return colors.set(viewerId, OWN_COLOR);
}

/** The first word of a name where it tells who is meant. */
export function shortNames(people: readonly ShownPerson[], viewerId: string): ReadonlyMap<string, string> {
  const firstWords = people.map((person) => firstWord(nameOf(person)));
  const short = people.map((person, at) => {
    const word = firstWords[at]!;
    return firstWords.filter((other) => other === word).length === 1 ? word : nameOf(person);
  });
  return new Map(people.map(({ userId }, at) => [userId, userId === viewerId ? 'You' : short[at]!]));
}

function firstWord(name: string): string {
  return name.trim().split(/\s+/)[0] ?? name;
}

const NAMES_MAX = 2;

function namesOf(
  userIds: readonly string[],
  names: ReadonlyMap<string, string>,
  peopleCount: number,
): string {
  if (userIds.length > NAMES_MAX && userIds.length >= peopleCount) return 'Everyone';
  const shown = userIds.slice(0, NAMES_MAX).map((id) => names.get(id) ?? 'Somebody');
  const more = userIds.length - shown.length;
  return more > 0 ? `${shown.join(', ')} +${more}` : shown.join(', ');
}
