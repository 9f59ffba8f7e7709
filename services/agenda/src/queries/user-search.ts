/** Users by the beginning of what they are called. */
import type { User } from '@agenda/proto/agenda/v1/model';
import type { Database } from 'better-sqlite3';
import { type UserRow, userFromRow } from '../state-machine/users.ts';
import { decodeCursor, type Page, pageOf } from './cursor.ts';

/**
 * Up to so many matches are read from the index and sorted. What matches more of them is met soon on a walk through all
 * users in the order of the list, so neither way is long.
 */
const MATCHES_SORTED_MAX = 1_000;

export class UserSearch {
  readonly #statements: ReturnType<typeof prepare>;

  constructor(db: Database) {
    this.#statements = prepare(db);
  }

  /** By prefix of the user name or of a word of the display name, by user name; e-mail addresses are not shown. */
  find(query: string, limit: number, cursor: string): Page<User> {
    const [after] = decodeCursor(cursor, ['']) ?? [''];
    const escaped = query.replace(/[\\%_]/g, '\\$&');
    const { matching, few, many } = this.#statements;
    const count = matching.get({ query, limit: MATCHES_SORTED_MAX + 1 })?.count ?? 0;
    const rows =
      count <= MATCHES_SORTED_MAX
        ? few.all({ query, after, limit: limit + 1 })
        : many.all({ prefix: `${escaped}%`, word: `% ${escaped}%`, after, limit: limit + 1 });
    return pageOf(
      rows,
      limit,
      (row) => ({ ...userFromRow(row), email: '' }),
      (row) => [row.username],
    );
  }
}

interface Question {
  readonly query: string;
  readonly limit: number;
}

interface WalkQuestion {
  readonly prefix: string;
  readonly word: string;
  readonly after: string;
  readonly limit: number;
}

/** Up to the last character that there is. */
const BEGINS = `name >= lower(@query) AND name < lower(@query) || char(${0x10ffff})`;

function prepare(db: Database) {
  return {
    matching: db.prepare<[Question], { count: number }>(
      `SELECT count(*) AS count FROM (SELECT 1 FROM user_names WHERE ${BEGINS} LIMIT @limit)`,
    ),
    few: db.prepare<[Question & { after: string }], UserRow>(
      `SELECT * FROM users WHERE username IN (
         SELECT DISTINCT username FROM user_names WHERE ${BEGINS} AND username > @after ORDER BY username LIMIT @limit)
       ORDER BY username`,
    ),
    many: db.prepare<[WalkQuestion], UserRow>(
      `SELECT * FROM users
       WHERE username > @after
         AND (username LIKE @prefix ESCAPE '\\' OR ' ' || display_name LIKE @word ESCAPE '\\')
       ORDER BY username LIMIT @limit`,
    ),
  };
}
