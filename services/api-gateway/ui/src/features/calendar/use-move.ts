import { useCallback, useState } from 'react';
import { ApiError, explain } from '../../api/problem.ts';
import type { AgendaItem, ConflictingAppointment } from '../../api/types.ts';
import { newId } from '../../ids.ts';
import { useAgenda } from '../../use-agenda.ts';
import { type CalendarSpan, type MovedTimes, movedTimes } from './event-input.ts';

/** A drag that the server refused because something is in the way. */
export interface RefusedMove {
  readonly item: AgendaItem;
  readonly times: MovedTimes;
  readonly conflicts: readonly ConflictingAppointment[];
}

export type Move = ReturnType<typeof useMove>;

/** Moving and resizing by drag: at once on the screen, then on the server, and back if it is refused. */
export function useMove() {
  const { calendar, toasts } = useAgenda();
  const [refused, setRefused] = useState<RefusedMove | null>(null);

  const save = useCallback(
    async (item: AgendaItem, times: MovedTimes, allowConflict: boolean) => {
      try {
        await calendar.move(item, { ...times, allowConflict }, newId());
      } catch (error) {
        if (error instanceof ApiError && error.conflicts.length > 0) {
          setRefused({ item, times, conflicts: error.conflicts });
          return;
        }
        toasts.show('error', `“${item.title}” was not moved. ${explain(error)}`);
        await calendar.refresh(item).catch(() => calendar.reload());
      }
    },
    [calendar, toasts],
  );

  const start = useCallback(
    (item: AgendaItem, span: CalendarSpan) => {
      const times = movedTimes(span, item.timeZone);
      if (times !== null) void save(item, times, false);
    },
    [save],
  );

  const giveUp = useCallback(() => setRefused(null), []);
  const confirm = useCallback(() => {
    setRefused(null);
    if (refused !== null) void save(refused.item, refused.times, true);
  }, [refused, save]);

  return { start, refused, giveUp, confirm };
}
