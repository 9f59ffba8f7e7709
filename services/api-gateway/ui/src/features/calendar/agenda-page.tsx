import '../../styles/calendar.css';
import { type CalendarController, type CalendarRef, useCalendarController } from '@fullcalendar/react';
import { useCallback, useEffect, useRef, useState } from 'react';
import type { User } from '../../api/types.ts';
import { useAgenda, useStore } from '../../use-agenda.ts';
import { ConnectionBanner } from '../cluster/connection-banner.tsx';
import { ConnectionFooter } from '../cluster/connection-footer.tsx';
import { AgendaDialogs } from './agenda-dialogs.tsx';
import { AgendaNotice } from './agenda-notice.tsx';
import { CalendarGrid } from './calendar-grid.tsx';
import { PageHead } from './page-head.tsx';
import { useAgendaDialog } from './use-agenda-dialog.ts';
import { useMove } from './use-move.ts';
import { useNarrow } from './use-narrow.ts';
import { equivalentView, initialView, viewChoices } from './views.ts';

export default function AgendaPage({ user }: { user: User }) {
  const { calendar } = useAgenda();
  const { items } = useStore(calendar.state);
  const narrow = useNarrow();
  const controller = useCalendarController();
  const [firstView] = useState(() => initialView(narrow));
  const grid = useRef<CalendarRef>(null);
  const unselect = useCallback(() => grid.current?.getApi().unselect(), []);
  const dialogs = useAgendaDialog(user, controller, unselect);
  const move = useMove();
  const onShow = useCallback((start: Date, end: Date) => calendar.show(start, end), [calendar]);
  useViewThatFits(controller, narrow);

  return (
    <div className="page">
      <PageHead
        user={user}
        controller={controller}
        views={viewChoices(narrow)}
        onAdd={dialogs.addSoon}
        onOpenAppointment={dialogs.openById}
        onSearch={() => dialogs.setDialog({ kind: 'search' })}
        onCalendars={() => dialogs.setDialog({ kind: 'calendars' })}
        onTrash={() => dialogs.setDialog({ kind: 'trash' })}
        onProfile={() => dialogs.setDialog({ kind: 'profile' })}
        onPassword={() => dialogs.setDialog({ kind: 'password' })}
      />
      <ConnectionBanner />
      <AgendaNotice />
      <main className="page-main" data-testid="calendar">
        <CalendarGrid
          ref={grid}
          items={items}
          viewerId={user.id}
          timeZone={user.timeZone}
          controller={controller}
          initialView={firstView}
          onShow={onShow}
          onSelect={dialogs.addIn}
          onOpen={dialogs.open}
          onMove={move.start}
        />
      </main>
      <ConnectionFooter timeZone={user.timeZone} />
      <AgendaDialogs
        dialog={dialogs.dialog}
        move={move}
        user={user}
        onGoTo={dialogs.goTo}
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
