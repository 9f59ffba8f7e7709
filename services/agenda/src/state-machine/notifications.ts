/** Written by apply, so that each exists exactly once, on every replica. */
import type { MarkNotificationRead } from '@agenda/proto/agenda/v1/command';
import type { Notification, NotificationKind } from '@agenda/proto/agenda/v1/model';
import type { Database } from 'better-sqlite3';
import { DONE, type Outcome, refuse } from './outcome.ts';
import type { Step } from './step.ts';

export interface NotificationRow {
  readonly user_id: string;
  readonly log_index: number;
  readonly ordinal: number;
  readonly kind: NotificationKind;
  readonly created_at_ms: number;
  readonly read_at_ms: number;
  readonly appointment_id: string;
  readonly group_id: string;
  readonly actor_id: string;
  readonly text: string;
}

/** Log index and ordinal: unique, ordered, and the same on every replica. */
const NOTIFICATION_ID = /^(\d{1,15})-(\d{1,6})$/;

export function notificationFromRow(row: NotificationRow): Notification {
  return {
    id: `${row.log_index}-${row.ordinal}`,
    userId: row.user_id,
    kind: row.kind,
    createdAtMs: row.created_at_ms,
    readAtMs: row.read_at_ms,
    appointmentId: row.appointment_id,
    groupId: row.group_id,
    actorId: row.actor_id,
    text: row.text,
    logIndex: row.log_index,
  };
}

export interface NotificationDraft {
  readonly userId: string;
  readonly kind: NotificationKind;
  readonly text: string;
  readonly appointmentId?: string;
  readonly groupId?: string;
}

export class Notifications {
  readonly #statements: ReturnType<typeof prepare>;

  constructor(db: Database) {
    this.#statements = prepare(db);
  }

  notify(step: Step, draft: NotificationDraft): void {
    const row: NotificationRow = {
      user_id: draft.userId,
      log_index: step.index,
      ordinal: step.nextNotification(),
      kind: draft.kind,
      created_at_ms: step.atMs,
      read_at_ms: 0,
      appointment_id: draft.appointmentId ?? '',
      group_id: draft.groupId ?? '',
      actor_id: step.command.actorId,
      text: draft.text,
    };
    this.#statements.insert.run(row);
    step.emit([draft.userId], { $case: 'notificationAdded', value: notificationFromRow(row) });
  }

  /** Reading it again keeps the first time. */
  markRead(step: Step, { notificationId }: MarkNotificationRead): Outcome {
    const { actorId } = step.command;
    step.subject = {
      action: 'notification.read',
      target: notificationId && `notification:${notificationId}`,
    };
    if (notificationId === '') {
      if (this.#statements.readAll.run(step.atMs, actorId).changes > 0) this.#emitRead(step, '');
      return DONE;
    }
    const [, logIndex, ordinal] = NOTIFICATION_ID.exec(notificationId) ?? [];
    const key = [actorId, Number(logIndex), Number(ordinal)] as const;
    if (logIndex === undefined || !this.#statements.exists.get(...key))
      return refuse('not_found', `you have no notification ${notificationId}`);
    if (this.#statements.read.run(step.atMs, ...key).changes > 0) this.#emitRead(step, notificationId);
    return DONE;
  }

  #emitRead(step: Step, notificationId: string): void {
    step.emit([step.command.actorId], { $case: 'notificationsRead', value: { notificationId } });
  }
}

function prepare(db: Database) {
  const key = 'user_id = ? AND log_index = ? AND ordinal = ?';
  return {
    insert: db.prepare<[NotificationRow]>(
      `INSERT INTO notifications VALUES (@user_id, @log_index, @ordinal, @kind, @created_at_ms, @read_at_ms,
         @appointment_id, @group_id, @actor_id, @text)`,
    ),
    exists: db.prepare<[string, number, number], { one: number }>(
      `SELECT 1 AS one FROM notifications WHERE ${key}`,
    ),
    read: db.prepare<[number, string, number, number]>(
      `UPDATE notifications SET read_at_ms = ? WHERE ${key} AND read_at_ms = 0`,
    ),
    readAll: db.prepare<[number, string]>(
      `UPDATE notifications INDEXED BY notifications_unread SET read_at_ms = ?
       WHERE user_id = ? AND read_at_ms = 0`,
    ),
  };
}
