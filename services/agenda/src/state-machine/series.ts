/**
 * Changes of a series: of one occurrence, or of one and all that follow. The part that is changed is first set apart as an
 * appointment of its own, with its people and their answers as they are; then it is changed like any other.
 */
import {
  AppointmentField,
  type AppointmentFields,
  type DeleteAppointment,
  type ExtendSeries,
  OccurrenceScope,
  type UpdateAppointment,
} from '@agenda/proto/agenda/v1/command';
import type { Recurrence, Span } from '@agenda/proto/agenda/v1/model';
import type { Database } from 'better-sqlite3';
import type { AppointmentRow, AppointmentRows } from './appointment-row.ts';
import type { Appointments } from './appointments.ts';
import type { Attendance } from './attendance.ts';
import type { Booking, Bookings } from './bookings.ts';
import { isRefusal } from './invitees.ts';
import { areOrdered, SERIES_DATES_MAX, SERIES_OCCURRENCES_MAX } from './occurrences.ts';
import { DONE, type Outcome, type RefusalOutcome, refuse } from './outcome.ts';
import type { Participants } from './participants.ts';
import type { Reminders } from './reminders.ts';
import type { Schedule, Schedules } from './schedule.ts';
import { untilOf } from './schedule.ts';
import type { Step } from './step.ts';
import type { Trash } from './trash.ts';

const { OCCURRENCE_SCOPE_THIS, OCCURRENCE_SCOPE_THIS_AND_FOLLOWING } = OccurrenceScope;
const TIME = AppointmentField.APPOINTMENT_FIELD_TIME;
/** Expanded until then: the series has ended. The first instant that no appointment can have. */
const ENDED_MS = 253_402_300_800_000;

export interface SeriesParts {
  readonly rows: AppointmentRows;
  readonly schedules: Schedules;
  readonly participants: Participants;
  readonly bookings: Bookings;
  readonly attendance: Attendance;
  readonly appointments: Appointments;
  readonly trash: Trash;
  readonly reminders: Reminders;
}

/** Thrown within this file only, to take back what was set apart. */
class Refused extends Error {
  readonly outcome: RefusalOutcome;

  constructor(outcome: RefusalOutcome) {
    super(outcome.value.message);
    this.outcome = outcome;
  }
}

export class SeriesChanges {
  readonly #db: Database;
  readonly #parts: SeriesParts;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(db: Database, parts: SeriesParts) {
    this.#db = db;
    this.#parts = parts;
    this.#statements = prepare(db);
  }

  update(step: Step, update: UpdateAppointment): Outcome {
    const { scope, appointmentId } = update;
    if (scope !== OCCURRENCE_SCOPE_THIS && scope !== OCCURRENCE_SCOPE_THIS_AND_FOLLOWING)
      return this.#updateAll(step, update);
    step.subject = subjectOf('appointment.updated', appointmentId, scope);
    const booking = this.#owned(step, appointmentId, update.expectedVersion);
    if (isRefusal(booking)) return booking;
    const { fields } = update;
    if (!fields) return refuse('invalid_argument', 'fields are missing', { path: 'fields' });
    const part = partOf(booking, update);
    if (isRefusal(part)) return part;
    if (part.kept.length === 0) return this.#updateAll(step, { ...update, scope: 0 });
    const wrong = this.#refuseSplit(update, fields, part);
    if (wrong) return wrong;
    return this.#undoable(step, () => {
      const apart = this.#setApart(step, booking, update, fields, part);
      this.#tellSeries(step, appointmentId);
      const whole = { ...update, appointmentId: apart.id, expectedVersion: undefined, scope: 0 as const };
      return this.#parts.appointments.update(step, whole);
    });
  }

  delete(step: Step, deletion: DeleteAppointment): Outcome {
    const { scope, appointmentId } = deletion;
    if (scope !== OCCURRENCE_SCOPE_THIS && scope !== OCCURRENCE_SCOPE_THIS_AND_FOLLOWING)
      return this.#deleteAll(step, deletion);
    step.subject = subjectOf('appointment.deleted', appointmentId, scope);
    const booking = this.#owned(step, appointmentId, deletion.expectedVersion);
    if (isRefusal(booking)) return booking;
    const part = partOf(booking, deletion);
    if (isRefusal(part)) return part;
    if (part.kept.length === 0) return this.#deleteAll(step, { ...deletion, scope: 0 });
    const { row, schedule } = booking;
    const gone = { row, schedule: { ...schedule, spans: part.taken } };
    this.#parts.bookings.removeOwner(gone);
    const which = scope === OCCURRENCE_SCOPE_THIS ? 'One occurrence' : 'One occurrence and all that follow';
    const text = `${which} of "${row.title}" ${scope === OCCURRENCE_SCOPE_THIS ? 'was' : 'were'} cancelled.`;
    this.#parts.attendance.cancel(step, gone, this.#parts.participants.of(row.id), text);
    if (scope === OCCURRENCE_SCOPE_THIS_AND_FOLLOWING) this.#dissolve(step, row, deletion.recurrenceStartMs);
    this.#keep(step, booking, part);
    this.#tellSeries(step, row.id);
    return DONE;
  }

  /** Flags conflicts and refuses none: nobody asked for it. The appointment itself does not change. */
  extend(step: Step, extension: ExtendSeries): Outcome {
    const { appointmentId, version, expandedFromMs, occurrences, expandedUntilMs } = extension;
    step.subject = {
      action: 'series.extended',
      target: `appointment:${appointmentId}`,
      detail: { occurrences: occurrences.length },
    };
    if (step.command.actorId !== '') return refuse('forbidden', 'series are extended by the cluster itself');
    const row = this.#parts.rows.byId(appointmentId);
    if (row?.deleted_at_ms !== 0 || row.version !== version) return DONE;
    const { schedule } = this.#parts.bookings.of(row);
    if (!schedule.recurrence || schedule.expandedUntilMs !== expandedFromMs) return DONE;
    const sound = areOrdered(occurrences, expandedFromMs) && expandedUntilMs > expandedFromMs;
    if (!sound) return refuse('invalid_argument', 'occurrences must be ordered, from expandedFrom on');
    const room = SERIES_OCCURRENCES_MAX - schedule.spans.length;
    const added = occurrences.slice(0, Math.max(0, room));
    const spans = [...schedule.spans, ...added];
    const until = added.length < occurrences.length ? ENDED_MS : expandedUntilMs;
    const next = { ...schedule, spans, expandedUntilMs: until };
    this.#parts.schedules.replace(row.id, next);
    if (added.length === 0) return DONE;
    const longer = { ...row, until_ms: untilOf(spans) };
    this.#parts.bookings.save(longer);
    this.#enterMore(step, { row: longer, schedule: { ...next, spans: added } });
    this.#parts.reminders.extend(longer, spans, step.atMs);
    return DONE;
  }

  #enterMore(step: Step, more: Booking): void {
    const { bookings, participants } = this.#parts;
    bookings.enterOwner(step, more, bookings.ownerConflicts(more));
    for (const participant of participants.of(more.row.id)) {
      const entered = bookings.enter(more, participant);
      if (participant.conflict !== 0 && entered.conflict === 0)
        participants.put({ ...entered, conflict: participant.conflict });
    }
  }

  /** What is changed for all is changed for the single ones as well; another time takes their place. */
  #updateAll(step: Step, update: UpdateAppointment): Outcome {
    const { appointments, rows } = this.#parts;
    const outcome = appointments.update(step, update);
    if (outcome.$case === 'refusal') return outcome;
    const row = rows.byId(update.appointmentId) as AppointmentRow;
    if (update.changed.includes(TIME)) this.#dissolve(step, row, 0);
    else
      for (const override of this.#overrides(row.id, 0)) {
        const change = { ...update, appointmentId: override.id, expectedVersion: undefined };
        const { subject } = step;
        appointments.update(step, change);
        step.subject = subject;
      }
    return outcome;
  }

  #deleteAll(step: Step, deletion: DeleteAppointment): Outcome {
    const outcome = this.#parts.trash.delete(step, deletion);
    const row = outcome.$case === 'refusal' ? undefined : this.#parts.rows.byId(deletion.appointmentId);
    if (row) this.#dissolve(step, row, 0);
    return outcome;
  }

  #owned(step: Step, id: string, expectedVersion: number | undefined): Booking | RefusalOutcome {
    const row = this.#parts.appointments.owned(step, id, expectedVersion);
    if (isRefusal(row)) return row;
    const booking = this.#parts.bookings.of(row);
    if (booking.schedule.recurrence) return booking;
    return refuse('invalid_argument', 'this appointment does not recur: scope must be left out or all', {
      path: 'scope',
    });
  }

  #refuseSplit(
    { scope, splitAppointmentId, remaining }: UpdateAppointment,
    fields: AppointmentFields,
    { kept }: Part,
  ): RefusalOutcome | undefined {
    if (splitAppointmentId === '' || this.#parts.rows.byId(splitAppointmentId))
      return refuse('invalid_argument', 'splitAppointmentId must be an id that is not used yet', {
        path: 'splitAppointmentId',
      });
    if (scope === OCCURRENCE_SCOPE_THIS)
      return kept.length > 0 && fields.recurrence
        ? refuse('invalid_argument', 'a single occurrence cannot recur: leave recurrence out', {
            path: 'recurrence',
          })
        : undefined;
    return remaining ? undefined : refuse('invalid_argument', 'remaining is missing', { path: 'remaining' });
  }

  /** A refusal leaves nothing behind, and takes back what was told by then. */
  #undoable(step: Step, change: () => Outcome): Outcome {
    const told = { events: step.events.length, subject: step.subject };
    try {
      return this.#db.transaction(() => {
        const outcome = change();
        if (outcome.$case === 'refusal') throw new Refused(outcome);
        step.subject = told.subject;
        return outcome;
      })();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      step.events.length = told.events;
      step.subject = told.subject;
      return error.outcome;
    }
  }

  /** @returns the new appointment, at version 0: what is done to it next makes it 1. */
  #setApart(
    step: Step,
    booking: Booking,
    update: UpdateAppointment,
    fields: AppointmentFields,
    part: Part,
  ): AppointmentRow {
    const { rows, schedules, participants, bookings } = this.#parts;
    const { row, schedule } = booking;
    const single = update.scope === OCCURRENCE_SCOPE_THIS;
    const next = single ? onceOf(part.taken) : followingOf(fields, schedule, part.taken);
    const apart: AppointmentRow = {
      ...row,
      ...(single ? timesOf(part.taken) : { start_ms: fields.startMs, end_ms: fields.endMs }),
      id: update.splitAppointmentId,
      series_id: single ? row.id : '',
      recurrence_start_ms: single ? update.recurrenceStartMs : 0,
      // Another series is another event (RFC 5545 §3.8.4.7); an override has its series' UID.
      ical_uid: single ? row.ical_uid : '',
      until_ms: untilOf(part.taken),
      version: 0,
      origin_node: step.command.originNode,
      created_at_ms: step.atMs,
      updated_at_ms: step.atMs,
      changed_index: step.index,
    };
    const gone = { row, schedule: { ...schedule, spans: part.taken } };
    const people = participants.of(row.id);
    bookings.removeOwner(gone);
    for (const participant of people) bookings.removeEntries(gone, participant);
    if (!single) this.#dissolve(step, row, update.recurrenceStartMs);
    this.#keep(step, booking, part);
    rows.insert(apart);
    schedules.add(apart.id, next);
    const standing = { row: apart, schedule: next };
    bookings.reenterOwner(standing);
    for (const { username: _, display_name: __, ...participant } of people)
      bookings.enter(standing, { ...participant, appointment_id: apart.id, changed_index: step.index });
    this.#parts.reminders.schedule(apart, next.spans, step.atMs);
    return apart;
  }

  /** The series goes on without what was taken out of it. */
  #keep(step: Step, { row, schedule }: Booking, { kept, recurrence }: Part): void {
    const { bookings, schedules, reminders } = this.#parts;
    const next = { ...schedule, spans: kept, recurrence };
    const ended = schedule.recurrence?.rule !== recurrence.rule;
    const kepts = bookings.changedRow(step, row, { until_ms: untilOf(kept) });
    bookings.save(kepts);
    schedules.replace(row.id, ended ? { ...next, expandedUntilMs: ENDED_MS } : next);
    reminders.schedule(kepts, kept, step.atMs);
  }

  #tellSeries(step: Step, id: string): void {
    const { rows, bookings, participants } = this.#parts;
    const row = rows.byId(id) as AppointmentRow;
    bookings.tellChanged(step, bookings.of(row), participants.of(id));
  }

  /** Single occurrences that were changed go with the part of the series that they belong to. */
  #dissolve(step: Step, row: AppointmentRow, fromMs: number): void {
    for (const override of this.#overrides(row.id, fromMs))
      this.#parts.trash.discard(step, this.#parts.bookings.of(override));
  }

  #overrides(seriesId: string, fromMs: number): AppointmentRow[] {
    return this.#statements.overrides.all(seriesId, fromMs);
  }
}

/** What of a series is changed, and what stays. */
interface Part {
  readonly taken: readonly Span[];
  readonly kept: readonly Span[];
  /** Of what stays. */
  readonly recurrence: Recurrence;
}

function partOf(
  { schedule }: Booking,
  {
    scope,
    recurrenceStartMs,
    remaining,
  }: Pick<UpdateAppointment, 'scope' | 'recurrenceStartMs' | 'remaining'>,
): Part | RefusalOutcome {
  const { spans, recurrence } = schedule;
  const at = spans.findIndex(({ startMs }) => startMs === recurrenceStartMs);
  if (at === -1 || !recurrence)
    return refuse('invalid_argument', 'recurrenceStart must be the start of an occurrence of this series', {
      path: 'recurrenceStart',
    });
  if (scope === OCCURRENCE_SCOPE_THIS_AND_FOLLOWING)
    return { taken: spans.slice(at), kept: spans.slice(0, at), recurrence: remaining ?? recurrence };
  if (recurrence.excludedMs.length >= SERIES_DATES_MAX)
    return refuse(
      'unprocessable',
      `at most ${SERIES_DATES_MAX} occurrences of a series can be changed singly`,
    );
  const excludedMs = [...recurrence.excludedMs, recurrenceStartMs].sort((a, b) => a - b);
  return {
    taken: spans.slice(at, at + 1),
    kept: spans.toSpliced(at, 1),
    recurrence: { ...recurrence, excludedMs },
  };
}

function timesOf([span]: readonly Span[]): Pick<AppointmentRow, 'start_ms' | 'end_ms'> {
  if (!span) throw new Error('apply invariant broken: an occurrence without a span');
  return { start_ms: span.startMs, end_ms: span.endMs };
}

function onceOf(taken: readonly Span[]): Schedule {
  const { start_ms: startMs, end_ms: endMs } = timesOf(taken);
  return { recurrence: undefined, first: { startMs, endMs }, spans: taken, expandedUntilMs: 0 };
}

/** Until it is changed, at the times that it had. */
function followingOf(fields: AppointmentFields, schedule: Schedule, taken: readonly Span[]): Schedule {
  const { startMs, endMs } = fields;
  const { expandedUntilMs } = schedule;
  const recurrence = fields.recurrence ?? schedule.recurrence;
  return { recurrence, first: { startMs, endMs }, spans: taken, expandedUntilMs };
}

function subjectOf(action: string, appointmentId: string, scope: OccurrenceScope) {
  const which = scope === OCCURRENCE_SCOPE_THIS ? 'one occurrence' : 'one occurrence and all that follow';
  return { action, target: `appointment:${appointmentId}`, detail: { scope: which } };
}

function prepare(db: Database) {
  return {
    overrides: db.prepare<[string, number], AppointmentRow>(
      `SELECT * FROM appointments
       WHERE series_id = ? AND series_id <> '' AND recurrence_start_ms >= ? AND deleted_at_ms = 0
       ORDER BY recurrence_start_ms, id`,
    ),
  };
}
