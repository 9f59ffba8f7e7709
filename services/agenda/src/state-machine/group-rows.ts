/** Groups and their members, as they are stored. */
import type { Group, GroupKind, GroupMember } from '@agenda/proto/agenda/v1/model';
import type { Database } from 'better-sqlite3';
import type { AppointmentRow } from './appointment-row.ts';

/** Of who creates a hierarchical group, or was handed it; people give 1 to one less. */
export const RANK_MAX = 1_000;

export interface GroupRow {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly kind: GroupKind;
  readonly creator_id: string;
  readonly member_count: number;
  readonly version: number;
  readonly origin_node: string;
  readonly created_at_ms: number;
  readonly updated_at_ms: number;
}

export interface MemberRow {
  readonly group_id: string;
  readonly user_id: string;
  /** Greater is higher; in a flat group 0 for everybody. */
  readonly rank: number;
  readonly joined_at_ms: number;
  readonly version: number;
}

export interface NamedMemberRow extends MemberRow {
  readonly username: string;
  readonly display_name: string;
}

/** @param myRank of who looks at it; 0: not a member, a flat group, or several people look at it. */
export function groupFromRow(row: GroupRow, myRank: number): Group {
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    kind: row.kind,
    creatorId: row.creator_id,
    version: row.version,
    originNode: row.origin_node,
    createdAtMs: row.created_at_ms,
    updatedAtMs: row.updated_at_ms,
    memberCount: row.member_count,
    myRank,
  };
}

export function memberFromRow(row: NamedMemberRow): GroupMember {
  return {
    groupId: row.group_id,
    userId: row.user_id,
    username: row.username,
    displayName: row.display_name,
    rank: row.rank,
    joinedAtMs: row.joined_at_ms,
    version: row.version,
  };
}

/** How much the future appointments of a group hold. */
export interface GroupLoad {
  readonly appointments: number;
  /** Participants of all of them. */
  readonly places: number;
  /** Participants times occurrences. */
  readonly entries: number;
}

export class GroupRows {
  readonly #statements: ReturnType<typeof prepare>;

  constructor(db: Database) {
    this.#statements = prepare(db);
  }

  byId(groupId: string): GroupRow | undefined {
    return this.#statements.byId.get(groupId);
  }

  /** @returns false if the id is taken. */
  insert(row: GroupRow): boolean {
    return this.#statements.insert.run(row).changes > 0;
  }

  update(row: GroupRow): void {
    this.#statements.update.run(row);
  }

  /** With its members and its feed. */
  remove(groupId: string): void {
    this.#statements.removeMembers.run(groupId);
    this.removeFeed(groupId);
    this.#statements.remove.run(groupId);
  }

  /** @returns false if it had none. */
  removeFeed(groupId: string): boolean {
    return this.#statements.removeFeed.run(groupId).changes > 0;
  }

  member(groupId: string, userId: string): MemberRow | undefined {
    return this.#statements.member.get(groupId, userId);
  }

  /** By user id. */
  members(groupId: string): MemberRow[] {
    return this.#statements.members.all(groupId);
  }

  putMember(row: MemberRow): void {
    this.#statements.putMember.run(row);
  }

  removeMember(groupId: string, userId: string): void {
    this.#statements.removeMember.run(groupId, userId);
  }

  /** How many groups the user is a member of. */
  countOf(userId: string): number {
    return this.#statements.countOf.get(userId)?.count ?? 0;
  }

  /** What is not deleted and lasts beyond that moment, by end and id. */
  futureAppointments(groupId: string, atMs: number): AppointmentRow[] {
    return this.#statements.future.all(groupId, atMs);
  }

  futureLoad(groupId: string, atMs: number): GroupLoad {
    const load = this.#statements.load.get(groupId, atMs);
    if (!load) throw new Error('apply invariant broken: a sum without a row');
    return load;
  }
}

function prepare(db: Database) {
  const future = "a.group_id = ? AND a.group_id <> '' AND a.until_ms > ? AND a.deleted_at_ms = 0";
  return {
    byId: db.prepare<[string], GroupRow>('SELECT * FROM groups WHERE id = ?'),
    insert: db.prepare<[GroupRow]>(
      `INSERT INTO groups (id, name, description, kind, creator_id, member_count, version, origin_node, created_at_ms,
         updated_at_ms)
       VALUES (@id, @name, @description, @kind, @creator_id, @member_count, @version, @origin_node, @created_at_ms,
         @updated_at_ms)
       ON CONFLICT (id) DO NOTHING`,
    ),
    update: db.prepare<[GroupRow]>(
      `UPDATE groups SET name = @name, description = @description, creator_id = @creator_id,
         member_count = @member_count, version = @version, updated_at_ms = @updated_at_ms WHERE id = @id`,
    ),
    remove: db.prepare<[string]>('DELETE FROM groups WHERE id = ?'),
    removeMembers: db.prepare<[string]>('DELETE FROM group_members WHERE group_id = ?'),
    removeFeed: db.prepare<[string]>("DELETE FROM feeds WHERE user_id = '' AND group_id = ?"),
    member: db.prepare<[string, string], MemberRow>(
      'SELECT * FROM group_members WHERE group_id = ? AND user_id = ?',
    ),
    members: db.prepare<[string], MemberRow>(
      'SELECT * FROM group_members WHERE group_id = ? ORDER BY user_id',
    ),
    putMember: db.prepare<[MemberRow]>(
      `INSERT INTO group_members (group_id, user_id, rank, joined_at_ms, version)
       VALUES (@group_id, @user_id, @rank, @joined_at_ms, @version)
       ON CONFLICT (group_id, user_id) DO UPDATE SET rank = @rank, version = @version`,
    ),
    removeMember: db.prepare<[string, string]>(
      'DELETE FROM group_members WHERE group_id = ? AND user_id = ?',
    ),
    countOf: db.prepare<[string], { count: number }>(
      'SELECT count(*) AS count FROM group_members WHERE user_id = ?',
    ),
    future: db.prepare<[string, number], AppointmentRow>(
      `SELECT a.* FROM appointments a WHERE ${future} ORDER BY a.until_ms, a.id`,
    ),
    load: db.prepare<[string, number], GroupLoad>(
      `SELECT count(DISTINCT a.id) AS appointments, count(p.user_id) AS places,
         coalesce(sum(CASE WHEN p.user_id IS NULL THEN 0 ELSE coalesce(s.occurrence_count, 1) END), 0) AS entries
       FROM appointments a
       LEFT JOIN participants p ON p.appointment_id = a.id AND p.gone = 0
       LEFT JOIN series s ON s.appointment_id = a.id
       WHERE ${future}`,
    ),
  };
}
