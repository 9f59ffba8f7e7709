import '../../styles/calendar.css';
import '../../styles/shared-agenda.css';
import { type CalendarController, type CalendarRef, useCalendarController } from '@fullcalendar/react';
import { useCallback, useEffect, useRef, useState } from 'react';
import type { AgendaItem, User } from '../../api/types.ts';
import { useAgenda } from '../../use-agenda.ts';
import { ConnectionBanner } from '../cluster/connection-banner.tsx';
import { ConnectionFooter } from '../cluster/connection-footer.tsx';
import { AgendaLegend } from '../shared-agenda/agenda-legend.tsx';
import { useShownAgenda } from '../shared-agenda/use-shown-agenda.ts';
import { AgendaDialogs } from './agenda-dialogs.tsx';
import { keyOf } from './agenda-items.ts';
import { AgendaNotice } from './agenda-notice.tsx';
import { CalendarGrid } from './calendar-grid.tsx';
import { PageHead } from './page-head.tsx';
import { useAgendaDialog } from './use-agenda-dialog.ts';
import { useMove } from './use-move.ts';
import { useNarrow } from './use-narrow.ts';
import { equivalentView, initialView, viewChoices } from './views.ts';

export default function AgendaPage({ user }: { user: User }) {
  const { calendar, shared } = useAgenda();
  const { items, marks } = useShownAgenda(user.id);
  const narrow = useNarrow();
  const controller = useCalendarController();
  const [firstView] = useState(() => initialView(narrow));
  const grid = useRef<CalendarRef>(null);
  const unselect = useCallback(() => grid.current?.getApi().unselect(), []);
  const dialogs = useAgendaDialog(user, controller, unselect);
  const move = useMove();
  const onShow = useCallback(
    (start: Date, end: Date) => {
      calendar.show(start, end);
      shared.show(start, end);
    },
    [calendar, shared],
  );
  const { open, setDialog } = dialogs;
  const onOpen = useCallback(
    (item: AgendaItem) => {
      // What stands in the own agenda too is opened as it stands there, with the own answer.
      const own = calendar.state.get().items.byKey.get(keyOf(item));
      if (own !== undefined) open(own);
      else setDialog({ kind: 'entry', item, names: marks?.get(keyOf(item))?.names ?? '' });
    },
    [calendar, marks, open, setDialog],
  );
  useViewThatFits(controller, narrow);

  return (
    <div className="page">
      <PageHead
        user={user}
        controller={controller}
        views={viewChoices(narrow)}
        onAdd={dialogs.addSoon}
        onOpenAppointment={dialogs.openById}
        onOpenGroup={(groupId) => dialogs.setDialog({ kind: 'groups', groupId })}
        onGroups={() => dialogs.setDialog({ kind: 'groups', groupId: null })}
        onFindTime={() => dialogs.setDialog({ kind: 'free-time', form: null })}
        onConflicts={() => dialogs.setDialog({ kind: 'conflicts', until: null })}
        onSearch={() => dialogs.setDialog({ kind: 'search' })}
        onCalendars={() => dialogs.setDialog({ kind: 'calendars' })}
        onTrash={() => dialogs.setDialog({ kind: 'trash' })}
        onProfile={() => dialogs.setDialog({ kind: 'profile' })}
        onPassword={() => dialogs.setDialog({ kind: 'password' })}
      />
      <ConnectionBanner />
      <AgendaLegend viewerId={user.id} />
      <AgendaNotice />
      <main className="page-main" data-testid="calendar">
        <CalendarGrid
          ref={grid}
          items={items}
          marks={marks}
          viewerId={user.id}
          timeZone={user.timeZone}
          controller={controller}
          initialView={firstView}
          onShow={onShow}
          onSelect={dialogs.addIn}
          onOpen={onOpen}
          onMove={move.start}
        />
      </main>
      <ConnectionFooter timeZone={user.timeZone} />
      <AgendaDialogs
        dialog={dialogs.dialog}
        move={move}
        user={user}
        onGoTo={dialogs.goTo}
        onFindTime={dialogs.findTimeFor}
        onBook={dialogs.addAt}
        onConflicts={(until) => dialogs.setDialog({ kind: 'conflicts', until })}
        onClose={dialogs.close}
      />
    </div>
  );
}

/** A window that is made narrow or wide keeps its place in time, in a view that fits. */
function useViewThatFits(controller: CalendarController, narrow: boolean): void {
  useEffect(() => {
    const view = controller.view?.type;
    if (view === undefined) return;
    const wanted = equivalentView(view, narrow);
    if (wanted !== view) controller.changeView(wanted);
  }, [controller, narrow]);
}
