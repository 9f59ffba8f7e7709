/** Groups and their members, for those who are in them. */
import type { Group, GroupMember } from '@agenda/proto/agenda/v1/model';
import type { Database } from 'better-sqlite3';
import {
  type GroupRow,
  groupFromRow,
  memberFromRow,
  type NamedMemberRow,
} from '../state-machine/group-rows.ts';
import { decodeCursor, type Page, pageOf } from './cursor.ts';

interface GroupOfViewer extends GroupRow {
  readonly my_rank: number;
}

export class GroupQueries {
  readonly #statements: ReturnType<typeof prepare>;

  constructor(db: Database) {
    this.#statements = prepare(db);
  }

  /** Undefined: there is none, or the viewer is not in it. */
  groupFor(viewerId: string, groupId: string): Group | undefined {
    const row = this.#statements.group.get(viewerId, groupId);
    return row && groupFromRow(row, row.my_rank);
  }

  /** The viewer's, by name. */
  groupsOf(viewerId: string, limit: number, cursor: string): Page<Group> {
    const [afterName, afterId] = decodeCursor(cursor, ['', ''] as const) ?? ['', ''];
    const rows = this.#statements.groups.all({ viewerId, afterName, afterId, limit: limit + 1 });
    return pageOf(
      rows,
      limit,
      (row) => groupFromRow(row, row.my_rank),
      (row) => [row.name, row.id],
    );
  }

  /** The highest first, then by name. */
  members(groupId: string, limit: number, cursor: string): Page<GroupMember> {
    const [belowRank, afterName] = decodeCursor(cursor, [0, ''] as const) ?? [Number.MAX_SAFE_INTEGER, ''];
    const rows = this.#statements.members.all({ groupId, belowRank, afterName, limit: limit + 1 });
    return pageOf(rows, limit, memberFromRow, (row) => [row.rank, row.username]);
  }

  /** At most GROUP_MEMBERS_MAX. */
  memberIds(groupId: string): string[] {
    return this.#statements.memberIds.all(groupId).map(({ user_id }) => user_id);
  }
}

interface MembersPage {
  readonly groupId: string;
  readonly belowRank: number;
  readonly afterName: string;
  readonly limit: number;
}

interface GroupsPage {
  readonly viewerId: string;
  readonly afterName: string;
  readonly afterId: string;
  readonly limit: number;
}

function prepare(db: Database) {
  return {
    group: db.prepare<[string, string], GroupOfViewer>(
      `SELECT g.*, m.rank AS my_rank FROM groups g JOIN group_members m ON m.group_id = g.id AND m.user_id = ?
       WHERE g.id = ?`,
    ),
    groups: db.prepare<[GroupsPage], GroupOfViewer>(
      `SELECT g.*, m.rank AS my_rank FROM group_members m JOIN groups g ON g.id = m.group_id
       WHERE m.user_id = @viewerId AND (g.name, g.id) > (@afterName, @afterId)
       ORDER BY g.name, g.id LIMIT @limit`,
    ),
    members: db.prepare<[MembersPage], NamedMemberRow>(
      `SELECT m.*, u.username, u.display_name FROM group_members m JOIN users u ON u.id = m.user_id
       WHERE m.group_id = @groupId AND (m.rank < @belowRank OR (m.rank = @belowRank AND u.username > @afterName))
       ORDER BY m.rank DESC, u.username LIMIT @limit`,
    ),
    memberIds: db.prepare<[string], { user_id: string }>(
      'SELECT user_id FROM group_members WHERE group_id = ? ORDER BY user_id',
    ),
  };
}
