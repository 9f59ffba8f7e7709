/** What those who are asked answer. */
import type { RespondToInvitation } from '@agenda/proto/agenda/v1/command';
import { NotificationKind, ParticipantStatus } from '@agenda/proto/agenda/v1/model';
import type { AgendaEntries } from './agenda-entries.ts';
import type { AppointmentRow, AppointmentRows } from './appointment-row.ts';
import { appointmentOutcome } from './appointments.ts';
import type { Bookings } from './bookings.ts';
import type { Notifications } from './notifications.ts';
import { type Outcome, type RefusalOutcome, refuse, refuseInvalid } from './outcome.ts';
import { type ParticipantRow, type Participants, statusOf } from './participants.ts';
import type { Step } from './step.ts';
import type { Users } from './users.ts';
import { answerErrors } from './validate.ts';

interface Answer {
  readonly kind: NotificationKind;
  /** What a person does, said to the owner. */
  readonly verb: string;
}

const ANSWERS: ReadonlyMap<ParticipantStatus, Answer> = new Map([
  [
    ParticipantStatus.PARTICIPANT_STATUS_ACCEPTED,
    { kind: NotificationKind.NOTIFICATION_KIND_ACCEPTED, verb: 'accepted' },
  ],
  [
    ParticipantStatus.PARTICIPANT_STATUS_DECLINED,
    { kind: NotificationKind.NOTIFICATION_KIND_DECLINED, verb: 'declined' },
  ],
  [
    ParticipantStatus.PARTICIPANT_STATUS_TENTATIVE,
    { kind: NotificationKind.NOTIFICATION_KIND_TENTATIVE, verb: 'may come to' },
  ],
]);

export interface InvitationParts {
  readonly rows: AppointmentRows;
  readonly participants: Participants;
  readonly bookings: Bookings;
  readonly entries: AgendaEntries;
  readonly users: Users;
  readonly notifications: Notifications;
}

export class Invitations {
  readonly #rows: AppointmentRows;
  readonly #participants: Participants;
  readonly #bookings: Bookings;
  readonly #entries: AgendaEntries;
  readonly #users: Users;
  readonly #notifications: Notifications;

  constructor(parts: InvitationParts) {
    this.#rows = parts.rows;
    this.#participants = parts.participants;
    this.#bookings = parts.bookings;
    this.#entries = parts.entries;
    this.#users = parts.users;
    this.#notifications = parts.notifications;
  }

  /** The same answer again changes nothing. */
  respond(step: Step, { appointmentId, userId, status, allowConflict }: RespondToInvitation): Outcome {
    step.subject = {
      action: 'invitation.answered',
      target: `appointment:${appointmentId}`,
      detail: { status },
    };
    const invalid = refuseInvalid(answerErrors(status, 'status'));
    if (invalid) return invalid;
    const asked = this.#asked(step, appointmentId, userId);
    if ('$case' in asked) return asked;
    const { row, participant } = asked;
    const booking = this.#bookings.of(row);
    if (participant.status === status) {
      const named = this.#participants.of(row.id);
      return appointmentOutcome(this.#bookings.seenBy(userId, booking, named));
    }
    const accepts = status === ParticipantStatus.PARTICIPANT_STATUS_ACCEPTED;
    if (accepts && !allowConflict) {
      const spans = this.#bookings.spansOf(booking, participant);
      if (this.#entries.taken(userId, spans, row.id).includes(true))
        return this.#entries.refuseConflict(userId, spans, row.id);
    }
    this.#bookings.removeEntries(booking, participant);
    const next = this.#bookings.enter(booking, { ...participant, status, responded_at_ms: step.atMs });
    this.#tell(step, row, next);
    const named = this.#participants.of(row.id);
    const after = {
      ...booking,
      row: this.#bookings.changedRow(step, row, { status: statusOf(named) }),
    };
    this.#bookings.save(after.row);
    return appointmentOutcome(this.#bookings.tellChanged(step, after, named));
  }

  #asked(
    step: Step,
    appointmentId: string,
    userId: string,
  ): { readonly row: AppointmentRow; readonly participant: ParticipantRow } | RefusalOutcome {
    const { actorId } = step.command;
    if (actorId !== userId) return refuse('forbidden', 'you can answer for yourself only');
    const row = this.#rows.byId(appointmentId);
    const participant = this.#participants.find(appointmentId, userId);
    if (row?.deleted_at_ms === 0 && row.owner_id === userId)
      return refuse('conflict', 'it is your own appointment: nobody asks you to it');
    if (row?.deleted_at_ms !== 0 || !participant)
      return refuse('not_found', `there is no invitation to an appointment ${appointmentId} for you`);
    if (participant.status !== ParticipantStatus.PARTICIPANT_STATUS_AUTO) return { row, participant };
    const owner = this.#users.nameOf(row.owner_id);
    return refuse('forbidden', `${owner}, who ranks above you in the group, entered it: it needs no answer`);
  }

  #tell(step: Step, row: AppointmentRow, { user_id: userId, status, conflict }: ParticipantRow): void {
    const answer = ANSWERS.get(status) as Answer;
    this.#notifications.notify(step, {
      userId: row.owner_id,
      kind: answer.kind,
      appointmentId: row.id,
      groupId: row.group_id,
      text: `${this.#users.nameOf(userId)} ${answer.verb} "${row.title}".`,
    });
    if (conflict !== 0)
      this.#notifications.notify(step, {
        userId,
        kind: NotificationKind.NOTIFICATION_KIND_CONFLICT,
        appointmentId: row.id,
        text: `"${row.title}" overlaps something else in your agenda.`,
      });
  }
}
