import { useSyncExternalStore } from 'react';

export const CLUSTER_HASH = '#cluster';

function subscribe(listener: () => void): () => void {
  window.addEventListener('hashchange', listener);
  return () => window.removeEventListener('hashchange', listener);
}

/** What stands behind the page's address: which of its pages is shown. */
export function useLocationHash(): string {
  return useSyncExternalStore(subscribe, () => location.hash);
}
