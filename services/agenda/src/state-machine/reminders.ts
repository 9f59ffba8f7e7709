/**
 * Reminders fire once per person, however many replicas propose it: apply decides by the row of the next one that is due,
 * and by log time.
 */
import type { FireReminders, ReminderDue } from '@agenda/proto/agenda/v1/command';
import { NotificationKind, ParticipantStatus, type Span } from '@agenda/proto/agenda/v1/model';
import type { Database } from 'better-sqlite3';
import type { AppointmentRow, AppointmentRows } from './appointment-row.ts';
import type { Notifications } from './notifications.ts';
import { DONE, type Outcome, refuse, refuseInvalid } from './outcome.ts';
import type { Participants } from './participants.ts';
import type { Schedules } from './schedule.ts';
import type { Step } from './step.ts';

/** Of one command: each may tell as many people as an appointment has. */
export const REMINDERS_PER_COMMAND_MAX = 50;

const MINUTE_MS = 60_000;

/** Who has not said no. Those who have not answered are not reminded of what they may not come to. */
const REMINDED: ReadonlySet<ParticipantStatus> = new Set([
  ParticipantStatus.PARTICIPANT_STATUS_ACCEPTED,
  ParticipantStatus.PARTICIPANT_STATUS_AUTO,
  ParticipantStatus.PARTICIPANT_STATUS_TENTATIVE,
]);

export interface ReminderParts {
  readonly rows: AppointmentRows;
  readonly schedules: Schedules;
  readonly participants: Participants;
  readonly notifications: Notifications;
}

interface ReminderRow {
  readonly due_ms: number;
  readonly appointment_id: string;
  readonly minutes: number;
  readonly occurrence_start_ms: number;
}

export class Reminders {
  readonly #statements: ReturnType<typeof prepare>;
  readonly #parts: ReminderParts;

  constructor(db: Database, parts: ReminderParts) {
    this.#statements = prepare(db);
    this.#parts = parts;
  }

  /**
   * To be called whenever an appointment is booked or changed in time, reminders or trash. What would already be due is
   * not made up for: who books at five to nine is not reminded of nine by a quarter of an hour.
   */
  schedule(row: AppointmentRow, spans: readonly Span[], atMs: number): void {
    this.remove(row.id);
    if (row.deleted_at_ms === 0) this.extend(row, spans, atMs);
  }

  /** The series goes on: what was over for want of occurrences is not; what waits, waits on. */
  extend(row: AppointmentRow, spans: readonly Span[], atMs: number): void {
    if (row.reminder_minutes === '') return;
    const waiting = new Set(this.#statements.waiting.all(row.id).map(({ minutes }) => minutes));
    for (const minutes of row.reminder_minutes.split(',').map(Number)) {
      const next = spans.find(({ startMs }) => startMs - minutes * MINUTE_MS > atMs);
      if (next && !waiting.has(minutes)) this.#add(row.id, minutes, next.startMs);
    }
  }

  remove(appointmentId: string): void {
    this.#statements.removeAll.run(appointmentId);
  }

  /** What is no longer there, or not due by log time, is passed over: somebody else was first, or it was moved. */
  fire(step: Step, { due }: FireReminders): Outcome {
    step.subject = { action: 'reminders.fired', target: '', detail: { reminders: due.length } };
    if (step.command.actorId !== '')
      return refuse('forbidden', 'reminders are fired by the cluster, never by users');
    const invalid = refuseInvalid(
      due.length > REMINDERS_PER_COMMAND_MAX
        ? [{ path: 'due', message: `must be at most ${REMINDERS_PER_COMMAND_MAX}, but are ${due.length}` }]
        : [],
    );
    if (invalid) return invalid;
    for (const one of due) this.#fire(step, one);
    return DONE;
  }

  #fire(step: Step, { appointmentId, minutes, occurrenceStartMs }: ReminderDue): void {
    const key = { appointment_id: appointmentId, minutes, occurrence_start_ms: occurrenceStartMs };
    const found = this.#statements.find.get(key);
    const row = this.#parts.rows.byId(appointmentId);
    if (!found || !row || found.due_ms > step.atMs) return;
    this.#statements.remove.run(found);
    const { spans } = this.#parts.schedules.of(row);
    const current = spans.find(({ startMs }) => startMs === occurrenceStartMs);
    // What has ended while nobody led is passed over, one occurrence after the other.
    const next = spans.find(({ startMs, endMs }) => startMs > occurrenceStartMs && endMs > step.atMs);
    if (next) this.#add(appointmentId, minutes, next.startMs);
    if (current && current.endMs > step.atMs) this.#tell(step, row, occurrenceStartMs);
  }

  #tell(step: Step, row: AppointmentRow, startMs: number): void {
    const reminded = this.#parts.participants.of(row.id).filter(({ status }) => REMINDED.has(status));
    const userIds = [row.owner_id, ...reminded.map((participant) => participant.user_id)];
    const text = `"${row.title}" ${beginsIn(startMs - step.atMs)}.`;
    for (const userId of userIds)
      this.#parts.notifications.notify(step, {
        userId,
        kind: NotificationKind.NOTIFICATION_KIND_REMINDER,
        appointmentId: row.id,
        groupId: row.group_id,
        text,
      });
  }

  #add(appointmentId: string, minutes: number, occurrenceStartMs: number): void {
    this.#statements.insert.run({
      due_ms: occurrenceStartMs - minutes * MINUTE_MS,
      appointment_id: appointmentId,
      minutes,
      occurrence_start_ms: occurrenceStartMs,
    });
  }
}

const UNITS = [
  { name: 'week', minutes: 7 * 1_440 },
  { name: 'day', minutes: 1_440 },
  { name: 'hour', minutes: 60 },
  { name: 'minute', minutes: 1 },
] as const;

/** By log time, so that a late reminder does not say what is no longer true. */
function beginsIn(ms: number): string {
  const minutes = Math.round(ms / MINUTE_MS);
  if (minutes < 0) return 'has begun';
  const unit = UNITS.find((one) => minutes >= one.minutes && minutes % one.minutes === 0);
  if (!unit) return 'begins now';
  const count = minutes / unit.minutes;
  return `begins in ${count} ${unit.name}${count === 1 ? '' : 's'}`;
}

type ReminderKey = Omit<ReminderRow, 'due_ms'>;

function prepare(db: Database) {
  return {
    find: db.prepare<[ReminderKey], ReminderRow>(
      `SELECT * FROM reminders INDEXED BY reminders_of_appointment
       WHERE appointment_id = @appointment_id AND minutes = @minutes AND occurrence_start_ms = @occurrence_start_ms`,
    ),
    waiting: db.prepare<[string], { minutes: number }>(
      'SELECT minutes FROM reminders WHERE appointment_id = ?',
    ),
    insert: db.prepare<[ReminderRow]>(
      `INSERT INTO reminders (due_ms, appointment_id, minutes, occurrence_start_ms)
       VALUES (@due_ms, @appointment_id, @minutes, @occurrence_start_ms) ON CONFLICT DO NOTHING`,
    ),
    remove: db.prepare<[ReminderRow]>(
      'DELETE FROM reminders WHERE due_ms = @due_ms AND appointment_id = @appointment_id AND minutes = @minutes',
    ),
    removeAll: db.prepare<[string]>('DELETE FROM reminders WHERE appointment_id = ?'),
  };
}
