/**
 * Pages of agenda entries in a range of time, in the order of every list: by start, then person. Order and positions are
 * made of what every reader sees, and not of ids: by those it could be told what hidden entries are one appointment.
 */
import type { ParticipantStatus } from '@agenda/proto/agenda/v1/model';
import type { Database } from 'better-sqlite3';
import { AgendaEntries } from '../state-machine/agenda-entries.ts';
import { SPAN_CLASS_MS } from '../state-machine/spans.ts';

/** One appearance in one agenda. */
export interface EntryRow {
  readonly person_id: string;
  readonly appointment_id: string;
  readonly start_ms: number;
  readonly end_ms: number;
  readonly recurrence_start_ms: number;
  readonly status: ParticipantStatus;
}

/** Where it stands in its list. */
export interface ListedEntry extends EntryRow {
  /** Of the person's entries that begin at that moment, from 1. */
  readonly nth: number;
}

/** [fromMs, toMs), a page of it. */
export interface AgendaRange {
  readonly fromMs: number;
  readonly toMs: number;
  readonly limit: number;
}

/** Where the page before ended. */
export interface Position {
  readonly afterMs: number;
  readonly afterPerson: string;
  /** The `nth` of the last entry. */
  readonly afterCount: number;
}

export const FROM_THE_START: Position = { afterMs: -1, afterPerson: '', afterCount: 0 };

/** Entries looked at in one step of a search for overlaps. */
const SCAN_STEP = 500;
/** A group's agenda is read in slices of time: as long as this at first, and longer while they hold little. */
const SLICE_MS = 86_400_000;
const SLICE_GROWTH = 4;

/** Each list has up to one entry more than the limit, if there are more. */
export class EntryPages {
  readonly #entries: AgendaEntries;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(db: Database) {
    this.#entries = new AgendaEntries(db);
    this.#statements = prepare(db);
  }

  ofPerson(personId: string, { fromMs, toMs, limit }: AgendaRange, after: Position): ListedEntry[] {
    const page = { personId, fromMs, toMs, limit: limit + 1, ...after };
    return counted([...this.#statements.restOfPerson.all(page), ...this.#statements.ofPerson.all(page)], {
      ...after,
      afterPerson: personId,
    }).slice(0, limit + 1);
  }

  /** Of all its members; what several have comes once for each. */
  ofGroup(groupId: string, { fromMs, toMs, limit }: AgendaRange, start: Position): ListedEntry[] {
    const found = this.#statements.restInGroup.all({ groupId, fromMs, toMs, limit: limit + 1, ...start });
    let sliceMs = SLICE_MS;
    let after = start;
    for (
      let at = Math.max(fromMs, start.afterMs);
      at < toMs && found.length <= limit;
      sliceMs *= SLICE_GROWTH
    ) {
      at = Math.min(toMs, at + sliceMs);
      const missing = limit + 1 - found.length;
      found.push(...this.#statements.ofGroup.all({ groupId, fromMs, toMs: at, limit: missing, ...after }));
      after = { afterMs: at, afterPerson: '', afterCount: 0 };
    }
    return counted(found, start);
  }

  /** Those of a person's that overlap something else; in steps, because how many do is not known before. */
  overlapping(personId: string, { fromMs, toMs, limit }: AgendaRange, start: Position): ListedEntry[] {
    const found: ListedEntry[] = [];
    for (let after = start; ; ) {
      const step = this.ofPerson(personId, { fromMs, toMs, limit: SCAN_STEP - 1 }, after);
      for (const entry of step) if (this.isOverlapped(entry)) found.push(entry);
      const last = step.at(-1);
      if (step.length < SCAN_STEP || !last || found.length > limit) return found;
      after = positionOf(last);
    }
  }

  /** Something else takes the person's time. */
  isOverlapped({ person_id, start_ms, end_ms, appointment_id }: EntryRow): boolean {
    const [taken] = this.#entries.taken(person_id, [{ startMs: start_ms, endMs: end_ms }], appointment_id);
    return taken === true;
  }
}

export function positionOf({ start_ms, person_id, nth }: ListedEntry): Position {
  return { afterMs: start_ms, afterPerson: person_id, afterCount: nth };
}

function counted(rows: readonly EntryRow[], { afterMs, afterPerson, afterCount }: Position): ListedEntry[] {
  let before = { start_ms: afterMs, person_id: afterPerson, nth: afterCount };
  return rows.map((row) => {
    const together = row.start_ms === before.start_ms && row.person_id === before.person_id;
    const listed = { ...row, nth: together ? before.nth + 1 : 1 };
    before = listed;
    return listed;
  });
}

type PageOf<Whom extends string> = Position & AgendaRange & { readonly [whom in Whom]: string };

const COLUMNS = 'e.person_id, e.appointment_id, e.start_ms, e.end_ms, e.recurrence_start_ms, e.status';

/** Entries of one class of spans that overlap [@fromMs, @toMs) and begin at or after a moment: an index range. */
function inRange(longestMs: number, spanClass: number, sinceMs: string): string {
  return `e.span_class = ${spanClass}
    AND e.start_ms >= max(@fromMs - ${longestMs} + 1, ${sinceMs}) AND e.start_ms < @toMs AND e.end_ms > @fromMs`;
}

/** Each range is in the order of the list and is cut where the page ends: a page costs what it shows. */
const OF_PERSON = SPAN_CLASS_MS.map(
  (longestMs, spanClass) =>
    `SELECT * FROM (SELECT ${COLUMNS} FROM agenda_entries e
       WHERE e.person_id = @personId AND ${inRange(longestMs, spanClass, '@afterMs + 1')}
       ORDER BY e.start_ms, e.appointment_id LIMIT @limit)`,
).join('\nUNION ALL\n');

/** One statement for all members: one for each of them would cost more than what it finds. */
const OF_GROUP = SPAN_CLASS_MS.map(
  (longestMs, spanClass) =>
    `SELECT ${COLUMNS} FROM group_members m CROSS JOIN agenda_entries e ON e.person_id = m.user_id
     WHERE m.group_id = @groupId AND ${inRange(longestMs, spanClass, '@afterMs')}
       AND (e.start_ms, e.person_id) > (@afterMs, @afterPerson)`,
).join('\nUNION ALL\n');

/** What begins with the last entry of the page before, in the same agenda. */
const REST = `e.span_class IN (${SPAN_CLASS_MS.map((_, spanClass) => spanClass).join(', ')})
  AND e.start_ms = @afterMs AND e.start_ms < @toMs AND e.end_ms > @fromMs
  ORDER BY e.appointment_id LIMIT @limit OFFSET @afterCount`;

function prepare(db: Database) {
  return {
    ofPerson: db.prepare<[PageOf<'personId'>], EntryRow>(
      `SELECT * FROM (${OF_PERSON}) ORDER BY start_ms, appointment_id LIMIT @limit`,
    ),
    restOfPerson: db.prepare<[PageOf<'personId'>], EntryRow>(
      `SELECT ${COLUMNS} FROM agenda_entries e WHERE e.person_id = @personId AND ${REST}`,
    ),
    ofGroup: db.prepare<[PageOf<'groupId'>], EntryRow>(
      `SELECT * FROM (${OF_GROUP}) ORDER BY start_ms, person_id, appointment_id LIMIT @limit`,
    ),
    restInGroup: db.prepare<[PageOf<'groupId'>], EntryRow>(
      `SELECT ${COLUMNS} FROM group_members m CROSS JOIN agenda_entries e ON e.person_id = m.user_id
       WHERE m.group_id = @groupId AND m.user_id = @afterPerson AND ${REST}`,
    ),
  };
}
