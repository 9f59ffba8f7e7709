/** What a booking or a change means for the people who are asked: their answers, their agendas, and what they are told. */
import { NotificationKind, ParticipantStatus } from '@agenda/proto/agenda/v1/model';
import type { AppointmentRow } from './appointment-row.ts';
import type { Booking, Bookings } from './bookings.ts';
import type { NotificationDraft, Notifications } from './notifications.ts';
import type { ParticipantRow, Participants } from './participants.ts';
import type { Step } from './step.ts';
import type { Users } from './users.ts';

const { PARTICIPANT_STATUS_PENDING, PARTICIPANT_STATUS_AUTO, PARTICIPANT_STATUS_DECLINED } =
  ParticipantStatus;
const INVITED = NotificationKind.NOTIFICATION_KIND_INVITED;
const CHANGED = NotificationKind.NOTIFICATION_KIND_CHANGED;
const CANCELLED = NotificationKind.NOTIFICATION_KIND_CANCELLED;

/** An appointment before and after a change, and its people. */
export interface Change {
  readonly before: Booking;
  readonly after: Booking;
  readonly present: readonly ParticipantRow[];
  readonly wanted: readonly ParticipantRow[];
  /** It takes place at other times. */
  readonly moved: boolean;
  /** Time or place: those asked must say anew whether it suits them. */
  readonly asksAgain: boolean;
}

/** An answer was to the old time and place; an automatic entry needs none. */
export function askedAgain<Row extends ParticipantRow>(participant: Row): Row {
  if (participant.status === PARTICIPANT_STATUS_AUTO) return participant;
  return { ...participant, status: PARTICIPANT_STATUS_PENDING, responded_at_ms: 0 };
}

export class Attendance {
  readonly #bookings: Bookings;
  readonly #participants: Participants;
  readonly #users: Users;
  readonly #notifications: Notifications;

  constructor(bookings: Bookings, participants: Participants, users: Users, notifications: Notifications) {
    this.#bookings = bookings;
    this.#participants = participants;
    this.#users = users;
    this.#notifications = notifications;
  }

  /** Enters people who are new to the appointment. */
  invite(step: Step, booking: Booking, invitees: readonly ParticipantRow[]): void {
    if (invitees.length === 0) return;
    const { row } = booking;
    const entered = invitees.map((invitee) => this.#bookings.enter(booking, invitee));
    const owner = this.#users.nameOf(row.owner_id);
    const [auto, asked] = byAuto(entered);
    this.#tell(step, row, auto, INVITED, `${owner} entered "${row.title}" in your agenda.`);
    this.#tell(step, row, asked, INVITED, `${owner} invites you to "${row.title}".`);
    this.#bookings.tellConflicts(step, booking, entered);
  }

  /** Brings people, agendas and answers from before the change to after it. */
  follow(step: Step, change: Change): void {
    const { after, present, wanted } = change;
    const known = new Map(present.map((participant) => [participant.user_id, participant]));
    const stay = new Set(wanted.map(({ user_id }) => user_id));
    this.#drop(
      step,
      change,
      present.filter(({ user_id }) => !stay.has(user_id)),
    );
    this.#keep(
      step,
      change,
      wanted.filter(({ user_id }) => known.has(user_id)),
      known,
    );
    this.invite(
      step,
      after,
      wanted.filter(({ user_id }) => !known.has(user_id)),
    );
  }

  /** The appointment, or some of its occurrences, goes: its entries go, its people stay in its rows. */
  cancel(
    step: Step,
    booking: Booking,
    participants: readonly ParticipantRow[],
    text = `"${booking.row.title}" was cancelled.`,
  ): void {
    const { row } = booking;
    for (const participant of participants) this.#bookings.removeEntries(booking, participant);
    this.#tell(step, row, participants, CANCELLED, text);
    this.#participants.touch(row.id, step.index);
  }

  /** It is back from the trash, and its people with it. */
  restore(step: Step, booking: Booking, participants: readonly ParticipantRow[]): void {
    const { row } = booking;
    const entered = participants.map((participant) => this.#bookings.enter(booking, participant));
    const [auto, asked] = byAuto(entered);
    this.#tell(step, row, auto, CHANGED, `"${row.title}" takes place after all.`);
    this.#tell(step, row, asked, INVITED, `"${row.title}" takes place after all: please answer again.`);
    this.#bookings.tellConflicts(step, booking, entered);
  }

  #drop(step: Step, { before, after }: Change, dropped: readonly ParticipantRow[]): void {
    for (const participant of dropped) this.#bookings.takeOut(step, before, participant);
    // By the title that they know: what it is called now is no longer theirs to see.
    this.#tell(step, before.row, dropped, CANCELLED, `You are no longer asked to "${before.row.title}".`);
    this.#bookings.tellRemoved(
      step,
      after.row,
      dropped.map(({ user_id }) => user_id),
    );
  }

  #keep(
    step: Step,
    { before, after, moved, asksAgain }: Change,
    kept: readonly ParticipantRow[],
    known: ReadonlyMap<string, ParticipantRow>,
  ): void {
    const { row } = after;
    const entered: ParticipantRow[] = [];
    for (const next of kept) {
      const was = known.get(next.user_id) as ParticipantRow;
      if (!moved && was.status === next.status) {
        if (was.optional !== next.optional) this.#participants.put(next);
        continue;
      }
      this.#bookings.removeEntries(before, was);
      entered.push(this.#bookings.enter(after, next));
    }
    const [auto, asked] = byAuto(kept);
    if (asksAgain) {
      this.#tell(step, row, auto, CHANGED, `"${row.title}" was changed.`);
      this.#tell(step, row, asked, CHANGED, `"${row.title}" was changed: please answer again.`);
    } else if (says(before.row) !== says(row)) {
      const coming = kept.filter(({ status }) => status !== PARTICIPANT_STATUS_DECLINED);
      this.#tell(step, row, coming, CHANGED, `"${row.title}" was changed.`);
    }
    this.#bookings.tellConflicts(step, after, entered);
  }

  #tell(
    step: Step,
    { id, group_id }: AppointmentRow,
    people: readonly ParticipantRow[],
    kind: NotificationDraft['kind'],
    text: string,
  ): void {
    for (const { user_id: userId } of people)
      this.#notifications.notify(step, { userId, kind, appointmentId: id, groupId: group_id, text });
  }
}

/** What participants would want to hear of if it changed. */
function says(row: AppointmentRow): string {
  const { title, description, location, start_ms, end_ms, until_ms, time_zone, all_day } = row;
  return JSON.stringify([title, description, location, start_ms, end_ms, until_ms, time_zone, all_day]);
}

function byAuto<Row extends ParticipantRow>(rows: readonly Row[]): [auto: Row[], asked: Row[]] {
  const isAuto = ({ status }: Row): boolean => status === PARTICIPANT_STATUS_AUTO;
  return [rows.filter(isAuto), rows.filter((row) => !isAuto(row))];
}
