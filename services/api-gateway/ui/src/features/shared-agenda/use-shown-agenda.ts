import { useEffect, useMemo } from 'react';
import { useAgenda, useStore } from '../../use-agenda.ts';
import type { AgendaItems } from '../calendar/agenda-items.ts';
import { type EntryMark, shownEntries, withOwn } from './shared-entries.ts';

/** What others plan among themselves comes with no event: it is read again as often as this, while somebody looks. */
const REFRESH_EVERY_MS = 60_000;

export interface ShownAgenda {
  readonly items: AgendaItems;
  /** Whose each one is, by key; null: all are the viewer's. */
  readonly marks: ReadonlyMap<string, EntryMark> | null;
}

/** What the grid shows: the viewer's own agenda, or those of others as far as the viewer may see them. */
export function useShownAgenda(viewerId: string): ShownAgenda {
  const { calendar, shared } = useAgenda();
  const { items } = useStore(calendar.state);
  const { whose, entries, people, hidden } = useStore(shared.state);
  useFreshness(whose.kind !== 'own');
  return useMemo(() => {
    if (whose.kind === 'own') return { items, marks: null };
    const all = whose.kind === 'group' ? withOwn(entries, items, viewerId) : entries;
    return shownEntries(all, people, viewerId, hidden);
  }, [whose, items, entries, people, hidden, viewerId]);
}

function useFreshness(wanted: boolean): void {
  const { shared } = useAgenda();
  useEffect(() => {
    if (!wanted) return;
    const refresh = () => {
      if (document.visibilityState === 'visible') shared.refresh();
    };
    const timer = setInterval(refresh, REFRESH_EVERY_MS);
    document.addEventListener('visibilitychange', refresh);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', refresh);
    };
  }, [shared, wanted]);
}
