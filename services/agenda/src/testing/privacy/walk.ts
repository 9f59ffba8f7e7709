/** What all walks share: the office, what is compared how, and how much was compared. */
import assert from 'node:assert/strict';
import type { Appointment, Occurrence } from '@agenda/proto/agenda/v1/model';
import { PrivacyOffice, type Reply } from './office.ts';
import { NAMES, type Seen, SUBJECTS, type Subject } from './table.ts';
import { NO_SUCH_ID, PrivacyWorld } from './world.ts';

export class Walk {
  #office: PrivacyOffice | undefined;
  /** One for each viewer, appointment and path that was compared with the table. */
  readonly cells = new Map<string, number>();

  get office(): PrivacyOffice {
    return this.#office as PrivacyOffice;
  }

  get world(): PrivacyWorld {
    return this.office.world;
  }

  open(): void {
    this.#office = new PrivacyOffice(new PrivacyWorld());
  }

  close(): void {
    this.#office?.close();
  }

  /** Says what one viewer sees of each appointment in one path, and what the table says. */
  compare<Verdict>(
    path: string,
    viewer: string,
    found: (subject: Subject) => Verdict,
    expected: (subject: Subject) => Verdict,
    subjects: readonly Subject[] = SUBJECTS,
  ): void {
    const verdicts = (of: (subject: Subject) => Verdict): Record<string, Verdict> =>
      Object.fromEntries(subjects.map((subject) => [subject.id, of(subject)]));
    assert.deepEqual(verdicts(found), verdicts(expected), `${viewer}, ${path}`);
    this.cells.set(path, (this.cells.get(path) ?? 0) + subjects.length);
  }

  /** A test for each viewer. */
  everyViewer(title: string, run: (viewer: string) => Promise<void>): void {
    for (const viewer of NAMES) it(`${viewer}: ${title}`, () => run(viewer));
  }
}

/** The same answer as for what does not exist: nothing can be told from it, in whatever words. */
export function assertLikeNothing(reply: Reply<unknown>, id: string, nothing: Reply<unknown>): void {
  const text = JSON.stringify(reply).replaceAll(id, NO_SUCH_ID);
  assert.equal(text, JSON.stringify(nothing), `${id} is told apart from what is not there`);
}

export function seenOf(appointment: Appointment | undefined): Seen {
  if (!appointment) return '-';
  return appointment.busyOnly ? 'busy' : 'all';
}

/** Nothing but when. @param id if that was asked for. */
export function assertBlank({ startMs, endMs, busyOnly, ...rest }: Appointment, id = ''): void {
  assert.ok(busyOnly && startMs < endMs);
  for (const [field, value] of Object.entries({ ...rest, id: rest.id === id ? '' : rest.id }))
    assert.ok(
      !value || (Array.isArray(value) && value.length === 0),
      `${field} says ${JSON.stringify(value)}`,
    );
}

/** "u-owner 1767225600000 busy": in whose agenda, when, and how much of it can be seen. */
export function entryText(occurrence: Occurrence): string {
  const { appointment, startMs, userId } = occurrence;
  if (appointment?.busyOnly) {
    assertBlank(appointment);
    assert.deepEqual(
      [occurrence.recurrenceStartMs, occurrence.conflict, occurrence.myStatus, startMs, occurrence.endMs],
      [0, false, 0, appointment.startMs, appointment.endMs],
    );
  }
  return `${userId} ${startMs} ${seenOf(appointment)}`;
}

interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextCursor: string;
}

/** All pages, of which each is short: what a cursor says is said often. */
export async function allPages<Item>(page: (cursor: string) => Promise<Page<Item>>): Promise<Item[]> {
  const found: Item[] = [];
  let cursor = '';
  do {
    const { items, nextCursor } = await page(cursor);
    found.push(...items);
    cursor = nextCursor;
  } while (cursor !== '');
  return found;
}

export const PAGE = 7;
