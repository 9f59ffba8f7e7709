import type { Notification } from '../../api/types.ts';
import { LOCALE, TIME_STYLE } from '../../locale.ts';
import type { NotificationsState } from './notifications-store.ts';

interface NotificationListProps {
  readonly state: NotificationsState;
  readonly timeZone: string;
  readonly onOpen: (notification: Notification) => void;
  readonly onMore: () => void;
}

export function NotificationList({ state, timeZone, onOpen, onMore }: NotificationListProps) {
  if (state.error !== null) return <p className="empty">{state.error}</p>;
  if (state.items.length === 0) {
    return (
      <p className="empty">
        {state.loading ? 'Loading…' : 'Nothing new. What concerns you will appear here.'}
      </p>
    );
  }
  const format = new Intl.DateTimeFormat(LOCALE, {
    day: 'numeric',
    month: 'short',
    ...TIME_STYLE,
    timeZone,
  });
  return (
    <>
      <ul className="notification-list">
        {state.items.map((item) => (
          <li key={item.id}>
            <button
              type="button"
              className={item.readAt === null ? 'notification notification-unread' : 'notification'}
              onClick={() => onOpen(item)}
              data-testid="notification"
            >
              {item.readAt === null && <span className="visually-hidden">Unread: </span>}
              <span className="notification-text">{item.text}</span>
              <time dateTime={item.createdAt}>{format.format(Date.parse(item.createdAt))}</time>
            </button>
          </li>
        ))}
      </ul>
      {state.nextCursor !== null && (
        <button
          type="button"
          className="button button-quiet button-wide"
          disabled={state.loading}
          onClick={onMore}
        >
          Older ones
        </button>
      )}
    </>
  );
}
