import { createContext, useContext, useSyncExternalStore } from 'react';
import type { Agenda } from './agenda.ts';
import type { Store } from './store.ts';

export const AgendaContext = createContext<Agenda | null>(null);

export function useAgenda(): Agenda {
  const agenda = useContext(AgendaContext);
  if (agenda === null) throw new Error('useAgenda outside of AgendaContext');
  return agenda;
}

export function useStore<State>(store: Store<State>): State {
  return useSyncExternalStore(store.subscribe, store.get);
}
