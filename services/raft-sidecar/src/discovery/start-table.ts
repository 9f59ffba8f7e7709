/** `member_starts` in raft.db: which process of each member was heard last, and what it had promised here. */
import type { Statement } from 'better-sqlite3';
import type { RaftDatabase } from '../storage/database.ts';
import type { StoredStart } from './member-starts.ts';

type Row = Omit<StoredStart, 'votedHere'> & { readonly votedHere: 0 | 1 };

export class StartTable {
  readonly #select: Statement<[], Row>;
  readonly #replaceAll: (starts: readonly StoredStart[]) => void;

  constructor(database: RaftDatabase) {
    this.#select = database.prepare(
      `SELECT member_id AS memberId, incarnation, term, last_index AS lastIndex, voted_here AS votedHere
         FROM member_starts`,
    );
    const clear = database.prepare('DELETE FROM member_starts');
    const insert = database.prepare(
      'INSERT INTO member_starts (member_id, incarnation, term, last_index, voted_here) VALUES (?, ?, ?, ?, ?)',
    );
    this.#replaceAll = database.transaction((starts: readonly StoredStart[]) => {
      clear.run();
      for (const { memberId, incarnation, term, lastIndex, votedHere } of starts)
        insert.run(memberId, incarnation, term, lastIndex, votedHere ? 1 : 0);
    });
  }

  load(): readonly StoredStart[] {
    return this.#select.all().map((row) => ({ ...row, votedHere: row.votedHere === 1 }));
  }

  replaceAll(starts: readonly StoredStart[]): void {
    this.#replaceAll(starts);
  }
}
