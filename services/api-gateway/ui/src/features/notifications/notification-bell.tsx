import { useRef } from 'react';
import { explain } from '../../api/problem.ts';
import type { Notification } from '../../api/types.ts';
import { Icon } from '../../components/icon.tsx';
import { useAgenda, useStore } from '../../use-agenda.ts';
import { NotificationList } from './notification-list.tsx';
import { destinationOf } from './notification-view.ts';

const COUNT_SHOWN_MAX = 99;

interface NotificationBellProps {
  readonly timeZone: string;
  readonly onOpenAppointment: (appointmentId: string) => void;
  readonly onOpenGroup: (groupId: string) => void;
  readonly onConflicts: () => void;
}

export function NotificationBell(props: NotificationBellProps) {
  const { timeZone, onOpenAppointment, onOpenGroup, onConflicts } = props;
  const { notifications, toasts } = useAgenda();
  const state = useStore(notifications.state);
  const panel = useRef<HTMLDivElement>(null);
  const markRead = (id: string | null) => {
    notifications.markRead(id).catch((error) => toasts.show('error', explain(error)));
  };
  const open = (notification: Notification) => {
    if (notification.readAt === null) markRead(notification.id);
    const destination = destinationOf(notification);
    if (destination === null) return;
    panel.current?.hidePopover();
    if (destination.kind === 'appointment') onOpenAppointment(destination.id);
    else onOpenGroup(destination.id);
  };
  const seeConflicts = () => {
    panel.current?.hidePopover();
    onConflicts();
  };
  return (
    <>
      <button
        type="button"
        className="button button-icon bell"
        popoverTarget="notifications"
        aria-label={state.unread === 0 ? 'Notifications' : `Notifications, ${state.unread} unread`}
        data-testid="notifications-button"
      >
        <Icon name="bell" />
        {state.unread > 0 && (
          <span className="badge" aria-hidden="true" data-testid="unread-count">
            {state.unread > COUNT_SHOWN_MAX ? `${COUNT_SHOWN_MAX}+` : state.unread}
          </span>
        )}
      </button>
      <div
        ref={panel}
        id="notifications"
        className="popover notifications"
        popover="auto"
        data-testid="notifications"
      >
        <div className="notifications-head">
          <h2>Notifications</h2>
          <button
            type="button"
            className="button button-small button-quiet"
            disabled={state.unread === 0}
            onClick={() => markRead(null)}
            data-testid="mark-all-read"
          >
            Mark all as read
          </button>
        </div>
        {state.items.some(({ kind }) => kind === 'conflict') && (
          <button
            type="button"
            className="button button-small notifications-conflicts"
            onClick={seeConflicts}
            data-testid="see-conflicts"
          >
            <Icon name="warning" />
            See what overlaps
          </button>
        )}
        <NotificationList
          state={state}
          timeZone={timeZone}
          onOpen={open}
          onMore={() => void notifications.loadMore()}
          onRetry={() => void notifications.reload()}
        />
      </div>
    </>
  );
}
