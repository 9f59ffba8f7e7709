/** Who is asked to an appointment, and who is entered without being asked. Decides; writes nothing. */
import type { ParticipantChoice } from '@agenda/proto/agenda/v1/command';
import { GroupKind, ParticipantStatus } from '@agenda/proto/agenda/v1/model';
import type { AppointmentRow } from './appointment-row.ts';
import type { Booking } from './bookings.ts';
import {
  GROUP_APPOINTMENTS_FUTURE_MAX,
  GROUP_ENTRIES_MAX,
  GROUP_PLACES_MAX,
  PARTICIPANTS_MAX,
} from './bounds.ts';
import type { GroupRow, GroupRows, MemberRow } from './group-rows.ts';
import { type RefusalOutcome, refuse } from './outcome.ts';
import type { ParticipantRow } from './participants.ts';
import type { Step } from './step.ts';
import type { Users } from './users.ts';

const { PARTICIPANT_STATUS_PENDING, PARTICIPANT_STATUS_AUTO } = ParticipantStatus;

/** Design §5: a superior's appointment enters the agendas of lower ranks at once; everybody else is asked. */
export function statusThroughGroup(
  group: GroupRow,
  owner: MemberRow | undefined,
  member: MemberRow,
): ParticipantStatus {
  const below =
    group.kind === GroupKind.GROUP_KIND_HIERARCHICAL && owner !== undefined && member.rank < owner.rank;
  return below ? PARTICIPANT_STATUS_AUTO : PARTICIPANT_STATUS_PENDING;
}

export function newParticipant(
  step: Step,
  { id }: Pick<AppointmentRow, 'id'>,
  userId: string,
  given: Pick<ParticipantRow, 'status'> & Partial<ParticipantRow>,
): ParticipantRow {
  return {
    appointment_id: id,
    user_id: userId,
    optional: 0,
    through_group: 0,
    conflict: 0,
    responded_at_ms: 0,
    from_ms: 0,
    changed_index: step.index,
    gone: 0,
    ...given,
  };
}

export function isRefusal<Value extends object>(value: Value | RefusalOutcome): value is RefusalOutcome {
  return '$case' in value;
}

export class Invitees {
  readonly #groups: GroupRows;
  readonly #users: Users;

  constructor(groups: GroupRows, users: Users) {
    this.#groups = groups;
    this.#users = users;
  }

  /** Of a new appointment, by user id: all other members of its group, and further people. */
  plan(
    step: Step,
    row: AppointmentRow,
    choices: readonly ParticipantChoice[],
  ): readonly ParticipantRow[] | RefusalOutcome {
    const refusal = this.#refuseChoices(row.owner_id, choices);
    if (refusal) return refusal;
    const members = row.group_id === '' ? [] : this.#throughGroup(step, row);
    if (isRefusal(members)) return members;
    return this.#joined(step, row, members, choices);
  }

  /** The list of those asked directly is replaced; who takes part as a member stays, optional if the list says so. */
  replan(
    step: Step,
    row: AppointmentRow,
    present: readonly ParticipantRow[],
    choices: readonly ParticipantChoice[],
  ): readonly ParticipantRow[] | RefusalOutcome {
    const refusal = this.#refuseChoices(row.owner_id, choices);
    if (refusal) return refusal;
    const kept = present.filter(
      ({ user_id, through_group }) => through_group !== 0 || choices.some(({ userId }) => userId === user_id),
    );
    return this.#joined(step, row, kept, choices);
  }

  /** Back from the trash: of its group, who is a member by now; who no longer is comes back as gone. */
  regroup(step: Step, row: AppointmentRow, present: readonly ParticipantRow[]): readonly ParticipantRow[] {
    if (row.group_id === '' || row.until_ms <= step.atMs) return present;
    const group = this.#groups.byId(row.group_id);
    const owner = this.#groups.member(row.group_id, row.owner_id);
    const current = group ? this.#others(step, row, group, owner) : [];
    const is = new Set(current.map(({ user_id }) => user_id));
    const was = new Set(present.map(({ user_id }) => user_id));
    return [
      ...present.map((each) =>
        each.through_group === 0 || is.has(each.user_id) ? each : { ...each, gone: 1 },
      ),
      ...current.filter(({ user_id }) => !was.has(user_id)).map((each) => ({ ...each, from_ms: step.atMs })),
    ];
  }

  /** Of one more future appointment. @param people its participants. */
  refuseGroupFull(step: Step, booking: Booking, people: number): RefusalOutcome | undefined {
    const { group_id: groupId } = booking.row;
    if (groupId === '' || booking.row.until_ms <= step.atMs) return undefined;
    const { appointments } = this.#groups.futureLoad(groupId, step.atMs);
    if (appointments < GROUP_APPOINTMENTS_FUTURE_MAX) return this.refuseGroupLoad(step, booking, people);
    return refuse(
      'unprocessable',
      `the group has ${appointments} future appointments; it can have ${GROUP_APPOINTMENTS_FUTURE_MAX}`,
    );
  }

  /** So that whoever joins or leaves the group changes a bounded number of rows. @param people to be added. */
  refuseGroupLoad(step: Step, { row, schedule }: Booking, people: number): RefusalOutcome | undefined {
    if (row.group_id === '' || row.until_ms <= step.atMs) return undefined;
    const load = this.#groups.futureLoad(row.group_id, step.atMs);
    return refuseGroupLoad(load.places + people, load.entries + people * schedule.spans.length);
  }

  #throughGroup(step: Step, row: AppointmentRow): ParticipantRow[] | RefusalOutcome {
    const group = this.#groups.byId(row.group_id);
    const owner = this.#groups.member(row.group_id, row.owner_id);
    if (!group || !owner)
      return refuse('not_found', `there is no group ${row.group_id}, or you are not a member`, {
        path: 'groupId',
      });
    return this.#others(step, row, group, owner);
  }

  #others(step: Step, row: AppointmentRow, group: GroupRow, owner: MemberRow | undefined): ParticipantRow[] {
    return this.#groups
      .members(row.group_id)
      .filter(({ user_id }) => user_id !== row.owner_id)
      .map((member) =>
        newParticipant(step, row, member.user_id, {
          status: statusThroughGroup(group, owner, member),
          through_group: 1,
        }),
      );
  }

  /** Those present, optional as the choices say, and who is chosen besides. */
  #joined(
    step: Step,
    row: AppointmentRow,
    present: readonly ParticipantRow[],
    choices: readonly ParticipantChoice[],
  ): readonly ParticipantRow[] | RefusalOutcome {
    const choiceOf = new Map(choices.map((choice) => [choice.userId, choice]));
    const known = present.map((participant) => {
      const optional = choiceOf.get(participant.user_id)?.optional ? 1 : 0;
      choiceOf.delete(participant.user_id);
      return { ...participant, optional };
    });
    const fresh = [...choiceOf.values()].map(({ userId, optional }) =>
      newParticipant(step, row, userId, { status: PARTICIPANT_STATUS_PENDING, optional: optional ? 1 : 0 }),
    );
    const all = [...known, ...fresh];
    if (fresh.length > 0 && all.length > PARTICIPANTS_MAX)
      return refuse('unprocessable', `at most ${PARTICIPANTS_MAX} people can take part, not ${all.length}`, {
        path: 'participants',
      });
    return all.sort((one, other) => (one.user_id < other.user_id ? -1 : 1));
  }

  #refuseChoices(ownerId: string, choices: readonly ParticipantChoice[]): RefusalOutcome | undefined {
    const path = 'participants';
    if (choices.length > PARTICIPANTS_MAX)
      return refuse(
        'unprocessable',
        `at most ${PARTICIPANTS_MAX} people can take part, not ${choices.length}`,
        {
          path,
        },
      );
    const ids = new Set(choices.map(({ userId }) => userId));
    if (ids.size < choices.length)
      return refuse('invalid_argument', 'participants name a user twice', { path });
    if (ids.has(ownerId))
      return refuse('invalid_argument', 'participants are the others: the owner takes part anyhow', { path });
    for (const id of ids)
      if (!this.#users.exists(id)) return refuse('not_found', `there is no user ${id}`, { path });
    return undefined;
  }
}

/** @param entries places times occurrences. */
export function refuseGroupLoad(places: number, entries: number): RefusalOutcome | undefined {
  const advice = 'delete some of its future appointments, or let series end earlier';
  if (places > GROUP_PLACES_MAX)
    return refuse(
      'unprocessable',
      `the participants of the group's future appointments would be ${places}, at most ${GROUP_PLACES_MAX} are possible: ${advice}`,
    );
  if (entries > GROUP_ENTRIES_MAX)
    return refuse(
      'unprocessable',
      `the group's future appointments would take ${entries} places in agendas, at most ${GROUP_ENTRIES_MAX} are possible: ${advice}`,
    );
  return undefined;
}
