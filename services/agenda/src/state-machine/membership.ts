/** A group's future appointments follow its membership: who joins is asked to them, who leaves drops out. */
import { NotificationKind, ParticipantStatus } from '@agenda/proto/agenda/v1/model';
import type { Attendance } from './attendance.ts';
import type { Booking, Bookings } from './bookings.ts';
import { ENTRIES_PER_COMMAND_MAX } from './bounds.ts';
import type { GroupRow, GroupRows, MemberRow } from './group-rows.ts';
import { newParticipant, refuseGroupLoad, statusThroughGroup } from './invitees.ts';
import type { Notifications } from './notifications.ts';
import { type RefusalOutcome, refuse } from './outcome.ts';
import { type ParticipantRow, type Participants, statusOf } from './participants.ts';
import type { Step } from './step.ts';
import type { Trash } from './trash.ts';

export interface MembershipParts {
  readonly groups: GroupRows;
  readonly participants: Participants;
  readonly bookings: Bookings;
  readonly attendance: Attendance;
  readonly trash: Trash;
  readonly notifications: Notifications;
}

export class Membership {
  readonly #groups: GroupRows;
  readonly #participants: Participants;
  readonly #bookings: Bookings;
  readonly #attendance: Attendance;
  readonly #trash: Trash;
  readonly #notifications: Notifications;

  constructor(parts: MembershipParts) {
    this.#groups = parts.groups;
    this.#participants = parts.participants;
    this.#bookings = parts.bookings;
    this.#attendance = parts.attendance;
    this.#trash = parts.trash;
    this.#notifications = parts.notifications;
  }

  /** Whether the group's future appointments have room for one more. */
  refuseJoin(step: Step, groupId: string): RefusalOutcome | undefined {
    const bookings = this.#future(step, groupId);
    const added = bookings.reduce((entries, { schedule }) => entries + schedule.spans.length, 0);
    if (added > ENTRIES_PER_COMMAND_MAX)
      return refuse(
        'unprocessable',
        `the group's future appointments have ${added} occurrences; one can join with at most ${ENTRIES_PER_COMMAND_MAX}`,
      );
    const load = this.#groups.futureLoad(groupId, step.atMs);
    return refuseGroupLoad(load.places + bookings.length, load.entries + added);
  }

  /** By the same rule as at booking, from now on. Who was asked directly before stays so. */
  joined(step: Step, group: GroupRow, member: MemberRow): void {
    for (const booking of this.#future(step, group.id)) {
      const { row } = booking;
      if (row.owner_id === member.user_id || this.#participants.find(row.id, member.user_id)) continue;
      const owner = this.#groups.member(group.id, row.owner_id);
      const invitee = newParticipant(step, row, member.user_id, {
        status: statusThroughGroup(group, owner, member),
        through_group: 1,
        from_ms: step.atMs,
      });
      this.#attendance.invite(step, booking, [invitee]);
      this.#changed(step, booking);
    }
  }

  left(step: Step, groupId: string, userId: string): void {
    for (const booking of this.#future(step, groupId)) {
      const participant = this.#participants.find(booking.row.id, userId);
      if (!participant || participant.through_group === 0) continue;
      this.#bookings.takeOut(step, booking, participant);
      const after = this.#changed(step, booking);
      this.#bookings.tellRemoved(step, after.row, [userId]);
    }
  }

  /** What now comes from a superior needs no answer any more; what was automatic stays so. */
  ranked(step: Step, group: GroupRow, member: MemberRow): void {
    for (const booking of this.#future(step, group.id)) {
      const participant = this.#participants.find(booking.row.id, member.user_id);
      if (!participant || !waitsThroughGroup(participant)) continue;
      const owner = this.#groups.member(group.id, booking.row.owner_id);
      const status = statusThroughGroup(group, owner, member);
      if (status === participant.status) continue;
      this.#bookings.removeEntries(booking, participant);
      const entered = this.#bookings.enter(booking, { ...participant, status });
      this.#bookings.tellConflicts(step, booking, [entered]);
      this.#changed(step, booking);
    }
  }

  /** What is over stays with its people; the rest goes to the trash of its owners. */
  dissolved(step: Step, groupId: string): void {
    for (const booking of this.#future(step, groupId)) this.#trash.discard(step, booking);
  }

  /** The members learn of it, apart from who did it. */
  tell(step: Step, groupId: string, userId: string, kind: NotificationKind, text: string): void {
    if (userId === step.command.actorId) return;
    this.#notifications.notify(step, { userId, kind, groupId, text });
  }

  /** Also the creator who did it: others need the new address. @param leaver by name. */
  tellFeedEnded(step: Step, { id: groupId, name, creator_id: userId }: GroupRow, leaver: string): void {
    const text = `The calendar address of "${name}" has ended, because ${leaver} is no longer a member.`;
    this.#notifications.notify(step, {
      userId,
      kind: NotificationKind.NOTIFICATION_KIND_GROUP_LEFT,
      groupId,
      text,
    });
  }

  #future(step: Step, groupId: string): Booking[] {
    return this.#groups.futureAppointments(groupId, step.atMs).map((row) => this.#bookings.of(row));
  }

  #changed(step: Step, { row, schedule }: Booking): Booking {
    const named = this.#participants.of(row.id);
    const booking = { row: this.#bookings.changedRow(step, row, { status: statusOf(named) }), schedule };
    this.#bookings.save(booking.row);
    this.#bookings.tellChanged(step, booking, named);
    return booking;
  }
}

function waitsThroughGroup({ status, through_group }: ParticipantRow): boolean {
  return through_group !== 0 && status === ParticipantStatus.PARTICIPANT_STATUS_PENDING;
}
