/** Families, teams, departments. Flat ones have a creator who decides; hierarchical ones have ranks. */
import type {
  CreateGroup,
  DeleteGroup,
  HandOverGroup,
  PutGroupMember,
  RemoveGroupMember,
  UpdateGroup,
} from '@agenda/proto/agenda/v1/command';
import { GroupKind, NotificationKind } from '@agenda/proto/agenda/v1/model';
import { GROUP_MEMBERS_MAX, GROUPS_PER_USER_MAX } from './bounds.ts';
import {
  type GroupRow,
  type GroupRows,
  groupFromRow,
  type MemberRow,
  memberFromRow,
  RANK_MAX,
} from './group-rows.ts';
import { isRefusal } from './invitees.ts';
import type { Membership } from './membership.ts';
import { DONE, type Outcome, type RefusalOutcome, refuse, refuseInvalid } from './outcome.ts';
import type { Step } from './step.ts';
import { type Users, versionMismatch } from './users.ts';
import { groupDescriptionErrors, groupKindErrors, groupNameErrors } from './validate.ts';

/** A group as one of its members sees it. */
interface Seat {
  readonly group: GroupRow;
  readonly me: MemberRow;
}

export class Groups {
  readonly #rows: GroupRows;
  readonly #membership: Membership;
  readonly #users: Users;

  constructor(rows: GroupRows, membership: Membership, users: Users) {
    this.#rows = rows;
    this.#membership = membership;
    this.#users = users;
  }

  create(step: Step, { groupId, name, description, kind }: CreateGroup): Outcome {
    step.subject = { action: 'group.created', target: `group:${groupId}` };
    const invalid = refuseInvalid([
      ...groupNameErrors(name, 'name'),
      ...groupDescriptionErrors(description, 'description'),
      ...groupKindErrors(kind, 'kind'),
    ]);
    if (invalid) return invalid;
    const { actorId, originNode } = step.command;
    if (!this.#users.exists(actorId)) return refuse('forbidden', 'only users can create groups');
    const full = this.#refuseManyGroups(actorId);
    if (full) return full;
    const group: GroupRow = {
      id: groupId,
      name,
      description,
      kind,
      creator_id: actorId,
      member_count: 1,
      version: 1,
      origin_node: originNode,
      created_at_ms: step.atMs,
      updated_at_ms: step.atMs,
    };
    if (!this.#rows.insert(group)) return refuse('conflict', `there is a group ${groupId} already`);
    const rank = kind === GroupKind.GROUP_KIND_HIERARCHICAL ? RANK_MAX : 0;
    const me = { group_id: groupId, user_id: actorId, rank, joined_at_ms: step.atMs, version: 1 };
    this.#rows.putMember(me);
    return this.#changed(step, { group, me });
  }

  /** A change counts even if the values stay the same. */
  update(step: Step, { groupId, name, description, expectedVersion }: UpdateGroup): Outcome {
    step.subject = { action: 'group.updated', target: `group:${groupId}` };
    const seat = this.#created(step, groupId, expectedVersion);
    if (isRefusal(seat)) return seat;
    const columns = { name: name ?? seat.group.name, description: description ?? seat.group.description };
    const invalid = refuseInvalid([
      ...groupNameErrors(columns.name, 'name'),
      ...groupDescriptionErrors(columns.description, 'description'),
    ]);
    return invalid ?? this.#changed(step, { ...seat, group: this.#saved(step, seat.group, columns) });
  }

  /** Its future appointments go with it. */
  delete(step: Step, { groupId, expectedVersion }: DeleteGroup): Outcome {
    step.subject = { action: 'group.deleted', target: `group:${groupId}` };
    const seat = this.#created(step, groupId, expectedVersion);
    if (isRefusal(seat)) return seat;
    const members = this.#rows.members(groupId);
    this.#membership.dissolved(step, groupId);
    this.#rows.remove(groupId);
    const text = `The group "${seat.group.name}" was deleted.`;
    for (const { user_id } of members)
      this.#membership.tell(step, groupId, user_id, NotificationKind.NOTIFICATION_KIND_GROUP_LEFT, text);
    step.emit(idsOf(members), { $case: 'groupRemoved', value: { groupId } });
    return DONE;
  }

  /** Adds a member, or gives one another rank; the same again changes nothing. */
  putMember(step: Step, { groupId, userId, rank }: PutGroupMember): Outcome {
    step.subject = { action: 'group.member_put', target: `group:${groupId}`, detail: { userId, rank } };
    const seat = this.#seat(step, groupId);
    if (isRefusal(seat)) return seat;
    const known = this.#rows.member(groupId, userId);
    const refusal = refuseRank(seat, rank, known);
    if (refusal) return refusal;
    if (known?.rank === rank) return this.#member(known);
    return known ? this.#rank(step, seat, known, rank) : this.#add(step, seat, userId, rank);
  }

  removeMember(step: Step, { groupId, userId }: RemoveGroupMember): Outcome {
    step.subject = { action: 'group.member_removed', target: `group:${groupId}`, detail: { userId } };
    const seat = this.#seat(step, groupId);
    if (isRefusal(seat)) return seat;
    const { group, me } = seat;
    const member = this.#rows.member(groupId, userId);
    if (!member) return refuse('not_found', `${userId} is not a member of the group`, { path: 'userId' });
    if (userId === group.creator_id && userId === me.user_id)
      return refuse('conflict', 'hand the group over before you leave it, or delete it');
    if (userId !== me.user_id) {
      const refusal = refuseRank(seat, member.rank, member);
      if (refusal) return refusal;
    }
    this.#membership.left(step, groupId, userId);
    this.#rows.removeMember(groupId, userId);
    const saved = this.#saved(step, group, { member_count: group.member_count - 1 });
    const text = `You are no longer a member of "${group.name}".`;
    this.#membership.tell(step, groupId, userId, NotificationKind.NOTIFICATION_KIND_GROUP_LEFT, text);
    // Every member may know the address, so who leaves would read on.
    if (this.#rows.removeFeed(groupId))
      this.#membership.tellFeedEnded(step, group, this.#users.nameOf(userId));
    step.emit([userId], { $case: 'groupRemoved', value: { groupId } });
    this.#tellMembers(step, saved);
    return DONE;
  }

  /** In a hierarchical group the old creator stays as high as one can be below the new one. */
  handOver(step: Step, { groupId, newCreatorId }: HandOverGroup): Outcome {
    step.subject = { action: 'group.handed_over', target: `group:${groupId}`, detail: { newCreatorId } };
    const seat = this.#created(step, groupId, undefined);
    if (isRefusal(seat)) return seat;
    const { group, me } = seat;
    const path = 'newCreatorId';
    const heir = this.#rows.member(groupId, newCreatorId);
    if (!heir) return refuse('not_found', `${newCreatorId} is not a member of the group`, { path });
    if (newCreatorId === me.user_id) return refuse('conflict', 'the group is yours already', { path });
    const next = this.#saved(step, group, { creator_id: newCreatorId });
    const myRank = isHierarchical(group) ? RANK_MAX - 1 : 0;
    if (isHierarchical(group)) {
      this.#rows.putMember({ ...heir, rank: RANK_MAX, version: heir.version + 1 });
      const lowered = { ...me, rank: myRank, version: me.version + 1 };
      this.#rows.putMember(lowered);
      this.#membership.ranked(step, next, lowered);
    }
    const text = `The group "${group.name}" is yours now.`;
    const kind = NotificationKind.NOTIFICATION_KIND_RANK_CHANGED;
    this.#membership.tell(step, groupId, newCreatorId, kind, text);
    return this.#changed(step, { group: next, me: { ...me, rank: myRank } });
  }

  #add(step: Step, { group }: Seat, userId: string, rank: number): Outcome {
    if (!this.#users.exists(userId))
      return refuse('not_found', `there is no user ${userId}`, { path: 'userId' });
    if (group.member_count >= GROUP_MEMBERS_MAX)
      return refuse('unprocessable', `a group has at most ${GROUP_MEMBERS_MAX} members`);
    const full = this.#refuseManyGroups(userId) ?? this.#membership.refuseJoin(step, group.id);
    if (full) return full;
    const member = { group_id: group.id, user_id: userId, rank, joined_at_ms: step.atMs, version: 1 };
    this.#rows.putMember(member);
    const saved = this.#saved(step, group, { member_count: group.member_count + 1 });
    const actor = this.#users.nameOf(step.command.actorId);
    const text = `${actor} added you to the group "${group.name}".`;
    this.#membership.tell(step, group.id, userId, NotificationKind.NOTIFICATION_KIND_GROUP_JOINED, text);
    this.#membership.joined(step, saved, member);
    this.#tellMembers(step, saved);
    return this.#member(member);
  }

  #rank(step: Step, { group }: Seat, known: MemberRow, rank: number): Outcome {
    const member = { ...known, rank, version: known.version + 1 };
    this.#rows.putMember(member);
    const text = `Your rank in the group "${group.name}" is now ${rank}.`;
    const kind = NotificationKind.NOTIFICATION_KIND_RANK_CHANGED;
    this.#membership.tell(step, group.id, member.user_id, kind, text);
    this.#membership.ranked(step, group, member);
    this.#tellMembers(step, group);
    return this.#member(member);
  }

  /** @returns the same as for a group that is not there, if the actor is no member. */
  #seat(step: Step, groupId: string): Seat | RefusalOutcome {
    const group = this.#rows.byId(groupId);
    const me = this.#rows.member(groupId, step.command.actorId);
    if (group && me) return { group, me };
    return refuse('not_found', `there is no group ${groupId}, or you are not a member`);
  }

  #created(step: Step, groupId: string, expectedVersion: number | undefined): Seat | RefusalOutcome {
    const seat = this.#seat(step, groupId);
    if (isRefusal(seat)) return seat;
    const { group, me } = seat;
    if (group.creator_id !== me.user_id)
      return refuse('forbidden', 'only the creator may edit, hand over or delete a group');
    if (expectedVersion !== undefined && expectedVersion !== group.version)
      return versionMismatch(group.version);
    return seat;
  }

  #saved(step: Step, group: GroupRow, columns: Partial<GroupRow>): GroupRow {
    const next = { ...group, ...columns, version: group.version + 1, updated_at_ms: step.atMs };
    this.#rows.update(next);
    return next;
  }

  #changed(step: Step, { group, me }: Seat): Outcome {
    this.#tellMembers(step, group);
    return { $case: 'group', value: groupFromRow(group, me.rank) };
  }

  /** Several people see it, so it tells the rank of none. */
  #tellMembers(step: Step, group: GroupRow): void {
    const value = { group: groupFromRow(group, 0) };
    step.emit(idsOf(this.#rows.members(group.id)), { $case: 'groupChanged', value });
  }

  #member(row: MemberRow): Outcome {
    const user = this.#users.byId(row.user_id);
    const names = { username: user?.username ?? '', display_name: user?.display_name ?? '' };
    return { $case: 'member', value: memberFromRow({ ...row, ...names }) };
  }

  #refuseManyGroups(userId: string): RefusalOutcome | undefined {
    if (this.#rows.countOf(userId) < GROUPS_PER_USER_MAX) return undefined;
    return refuse('unprocessable', `a user is a member of at most ${GROUPS_PER_USER_MAX} groups`);
  }
}

function isHierarchical({ kind }: GroupRow): boolean {
  return kind === GroupKind.GROUP_KIND_HIERARCHICAL;
}

/** Only a strictly higher rank adds, changes or removes, and never gives a rank at or above its own (design §5). */
function refuseRank(
  { group, me }: Seat,
  rank: number,
  known: MemberRow | undefined,
): RefusalOutcome | undefined {
  const path = 'rank';
  if (!isHierarchical(group)) {
    if (group.creator_id !== me.user_id)
      return refuse('forbidden', 'in this group only the creator adds and removes members');
    return rank === 0
      ? undefined
      : refuse('invalid_argument', 'rank must be left out: this group has no ranks', { path });
  }
  if (known && known.rank >= me.rank)
    return refuse('forbidden', `that member's rank is ${known.rank}, yours is ${me.rank}: it must be higher`);
  if (rank < 1 || rank >= RANK_MAX)
    return refuse('invalid_argument', `rank must lie between 1 and ${RANK_MAX - 1}`, { path });
  if (rank >= me.rank)
    return refuse('forbidden', `your rank is ${me.rank}: you can give ranks below it only`, { path });
  return undefined;
}

function idsOf(members: readonly MemberRow[]): string[] {
  return members.map(({ user_id }) => user_id);
}
