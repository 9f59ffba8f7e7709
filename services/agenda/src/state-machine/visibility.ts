/** Who may look at what, read from the tables for {@link detailFor}: for queries, and for what apply says when it refuses. */
import { GroupKind } from '@agenda/proto/agenda/v1/model';
import type { Database } from 'better-sqlite3';
import type { AppointmentRow } from './appointment-row.ts';
import { type Detail, detailFor } from './detail.ts';

/** How a viewer stands to an owner in the groups that count. */
interface Standing {
  readonly shared: number;
  readonly outranked: number;
}

const STRANGERS: Standing = { shared: 0, outranked: 0 };

type Seen = Pick<AppointmentRow, 'id' | 'owner_id' | 'group_id' | 'privacy'>;

export class Visibility {
  readonly #statements: ReturnType<typeof prepare>;

  constructor(db: Database) {
    this.#statements = prepare(db);
  }

  /** For one viewer and one request: what was found out about an owner is asked once. */
  of(viewerId: string): Viewer {
    return new Viewer(viewerId, this.#statements);
  }
}

export class Viewer {
  readonly id: string;
  readonly #statements: ReturnType<typeof prepare>;
  readonly #standings = new Map<string, Standing>();

  constructor(id: string, statements: ReturnType<typeof prepare>) {
    this.#statements = statements;
    this.id = id;
  }

  isMember(groupId: string): boolean {
    return this.#statements.member.get(groupId, this.id) !== undefined;
  }

  /** One's own, and those of everybody in a group with oneself. */
  mayLookAtAgendaOf(personId: string): boolean {
    return personId === this.id || this.#standing(personId, '').shared > 0;
  }

  /** @param inSight it stands in an agenda that the viewer may look at. */
  detailOf(row: Seen, inSight: boolean): Detail {
    const owns = row.owner_id === this.id;
    if (owns) return 'all';
    const { shared, outranked } = this.#standing(row.owner_id, row.group_id);
    const relation = {
      owns,
      participates: this.#statements.participates.get(row.id, this.id) !== undefined,
      sharesGroup: shared > 0,
      outranks: outranked > 0,
      inSight,
    };
    return detailFor(relation, row.privacy);
  }

  /** @param groupId empty: all groups that both are in. */
  #standing(ownerId: string, groupId: string): Standing {
    const key = `${ownerId} ${groupId}`;
    const known = this.#standings.get(key);
    if (known) return known;
    const standing =
      (groupId === ''
        ? this.#statements.standing.get(this.id, ownerId)
        : this.#statements.standingIn.get(ownerId, this.id, groupId)) ?? STRANGERS;
    this.#standings.set(key, standing);
    return standing;
  }
}

function prepare(db: Database) {
  const outranked = `coalesce(sum(g.kind = ${GroupKind.GROUP_KIND_HIERARCHICAL} AND v.rank > o.rank), 0)`;
  return {
    member: db.prepare<[string, string], { one: number }>(
      'SELECT 1 AS one FROM group_members WHERE group_id = ? AND user_id = ?',
    ),
    participates: db.prepare<[string, string], { one: number }>(
      'SELECT 1 AS one FROM participants WHERE appointment_id = ? AND user_id = ? AND gone = 0',
    ),
    standing: db.prepare<[string, string], Standing>(
      `SELECT count(*) AS shared, ${outranked} AS outranked
       FROM group_members v JOIN group_members o ON o.group_id = v.group_id JOIN groups g ON g.id = v.group_id
       WHERE v.user_id = ? AND o.user_id = ?`,
    ),
    // An owner who left the group has no rank there; its members are its members all the same.
    standingIn: db.prepare<[string, string, string], Standing>(
      `SELECT count(*) AS shared, ${outranked} AS outranked
       FROM group_members v JOIN groups g ON g.id = v.group_id
       LEFT JOIN group_members o ON o.group_id = v.group_id AND o.user_id = ?
       WHERE v.user_id = ? AND v.group_id = ?`,
    ),
  };
}
