/** What must hold of the agenda's tables after any history of commands; for tests. */
import assert from 'node:assert/strict';
import { AppointmentStatus, GroupKind, ParticipantStatus } from '@agenda/proto/agenda/v1/model';
import type { Database } from 'better-sqlite3';
import { TAKING_STATUSES, takesTime } from '../agenda-entries.ts';
import type { AppointmentRow } from '../appointment-row.ts';
import { type GroupRow, type MemberRow, RANK_MAX } from '../group-rows.ts';
import { type ParticipantRow, statusOf } from '../participants.ts';
import { recurrenceStartOf, type Schedule, Schedules, timeColumns } from '../schedule.ts';

const ACCEPTED = ParticipantStatus.PARTICIPANT_STATUS_ACCEPTED;
const DECLINED = ParticipantStatus.PARTICIPANT_STATUS_DECLINED;

interface EntryRow {
  readonly person_id: string;
  readonly start_ms: number;
  readonly appointment_id: string;
  readonly end_ms: number;
  readonly recurrence_start_ms: number;
  readonly status: ParticipantStatus;
}

/** @throws AssertionError that names what does not hold. */
export function checkInvariants(db: Database): void {
  const schedules = new Schedules(db);
  const participants = db.prepare<[], ParticipantRow>('SELECT * FROM participants').all();
  const expected: string[] = [];
  for (const row of db.prepare<[], AppointmentRow>('SELECT * FROM appointments').all()) {
    const people = participants.filter(({ appointment_id }) => appointment_id === row.id);
    const schedule = schedules.of(row);
    checkAppointment(row, schedule, people);
    if (row.deleted_at_ms === 0) expected.push(...entriesOf(row, schedule, people));
  }
  const entries = db.prepare<[], EntryRow>('SELECT * FROM agenda_entries').all().map(entryText);
  assert.deepEqual(entries.sort(), expected.sort(), 'agendas hold what their appointments say, and no more');
  checkEnteredIndexes(db);
  checkDoubleBookings(db);
  checkOrphans(db);
  for (const group of db.prepare<[], GroupRow>('SELECT * FROM groups').all()) checkGroup(db, group);
}

function checkAppointment(row: AppointmentRow, schedule: Schedule, people: readonly ParticipantRow[]): void {
  const { id } = row;
  const status = row.deleted_at_ms === 0 ? statusOf(people) : AppointmentStatus.APPOINTMENT_STATUS_CANCELLED;
  assert.equal(row.status, status, `${id} has the status that its participants give it`);
  const { start_ms, end_ms, until_ms } = row;
  assert.deepEqual({ start_ms, end_ms, until_ms }, timeColumns(schedule), `${id} knows when it takes place`);
  for (const { user_id, gone, conflict, status: answer, changed_index } of people) {
    assert.notEqual(user_id, row.owner_id, `the owner of ${id} is no participant`);
    if (conflict !== 0) assert.ok(gone === 0 && takesTime(answer), `${user_id} is flagged in ${id}`);
    if (gone === 0) assert.equal(changed_index, row.changed_index, `${id} changed for ${user_id} too`);
  }
}

function entriesOf(row: AppointmentRow, schedule: Schedule, people: readonly ParticipantRow[]): string[] {
  const standing = people.filter(({ gone, status }) => gone === 0 && status !== DECLINED);
  const owner = { user_id: row.owner_id, status: ACCEPTED, from_ms: 0 };
  return [owner, ...standing].flatMap(({ user_id, status, from_ms }) =>
    schedule.spans
      .filter(({ endMs }) => endMs > from_ms)
      .map((span) =>
        entryText({
          person_id: user_id,
          start_ms: span.startMs,
          appointment_id: row.id,
          end_ms: span.endMs,
          recurrence_start_ms: recurrenceStartOf(row, schedule, span),
          status,
        }),
      ),
  );
}

function entryText(entry: EntryRow): string {
  const { person_id, appointment_id, start_ms, end_ms, recurrence_start_ms, status } = entry;
  return [person_id, appointment_id, start_ms, end_ms, recurrence_start_ms, status].join(' ');
}

/** By it the owner's sync finds what was never changed. */
function checkEnteredIndexes(db: Database): void {
  const wrong = db
    .prepare(
      `SELECT e.* FROM agenda_entries e JOIN appointments a ON a.id = e.appointment_id AND a.owner_id = e.person_id
       WHERE a.version = 1 AND e.entered_index <> a.changed_index`,
    )
    .all();
  assert.deepEqual(wrong, [], "an owner's entries know when what was never changed was booked");
}

/** Of two entries that take the same time, one at least says so: it was wanted, or came from a superior. */
function checkDoubleBookings(db: Database): void {
  const taking = `SELECT * FROM agenda_entries WHERE conflict = 0 AND status IN (${TAKING_STATUSES.join(', ')})`;
  const overlaps = db.prepare(
    `SELECT x.person_id, x.appointment_id, y.appointment_id AS other FROM (${taking}) x JOIN (${taking}) y
     ON x.person_id = y.person_id AND x.appointment_id < y.appointment_id
     AND x.start_ms < y.end_ms AND y.start_ms < x.end_ms`,
  );
  assert.deepEqual(overlaps.all(), [], 'nobody is booked twice unawares');
}

function checkOrphans(db: Database): void {
  for (const table of ['participants', 'series', 'reminders'])
    assert.deepEqual(
      db.prepare(`SELECT * FROM ${table} WHERE appointment_id NOT IN (SELECT id FROM appointments)`).all(),
      [],
      `${table} belong to appointments`,
    );
  const strangers = 'SELECT * FROM group_members WHERE group_id NOT IN (SELECT id FROM groups)';
  assert.deepEqual(db.prepare(strangers).all(), [], 'members belong to groups');
}

function checkGroup(db: Database, group: GroupRow): void {
  const members = db
    .prepare<[string], MemberRow>('SELECT * FROM group_members WHERE group_id = ?')
    .all(group.id);
  assert.equal(group.member_count, members.length, `${group.id} knows how many members it has`);
  const hierarchical = group.kind === GroupKind.GROUP_KIND_HIERARCHICAL;
  assert.ok(
    members.some(({ user_id }) => user_id === group.creator_id),
    `the creator is a member of ${group.id}`,
  );
  for (const { user_id, rank } of members) {
    const isCreator = user_id === group.creator_id;
    const right = !hierarchical ? rank === 0 : isCreator ? rank === RANK_MAX : rank > 0 && rank < RANK_MAX;
    assert.ok(right, `${user_id} has rank ${rank} in ${group.id}`);
  }
}
