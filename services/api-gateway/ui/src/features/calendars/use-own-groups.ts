import { useEffect, useState } from 'react';
import type { OwnGroup } from '../../api/calendars-api.ts';
import { explain } from '../../api/problem.ts';
import { useAgenda } from '../../use-agenda.ts';

/** The groups that one is in, as soon as they are known. */
export function useOwnGroups(): readonly OwnGroup[] {
  const { calendars, toasts } = useAgenda();
  const [groups, setGroups] = useState<readonly OwnGroup[]>([]);
  useEffect(() => {
    const leaving = new AbortController();
    calendars.groups({ signal: leaving.signal }).then(setGroups, (error) => {
      if (!leaving.signal.aborted) toasts.show('error', `Your groups could not be loaded. ${explain(error)}`);
    });
    return () => leaving.abort();
  }, [calendars, toasts]);
  return groups;
}
