import type { Notification } from '../../api/types.ts';
import { Icon } from '../../components/icon.tsx';
import { LOCALE, TIME_STYLE } from '../../locale.ts';
import { iconOf } from './notification-view.ts';
import { KEPT_MAX, type NotificationsState } from './notifications-store.ts';

interface NotificationListProps {
  readonly state: NotificationsState;
  readonly timeZone: string;
  readonly onOpen: (notification: Notification) => void;
  readonly onMore: () => void;
  readonly onRetry: () => void;
}

export function NotificationList(props: NotificationListProps) {
  const { state, timeZone, onOpen, onMore, onRetry } = props;
  if (state.items.length === 0 && state.error === null) {
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
              <Icon name={iconOf(item)} />
              {item.readAt === null && <span className="visually-hidden">Unread: </span>}
              <span className="notification-text">{item.text}</span>
              <time dateTime={item.createdAt}>{format.format(Date.parse(item.createdAt))}</time>
            </button>
          </li>
        ))}
      </ul>
      {state.error !== null && (
        <div className="notifications-problem" role="alert">
          <p>{state.error}</p>
          <button type="button" className="button button-small" onClick={onRetry}>
            Try again
          </button>
        </div>
      )}
      {state.items.length >= KEPT_MAX && state.nextCursor !== null && (
        <p className="empty">Only the newest {KEPT_MAX} are shown.</p>
      )}
      {state.items.length < KEPT_MAX && state.nextCursor !== null && (
        <button
          type="button"
          className="button button-quiet button-wide"
          disabled={state.loading}
          onClick={onMore}
          data-testid="older-notifications"
        >
          {state.loading ? 'Loading…' : 'Older ones'}
        </button>
      )}
    </>
  );
}
