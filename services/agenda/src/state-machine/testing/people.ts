/** Some people, what they do, and what stands in their agendas, for tests about invitations and groups. */
import { NotificationKind, ParticipantStatus } from '@agenda/proto/agenda/v1/model';
import type { AppliedEntry } from '../machine.ts';
import { type Body, eventsOf, TestLog } from '../testing.ts';

const STATUS_NAMES = new Map<number, string>([
  [ParticipantStatus.PARTICIPANT_STATUS_PENDING, 'pending'],
  [ParticipantStatus.PARTICIPANT_STATUS_ACCEPTED, 'accepted'],
  [ParticipantStatus.PARTICIPANT_STATUS_DECLINED, 'declined'],
  [ParticipantStatus.PARTICIPANT_STATUS_AUTO, 'auto'],
  [ParticipantStatus.PARTICIPANT_STATUS_TENTATIVE, 'tentative'],
]);
const KIND_NAMES = new Map<number, string>([
  [NotificationKind.NOTIFICATION_KIND_INVITED, 'invited'],
  [NotificationKind.NOTIFICATION_KIND_CHANGED, 'changed'],
  [NotificationKind.NOTIFICATION_KIND_CANCELLED, 'cancelled'],
  [NotificationKind.NOTIFICATION_KIND_ACCEPTED, 'accepted'],
  [NotificationKind.NOTIFICATION_KIND_DECLINED, 'declined'],
  [NotificationKind.NOTIFICATION_KIND_TENTATIVE, 'tentative'],
  [NotificationKind.NOTIFICATION_KIND_CONFLICT, 'conflict'],
  [NotificationKind.NOTIFICATION_KIND_GROUP_JOINED, 'joined'],
  [NotificationKind.NOTIFICATION_KIND_GROUP_LEFT, 'left'],
  [NotificationKind.NOTIFICATION_KIND_RANK_CHANGED, 'rank'],
]);

/** People are called by their names; the id of ana is "u-ana". */
export class PeopleLog extends TestLog {
  constructor(...names: readonly string[]) {
    super();
    for (const name of names) this.register(name);
  }

  as(name: string, body: Body): AppliedEntry {
    return this.apply(body, { actor: `u-${name}` });
  }

  /** Of an appointment: what each participant answered, with "!" if the entry overlaps something, "?" if optional. */
  answers(appointmentId: string): Record<string, string> {
    const rows = this.db
      .prepare<[string], { user_id: string; status: number; conflict: number; optional: number }>(
        'SELECT * FROM participants WHERE appointment_id = ? AND gone = 0 ORDER BY user_id',
      )
      .all(appointmentId);
    return Object.fromEntries(
      rows.map(({ user_id, status, conflict, optional }) => [
        user_id.slice(2),
        `${STATUS_NAMES.get(status)}${optional ? '?' : ''}${conflict ? '!' : ''}`,
      ]),
    );
  }

  /** What stands in a person's agenda, by start: "a1 accepted", with "!" if it overlapped something. */
  agenda(name: string): string[] {
    return this.db
      .prepare<[string], { appointment_id: string; status: number; conflict: number }>(
        'SELECT * FROM agenda_entries WHERE person_id = ? ORDER BY start_ms, appointment_id',
      )
      .all(`u-${name}`)
      .map((row) => `${row.appointment_id} ${STATUS_NAMES.get(row.status)}${row.conflict ? '!' : ''}`);
  }
}

/** "ben invited", for each notification of a command. */
export function told(applied: AppliedEntry): string[] {
  return eventsOf(applied, 'notificationAdded').map(
    ({ userId, kind }) => `${userId.slice(2)} ${KIND_NAMES.get(kind)}`,
  );
}
