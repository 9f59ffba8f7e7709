/** Finds a person's appointments by words; catches up with the agenda for that person before it answers. */
import type { Appointment } from '@agenda/proto/agenda/v1/model';
import { ServiceError } from '@agenda/service-kit/errors';
import type { Database } from 'better-sqlite3';
import { decodeCursor, type Page, pageOf } from '../queries/cursor.ts';
import type { Changes } from '../queries/sync.ts';
import { openSearchDatabase, removeSearchDatabase } from './search-database.ts';

/** Changed appointments that are taken in before others get a turn. */
const BATCH_MAX = 200;
/** Of one question; more are refused. */
const WORDS_MAX = 10;
export const QUERY_CHARACTERS_MAX = 200;

/** Where the documents come from. */
export interface SearchSource {
  changesOf(userId: string, sinceIndex: number, limit: number): Changes;
  /** As the person sees it, also from the person's own trash; undefined: not any more. */
  appointmentOf(userId: string, appointmentId: string): Appointment | undefined;
}

export interface SearchQuestion {
  readonly userId: string;
  /** Words, each of which must begin a word of title, description or location. Empty: everything. */
  readonly query: string;
  /** In the trash; otherwise what is not deleted. */
  readonly deleted: boolean;
  readonly limit: number;
  readonly cursor: string;
}

export class SearchIndex {
  readonly #directory: string;
  readonly #source: SearchSource;
  #db: Database;
  #statements: ReturnType<typeof prepare>;

  constructor(directory: string, source: SearchSource) {
    this.#directory = directory;
    this.#source = source;
    this.#db = openSearchDatabase(directory);
    this.#statements = prepare(this.#db);
  }

  /** Another database took the place of the agenda's: what was indexed may never have been. */
  rebuild(): void {
    this.#db.close();
    removeSearchDatabase(this.#directory);
    this.#db = openSearchDatabase(this.#directory);
    this.#statements = prepare(this.#db);
  }

  close(): void {
    this.#db.close();
  }

  /**
   * The latest first.
   *
   * @param deadlineAtMs of `performance.now()`: catching up with many changes may take longer, and goes on next time.
   * @throws ServiceError `invalid_argument`, `timeout`
   */
  async search(question: SearchQuestion, deadlineAtMs: number): Promise<Page<Appointment>> {
    const words = wordsOf(question.query);
    const { userId, limit } = question;
    const person = this.#personOf(userId);
    await this.#catchUp(userId, person, deadlineAtMs);
    const [beforeMs, beforeId] = decodeCursor(question.cursor, [0, ''] as const) ?? [
      Number.MAX_SAFE_INTEGER,
      '',
    ];
    const page = { userId, deleted: question.deleted ? 1 : 0, beforeMs, beforeId, limit: limit + 1 };
    const rows =
      words.length === 0
        ? this.#statements.all.all(page)
        : this.#statements.matching.all({ ...page, match: matchOf(person, words) });
    const found = pageOf(
      rows,
      limit,
      (row) => this.#source.appointmentOf(userId, row.appointment_id),
      (row) => [row.start_ms, row.appointment_id],
    );
    return { ...found, items: found.items.filter((appointment) => appointment !== undefined) };
  }

  #personOf(userId: string): number {
    this.#statements.meet.run(userId);
    return (this.#statements.person.get(userId) as { number: number }).number;
  }

  async #catchUp(userId: string, person: number, deadlineAtMs: number): Promise<void> {
    for (;;) {
      const since = this.#statements.person.get(userId)?.indexed_index ?? 0;
      const changes = this.#source.changesOf(userId, since, BATCH_MAX);
      if (changes.items.length > 0) this.#take(userId, person, changes);
      if (!changes.more) return;
      if (performance.now() > deadlineAtMs)
        throw new ServiceError('timeout', 'the search index is still being built; ask again in a moment');
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }

  #take(userId: string, person: number, { items, index }: Changes): void {
    const { remove, forget, document, add, words, reached } = this.#statements;
    this.#db.transaction(() => {
      for (const { appointmentId } of items) {
        const number = document.get(userId, appointmentId)?.number;
        if (number !== undefined) {
          remove.run(number);
          forget.run(number);
        }
        const appointment = this.#source.appointmentOf(userId, appointmentId);
        if (!appointment) continue;
        const { title, description, location, startMs, deletedAtMs } = appointment;
        const { lastInsertRowid } = add.run(userId, appointmentId, startMs, deletedAtMs === 0 ? 0 : 1);
        const [one, two, three] = [title, description, location].map((text) => ownWords(person, text));
        words.run(lastInsertRowid, one as string, two as string, three as string);
      }
      reached.run(index, userId);
    })();
  }
}

/** As the tokenizer sees them. */
const WORD = /[\p{L}\p{N}\p{M}]+/gu;

/** @throws ServiceError `invalid_argument` */
function wordsOf(query: string): string[] {
  const words = query.match(WORD) ?? [];
  const path = 'query';
  const wrong =
    query.length > QUERY_CHARACTERS_MAX
      ? `must have at most ${QUERY_CHARACTERS_MAX} characters`
      : words.length > WORDS_MAX
        ? `must have at most ${WORDS_MAX} words`
        : query !== '' && words.length === 0
          ? 'must have a letter or digit'
          : undefined;
  if (wrong)
    throw new ServiceError('invalid_argument', `${path} ${wrong}`, { fields: [{ path, message: wrong }] });
  return words;
}

/** A number has no "x", so one person's words never begin like another's. */
function ownWord(person: number, word: string): string {
  return `${person}x${word}`;
}

function ownWords(person: number, text: string): string {
  return (text.match(WORD) ?? []).map((word) => ownWord(person, word)).join(' ');
}

function matchOf(person: number, words: readonly string[]): string {
  return words.map((word) => `"${ownWord(person, word)}" *`).join(' AND ');
}

interface PageQuery {
  readonly userId: string;
  readonly deleted: number;
  readonly beforeMs: number;
  readonly beforeId: string;
  readonly limit: number;
}

interface FoundRow {
  readonly appointment_id: string;
  readonly start_ms: number;
}

function prepare(db: Database) {
  const page = `d.person_id = @userId AND d.deleted = @deleted
    AND (d.start_ms, d.appointment_id) < (@beforeMs, @beforeId)
    ORDER BY d.start_ms DESC, d.appointment_id DESC LIMIT @limit`;
  return {
    meet: db.prepare<[string]>('INSERT OR IGNORE INTO people (id, indexed_index) VALUES (?, 0)'),
    person: db.prepare<[string], { number: number; indexed_index: number }>(
      'SELECT number, indexed_index FROM people WHERE id = ?',
    ),
    reached: db.prepare<[number, string]>('UPDATE people SET indexed_index = ? WHERE id = ?'),
    document: db.prepare<[string, string], { number: number }>(
      'SELECT number FROM documents WHERE person_id = ? AND appointment_id = ?',
    ),
    add: db.prepare<[string, string, number, number]>(
      'INSERT INTO documents (person_id, appointment_id, start_ms, deleted) VALUES (?, ?, ?, ?)',
    ),
    forget: db.prepare<[number]>('DELETE FROM documents WHERE number = ?'),
    words: db.prepare<[number | bigint, string, string, string]>(
      'INSERT INTO words (rowid, title, description, location) VALUES (?, ?, ?, ?)',
    ),
    remove: db.prepare<[number]>('DELETE FROM words WHERE rowid = ?'),
    all: db.prepare<[PageQuery], FoundRow>(
      `SELECT d.appointment_id, d.start_ms FROM documents d WHERE ${page}`,
    ),
    matching: db.prepare<[PageQuery & { match: string }], FoundRow>(
      `SELECT d.appointment_id, d.start_ms FROM words w JOIN documents d ON d.number = w.rowid
       WHERE words MATCH @match AND ${page}`,
    ),
  };
}
