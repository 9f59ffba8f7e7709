import { useCallback, useState } from 'react';
import { ApiError, explain } from '../../api/problem.ts';
import type { AgendaItem, ConflictingAppointment, Scope } from '../../api/types.ts';
import { newId } from '../../ids.ts';
import { useAgenda } from '../../use-agenda.ts';
import { scopesFor } from '../repetition/series-change.ts';
import { draftOf, withSpan } from './draft.ts';
import { type CalendarSpan, type MovedTimes, movedTimes } from './event-input.ts';
import { changeOf, type FormChange, sentFields } from './form-change.ts';

interface MoveOf {
  readonly item: AgendaItem;
  readonly times: MovedTimes;
  readonly change: FormChange;
}

/** A drag of what repeats: it is asked which of its occurrences are meant. */
export interface AskedMove extends MoveOf {
  readonly scopes: readonly Scope[];
}

/** A drag that the server refused because something is in the way. */
export interface RefusedMove extends MoveOf {
  readonly scope: Scope;
  readonly conflicts: readonly ConflictingAppointment[];
}

export type Move = ReturnType<typeof useMove>;

/** Moving and resizing by drag: at once on the screen, then on the server, and back if it is refused. */
export function useMove() {
  const { calendar, toasts } = useAgenda();
  const [asked, setAsked] = useState<AskedMove | null>(null);
  const [refused, setRefused] = useState<RefusedMove | null>(null);

  const save = useCallback(
    async ({ item, times, change }: MoveOf, scope: Scope, allowConflict: boolean) => {
      calendar.showAt(item, times);
      try {
        const fields = await sentFields(change, scope, () => calendar.seriesStart(item));
        await calendar.change(item, scope, { ...fields, allowConflict }, newId());
      } catch (error) {
        calendar.takeBack(item);
        if (error instanceof ApiError && error.conflicts.length > 0) {
          setRefused({ item, times, change, scope, conflicts: error.conflicts });
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
      if (times === null) return;
      const change = changeOf(item, withSpan(draftOf(item, item.timeZone), times));
      if (change === null) return;
      if (change.series === null) return void save({ item, times, change }, 'all', false);
      calendar.showAt(item, times);
      setAsked({ item, times, change, scopes: scopesFor(change.series) });
    },
    [calendar, save],
  );

  const choose = (scope: Scope) => {
    setAsked(null);
    if (asked !== null) void save(asked, scope, false);
  };
  const confirm = () => {
    setRefused(null);
    if (refused !== null) void save(refused, refused.scope, true);
  };
  const giveUp = () => {
    if (asked !== null) calendar.takeBack(asked.item);
    setAsked(null);
    setRefused(null);
  };

  return { start, asked, refused, choose, confirm, giveUp };
}
