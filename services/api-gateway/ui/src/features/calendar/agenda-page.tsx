import '../../styles/calendar.css';
import { type CalendarRef, useCalendarController } from '@fullcalendar/react';
import { useCallback, useEffect, useRef, useState } from 'react';
import { explain } from '../../api/problem.ts';
import type { AgendaItem, User } from '../../api/types.ts';
import { Icon } from '../../components/icon.tsx';
import { Logo } from '../../components/logo.tsx';
import { useAgenda, useStore } from '../../use-agenda.ts';
import { AccountMenu } from '../account/account-menu.tsx';
import { PasswordDialog } from '../account/password-dialog.tsx';
import { ProfileDialog } from '../account/profile-dialog.tsx';
import { ConnectionBanner } from '../cluster/connection-banner.tsx';
import { ConnectionFooter } from '../cluster/connection-footer.tsx';
import { NotificationBell } from '../notifications/notification-bell.tsx';
import { AgendaNotice } from './agenda-notice.tsx';
import { AppointmentDialog, type AppointmentTarget } from './appointment-dialog.tsx';
import { CalendarGrid } from './calendar-grid.tsx';
import { CalendarToolbar } from './calendar-toolbar.tsx';
import { newAllDayDraft, newDraft } from './draft.ts';
import type { CalendarSpan } from './event-input.ts';
import { MoveConflictDialog } from './move-conflict-dialog.tsx';
import { useMove } from './use-move.ts';
import { useNarrow } from './use-narrow.ts';
import { equivalentView, initialView, viewChoices } from './views.ts';
import { nextHalfHour } from './zoned-time.ts';

type OpenDialog =
  | { readonly kind: 'appointment'; readonly target: AppointmentTarget }
  | { readonly kind: 'profile' }
  | { readonly kind: 'password' };

export default function AgendaPage({ user }: { user: User }) {
  const { account, calendar, toasts } = useAgenda();
  const { items } = useStore(calendar.state);
  const narrow = useNarrow();
  const controller = useCalendarController();
  const [firstView] = useState(() => initialView(narrow));
  const [dialog, setDialog] = useState<OpenDialog | null>(null);
  const move = useMove();
  const grid = useRef<CalendarRef>(null);
  const close = useCallback(() => {
    setDialog(null);
    grid.current?.getApi().unselect();
  }, []);
  const edit = useCallback((target: AppointmentTarget) => setDialog({ kind: 'appointment', target }), []);
  const onShow = useCallback((start: Date, end: Date) => calendar.show(start, end), [calendar]);
  const onOpen = useCallback((item: AgendaItem) => edit({ kind: 'known', item }), [edit]);
  const onSelect = useCallback(
    (span: CalendarSpan) => edit({ kind: 'new', draft: selectedDraft(span, user.timeZone) }),
    [edit, user.timeZone],
  );

  useEffect(() => {
    const view = controller.view?.type;
    if (view === undefined) return;
    const wanted = equivalentView(view, narrow);
    if (wanted !== view) controller.changeView(wanted);
  }, [controller, narrow]);

  const openById = async (appointmentId: string) => {
    try {
      const item = await calendar.find(appointmentId);
      if (item === null) {
        toasts.show('info', 'That appointment no longer exists.');
        return;
      }
      controller.gotoDate(item.start);
      onOpen(item);
    } catch (error) {
      toasts.show('error', explain(error));
    }
  };
  const addNow = () => edit({ kind: 'new', draft: newDraft(nextHalfHour(Date.now()), null, user.timeZone) });

  return (
    <div className="page">
      <header className="page-head">
        <div className="brand">
          <Logo />
          <h1>Agenda</h1>
        </div>
        <CalendarToolbar controller={controller} views={viewChoices(narrow)} />
        <div className="page-actions">
          <button
            type="button"
            className="button button-primary new-appointment"
            onClick={addNow}
            data-testid="new-appointment"
          >
            <Icon name="plus" />
            <span>New appointment</span>
          </button>
          <NotificationBell timeZone={user.timeZone} onOpenAppointment={openById} />
          <AccountMenu
            user={user}
            onProfile={() => setDialog({ kind: 'profile' })}
            onPassword={() => setDialog({ kind: 'password' })}
            onLogOut={() => void account.logout()}
          />
        </div>
      </header>
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
          onSelect={onSelect}
          onOpen={onOpen}
          onMove={move.start}
        />
      </main>
      <ConnectionFooter timeZone={user.timeZone} />
      {dialog?.kind === 'appointment' && (
        <AppointmentDialog target={dialog.target} user={user} onClose={close} />
      )}
      {dialog?.kind === 'profile' && <ProfileDialog user={user} onClose={close} />}
      {dialog?.kind === 'password' && <PasswordDialog onClose={close} />}
      {move.refused !== null && (
        <MoveConflictDialog
          refused={move.refused}
          timeZone={user.timeZone}
          onConfirm={move.confirm}
          onClose={move.giveUp}
        />
      )}
    </div>
  );
}

function selectedDraft(span: CalendarSpan, viewerZone: string) {
  if (span.allDay) return newAllDayDraft(span.startStr.slice(0, 10), span.endStr.slice(0, 10));
  const start = span.start ?? new Date();
  return newDraft(start.toISOString(), span.end?.toISOString() ?? null, viewerZone);
}
