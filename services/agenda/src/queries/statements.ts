/** The SQL of the queries, prepared once. */
import type { UserRole } from '@agenda/proto/agenda/v1/model';
import type { Database } from 'better-sqlite3';
import type { NotificationRow } from '../state-machine/notifications.ts';
import type { UserRow } from '../state-machine/users.ts';

interface SessionInfoRow {
  readonly user_id: string;
  readonly username: string;
  readonly role: UserRole;
  readonly generation: number;
  readonly expires_at_ms: number;
}

export interface FeedRow {
  readonly log_index: number;
  readonly bytes: Uint8Array;
}

interface NotificationRange {
  readonly userId: string;
  readonly beforeIndex: number;
  readonly beforeOrdinal: number;
  readonly limit: number;
}

/** @param only which index to walk, and its condition; left to itself SQLite would walk all that was ever read. */
function notificationQuery(only: { readonly index: string; readonly also: string }): string {
  return `SELECT * FROM notifications ${only.index}
    WHERE user_id = @userId AND (log_index, ordinal) < (@beforeIndex, @beforeOrdinal) ${only.also}
    ORDER BY log_index DESC, ordinal DESC LIMIT @limit`;
}

export function prepareQueries(db: Database) {
  return {
    session: db.prepare<[string], SessionInfoRow>(
      `SELECT s.user_id, u.username, u.role, s.generation, s.expires_at_ms
       FROM sessions s JOIN users u ON u.id = s.user_id
       WHERE s.id = ? AND s.expires_at_ms > (SELECT applied_at_ms FROM machine_state)`,
    ),
    userById: db.prepare<[string], UserRow>('SELECT * FROM users WHERE id = ?'),
    userByName: db.prepare<[string], UserRow>('SELECT * FROM users WHERE username = ?'),
    notifications: db.prepare<[NotificationRange], NotificationRow>(
      notificationQuery({ index: '', also: '' }),
    ),
    unreadNotifications: db.prepare<[NotificationRange], NotificationRow>(
      notificationQuery({ index: 'INDEXED BY notifications_unread', also: 'AND read_at_ms = 0' }),
    ),
    unreadCount: db.prepare<[string], { count: number }>(
      'SELECT count(*) AS count FROM notifications WHERE user_id = ? AND read_at_ms = 0',
    ),
    commandResult: db.prepare<[Uint8Array, number], { fingerprint: Uint8Array; result: Uint8Array }>(
      `SELECT fingerprint, result FROM raft_applied
       WHERE command_id = ? AND at_ms > (SELECT applied_at_ms FROM machine_state) - ?`,
    ),
    eventsAfter: db.prepare<[number, number], FeedRow>(
      'SELECT log_index, events AS bytes FROM raft_applied WHERE log_index > ? ORDER BY log_index LIMIT ?',
    ),
    auditAfter: db.prepare<[number, number], FeedRow>(
      'SELECT log_index, audit AS bytes FROM raft_applied WHERE log_index > ? ORDER BY log_index LIMIT ?',
    ),
    appliedIndex: db.prepare<[], { applied_index: number }>('SELECT applied_index FROM machine_state'),
    prunedIndex: db.prepare<[], { pruned_index: number }>('SELECT pruned_index FROM local_state'),
  };
}
