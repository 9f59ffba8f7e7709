/** The agenda as this page knows it: what was loaded, changed by live events as they come. Pure. */

import type { AgendaItem, Appointment } from '../../api/types.ts';

/** Beyond these the oldest removal is forgotten; it only matters to a load that is still under way. */
const REMOVED_MAX = 500;

export interface AgendaItems {
  readonly byKey: ReadonlyMap<string, AgendaItem>;
  /** Version at removal by appointment id: an older answer must not bring it back. */
  readonly removed: ReadonlyMap<string, number>;
}

export const NO_ITEMS: AgendaItems = { byKey: new Map(), removed: new Map() };

/** One appearance of one appointment. */
export function keyOf(item: Pick<AgendaItem, 'id' | 'recurrenceStart'>): string {
  return item.recurrenceStart === null ? item.id : `${item.id}@${item.recurrenceStart}`;
}

/**
 * What a load answered takes the place of all that was known, but never undoes what is newer: known newer versions,
 * removals, and appointments that changed since the load began (`changedSince`, ids).
 */
export function withLoaded(
  known: AgendaItems,
  loaded: readonly AgendaItem[],
  changedSince: ReadonlySet<string>,
): AgendaItems {
  const byKey = new Map<string, AgendaItem>();
  for (const [key, item] of known.byKey) if (changedSince.has(item.id)) byKey.set(key, item);
  for (const item of loaded) {
    if ((known.removed.get(item.id) ?? -1) >= item.version) continue;
    const mine = known.byKey.get(keyOf(item));
    byKey.set(keyOf(item), mine !== undefined && mine.version > item.version ? mine : item);
  }
  return { byKey, removed: known.removed };
}

/**
 * An appointment was created or changed, here or elsewhere.
 *
 * @param appointment No series: when that takes place only the server knows.
 */
export function withChanged(known: AgendaItems, appointment: Appointment, viewerId: string): AgendaItems {
  const key = keyOf(appointment);
  const before = known.byKey.get(key);
  if (before !== undefined && before.version > appointment.version) return known;
  if ((known.removed.get(appointment.id) ?? -1) >= appointment.version) return known;
  const byKey = new Map(known.byKey);
  if (belongsTo(appointment, viewerId)) byKey.set(key, toItem(appointment, viewerId, before));
  else byKey.delete(key);
  return { ...known, byKey };
}

export function withRemoved(known: AgendaItems, appointmentId: string, version: number): AgendaItems {
  const byKey = new Map([...known.byKey].filter(([, item]) => item.id !== appointmentId));
  const removed = new Map(known.removed).set(appointmentId, version);
  for (const oldest of removed.keys()) {
    if (removed.size <= REMOVED_MAX) break;
    removed.delete(oldest);
  }
  return { byKey, removed };
}

/** One appearance of it that is known; any one, of a series. */
export function findById({ byKey }: AgendaItems, appointmentId: string): AgendaItem | undefined {
  return byKey.get(appointmentId) ?? [...byKey.values()].find(({ id }) => id === appointmentId);
}

/** Shown at once while the server is being asked; the answer, or `restored`, takes its place. */
export function withMoved(known: AgendaItems, moved: AgendaItem): AgendaItems {
  return { ...known, byKey: new Map(known.byKey).set(keyOf(moved), moved) };
}

/** Takes back a move that was refused, unless something newer has arrived meanwhile. */
export function restored(known: AgendaItems, before: AgendaItem): AgendaItems {
  const now = known.byKey.get(keyOf(before));
  return now === undefined || now.version > before.version ? known : withMoved(known, before);
}

function belongsTo(appointment: Appointment, viewerId: string): boolean {
  return (
    appointment.ownerId === viewerId || appointment.participants.some(({ userId }) => userId === viewerId)
  );
}

/** As one appearance, of what has none on the page: a series by its first time. */
export function itemOf(appointment: Appointment, viewerId: string): AgendaItem {
  const { recurrence, recurrenceStart, start } = appointment;
  const item = toItem(appointment, viewerId, undefined);
  return { ...item, recurrenceStart: recurrence === null ? recurrenceStart : start };
}

function toItem(appointment: Appointment, viewerId: string, before: AgendaItem | undefined): AgendaItem {
  const mine = appointment.participants.find(({ userId }) => userId === viewerId);
  return {
    ...appointment,
    myStatus: mine?.status ?? before?.myStatus ?? null,
    conflict: before?.conflict ?? false,
    userId: viewerId,
  };
}
